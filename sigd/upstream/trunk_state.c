/*
 * trunk_state.c  What is known of a registration at a PBX, as text in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/redis_link.h"
#include "common/pairs.h"
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

int trunk_state_parse(struct trunk_state *state, const struct pl *text)
{
	uint64_t cseq = 0, code = 0, print = 0;
	unsigned phase = 0;
	int err;

	memset(state, 0, sizeof(*state));
	err  = pairs_name(&phase, text, "state", names, COUNTOF(names));
	err |= pairs_text(state->callid, sizeof(state->callid), text, "callid");
	err |= pairs_text(state->why, sizeof(state->why), text, "why");
	err |= pairs_num(&cseq, text, "cseq", INT32_MAX);
	err |= pairs_num(&state->ends_ms, text, "ends", INT64_MAX);
	err |= pairs_num(&code, text, "code", 699);
	err |= pairs_num(&state->since_ms, text, "since", INT64_MAX);
	err |= pairs_num(&print, text, "print", UINT32_MAX);
	state->phase = (enum trunk_phase)phase;
	state->cseq  = (uint32_t)cseq;
	state->code  = (uint16_t)code;
	state->print = (uint32_t)print;
	return err || !state->callid[0] ? EBADMSG : 0;
}
