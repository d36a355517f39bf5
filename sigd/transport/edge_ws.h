/*
 * edge_ws.h  WebSocket (RFC 6455, RFC 7118) and the page, by libwebsockets
 *
 * Takes accepted sockets, speaks TLS, HTTP and WebSocket on them, and makes a
 * flow of each WebSocket. It listens nowhere itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_EDGE_WS_H
#define SIGD_TRANSPORT_EDGE_WS_H

#include "sigd/transport/transport.h"

struct edge;
struct edge_tls;

typedef void(edge_recv_h)(struct flow *flow, uint8_t listener,
			  const uint8_t *data, size_t len, void *arg);
typedef void(edge_flow_h)(struct flow *flow, void *arg);
/* A pong has come so many microseconds after its ping. */
typedef void(edge_pong_h)(struct flow *flow, uint32_t us, void *arg);
/* A connection has ended, whether it was ever a flow or not. */
typedef void(edge_left_h)(const struct sa *remote, void *arg);

struct edge_params {
	struct wheel *wheel;
	struct flow_table *flows;
	const struct transport_limits *limits; /* nothing is zero; borrowed */
	struct transport_counts *counts;       /* borrowed */
	struct edge_tls *tls; /* of WSS listeners; borrowed */
	edge_recv_h *recvh;
	transport_token_h *tokenh; /* its arg is tokenarg */
	void *tokenarg;
	edge_flow_h *openh;
	edge_flow_h *goneh;
	edge_pong_h *pongh;
	edge_left_h *lefth;
	void *arg;
};

/* mem_deref() ends all connections and calls no handler. */
int edge_alloc(struct edge **edgep, const struct edge_params *params);

/* cfg is borrowed. EINVAL and others with a sentence in errbuf. */
int edge_listen(struct edge *edge, const struct transport_listener *cfg,
		uint8_t listener, char *errbuf, size_t errlen);

/* Takes fd over, in any case. lefth is called once for each that was taken
 * without an error. */
int edge_take(struct edge *edge, uint8_t listener, int fd,
	      const struct sa *remote);

/* End the oldest connection that is not yet a flow; false: there is none. */
bool edge_evict(struct edge *edge);
/* End a flow without a user that has been silent for long. */
bool edge_evict_idle(struct edge *edge);

#endif
