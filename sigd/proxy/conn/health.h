/*
 * health.h  Which connections are down, as the worker that probes them says
 *
 * Read once a second from one hash, which holds only those that are down; no
 * call waits for it. With Redis away what was read last counts until its time
 * is over.
 *
 * Key: HEALTH_KEY, a field "tenant/connection" each, and one with "@address"
 * behind it for each address of a name that is down: until when it counts, in
 * unix milliseconds by Redis' clock (sigd/upstream/probe_set.c writes it).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_HEALTH_H
#define SIGD_PROXY_CONN_HEALTH_H

#include <stdbool.h>
#include <re.h>

#include "routing/route_conn.h"

struct health;
struct redis_link;
struct route_target;
struct wheel;

#define HEALTH_KEY "cb:down"

enum {
	HEALTH_READ_MS = 1000,
	HEALTH_NAME_MAX = 32 + 1 + ROUTE_CONN_MAX + 1 + 56,
};

/* Of a field. addr NULL: of the whole connection. */
void health_name(char name[HEALTH_NAME_MAX + 1],
		 const struct route_connection *conn, const struct sa *addr);

/* link and wheel outlive it. The caller owns *healthp. */
int health_alloc(struct health **healthp, struct redis_link *link,
		 struct wheel *wheel);
/* health may be NULL: nothing is known to be down. */
bool health_down(const struct health *health,
		 const struct route_connection *conn);
/* One of several addresses of it. */
bool health_way_down(const struct health *health,
		     const struct route_connection *conn,
		     const struct sa *addr);

/*
 * What is down comes last, in its order: nobody shall wait for it, but the
 * probes may be wrong, and then there is nothing else. n: up to
 * ROUTE_TARGETS_MAX. How many are up is returned.
 */
unsigned health_order(const struct health *health,
		      struct route_target *targets, unsigned n);

#endif
