/*
 * transport_priv.h  The inside of a transport, for its own files
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_TRANSPORT_PRIV_H
#define SIGD_TRANSPORT_TRANSPORT_PRIV_H

#include "sigd/transport/edge_tls.h"
#include "sigd/transport/transport.h"

struct accept_gate;
struct accept_listener;
struct edge;
struct sock_udp;
struct stream_set;

struct listener {
	struct transport *transport;
	const struct transport_listener *cfg;
	struct accept_listener *tcp; /* NULL when drained */
	struct sock_udp *udp;
	uint8_t index;
};

struct transport {
	struct flow_id self; /* node and slot */
	struct wheel *wheel;
	struct transport_limits limits;
	struct transport_counts counts;
	struct transport_handlers h;
	struct flow_table *flows;
	struct accept_gate *gate;
	struct edge *edge;
	struct stream_set *streams;
	const struct transport_framer *framer;
	struct tube *tube;
	struct listener on[TRANSPORT_LISTENERS_MAX];
	size_t nlisteners;
	struct edge_tls *tls;
};

/* transport.c: to a flow of this worker, or a peer that any worker of the box
 * can reach. */
int transport_send_here(struct transport *transport, const struct flow_id *dst,
			const uint8_t *data, size_t len);

/* transport_tube.c */
int transport_tube_start(struct transport *transport,
			 const struct transport_params *params);
int transport_send_away(struct transport *transport,
			const struct tube_addr *dst, struct tube_frame *frame,
			const struct pl *head, const struct pl *body);
/* What was sent with this ref did not get there; 0: nobody wants to know. */
void transport_tell_failed(struct transport *transport,
			   const struct tube_addr *to, uint64_t ref, int err);

#endif
