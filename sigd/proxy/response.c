/*
 * response.c  A response: to its transaction, here or at another worker
 *
 * RFC 3261 16.7 step 1, 18.1.2. The topmost Via must be ours: its branch is a
 * token that names the worker which has the transaction.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/log.h"
#include "sigd/call/branch_token.h"
#include "sigd/proxy/end/orphan.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/request.h"

static bool is_us(const struct proxy *px, const struct branch_owner *owner)
{
	return owner->slot == px->deps.slot &&
	       !strcmp(owner->node, px->deps.node);
}

static void pass_on(struct proxy *px, const struct transport_src *src,
		    const struct smsg *msg, const struct branch_owner *owner)
{
	struct tube_addr to = {.slot = owner->slot, .epoch = owner->epoch};

	str_ncpy(to.node, owner->node, sizeof(to.node));
	++px->counts.forwarded;
	/* when nobody lives there we end what it began */
	if (transport_forward_response(px->deps.transport, &to, src,
				       (const uint8_t *)msg->raw.p,
				       msg->raw.l) &&
	    !orphan_serve(px, src, msg))
		++px->counts.strays;
}

void response_serve(struct proxy *px, const struct transport_src *src,
		    const struct smsg *msg, bool forwarded)
{
	struct branch_owner owner;

	++px->counts.responses;
	if (branch_token_open(&owner, px->deps.keyring, &msg->callid,
			      &msg->via.branch)) {
		++px->counts.strays;
		return;
	}

	/* what we have taken over is ours, whoever began it */
	if (px->restored && txn_recv_response(px->txns, msg))
		return;
	if (!is_us(px, &owner) && !forwarded)
		pass_on(px, src, msg, &owner);
	else if (owner.epoch == px->deps.epoch
			 ? !txn_recv_response(px->txns, msg)
			 : !orphan_serve(px, src, msg))
		++px->counts.strays;
}
