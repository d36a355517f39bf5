/*
 * invite.h  Calls being set up, as the other stations know them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_INVITE_H
#define SIGD_PROXY_INVITE_INVITE_H

#include "sigd/call/call_record.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/transport/flow.h"

struct device_token;
struct route_plan;
struct route_table;

/* The dialog whose place a call takes (RFC 3891), and its party that is called:
 * there, and nowhere else. */
struct replaced {
	char call[17]; /* our call id of it; empty: none */
	char tenant[COOKIE_TENANT_MAX + 1]; /* of that party */
	char conn[CALL_CONN_MAX + 1]; /* a connection; empty: a device */
	char user[CALL_TEXT_MAX];     /* whose device */
	struct flow_id flow;
	bool service;                 /* one of ours answered it */
	bool up;                      /* it is answered */
};

struct invite_params {
	struct txn_srv *st;
	struct route_table *table;     /* is kept (mem_ref()) */
	const struct route_plan *plan; /* of it; no rejection */
	struct pl caller;              /* user who was authenticated; or as
					  the connection says */
	struct pl callee;              /* the number, unescaped */
	const struct device_token *device; /* it alone, of a user who need not
					      be in the table; NULL: as
					      planned */
	const struct replaced *replaced; /* NULL: none */
	const struct sa *source;       /* that the INVITE came from; NULL: not
					  known */
};

/* Takes over the server transaction. */
void invite_start(struct proxy *px, const struct invite_params *params);
/* A CANCEL for the INVITE of this transaction. reason: why (RFC 3326), or
 * empty. */
void invite_cancel(struct proxy *px, const struct txn_srv *st,
		   const struct pl *reason);
/* Calls that have no final answer yet. */
uint32_t invite_pending(const struct proxy *px);
/* All set-ups of ours live: say so now. */
void invite_renew_all(struct proxy *px);
/* A set-up of ours: true. */
bool invite_is_here(const struct proxy *px, const char *call);
/* Its media is lost: true when it was being set up here, and has ended. */
bool invite_lost(struct proxy *px, const char *call, enum status reason);
/* The ACK of a 2xx of ours came: it need not be repeated any more. False: there
 * is none here. */
bool invite_acked(struct proxy *px, const char *call);
/* A flow of ours has ended: its calls being set up end, its branches are
 * over. */
void invite_flow_gone(struct proxy *px, const struct flow_id *flow);
/* One of them is by this flow, or rings there. */
bool invite_on_flow(const struct proxy *px, const struct flow_id *flow);
/* What was sent with this number did not get there. */
void invite_send_failed(struct proxy *px, uint64_t ref, int err);

#endif
