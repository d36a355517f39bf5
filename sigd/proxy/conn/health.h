/*
 * health.h  How connections are doing, as probes, calls and operators say
 *
 * Read once a second from three hashes, which hold only those of whom there is
 * something to say; no call waits for it. With Redis away what was read last
 * counts until its time is over.
 *
 * Keys, each with a field "tenant/connection" and a value as health_row.h has
 * it:
 *   HEALTH_DOWN_KEY    its probes are not answered; with "@address" behind the
 *                      field one address of a name (sigd/upstream/probe_set.c)
 *   HEALTH_BROKEN_KEY  calls fail there, or it wants to be left alone (live.c)
 *   HEALTH_FORCED_KEY  what an operator says; without an end, so that it
 *                      outlives us all (sigd/admin/rest_force.c)
 * The operator's word counts before the others, and `up` is one, too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_HEALTH_H
#define SIGD_PROXY_CONN_HEALTH_H

#include <stdbool.h>
#include <re.h>

#include "routing/route_conn.h"
#include "routing/route_health.h"
#include "sigd/proxy/conn/health_row.h"

struct health;
struct redis_link;
struct wheel;

#define HEALTH_DOWN_KEY "cb:down"
#define HEALTH_BROKEN_KEY "cb:broken"
#define HEALTH_FORCED_KEY "cb:forced"

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
/* What counts now; zero: it is up. health may be NULL: nothing is known. */
void health_of(struct route_health *is, const struct health *health,
	       const struct route_connection *conn);
/* The same from rows that were read elsewhere; each may be NULL. now_ms: of
 * Redis' clock. Pure. */
struct health_rows {
	const struct health_row *forced, *broken, *down;
};
/* The row that counts now; NULL: it is up. *state: what it means. */
const struct health_row *health_counts(enum route_state *state,
				       const struct health_rows *rows,
				       uint64_t now_ms);

/* Not its probes, not its calls, or an operator. */
bool health_down(const struct health *health,
		 const struct route_connection *conn);
/* One of several addresses of it is not answering its probes. */
bool health_way_down(const struct health *health,
		     const struct route_connection *conn,
		     const struct sa *addr);

/* What this worker has found out (live.c), before it is read again; row NULL:
 * it is mended. */
void health_broken_set(struct health *health,
		       const struct route_connection *conn,
		       const struct health_row *row);
/* NULL: it is not. Until the next turn of the loop. */
const struct health_row *
health_broken(const struct health *health, const struct route_connection *conn);

#endif
