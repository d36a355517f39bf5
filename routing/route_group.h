/*
 * route_group.h  Groups: several connections as one target, and in which order
 *                they are tried
 *
 * Pure, and the same answer for the same question: chance and turns are
 * arguments. Part of a table (route.h): const after the load.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_GROUP_H
#define ROUTING_ROUTE_GROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "routing/route_failover.h"
#include "routing/route_health.h"

struct arena;
struct route_connection;
struct route_group;
struct route_tenant;

enum {
	ROUTE_MEMBERS_MAX = 32, /* of a group */
	ROUTE_NEAR_MAX = 16,
	ROUTE_COST_NONE = UINT32_MAX,
};

enum route_order {
	ROUTE_BY_PRIORITY = 1, /* then as they stand in the file */
	ROUTE_BY_WEIGHT,       /* by priority; equal ones share the load */
	ROUTE_BY_COST,         /* the cheapest for this number first */
	ROUTE_BY_DISTANCE,     /* the nearest to the device first */
	ROUTE_BY_TURN,         /* by priority; equal ones take turns */
};

struct route_member {
	const char *name; /* of the connection */
	const struct route_connection *conn;
	uint32_t priority; /* the lowest is tried first */
	uint32_t weight;   /* 0: after those that have one */
	const char *cost_text;
	uint32_t cost;     /* millionths; ROUTE_COST_NONE: by `rates` */
	const char *rates; /* name of a number table; NULL: none */
	const char *attribute; /* of it: what a number costs */
	const char *region;    /* NULL: nowhere in particular */
	struct cfg_pos pos;
};

/* From a region these come next, in order, behind itself. */
struct route_near {
	const char *region;
	const char **next;
	uint32_t nnext;
};

struct route_group {
	const char *name; /* [a-z0-9_-]{1,32}, once in its tenant */
	enum route_order order;
	struct route_member *members;
	uint32_t nmembers;
	struct route_near *near;
	uint32_t nnear;
	struct route_failover failover;
	struct cfg_pos pos;
};

/* What an order depends on. Each handler may be NULL. */
struct route_group_ask {
	uint64_t seed; /* chance */
	route_health_h *healthh; /* NULL: all are up */
	/* Of round-robin: 0, 1, 2 .. for this group. NULL: by chance. */
	uint32_t (*turnh)(const struct route_group *group, void *arg);
	/* Whether who calls is in this region. NULL: in none. */
	bool (*regionh)(const char *region, void *arg);
	/* What the number costs by the member's `rates`, in millionths; or
	 * ROUTE_COST_NONE: it is not served. NULL: no table is there. */
	uint32_t (*costh)(const struct route_member *member, void *arg);
	void *arg;
};

enum route_pick_why {
	ROUTE_PICK_TAKEN,
	ROUTE_PICK_LAST, /* it is not well, and tried when all else failed */
	ROUTE_PICK_OUT,  /* ... not tried; health says why */
	ROUTE_PICK_NO_RATE, /* the number is not in its `rates`: not tried */
};

/* One member in its place. */
struct route_pick {
	const struct route_member *member;
	enum route_pick_why why;
	struct route_health health;
	uint32_t cost;     /* of the number; ROUTE_COST_NONE: not asked */
	uint32_t distance; /* 0: the region of who calls */
};

/*
 * All members in the order in which they are tried, those that are not behind
 * the others, in the order of the file. What may be tried all the same
 * (route_state_doubtful()) is last, where the route (NULL: it says nothing),
 * else the group, else the connection says so. How many are tried is returned.
 */
unsigned route_group_order(struct route_pick picks[ROUTE_MEMBERS_MAX],
			   const struct route_group *group,
			   const struct route_group_ask *ask,
			   const struct route_failover *route);

/* "0.0125" in millionths; false: no cost. */
bool route_cost_read(uint32_t *cost, const char *text);
/* NULL when the tenant has none of that name. */
const struct route_group *route_group_find(const struct route_tenant *tenant,
					   const struct pl *name);
/* "priority", "weight", "least-cost", "nearest", "round-robin" */
const char *route_order_name(enum route_order order);

#endif
