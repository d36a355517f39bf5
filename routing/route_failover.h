/*
 * route_failover.h  When the next target of a plan is tried, and how long one
 *                   may take
 *
 * A route, a group and a connection may each say so; key by key the route's
 * word counts before the group's, and that before the connection's.
 *
 * Never tried again: what was answered 6xx, which speaks for whoever is called
 * (RFC 3261 16.7 step 5), and what was cancelled.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_FAILOVER_H
#define ROUTING_ROUTE_FAILOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cfg_schema.h"

struct arena;
struct route_codes; /* a set of codes from 400 to 599 */
struct route_connection;

enum { ROUTE_FAILOVER_MS_MAX = 600000 };

/* What is no answer, bits of route_limits.when. */
enum route_failure {
	ROUTE_UNREACHABLE = 1, /* no address, no connection, ICMP */
	ROUTE_SILENT,          /* nothing at all was heard in time */
	ROUTE_UNANSWERED,      /* it rang, and nobody answered in time */
};

/* What becomes of a target that is not well (route_health.h). */
enum route_unhealthy {
	ROUTE_UNHEALTHY_SKIP = 1, /* it is not tried */
	ROUTE_UNHEALTHY_LAST,     /* ... when all else has failed */
};

/* As it stands in the file; zero: nothing is said. */
struct route_failover {
	const char **codes, **never; /* "503", "5xx", "500-504" */
	uint32_t ncodes, nnever;
	enum route_failure *when;
	uint32_t nwhen;
	uint32_t answer_ms, ring_ms, try_ms, total_ms;
	uint32_t tries;
	enum route_unhealthy unhealthy;
	const struct route_codes *set; /* of codes and never; NULL: the usual */
	struct cfg_pos pos;
};

/* What counts for one target; zero: the usual, and the server's times. */
struct route_limits {
	const struct route_codes *codes; /* NULL: the usual ones */
	uint32_t when;      /* bits: 1 << enum route_failure; 0: all */
	uint32_t answer_ms; /* nothing heard for so long */
	uint32_t ring_ms;   /* since it rang first; 0: no limit of its own */
	uint32_t try_ms;    /* of the whole try */
	uint32_t total_ms;  /* of all tries; 0: the server's */
	uint32_t tries;     /* targets at most; 0: all */
	bool doubtful;      /* what is not well is tried last, else not */
};

/* route, group: NULL when there is none. conn NULL: zero, for a user. */
void route_limits_set(struct route_limits *limits,
		      const struct route_failover *route,
		      const struct route_failover *group,
		      const struct route_connection *conn);
/* Whether a refusal with this code leads to the next target. */
bool route_limits_next(const struct route_limits *limits, uint16_t code);
bool route_limits_when(const struct route_limits *limits,
		       enum route_failure failure);

extern const struct cfg_table route_failover_table;
/* Compiles it, into memory of the configuration that it is in. */
int route_failover_load(struct route_failover *failover, struct arena *mem);

#endif
