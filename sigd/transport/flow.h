/*
 * flow.h  A flow (RFC 5626): one client connection, or a UDP peer
 *
 * A connection (WSS, WS, TCP, TLS) is a struct flow with a number that is
 * unique in its worker's epoch; it lives until it is closed, and its number
 * never returns. A UDP flow is only a value: the listener and the peer's
 * address; it has no object, number or end, and outlives the worker's epoch,
 * as the socket does. So is a TCP or TLS peer that we connect to: whoever
 * sends to it uses the connection that its worker has, or makes one.
 *
 * struct flow_id names either, from any worker: for records, sealed tokens
 * and logs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_FLOW_H
#define SIGD_TRANSPORT_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/worker.h"

struct flow;
struct flow_table;

enum flow_kind {
	FLOW_NONE = 0,
	FLOW_WSS,
	FLOW_WS,
	FLOW_UDP,
	FLOW_TCP,
	FLOW_TLS,
};

/* Plain data; all zero is no flow. */
struct flow_id {
	char node[NODE_NAME_MAX + 1];
	uint8_t slot;
	uint8_t kind;     /* enum flow_kind */
	uint32_t epoch;   /* connections only, else 0 */
	uint32_t num;     /* connections only: 1.., else 0 */
	uint8_t listener; /* peers only: its number in the configuration */
	uint32_t tag;     /* TLS peers only: on whose terms (transport_peer) */
	struct sa remote; /* peers only: UDP, or TCP and TLS without num */
};

enum {
	FLOW_PACK_MAX = 48, /* bytes */
	FLOW_TEXT_MAX = 96, /* characters, without the 0 */
};

/*
 * Compact binary form, at most FLOW_PACK_MAX bytes; *len is set. EINVAL: not
 * an id. Unpacking reads exactly len bytes: EBADMSG when they are no id.
 */
int flow_id_pack(const struct flow_id *id, uint8_t buf[FLOW_PACK_MAX],
		 size_t *len);
int flow_id_unpack(struct flow_id *id, const uint8_t *buf, size_t len);

/*
 * Text form, one word without spaces, 0-terminated:
 *   a1/2/wss/1763700000.17    node/slot/kind/epoch.num
 *   a1/2/udp/0/192.0.2.1:5060 node/slot/kind/listener/peer; so is tcp
 *   a1/2/tls/1.99/192.0.2.1:5061   node/slot/kind/listener.tag/peer
 * Returns text. Parsing is strict: EBADMSG.
 */
const char *flow_id_text(char text[FLOW_TEXT_MAX + 1],
			 const struct flow_id *id);
int flow_id_parse(struct flow_id *id, const char *text, size_t len);

bool flow_id_isset(const struct flow_id *id);
bool flow_id_equal(const struct flow_id *a, const struct flow_id *b);

/* A peer, by its address: any worker of the node can send to it. */
bool flow_id_addressed(const struct flow_id *id);

/* "WSS", "WS", "UDP", "TCP", "TLS": as in Via (RFC 7118 5.2); "" for FLOW_NONE. */
const char *flow_kind_name(enum flow_kind kind);
/* A connection that keeps order and delivers: no retransmissions. */
bool flow_kind_reliable(enum flow_kind kind);

/* --- a connection ------------------------------------------------------ */

const struct flow_id *flow_id_of(const struct flow *flow);
/* The number of its listener in the configuration. */
uint8_t flow_listener(const struct flow *flow);
const struct sa *flow_local(const struct flow *flow);
const struct sa *flow_remote(const struct flow *flow);
const char *flow_transport(const struct flow *flow); /* flow_kind_name() */

/* Milliseconds of loop_now_ms(); 0: never. */
uint64_t flow_opened_ms(const struct flow *flow);
uint64_t flow_rx_ms(const struct flow *flow);   /* last message */
uint64_t flow_pong_ms(const struct flow *flow); /* last pong */
/* Another worker sent a request on it, whose answer it waits for. */
uint64_t flow_asked_ms(const struct flow *flow);

/*
 * One pointer for the upper layers. destroy (may be NULL) is called with it
 * when another takes its place and when the flow ends, after the handler
 * flow_gone has run.
 */
typedef void(flow_user_h)(void *user);
void flow_user_set(struct flow *flow, void *user, flow_user_h *destroy);
void *flow_user(const struct flow *flow);

/* --- the connections of a worker --------------------------------------- */

/* NULL when gone: another node, slot, epoch, or the connection has ended. */
struct flow *flow_table_find(const struct flow_table *table,
			     const struct flow_id *id);
uint32_t flow_table_count(const struct flow_table *table);
/* Calls fn for each, until it returns true; fn may close flows. */
typedef bool(flow_each_h)(struct flow *flow, void *arg);
void flow_table_each(const struct flow_table *table, flow_each_h *fn,
		     void *arg);

#endif
