/*
 * options.c  OPTIONS to ourselves
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/countof.h"
#include "routing/route.h"
#include "sigd/proxy/conn/trunk_contact.h"
#include "sigd/proxy/options.h"
#include "sigd/proxy/register/reg_forward.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/request.h"
#include "sigd/sip/smsg_build.h"

/* OPTIONS to nobody behind us: whether we are alive may be asked by anybody.
 * At its last hop it is for us, too (RFC 3261 16.3 step 3). */
bool options_is_ours(const struct request *rq)
{
	const struct route_table *table = rq->px->deps.routes;
	const struct smsg *msg = rq->msg;
	struct device_token device;

	if (msg->method != SMSG_OPTIONS)
		return false;
	if (!msg->max_forwards || !msg->uri.user.l)
		return true;
	/* the Contact of a device at its PBX is at our host, too */
	return !reg_forward_named(&device, rq->px, msg) &&
	       (trunk_contact_find(table, &msg->uri.user) ||
		!route_tenant_by_domain(table, &msg->uri.host));
}

/* RFC 3261 11.2: what a PBX that asks whether we are there may learn. */
void options_answer(struct proxy *px, struct txn_srv *st)
{
	static const char *const say[][2] = {
		{"Allow", request_allow},
		{"Accept", "application/sdp"},
		{"Supported", "100rel, outbound, replaces, timer"},
	};
	struct smsg_field fields[COUNTOF(say)];
	struct smsg_reply reply = {.scode = 200, .fieldv = fields,
				   .fieldc = COUNTOF(say)};
	char tag[17];

	for (size_t i = 0; i < COUNTOF(say); i++) {
		pl_set_str(&fields[i].name, say[i][0]);
		pl_set_str(&fields[i].val, say[i][1]);
	}
	reply_tag(tag, px, txn_srv_request(st));
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(st, &reply);
	/* the next one is answered anew (RFC 3261 8.2.7) */
	txn_srv_forget(st);
}
