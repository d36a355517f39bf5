/*
 * route_query.h  What a routing table is asked
 *
 * All that a decision depends on beside the table: the same query gets the
 * same plan. What costs something to find out is asked of handlers, and only
 * when a rule wants to know.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_QUERY_H
#define ROUTING_ROUTE_QUERY_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "routing/route_health.h"

struct route_connection;
struct route_group;
struct route_note;
struct route_tenant;

/* The nr-th value, from 0, of a header of the request. name: as in the table,
 * in whatever case, never a compact form. False: there are no more. */
typedef bool(route_header_h)(const char *name, unsigned nr, struct pl *value,
			     void *arg);

/* A step of the decision, in order. */
typedef void(route_note_h)(const struct route_note *note, void *arg);

/* The texts are borrowed for the call; what is 0 or NULL is not known. */
struct route_query {
	const struct route_tenant *tenant;
	const struct route_connection *from; /* NULL: a user asks */
	struct pl method;                    /* "INVITE" */
	struct pl caller;                    /* user part, %-decoded */
	struct pl callee; /* user part of the Request-URI, %-decoded */
	const struct sa *source; /* of the device or PBX: its address, as it
				    is seen here */
	uint64_t now;  /* unix seconds */
	uint64_t seed; /* decides what is left to chance */
	route_header_h *headerh; /* NULL: it has no headers */
	route_health_h *healthh; /* NULL: all are up */
	/* Of round-robin: 0, 1, 2 .. for this group. NULL: by chance. */
	uint32_t (*turnh)(const struct route_group *group, void *arg);
	/* Every rule in order is tried and told, none is passed by for what
	 * its pattern begins with: slow, and the same plan. */
	route_note_h *noteh;
	void *arg; /* of all of them */
};

#endif
