/*
 * conn_way.h  The way to a connection: our listener and its address; or where
 *             it has registered with us
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_WAY_H
#define SIGD_PROXY_CONN_WAY_H

#include "routing/route_conn.h"
#include "sigd/proxy/proxy_priv.h"

struct conn_ask;

struct conn_way {
	struct flow_id flow;
	char host[ROUTE_HOST_MAX + 9]; /* of the Request-URI; "": the
					  connection's own */
};

/* code: STATUS_OK; STATUS_TARGET_DOWN (no such name); STATUS_NOT_REGISTERED,
 * STATUS_REDIS_DOWN (one that registers with us). way is valid during the
 * call. */
typedef void(conn_way_h)(enum status code, const struct conn_way *way,
			 void *arg);

/*
 * 0: *way is written, and h is not called. EINPROGRESS: h is called once,
 * later, unless the caller ends the question *askp with mem_deref(); conn
 * outlives it. Others: there is no way.
 */
int conn_way_find(struct conn_ask **askp, struct conn_way *way,
		  struct proxy *px, const struct route_connection *conn,
		  conn_way_h *h, void *arg);

/* The number of the listener that speaks to it; ENOENT. */
int conn_listener(uint8_t *nr, const struct proxy *px,
		  const struct route_connection *conn);

#endif
