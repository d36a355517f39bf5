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
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/privacy.h"
#include "sigd/proxy/who/user_calls.h"

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

/* RFC 3261 16.7 step 4 sets no end to that, and who makes a new call of each
 * shows no loop: so it is counted. */
static bool may_divert(const struct invite *inv)
{
	const unsigned n = inv->hunt.diverted ? inv->hunt.diverted->n : 0;

	return n < DIVERSIONS_MAX &&
	       n + diversions_before(txn_srv_request(inv->st)) <
		       DIVERSIONS_ALL_MAX;
}

static bool note(struct hunt *hunt, const struct branch *branch,
		 const struct pl *number, uint16_t code)
{
	struct diversions *done = hunt->diverted;

	if (!done)
		done = hunt->diverted = mem_zalloc(sizeof(*done), NULL);
	if (!done || pl_strcpy(number, done->list[done->n].to,
			       sizeof(done->list[0].to)))
		return false;
	str_ncpy(done->list[done->n].by, branch->to.user,
		 sizeof(done->list[0].by));
	done->list[done->n++].code = code;
	return true;
}

static bool take(struct invite *inv, struct route_plan *plan,
		 const struct pl *number)
{
	struct hunt *hunt = &inv->hunt;

	user_calls_diverted(inv->px, &inv->rec);
	hunt->diverted->between |=
		route_target_is_foreign(&plan->targets[0], plan->tenant);
	hunt->devices = mem_deref(hunt->devices);
	hunt->device = 0; /* it was one of who diverts */
	memcpy(hunt->callee, number->p, number->l);
	hunt->callee_len = number->l;
	memcpy(hunt->targets, plan->targets, sizeof(hunt->targets));
	hunt->ntargets = plan->ntargets;
	hunt->next = 0;
	mem_deref(hunt->plan);
	hunt->plan = mem_ref(plan);
	/* what another device of that user has said, or will, is of no account
	 * (RFC 3261 16.7 step 4: the 3xx adds to the target set) */
	hunt->stop = false;
	hunt->moved = true;
	return true;
}

static bool follow(struct invite *inv, const struct branch *branch,
		   struct route_plan *plan, const struct suri *uri,
		   uint16_t code)
{
	struct route_query query = {.method = PL("INVITE")};
	struct question question;
	char number[CALL_TEXT_MAX];

	query.tenant = branch->to.tenant;
	query.callee.p = number;
	pl_set_str(&query.caller, branch->to.user);
	question_fill(&query, &question, inv->px, txn_srv_request(inv->st),
		      &branch->to.flow.remote);
	return query.tenant && number_of(inv, query.tenant, uri) &&
	       !suri_unescape(number, sizeof(number), &query.callee.l,
			      &uri->user) &&
	       !route_decide(inv->hunt.table, &query, plan) &&
	       is_tried(plan->targets[0].kind) &&
	       note(&inv->hunt, branch, &query.callee, code) &&
	       take(inv, plan, &query.callee);
}

bool invite_divert(struct branch *branch, const struct smsg *msg)
{
	struct invite *inv = branch->inv;
	struct route_plan *plan;
	struct shdr_addr contact;
	struct smsg_iter it;
	bool ok = false;

	if (branch->to.conn || !may_divert(inv) ||
	    msg->scode < 300 || msg->scode > 302)
		return false;
	plan = mem_alloc(sizeof(*plan), NULL);
	smsg_iter_init(&it, msg, SHDR_CONTACT);
	for (unsigned i = 0; i < MOVED_CONTACTS_MAX && plan && !ok &&
			     !smsg_iter_addr(&it, &contact);
	     i++)
		ok = !contact.star &&
		     follow(inv, branch, plan, &contact.uri, msg->scode);
	mem_deref(plan);
	if (ok)
		log_info(inv->rec.call, "diverted", "by=%s code=%u to=%.*s",
			 branch->to.user, msg->scode,
			 (int)inv->hunt.callee_len, inv->hunt.callee);
	return ok;
}

void invite_divert_edit(const struct branch *branch, struct smsg_edit *ed)
{
	const struct invite *inv = branch->inv;
	const struct diversions *done = inv->hunt.diverted;
	const struct route_tenant *tenant = branch->to.tenant;

	if (!done || done->between || !tenant)
		return;
	/* who was called is nobody's business then, either (RFC 7044 10.1) */
	if (!privacy_strips(privacy_wanted(ed->msg), SHDR_HISTORY_INFO, NULL))
		diversions_edit(ed, done, side_domain(tenant),
				inv->from && !branch_is_to_stranger(branch));
}
