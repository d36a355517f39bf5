/*
 * conn_way.h  The ways to a connection: our listener and its addresses; or
 *             where it has registered with us
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_CONN_WAY_H
#define SIGD_PROXY_CONN_CONN_WAY_H

#include "routing/route_conn.h"
#include "sigd/proxy/proxy_priv.h"

struct conn_ask;

enum { CONN_WAYS_MAX = 8 };

struct conn_way {
	struct flow_id flow;
	char host[ROUTE_HOST_MAX + 9]; /* of the Request-URI; "": the
					  connection's own */
	uint8_t left; /* of an array: further ways behind this one */
};

/* code: STATUS_OK; STATUS_TARGET_DOWN (no such name); STATUS_NOT_REGISTERED,
 * STATUS_REDIS_DOWN (one that registers with us). way: the first of way->left
 * + 1, in the order in which to try them (RFC 3263 4.3): those that have
 * failed lately come last. Valid during the call. */
typedef void(conn_way_h)(enum status code, const struct conn_way *way,
			 void *arg);

/*
 * 0: *way is written, the only one, and h is not called. EINPROGRESS: h is called once,
 * later, unless the caller ends the question *askp with mem_deref(); conn
 * outlives it. Others: there is no way.
 */
int conn_way_find(struct conn_ask **askp, struct conn_way *way,
		  struct proxy *px, const struct route_connection *conn,
		  conn_way_h *h, void *arg);

/* What is sent to it at this address goes there; ENOENT: no listener does. */
int conn_flow(struct flow_id *flow, const struct proxy *px,
	      const struct route_connection *conn, const struct sa *addr);
/*
 * len: of a message that would go over `flow`. True: that is more than a datagram
 * should have (RFC 3261 18.1.1: from 1300 bytes on it may be cut on its way, and
 * fragments are what NATs and filters lose first), and it goes over TCP, *over,
 * as long as that can be. Only to a connection whose transport is `auto`: of the
 * others it was said what they speak.
 */
bool conn_is_large(struct flow_id *over, const struct proxy *px,
		   const struct route_connection *conn,
		   const struct flow_id *flow, size_t len);
/* The same over another transport than its own. */
int conn_flow_over(struct flow_id *flow, const struct proxy *px,
		   const struct route_connection *conn, enum flow_kind kind,
		   const struct sa *addr);

/*
 * The flow on which this request of a connection came becomes that of its
 * address, when it came from there over TCP or TLS: what is sent to it later,
 * by any worker, is not bound to the life of one connection. It goes over that
 * one as long as it lives when its Via asks for it (RFC 5923).
 */
void conn_peer(struct flow_id *flow, const struct proxy *px,
	       const struct route_connection *conn, const struct smsg *msg);

/*
 * A response whose connection is gone: over another one to where its Via says
 * that the request was sent from, when that is a connection's (RFC 3261
 * 18.2.2). ENOTCONN: it is not, or what is sent is no response.
 */
int conn_answer(struct proxy *px, const struct flow_id *gone,
		const uint8_t *msg, size_t len);

/* The number of the listener that speaks to it; ENOENT. */
int conn_listener(uint8_t *nr, const struct proxy *px,
		  const struct route_connection *conn);

#endif
