/*
 * flow_priv.h  Connections as the edge keeps them; for sigd/transport alone
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_FLOW_PRIV_H
#define SIGD_TRANSPORT_FLOW_PRIV_H

#include "common/tube.h"
#include "common/wheel.h"
#include "sigd/transport/flow.h"

struct flow_asks;

/* What the owner of a connection does with it: as transport_send() to one of
 * this worker, and transport_close(). */
struct flow_ops {
	int (*send)(struct flow *flow, const uint8_t *data, size_t len);
	void (*close)(struct flow *flow, uint16_t code);
};

struct flow {
	struct le le;      /* of its table, by number */
	struct flow_id id; /* num 0: not in the table */
	const struct flow_ops *ops;
	struct sa local, remote;
	uint8_t listener; /* its number in the configuration */
	uint64_t opened_ms, rx_ms, pong_ms, asked_ms;
	void *user;
	flow_user_h *destroyh;
	struct flow_asks *asks; /* NULL: none; its owner's to release */
};

/* buckets: a power of 2. The caller owns *tablep and outlives no flow. */
int flow_table_alloc(struct flow_table **tablep, const char *node, uint8_t slot,
		     uint32_t epoch, uint32_t buckets);
/* Gives the flow the next number; once. */
void flow_table_add(struct flow_table *table, struct flow *flow,
		    enum flow_kind kind);
/* Nobody finds it any more; the id stays for the last words. */
void flow_table_remove(struct flow_table *table, struct flow *flow);

/*
 * What another worker sent on this flow with a ref: it may wait for an answer
 * that will not come when the flow ends, and is told then. Of many the latest
 * FLOW_ASKS_MAX are kept; without memory, none.
 */
enum {
	FLOW_ASKS_MAX = 8
};

struct flow_ask {
	struct tube_addr src;
	uint64_t ref;
};

void flow_ask_note(struct flow *flow, const struct tube_addr *src,
		   uint64_t ref);
/* The i-th, in no order; NULL: no more. */
const struct flow_ask *flow_ask_get(const struct flow *flow, size_t i);

/* Calls destroyh; what a flow's owner does last. */
void flow_user_clear(struct flow *flow);

#endif
