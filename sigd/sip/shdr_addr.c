/*
 * shdr_addr.c  name-addr and addr-spec: From, To, Contact, Route and the like
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/shdr_param.h"

/* "<" addr-spec ">"; no white space inside (RFC 4475 3.1.2.14) */
static const char *angle(struct shdr_addr *addr, const char *p, const char *end)
{
	const char *e = memchr(p, '>', (size_t)(end - p));
	struct pl uri;

	if (!e)
		return NULL;
	addr->angle = true;
	schar_set(&uri, p + 1, e);
	return suri_decode(&addr->uri, &uri) ? NULL : e + 1;
}

/* quoted-string LAQUOT ... */
static const char *quoted_name(struct shdr_addr *addr, const char *p,
			       const char *end)
{
	const char *e = schar_quoted(p, end);

	if (!e)
		return NULL;
	schar_set(&addr->dname, p + 1, e - 1);
	addr->quoted = true;
	p = schar_lws(e, end);
	return p < end && *p == '<' ? angle(addr, p, end) : NULL;
}

/*
 * An URI without <>: it ends where the parameters of the header begin, and may
 * hold no question mark (RFC 3261 20.10).
 */
static const char *bare_uri(struct shdr_addr *addr, const char *p,
			    const char *end)
{
	const char *e = p;
	struct pl uri;

	while (e < end && *e != ';' && *e != ',' && *e != ' ' && *e != '\t' &&
	       *e != '?')
		++e;
	schar_set(&uri, p, e);
	return (e < end && *e == '?') || suri_decode(&addr->uri, &uri) ? NULL
								       : e;
}

static bool is_name(char c)
{
	return schar_is(c, SCHAR_TOKEN) || c == ' ' || c == '\t' ||
	       (uint8_t)c >= 0x80;
}

/*
 * *( token LWS ) LAQUOT ..., or an URI: what comes first behind token
 * characters, '<' or ':', tells. Bytes above 0x7f are let through in a name
 * without quotes: many send UTF-8 so, and it cannot be misread.
 */
static const char *name_or_uri(struct shdr_addr *addr, const char *p,
			       const char *end)
{
	const char *e = p;

	while (e < end && is_name(*e))
		++e;
	if (e == end)
		return NULL;
	if (*e == ':')
		return bare_uri(addr, p, end);
	if (*e != '<')
		return NULL;

	schar_set(&addr->dname, p, e);
	while (addr->dname.l && (addr->dname.p[addr->dname.l - 1] == ' ' ||
				 addr->dname.p[addr->dname.l - 1] == '\t'))
		--addr->dname.l;
	return angle(addr, e, end);
}

static const char *address(struct shdr_addr *addr, const char *p,
			   const char *end)
{
	if (*p == '"')
		return quoted_name(addr, p, end);
	if (*p == '<')
		return angle(addr, p, end);
	if (*p == '*' && schar_lws(p + 1, end) == end) {
		addr->star = true;
		return p + 1;
	}
	return name_or_uri(addr, p, end);
}

static bool on_param(const struct shdr_param *param, void *arg)
{
	struct shdr_addr *addr = arg;

	if (param->name.l == 3 && !pl_strcasecmp(&param->name, "tag")) {
		if (addr->tag.l || param->quoted || !param->val.l)
			return false;
		addr->tag = param->val;
	}
	return true;
}

int shdr_addr_next(struct shdr_addr *addr, struct pl *rest)
{
	const char *end = schar_end(rest), *p, *start;

	memset(addr, 0, sizeof(*addr));
	start = rest->l ? schar_lws(rest->p, end) : end;
	if (start == end)
		return ENOENT;

	p = address(addr, start, end);
	if (p)
		p = shdr_params_scan(&addr->params, p, end, on_param, addr);
	if (!p || !shdr_take(&addr->val, rest, start, p))
		return EBADMSG;
	return 0;
}

int shdr_addr_decode(struct shdr_addr *addr, const struct pl *val)
{
	struct pl rest = *val;
	int err = shdr_addr_next(addr, &rest);

	return err || rest.l ? EBADMSG : 0;
}
