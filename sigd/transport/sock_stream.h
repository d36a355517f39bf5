/*
 * sock_stream.h  Messages over byte streams: TCP and TLS, in and out
 *
 * An accepted connection is a flow from the moment that it can carry messages.
 * A connection that we make belongs to a peer (struct flow_id without a
 * number): the first message to it connects, all others share it, and what
 * comes in on it has the peer's id. Where one message ends is told by a framer
 * that is handed in (transport.h).
 *
 * Its deadlines: TLS, and then the first message, within handshake_ms; a
 * message that has begun is whole within whole_ms; what waits for a reader
 * moves within unread_ms; who has no user (flow_user_set()) and was silent for
 * silent_ms is closed. Peers get the ping of RFC 5626 4.4.1; who has ever
 * answered one must answer the next.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_SOCK_STREAM_H
#define SIGD_TRANSPORT_SOCK_STREAM_H

#include "sigd/transport/transport.h"

struct stream_set;

typedef void(stream_recv_h)(struct flow *flow, uint8_t listener,
			    const uint8_t *data, size_t len, void *arg);
/* The stream has lost its step, for this reason; data: see transport.h. */
typedef void(stream_broken_h)(struct flow *flow, uint8_t listener,
			      const struct transport_piece *piece, void *arg);
typedef void(stream_flow_h)(struct flow *flow, void *arg);
/* An accepted connection has ended, whether it was ever a flow or not. */
typedef void(stream_left_h)(const struct sa *remote, void *arg);
/* What was sent to this peer, and not answered, may never have come there. */
typedef void(stream_lost_h)(const struct flow_id *peer, int err, void *arg);

struct stream_params {
	struct wheel *wheel;
	struct flow_table *flows;
	const struct transport_limits *limits; /* nothing is zero; borrowed */
	struct transport_counts *counts;       /* borrowed */
	const struct transport_framer *framer;
	struct edge_tls *tls; /* of our listeners; borrowed */
	stream_recv_h *recvh;
	stream_broken_h *brokenh;
	stream_flow_h *openh;
	stream_flow_h *goneh;
	stream_left_h *lefth;
	stream_lost_h *losth;
	transport_peer_h *peerh; /* NULL: no TLS peers */
	void *peer_arg;
	void *arg;
};

/* mem_deref() ends all connections and calls no handler. */
int stream_set_alloc(struct stream_set **setp,
		     const struct stream_params *params);

/* cfg is borrowed. */
int stream_listen(struct stream_set *set, const struct transport_listener *cfg,
		  uint8_t listener);
/* What is used towards peers is read anew from its files. */
void stream_renew(struct stream_set *set);

/* Takes fd over, in any case. lefth is called once for each that was taken
 * without an error. */
int stream_take(struct stream_set *set, uint8_t listener, int fd,
		const struct sa *remote);

/*
 * To a peer, over the connection that there is, or a new one; *flowp (may be
 * NULL) is it. 0: sent, or queued; what becomes of it is told by losth, never
 * before this returns. EMSGSIZE, ENOBUFS, ENOMEM, or why nothing can connect.
 */
int stream_send_peer(struct stream_set *set, struct flow **flowp,
		     const struct flow_id *peer, const uint8_t *data,
		     size_t len);
/* Use this accepted connection for what is sent to that peer (RFC 5923),
 * unless there is one already. */
void stream_alias(struct stream_set *set, struct flow *flow,
		  const struct flow_id *peer);

/* The name of what it is: its own, or its peer's. */
const struct flow_id *stream_id(const struct flow *flow);
bool stream_is(const struct flow *flow);
/* Has the other side shown a certificate, from an authority that we know, that
 * names it so (tls_name.h)? */
bool stream_named(const struct flow *flow, const char *name);

/* End the oldest accepted one that nothing whole came from; false: none. */
bool stream_evict(struct stream_set *set);
/* End one without a user that has been silent for long. */
bool stream_evict_idle(struct stream_set *set);

#endif
