/*
 * relay.h  A request that is no call, passed on: MESSAGE, SUBSCRIBE, NOTIFY,
 *          PUBLISH, REFER, OPTIONS, INFO
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_RELAY_RELAY_H
#define SIGD_PROXY_RELAY_RELAY_H

#include "sigd/proxy/proxy_priv.h"

struct device_token;
struct request;
struct route_plan;
struct route_table;

struct relay_params {
	const struct device_token *device; /* as in struct invite_params */
	struct txn_srv *st;
	struct route_table *table;     /* is kept (mem_ref()) */
	const struct route_plan *plan; /* of it; no rejection */
	struct flow_id source;         /* flow it came on */
	struct pl caller;              /* user who was authenticated */
	struct pl callee;              /* the number, unescaped */
};

/* Takes over the server transaction. */
void relay_start(struct proxy *px, const struct relay_params *params);
/* A request within a subscription of ours: it shows a cookie of that. */
bool relay_claims(const struct request *rq);
void relay_dialog_serve(struct request *rq, struct txn_srv *st);
/* As with invites. */
void relay_flow_gone(struct proxy *px, const struct flow_id *flow);
void relay_send_failed(struct proxy *px, uint64_t ref, int err);

#endif
