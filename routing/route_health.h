/*
 * route_health.h  How a connection is doing, as far as who asks the table
 *                 knows
 *
 * Pure: the table asks its caller, who reads it from Redis (sigd/proxy/conn/
 * health.h), or from a test.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_HEALTH_H
#define ROUTING_ROUTE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct route_connection;

enum route_state {
	ROUTE_STATE_UP,       /* or nobody knows better */
	ROUTE_STATE_TRIAL,    /* was broken, and one call may find out */
	ROUTE_STATE_DOWN,     /* its probes are not answered */
	ROUTE_STATE_BROKEN,   /* calls have failed there, one after the other */
	ROUTE_STATE_BUSY,     /* it has asked to be left alone (Retry-After) */
	ROUTE_STATE_DRAINING, /* an operator: no new calls */
	ROUTE_STATE_FORCED,   /* an operator: down, whatever the probes say */
	ROUTE_STATE_FULL,     /* no room for another call */
	ROUTE_STATE_COUNT
};

enum { ROUTE_HEALTH_TEXT = 64 };

/* Plain data; zero: up. */
struct route_health {
	enum route_state state;
	uint64_t since_ms; /* unix; 0: not known */
	char why[ROUTE_HEALTH_TEXT]; /* for people; may be empty */
};

/* *health is zero before the call. */
typedef void(route_health_h)(struct route_health *health,
			     const struct route_connection *conn, void *arg);

/* "up", "trial", "down", "broken", "busy", "draining", "forced", "full" */
const char *route_state_name(enum route_state state);
/* False: none has this name. */
bool route_state_parse(enum route_state *state, const struct pl *name);
/* It may get a call. */
bool route_state_takes(enum route_state state);
/* When nothing better is left it may be tried all the same, if the route, group
 * or connection says so (`failover`): what we found out may be wrong. What an
 * operator said is not, nor that there is no room. */
bool route_state_doubtful(enum route_state state);
/* ... whatever is said there: only calls have failed, which may be of a few
 * numbers, and a connection that nobody else can stand in for is not lost by
 * that. */
bool route_state_last_resort(enum route_state state);

#endif
