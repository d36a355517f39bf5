/*
 * probe_state.c  Whether a connection is there
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/redis_link.h"
#include "common/pairs.h"
#include "sigd/upstream/probe_state.h"

static const char *const names[] = {
	[PROBE_UNKNOWN] = "unknown",
	[PROBE_UP] = "up",
	[PROBE_DOWN] = "down",
};

const char *probe_phase_name(enum probe_phase phase)
{
	return names[phase];
}

bool probe_answered(uint16_t code)
{
	return code >= 200 && code != 408 && code != 503;
}

static void answered(struct probe_state *state, uint32_t up)
{
	state->failures = 0;
	if (state->answers < up)
		++state->answers;
	/* who was not down is there at once */
	if (state->phase != PROBE_DOWN || state->answers >= up)
		state->phase = PROBE_UP;
}

static void failed(struct probe_state *state, uint32_t down)
{
	state->answers = 0;
	if (state->failures < down)
		++state->failures;
	if (state->failures >= down)
		state->phase = PROBE_DOWN;
}

bool probe_wavers(const struct probe_state *state)
{
	return state->phase == PROBE_DOWN ? state->answers : state->failures;
}

bool probe_count(struct probe_state *state, const struct probe_result *result,
		 const struct probe_limits *limits)
{
	const enum probe_phase was = state->phase;

	state->code    = result->code;
	state->last_ms = result->now_ms;
	str_ncpy(state->why, result->why, sizeof(state->why));
	if (result->code)
		state->rtt_ms = result->rtt_ms;
	if (probe_answered(result->code))
		answered(state, limits->up);
	else
		failed(state, limits->down);
	if (state->phase == was && state->since_ms)
		return false;
	state->since_ms = result->now_ms;
	state->was	= was;
	return state->phase != was;
}

int probe_state_print(char text[PROBE_STATE_MAX],
		      const struct probe_state *state, const char *at)
{
	struct pl why, where;

	pl_set_str(&why, state->why);
	pl_set_str(&where, at);
	return re_snprintf(text, PROBE_STATE_MAX,
			   "state=%s code=%u why=%H since=%llu last=%llu "
			   "rtt=%u at=%H print=%u",
			   names[state->phase], state->code, redis_key_part,
			   &why, state->since_ms, state->last_ms,
			   state->rtt_ms, redis_key_part, &where,
			   state->print) < 0
		       ? EOVERFLOW
		       : 0;
}

int probe_state_parse(struct probe_state *state, const struct pl *text)
{
	uint64_t code = 0, rtt = 0, print = 0;
	unsigned phase = 0;
	int err;

	memset(state, 0, sizeof(*state));
	err  = pairs_name(&phase, text, "state", names, COUNTOF(names));
	err |= pairs_num(&code, text, "code", 699);
	err |= pairs_text(state->why, sizeof(state->why), text, "why");
	err |= pairs_num(&state->since_ms, text, "since", INT64_MAX);
	err |= pairs_num(&state->last_ms, text, "last", INT64_MAX);
	err |= pairs_num(&rtt, text, "rtt", UINT32_MAX);
	err |= pairs_num(&print, text, "print", UINT32_MAX);
	state->phase	= (enum probe_phase)phase;
	state->code	= (uint16_t)code;
	state->rtt_ms	= (uint32_t)rtt;
	state->print	= (uint32_t)print;
	return err ? EBADMSG : 0;
}
