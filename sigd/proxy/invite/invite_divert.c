/*
 * invite_divert.c  A user's device says where else to call (3xx)
 *
 * It is the device's user who sends the call there, so the routes are asked as
 * if that user called: what they lead to takes the place of what was left to
 * try; anything else, and any other host, is not followed. RFC 3261 16.7 step
 * 4 leaves it to us.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/question.h"
#include "sigd/proxy/who/user_calls.h"

enum {
	DIVERTS_MAX = 3
};

/* A number in the tenant's domain. */
static bool number_of(const struct invite *inv,
		      const struct route_tenant *tenant, const struct suri *uri)
{
	if (uri->scheme == SURI_TEL)
		return uri->user.l != 0;
	return (uri->scheme == SURI_SIP || uri->scheme == SURI_SIPS) &&
	       uri->user.l &&
	       route_tenant_by_domain(inv->hunt.table, &uri->host) == tenant;
}

static bool is_tried(enum route_kind kind)
{
	return kind == ROUTE_TO_USER || kind == ROUTE_TO_CONNECTION;
}

static bool take(struct invite *inv, struct route_plan *plan,
		 const struct pl *number)
{
	struct hunt *hunt = &inv->hunt;

	if (!is_tried(plan->targets[0].kind))
		return false;
	user_calls_diverted(inv->px, &inv->rec);
	hunt->devices = mem_deref(hunt->devices);
	hunt->device = 0; /* it was one of who diverts */
	memcpy(hunt->callee, number->p, number->l);
	hunt->callee_len = number->l;
	memcpy(hunt->targets, plan->targets, sizeof(hunt->targets));
	hunt->ntargets = plan->ntargets;
	hunt->next = 0;
	mem_deref(hunt->plan);
	hunt->plan = mem_ref(plan);
	++hunt->diverts;
	return true;
}

static bool follow(struct invite *inv, const struct branch *branch,
		   struct route_plan *plan, const struct suri *uri)
{
	struct route_query query = {.method = PL("INVITE")};
	struct question question;
	char number[CALL_TEXT_MAX];
	struct pl tenant;

	pl_set_str(&tenant, inv->rec.tenant);
	query.tenant = route_tenant_by_id(inv->hunt.table, &tenant);
	query.callee.p = number;
	pl_set_str(&query.caller, branch->to.user);
	question_fill(&query, &question, inv->px, txn_srv_request(inv->st),
		      &branch->to.flow.remote);
	return query.tenant && number_of(inv, query.tenant, uri) &&
	       !suri_unescape(number, sizeof(number), &query.callee.l,
			      &uri->user) &&
	       !route_decide(inv->hunt.table, &query, plan) &&
	       take(inv, plan, &query.callee);
}

bool invite_divert(struct branch *branch, const struct smsg *msg)
{
	struct invite *inv = branch->inv;
	struct route_plan *plan;
	struct shdr_addr contact;
	bool ok = false;

	if (branch->to.conn || inv->hunt.diverts >= DIVERTS_MAX ||
	    msg->scode < 300 || msg->scode > 302)
		return false;
	plan = mem_alloc(sizeof(*plan), NULL);
	for (unsigned i = 0; plan && !ok &&
			     !smsg_addr(msg, SHDR_CONTACT, i, &contact);
	     i++)
		ok = !contact.star &&
		     follow(inv, branch, plan, &contact.uri);
	mem_deref(plan);
	if (ok)
		log_info(inv->rec.call, "diverted", "by=%s code=%u to=%.*s",
			 branch->to.user, msg->scode,
			 (int)inv->hunt.callee_len, inv->hunt.callee);
	return ok;
}
