/*
 * trunk_state.c  What is known of a registration at a PBX, as text in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/redis_link.h"
#include "sigd/upstream/trunk_state.h"

enum { RETRY_MAX_MS = 300000 };

static const char *const names[] = {
	[TRUNK_TRYING] = "trying",
	[TRUNK_REGISTERED] = "registered",
	[TRUNK_FAILED] = "failed",
};

uint32_t trunk_retry_ms(unsigned failures, uint32_t least_ms, bool in_force)
{
	uint32_t ms = least_ms;

	for (unsigned i = 0; !in_force && i < failures && ms < RETRY_MAX_MS;
	     i++)
		ms *= 2;
	/* a Retry-After may be longer (RFC 3261 20.33) */
	return min(ms, max((uint32_t)RETRY_MAX_MS, least_ms));
}

const char *trunk_phase_name(enum trunk_phase phase)
{
	return names[phase];
}

int trunk_state_print(char text[TRUNK_STATE_MAX],
		      const struct trunk_state *state, const char *at)
{
	struct pl callid, why, where;

	pl_set_str(&callid, state->callid);
	pl_set_str(&why, state->why);
	pl_set_str(&where, at);
	return re_snprintf(text, TRUNK_STATE_MAX,
			   "state=%s callid=%H cseq=%u ends=%llu code=%u "
			   "why=%H since=%llu at=%H print=%u",
			   names[state->phase], redis_key_part, &callid,
			   state->cseq, state->ends_ms, state->code,
			   redis_key_part, &why, state->since_ms,
			   redis_key_part, &where, state->print) < 0
		       ? EOVERFLOW
		       : 0;
}

/* The value of `key` among "a=1 b=2"; false: it is not there. */
static bool find(struct pl *value, const struct pl *text, const char *key)
{
	const size_t len = strlen(key);
	const char *end = text->p + text->l;

	for (const char *p = text->p; p < end;) {
		const char *stop = memchr(p, ' ', (size_t)(end - p));

		stop = stop ? stop : end;
		if ((size_t)(stop - p) > len && !memcmp(p, key, len) &&
		    p[len] == '=') {
			value->p = p + len + 1;
			value->l = (size_t)(stop - value->p);
			return true;
		}
		p = stop + 1;
	}
	return false;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static int get_text(char *out, size_t size, const struct pl *text,
		    const char *key)
{
	struct pl value;
	size_t n = 0;

	if (!find(&value, text, key))
		return EBADMSG;
	for (size_t i = 0; i < value.l; i++) {
		const char *p = value.p + i;
		char c = *p;

		if (c == '%') {
			if (i + 2 >= value.l || hex(p[1]) < 0 || hex(p[2]) < 0)
				return EBADMSG;
			c = (char)(hex(p[1]) << 4 | hex(p[2]));
			i += 2;
		}
		if (!c || n + 1 >= size)
			return EBADMSG;
		out[n++] = c;
	}
	out[n] = '\0';
	return 0;
}

static int get_num(uint64_t *num, const struct pl *text, const char *key,
		   uint64_t max)
{
	struct pl value;

	if (!find(&value, text, key) || !value.l || value.l > 19)
		return EBADMSG;
	for (size_t i = 0; i < value.l; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return EBADMSG;
	}
	*num = pl_u64(&value);
	return *num <= max ? 0 : EBADMSG;
}

static int get_phase(enum trunk_phase *phase, const struct pl *text)
{
	struct pl value;

	for (size_t i = 0; find(&value, text, "state") && i < COUNTOF(names);
	     i++) {
		if (!pl_strcmp(&value, names[i])) {
			*phase = (enum trunk_phase)i;
			return 0;
		}
	}
	return EBADMSG;
}

int trunk_state_parse(struct trunk_state *state, const struct pl *text)
{
	uint64_t cseq = 0, code = 0, print = 0;
	int err;

	memset(state, 0, sizeof(*state));
	err  = get_phase(&state->phase, text);
	err |= get_text(state->callid, sizeof(state->callid), text, "callid");
	err |= get_text(state->why, sizeof(state->why), text, "why");
	err |= get_num(&cseq, text, "cseq", INT32_MAX);
	err |= get_num(&state->ends_ms, text, "ends", INT64_MAX);
	err |= get_num(&code, text, "code", 699);
	err |= get_num(&state->since_ms, text, "since", INT64_MAX);
	err |= get_num(&print, text, "print", UINT32_MAX);
	state->cseq  = (uint32_t)cseq;
	state->code  = (uint16_t)code;
	state->print = (uint32_t)print;
	return err || !state->callid[0] ? EBADMSG : 0;
}
