/*
 * route_state.c  The states of a connection by name
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route_health.h"

static const char *const names[ROUTE_STATE_COUNT] = {
	[ROUTE_STATE_UP] = "up",
	[ROUTE_STATE_TRIAL] = "trial",
	[ROUTE_STATE_DOWN] = "down",
	[ROUTE_STATE_BROKEN] = "broken",
	[ROUTE_STATE_BUSY] = "busy",
	[ROUTE_STATE_DRAINING] = "draining",
	[ROUTE_STATE_FORCED] = "forced",
	[ROUTE_STATE_FULL] = "full",
};

const char *route_state_name(enum route_state state)
{
	return (unsigned)state < ROUTE_STATE_COUNT ? names[state] : "unknown";
}

bool route_state_parse(enum route_state *state, const struct pl *name)
{
	for (unsigned i = 0; i < ROUTE_STATE_COUNT; i++) {
		if (!pl_strcmp(name, names[i])) {
			*state = (enum route_state)i;
			return true;
		}
	}
	return false;
}

bool route_state_takes(enum route_state state)
{
	return state == ROUTE_STATE_UP || state == ROUTE_STATE_TRIAL;
}

bool route_state_doubtful(enum route_state state)
{
	return state == ROUTE_STATE_DOWN || state == ROUTE_STATE_BROKEN;
}

bool route_state_last_resort(enum route_state state)
{
	return state == ROUTE_STATE_BROKEN;
}
