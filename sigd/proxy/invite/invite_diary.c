/*
 * invite_diary.c  What is told of a call that is being set up
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/proxy/diary.h"
#include "sigd/proxy/invite/invite_diary.h"
#include "sigd/call/call_find.h"
#include "sigd/proxy/refused.h"
#include "sigd/trace/trace.h"

void invite_diary_begin(struct invite *inv)
{
	const struct smsg *msg = txn_srv_request(inv->st);
	struct diary_begin begin = {
		.from = inv->from,
		.plan = inv->hunt.plan,
		.source = &inv->source,
		.transport = flow_kind_name(inv->caller.kind),
		.tenant = inv->rec.tenant,
		.callee = {inv->hunt.callee, inv->hunt.callee_len},
		.callid = msg->callid,
		.media = inv->rec.media,
		.why = inv->rec.why};

	pl_set_str(&begin.caller, inv->rec.side[CALL_CALLER].user);
	diary_begin(inv->px, inv->rec.call, &begin);
	inv->told = true;
}

void invite_diary_unbegun(struct invite *inv)
{
	const struct smsg *msg = txn_srv_request(inv->st);

	if (inv->told || !inv->rec.tenant[0] ||
	    !refused_may(inv->px, inv->rec.tenant))
		return;
	if (!inv->rec.call[0])
		call_id_make(inv->rec.call, &msg->callid);
	trace_call(inv->px->deps.trace, &msg->callid, inv->rec.call);
	invite_diary_begin(inv);
}

void invite_diary_end(const struct invite *inv, enum status why)
{
	if (inv->told && !inv->answered)
		diary_refused(inv->px, inv->rec.call, why);
}

/* Whom, and where: a connection of a client has no address that says
 * anything. */
static void whom(struct call_log_data *data, const struct branch *branch)
{
	const struct branch_to *to = &branch->to;

	if (to->conn)
		call_log_text(data, "connection", to->conn->name);
	else
		call_log_text(data, "user", to->user);
	call_log_addr(data, "at", &to->flow.remote);
	call_log_text(data, "transport", flow_kind_name(to->flow.kind));
}

void branch_diary(const struct branch *branch, const struct branch_told *told)
{
	struct invite *inv = branch->inv;
	struct call_log_data data;

	call_log_begin(&data);
	whom(&data, branch);
	if (branch_is_to_stranger(branch))
		call_log_text(&data, "tenant", branch->to.tenant->id);
	if (told->code)
		call_log_num(&data, "code", told->code);
	if (told->why != STATUS_OK)
		call_log_text(&data, "why", status_text(told->why));
	call_log_text(&data, "uri", branch->to.target);
	diary(inv->px, inv->rec.call, branch->leg, told->kind, &data);
}

void invite_diary_away(struct invite *inv, const struct route_connection *conn,
		       enum status why)
{
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "connection", conn->name);
	call_log_text(&data, "why", status_text(why));
	diary(inv->px, inv->rec.call, 0, "try.failed", &data);
}
