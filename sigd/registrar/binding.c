/*
 * binding.c  A binding and its form in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/redis_link.h"
#include "sigd/registrar/binding.h"

enum { ADDRESS_MAX = 64 };

/* redis_key_part() escapes '%' and all that separates, so it serves here. */
static int field_print(struct re_printf *pf, const char *str)
{
	struct pl pl;

	pl_set_str(&pl, str);
	return pl.l ? redis_key_part(pf, &pl) : pf->vph("-", 1, pf->arg);
}

int binding_print(char *text, size_t size, const struct binding *binding)
{
	const bool known = sa_isset(&binding->remote, SA_ALL);
	char address[ADDRESS_MAX] = "";
	int n;

	if (known)
		re_snprintf(address, sizeof(address), "%J", &binding->remote);
	n = re_snprintf(text, size, "%u %u %w %H %H %H", binding->cseq,
			binding->q, binding->flow, binding->flow_len,
			field_print, binding->callid, field_print,
			binding->contact, field_print, binding->agent);
	if (n >= 0 && known &&
	    re_snprintf(text + n, size - (size_t)n, " %H", field_print,
			address) < 0)
		n = -1;
	return n < 0 ? EOVERFLOW : 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int hex_byte(uint8_t *byte, const char *p)
{
	int hi = hex_digit(p[0]), lo = hex_digit(p[1]);

	if (hi < 0 || lo < 0)
		return EBADMSG;
	*byte = (uint8_t)(hi << 4 | lo);
	return 0;
}

/* Undoes field_print(). */
static int field_parse(char *str, size_t size, const struct pl *text)
{
	size_t n = 0;

	if (text->l == 1 && *text->p == '-') {
		*str = '\0';
		return 0;
	}
	for (size_t i = 0; i < text->l; i++) {
		uint8_t c = (uint8_t)text->p[i];

		if (n + 1 >= size)
			return EBADMSG;
		if (c == '%') {
			if (i + 2 >= text->l || hex_byte(&c, text->p + i + 1))
				return EBADMSG;
			i += 2;
		}
		str[n++] = (char)c;
	}
	str[n] = '\0';
	return strlen(str) == n ? 0 : EBADMSG;
}

static int flow_parse(struct binding *binding, const struct pl *text)
{
	if (text->l % 2 || text->l / 2 > sizeof(binding->flow))
		return EBADMSG;

	binding->flow_len = text->l / 2;
	for (size_t i = 0; i < binding->flow_len; i++) {
		if (hex_byte(&binding->flow[i], text->p + 2 * i))
			return EBADMSG;
	}
	return 0;
}

/* What is behind the agent; another version may have written what is none. */
static void remote_parse(struct sa *sa, const struct pl *text)
{
	char address[ADDRESS_MAX];
	struct pl pl = *text;

	sa_init(sa, AF_UNSPEC);
	if (pl.l < 2 || *pl.p != ' ')
		return;
	pl_advance(&pl, 1);
	if (field_parse(address, sizeof(address), &pl) ||
	    sa_decode(sa, address, strlen(address)))
		sa_init(sa, AF_UNSPEC);
}

int binding_parse(struct binding *binding, const struct pl *text)
{
	struct pl ends, cseq, q, flow, callid, contact, agent, rest;

	if (text->l > BINDING_TEXT_MAX ||
	    re_regex(text->p, text->l,
		     "[0-9]+ [0-9]+ [0-9]+ [0-9a-f]* [^ ]+ [^ ]+ [^ ]+",
		     &ends, &cseq, &q, &flow, &callid, &contact, &agent))
		return EBADMSG;

	memset(binding, 0, sizeof(*binding));
	binding->ends_ms = pl_u64(&ends);
	binding->cseq	 = pl_u32(&cseq);
	binding->q	 = (uint16_t)pl_u32(&q);
	if (flow_parse(binding, &flow) ||
	    field_parse(binding->callid, sizeof(binding->callid), &callid) ||
	    field_parse(binding->contact, sizeof(binding->contact),
			&contact) ||
	    field_parse(binding->agent, sizeof(binding->agent), &agent))
		return EBADMSG;

	rest.p = agent.p + agent.l;
	rest.l = (size_t)(text->p + text->l - rest.p);
	remote_parse(&binding->remote, &rest);
	return 0;
}

/* "i:<instance>:<reg-id>" or "c:<contact>" (reg_request.c) */
uint32_t binding_device(const struct pl *field)
{
	size_t len = field->l;
	uint32_t hash;

	if (len > 2 && field->p[0] == 'i') {
		while (len > 2 && field->p[len - 1] != ':')
			--len;
	}
	hash = hash_joaat((const uint8_t *)field->p, len);
	return hash ? hash : 1;
}

int binding_key(char *key, size_t size, const struct pl *tenant,
		const struct pl *user, const char *what)
{
	int n = re_snprintf(key, size, "cb:{a:%H/%H}:%s", redis_key_part,
			    tenant, redis_key_part, user, what);

	return n < 0 ? EOVERFLOW : 0;
}

int binding_conn_key(char *key, size_t size, const struct pl *tenant,
		     const struct pl *conn, const char *what)
{
	int n = re_snprintf(key, size, "cb:{i:%H/%H}:%s", redis_key_part,
			    tenant, redis_key_part, conn, what);

	return n < 0 ? EOVERFLOW : 0;
}
