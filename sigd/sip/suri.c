/*
 * suri.c  SIP, SIPS and tel URIs: parse and unescape
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/suri.h"

/* scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ); behind its colon, or
 * NULL. */
static const char *scheme(struct suri *uri, const char *p, const char *end)
{
	const char *s = p;

	if (p == end || !schar_is(*p, SCHAR_ALPHA))
		return NULL;
	while (p < end && (schar_is(*p, SCHAR_ALPHA | SCHAR_DIGIT) ||
			   *p == '+' || *p == '-' || *p == '.'))
		++p;
	if (p == end || *p != ':')
		return NULL;

	if (p - s == 3 && !strncasecmp(s, "sip", 3))
		uri->scheme = SURI_SIP;
	else if (p - s == 4 && !strncasecmp(s, "sips", 4))
		uri->scheme = SURI_SIPS;
	else if (p - s == 3 && !strncasecmp(s, "tel", 3))
		uri->scheme = SURI_TEL;
	return p + 1;
}

/* userinfo "@", if there is one. No '@' may stand unescaped behind it. */
static const char *userinfo(struct suri *uri, const char *p, const char *end)
{
	const char *at = memchr(p, '@', (size_t)(end - p));
	const char *e;

	if (!at)
		return p;

	e = schar_span_esc(p, at, SCHAR_USER);
	if (e == p)
		return NULL;
	schar_set(&uri->user, p, e);
	if (e < at && *e == ':') {
		p = e + 1;
		e = schar_span_esc(p, at, SCHAR_USER);
		schar_set(&uri->password, p, e);
	}
	return e == at ? at + 1 : NULL;
}

static const char *port(struct suri *uri, const char *p, const char *end)
{
	uint32_t num = 0;
	const char *s = p;

	for (; p < end && schar_is(*p, SCHAR_DIGIT); p++) {
		num = num * 10 + (uint32_t)(*p - '0');
		if (num > 65535)
			return NULL;
	}
	uri->port = (uint16_t)num;
	return p > s && num ? p : NULL;
}

/* host [ ":" port ]. RFC 5118 4.10 wants three colons in a reference (a fault
 * of an old grammar) to be tolerated. */
static const char *hostport(struct suri *uri, const char *p, const char *end)
{
	const char *e;

	if (p < end && *p == '[') {
		e = schar_span(++p, end, SCHAR_V6);
		if (e == p || e == end || *e != ']')
			return NULL;
		uri->ipv6 = true;
		schar_set(&uri->host, p, e++);
	} else {
		e = schar_span(p, end, SCHAR_HOST);
		if (e == p)
			return NULL;
		schar_set(&uri->host, p, e);
	}
	return e < end && *e == ':' ? port(uri, e + 1, end) : e;
}

/* *( ";" pname [ "=" pvalue ] ), p at the first ';' or elsewhere */
static const char *params(struct suri *uri, const char *p, const char *end)
{
	const char *s, *e;

	if (p == end || *p != ';')
		return p;

	s = p + 1;
	while (p < end && *p == ';') {
		e = schar_span_esc(++p, end, SCHAR_UPARAM);
		if (e == p)
			return NULL;
		p = e;
		if (p < end && *p == '=')
			p = schar_span_esc(p + 1, end, SCHAR_UPARAM);
	}
	schar_set(&uri->params, s, p);
	return p;
}

/* "?" hname "=" hvalue *( "&" ...) up to the end */
static const char *headers(struct suri *uri, const char *p, const char *end)
{
	const char *s, *e;

	if (p == end || *p != '?')
		return p;

	s = p + 1;
	do {
		e = schar_span_esc(++p, end, SCHAR_UHDR);
		if (e == p || e == end || *e != '=')
			return NULL;
		p = schar_span_esc(e + 1, end, SCHAR_UHDR);
	} while (p < end && *p == '&');
	schar_set(&uri->headers, s, p);
	return p;
}

static const char *decode_sip(struct suri *uri, const char *p, const char *end)
{
	p = userinfo(uri, p, end);
	if (p)
		p = hostport(uri, p, end);
	if (p)
		p = params(uri, p, end);
	if (p)
		p = headers(uri, p, end);
	return p;
}

static const char *decode_tel(struct suri *uri, const char *p, const char *end)
{
	const char *e = schar_span(p, end, SCHAR_TEL);

	if (e == p)
		return NULL;
	schar_set(&uri->user, p, e);
	return params(uri, e, end);
}

/* Opaque to us; only what would break out of <> or a line is refused. */
static const char *decode_other(const char *p, const char *end)
{
	const char *s = p;

	while (p < end && (uint8_t)*p > ' ' && (uint8_t)*p < 0x7f &&
	       *p != '<' && *p != '>' && *p != '"')
		++p;
	return p > s ? p : NULL;
}

int suri_decode(struct suri *uri, const struct pl *text)
{
	const char *end = schar_end(text);
	const char *p;

	memset(uri, 0, sizeof(*uri));
	if (!text->l)
		return EBADMSG;

	uri->text = *text;
	p = scheme(uri, text->p, end);
	if (!p)
		return EBADMSG;

	switch (uri->scheme) {
	case SURI_SIP:
	case SURI_SIPS:
		p = decode_sip(uri, p, end);
		break;
	case SURI_TEL:
		p = decode_tel(uri, p, end);
		break;
	case SURI_OTHER:
	default:
		p = decode_other(p, end);
		break;
	}
	return p == end ? 0 : EBADMSG;
}

bool suri_param(const struct suri *uri, const char *name, struct pl *val)
{
	const char *p = uri->params.p, *end = schar_end(&uri->params);
	const size_t len = strlen(name);

	if (val)
		*val = pl_null;
	while (p < end) {
		const char *semi = memchr(p, ';', (size_t)(end - p));
		const char *e = semi ? semi : end;
		const char *eq = memchr(p, '=', (size_t)(e - p));
		const char *n = eq ? eq : e;

		if ((size_t)(n - p) == len && !strncasecmp(p, name, len)) {
			if (val && eq)
				schar_set(val, eq + 1, e);
			return true;
		}
		p = semi ? semi + 1 : end;
	}
	return false;
}

static int hex(char c)
{
	if (schar_is(c, SCHAR_DIGIT))
		return c - '0';
	return schar_is(c, SCHAR_HEX) ? (c | 0x20) - 'a' + 10 : -1;
}

int suri_unescape(char *dst, size_t size, size_t *len, const struct pl *src)
{
	const char *p = src->p, *end = schar_end(src);
	size_t n = 0;

	for (; p < end; n++) {
		if (n == size)
			return EOVERFLOW;
		if (*p != '%') {
			dst[n] = *p++;
			continue;
		}
		if (end - p < 3 || hex(p[1]) < 0 || hex(p[2]) < 0)
			return EBADMSG;
		dst[n] = (char)(hex(p[1]) << 4 | hex(p[2]));
		p += 3;
	}
	*len = n;
	return 0;
}

int suri_print_user(struct re_printf *pf, const struct pl *user)
{
	int err = 0;

	for (size_t i = 0; i < user->l && !err; i++) {
		char c = user->p[i];

		/* '#' is tolerated when read, never written */
		if (schar_is(c, SCHAR_USER) && c != '#')
			err = pf->vph(&c, 1, pf->arg);
		else
			err = re_hprintf(pf, "%%%02X", (uint8_t)c);
	}
	return err;
}
