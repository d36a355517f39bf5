/*
 * shdr_via.c  Via: who sent a message, and on which transaction's behalf
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/shdr_param.h"

static const char cookie[] = "z9hG4bK";

static enum shdr_transport transport_id(const struct pl *name)
{
	static const struct {
		const char *name;
		enum shdr_transport tp;
	} tpv[] = {
		{"UDP", SHDR_TP_UDP}, {"TCP", SHDR_TP_TCP},
		{"TLS", SHDR_TP_TLS}, {"WSS", SHDR_TP_WSS},
		{"WS", SHDR_TP_WS},   {"SCTP", SHDR_TP_SCTP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tpv); i++) {
		if (!pl_strcasecmp(name, tpv[i].name))
			return tpv[i].tp;
	}
	return SHDR_TP_OTHER;
}

/* protocol-name SLASH protocol-version SLASH transport LWS */
static const char *protocol(struct shdr_via *via, const char *p,
			    const char *end)
{
	for (int i = 0; i < 3; i++) {
		const char *e = schar_span(p, end, SCHAR_TOKEN);

		if (e == p)
			return NULL;
		if (i == 2)
			schar_set(&via->transport, p, e);
		p = schar_lws(e, end);
		if (i == 2 && p == e)
			return NULL;
		if (i < 2) {
			if (p == end || *p != '/')
				return NULL;
			p = schar_lws(p + 1, end);
		}
	}
	via->tp = transport_id(&via->transport);
	return p;
}

static const char *port(struct shdr_via *via, const char *p, const char *end)
{
	struct pl text;
	uint32_t num;

	p = schar_lws(p, end);
	schar_set(&text, p, schar_span(p, end, SCHAR_DIGIT));
	if (shdr_number(&num, &text, 65535))
		return NULL;
	via->port = (uint16_t)num;
	return p + text.l;
}

/* host [ COLON port ] */
static const char *sent_by(struct shdr_via *via, const char *p, const char *end)
{
	const char *s = p, *e;

	if (p < end && *p == '[') {
		e = schar_span(p + 1, end, SCHAR_V6);
		if (e == p + 1 || e == end || *e != ']')
			return NULL;
		schar_set(&via->host, p + 1, e++);
	} else {
		e = schar_span(p, end, SCHAR_HOST);
		if (e == p)
			return NULL;
		schar_set(&via->host, p, e);
	}

	p = schar_lws(e, end);
	if (p < end && *p == ':') {
		e = port(via, p + 1, end);
		if (!e)
			return NULL;
	}
	schar_set(&via->sentby, s, e);
	return e;
}

/* RFC 5118 4.5: with or without brackets. */
static void unbracket(struct pl *host)
{
	if (host->l > 2 && host->p[0] == '[' && host->p[host->l - 1] == ']') {
		host->p++;
		host->l -= 2;
	}
}

static bool on_param(const struct shdr_param *param, void *arg)
{
	struct shdr_via *via = arg;
	uint32_t num = 0;

	if (!pl_strcasecmp(&param->name, "branch")) {
		if (via->branch.l || param->quoted || !param->val.l)
			return false;
		via->branch = param->val;
	} else if (!pl_strcasecmp(&param->name, "received")) {
		via->received = param->val;
		unbracket(&via->received);
	} else if (!pl_strcasecmp(&param->name, "rport")) {
		if (param->val.l && shdr_number(&num, &param->val, 65535))
			return false;
		via->rport = true;
		via->rport_num = (uint16_t)num;
	}
	return true;
}

int shdr_via_next(struct shdr_via *via, struct pl *rest)
{
	const char *end = schar_end(rest), *p, *start;

	memset(via, 0, sizeof(*via));
	start = rest->l ? schar_lws(rest->p, end) : end;
	if (start == end)
		return ENOENT;

	p = protocol(via, start, end);
	if (p)
		p = sent_by(via, p, end);
	if (p)
		p = shdr_params_scan(&via->params, p, end, on_param, via);
	if (!p || !shdr_take(&via->val, rest, start, p))
		return EBADMSG;
	return 0;
}

int shdr_via_decode(struct shdr_via *via, const struct pl *val)
{
	struct pl rest = *val;
	int err = shdr_via_next(via, &rest);

	return err || rest.l ? EBADMSG : 0;
}

bool shdr_via_rfc3261(const struct shdr_via *via)
{
	const size_t len = sizeof(cookie) - 1;

	/* the grammar has no case; RFC 3261 8.1.1.7 shows this one */
	return via->branch.l > len && !strncasecmp(via->branch.p, cookie, len);
}
