/*
 * live.h  What calls to a connection have come to: who lets them fail gets
 *         none for a while
 *
 * A circuit breaker for each connection (sigd/guard/breaker.h). One user, or one
 * number that a PBX cannot serve, breaks none. Each worker
 * counts its own calls; one that finds a connection broken writes so to Redis,
 * and all others leave it alone within HEALTH_READ_MS. When that time is over
 * a single call of all workers together may find out (the place it takes,
 * conn_calls.h, is given with the word that it is the one): answered in
 * whatever way, all is well; failed, it is left alone for longer. A 503 with
 * Retry-After leaves it alone for that time (RFC 3261 21.5.4).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_LIVE_H
#define SIGD_PROXY_CONN_LIVE_H

#include <stdint.h>
#include <re.h>

struct live;
struct proxy;
struct route_connection;

enum {
	LIVE_MAX = 4096, /* connections that are counted */
	LIVE_BUSY_MAX_MS = 300000, /* of a Retry-After */
	LIVE_KEEP_S = 86400, /* of HEALTH_BROKEN_KEY after its last write */
};

/* The proxy outlives it. */
int live_alloc(struct live **livep, struct proxy *px);
/* It rings: a trial has told enough. */
void live_rings(struct live *live, const struct route_connection *conn);
/* It has answered: even no is an answer. */
void live_answered(struct live *live, const struct route_connection *conn);
/* Whose call it was. */
struct live_call {
	struct pl caller; /* a user; unset: somebody at a connection */
	struct pl callee;
};

/*
 * It could not be reached, was silent, or cannot do the work; why: for people.
 * call: what was called got that answer, which may be of that number alone:
 * of each callee, and of each user who calls, one such failure counts until
 * a call is answered, and one of a window. NULL: it speaks of the connection.
 */
void live_failed(struct live *live, const struct route_connection *conn,
		 const char *why, const struct live_call *call);
/* It wants no calls for so long. */
void live_busy(struct live *live, const struct route_connection *conn,
	       uint32_t ms);

#endif
