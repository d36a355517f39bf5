/*
 * conn_calls.h  How many calls a connection has, in all workers together
 *
 * A set of leases, not a counter: each call has a place of its own in a
 * sorted set, with the time at which it ends by itself. What is given back
 * twice, or never because a worker died, makes no wrong number for long: a
 * call being set up loses its place when another worker ends it, at the latest
 * soon after the limit of its set-up, one that is up with its record.
 *
 * Key: `cb:{m:<tenant>/<connection>}:calls`, call ids by unix ms of Redis'
 * clock.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_CONN_CALLS_H
#define SIGD_PROXY_CONN_CONN_CALLS_H

#include "common/status.h"
#include "sigd/proxy/proxy_priv.h"

struct conn_calls_ask;
struct route_connection;

/* STATUS_OK: it has a place. STATUS_CALL_LIMIT, STATUS_REDIS_DOWN;
 * STATUS_TARGET_DOWN: another call finds out whether it is mended. */
typedef void(conn_calls_h)(enum status code, void *arg);

/* The texts are borrowed for the call. */
struct conn_calls_of {
	const struct route_connection *conn;
	const char *call;
	bool to;
	bool only;    /* nothing else is left: it waits for no trial */
	bool instead; /* of one that ends when this one is up (RFC 3891) */
};

/*
 * A place for a call that begins; to: it goes there, rather than that it comes
 * from there. 0: it has one, h is not called (there is no
 * limit, `max_calls`: the place is only counted). EINPROGRESS: h is called
 * once, later, unless the caller ends the question *askp with mem_deref():
 * then the place is given back. Others: Redis is away.
 */
int conn_calls_take(struct conn_calls_ask **askp, struct proxy *px,
		    const struct conn_calls_of *of, conn_calls_h *h, void *arg);
/* What was to be found out is found out. */
void conn_calls_trial_end(struct proxy *px,
			  const struct route_connection *conn);
/* It is up: its places, of both sides (and of users), are for as long as its record lives. */
void conn_calls_up(struct proxy *px, const struct call_record *rec);
/* It has ended; both sides. */
void conn_calls_ended(struct proxy *px, const struct call_record *rec);
/* A try that came to nothing. */
void conn_calls_leave(struct proxy *px, const struct route_connection *conn,
		      const char *call);

#endif
