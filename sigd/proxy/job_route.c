/*
 * job_route.c  A request outside dialogs: where it goes, by the table
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "routing/route.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/job_priv.h"
#include "sigd/proxy/options.h"
#include "sigd/proxy/origin.h"
#include "sigd/proxy/question.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/refused.h"
#include "sigd/proxy/relay/relay.h"
#include "sigd/proxy/reply.h"
#include "sigd/sip/smsg_build.h"

static void hand_over(struct job *job, const struct route_plan *plan,
		      const struct pl *callee)
{
	struct invite_params params = {.st = job->st, .table = job->table,
				       .plan = plan, .callee = *callee,
				       .device = job->named ? &job->device
							    : NULL,
				       .replaced = job_replaced(job),
				       .source = &job->remote};
	struct proxy *px = job->px;

	pl_set_str(&params.caller, job->user);
	job->st = NULL; /* the call has it now */
	invite_start(px, &params);
}

/* A rejection or redirection by the table, with its own code and phrase; and
 * with ours, as whoever asks cannot see the table. */
static void answer(struct job *job, const struct route_target *target)
{
	char tag[17], text[ROUTE_PLAN_TEXT + 3], reason[REPLY_REASON_MAX];
	struct smsg_field fields[2];
	struct smsg_reply reply = {.scode = target->code,
				   .reason = target->phrase,
				   .fieldv = fields};

	if (target->kind == ROUTE_TO_REDIRECT) {
		re_snprintf(text, sizeof(text), "<%r>", &target->uri);
		pl_set_str(&fields[reply.fieldc].name, "Contact");
		pl_set_str(&fields[reply.fieldc++].val, text);
	} else if (target->retry_s) {
		re_snprintf(text, sizeof(text), "%u", target->retry_s);
		pl_set_str(&fields[reply.fieldc].name, "Retry-After");
		pl_set_str(&fields[reply.fieldc++].val, text);
	}
	if (target->code >= 400)
		reply_reason(&fields[reply.fieldc++], reason, target->status);
	reply_tag(tag, job->px, txn_srv_request(job->st));
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(job->st, &reply);
}

static void answer_by_table(struct job *job, const struct route_plan *plan)
{
	const struct smsg *msg = txn_srv_request(job->st);
	const struct refused what = job_refused(job);

	answer(job, &plan->targets[0]);
	if (msg->method == SMSG_INVITE)
		refused_note(job->px, plan, &what);
}

/* A PBX that asks for somebody whom nobody knows asks whether we are there. */
static bool is_probe(const struct job *job, const struct route_plan *plan)
{
	return txn_srv_request(job->st)->method == SMSG_OPTIONS && job->from &&
	       plan->targets[0].kind == ROUTE_TO_REJECT && !plan->rule;
}

static void pass_on(struct job *job, const struct route_plan *plan,
		    const struct pl *callee)
{
	struct relay_params params = {.st = job->st, .table = job->table,
				      .plan = plan, .source = job->flow,
				      .callee = *callee,
				      .device = job->named ? &job->device
							   : NULL};
	struct proxy *px = job->px;

	pl_set_str(&params.caller, job->user);
	job->st = NULL; /* the relay has it now */
	relay_start(px, &params);
}

static void answer_probe(struct job *job)
{
	struct txn_srv *st = job->st;

	job->st = NULL; /* it ends with its answer */
	options_answer(job->px, st);
}

/* A device that shows its password to its PBX alone: over UDP, where a source
 * can be forged, that is the only place that it gets to. */
static bool may_go(const struct job *job, const struct route_plan *plan)
{
	const struct route_target *to = &plan->targets[0];

	return job->tenant->registration.mode != ROUTE_REG_FORWARDED ||
	       job->from || job->flow.kind != FLOW_UDP ||
	       route_target_answers(to) ||
	       (plan->ntargets == 1 &&
		route_forwards_to(job->tenant, to->connection));
}

/* What makes dialogs that are no calls knows one tenant (sub_token.h). What is
 * published is kept by a PBX, and would be by one that is no limit of. */
static bool stays_at_home(const struct job *job, const struct route_plan *plan)
{
	const enum smsg_method method = txn_srv_request(job->st)->method;

	return (method == SMSG_SUBSCRIBE || method == SMSG_REFER ||
		method == SMSG_PUBLISH) &&
	       route_target_is_foreign(&plan->targets[0], job->tenant);
}

static void go(struct job *job, struct route_plan *plan,
	       const struct pl *callee)
{
	if (!job_replaces_plan(job, plan))
		return;
	if (!may_go(job, plan))
		reply_status(job->px, job->st, STATUS_FORBIDDEN);
	else if (stays_at_home(job, plan))
		reply_status(job->px, job->st, STATUS_FORBIDDEN);
	else if (is_probe(job, plan))
		answer_probe(job);
	else if (route_target_answers(&plan->targets[0]))
		answer_by_table(job, plan);
	else if (txn_srv_request(job->st)->method == SMSG_INVITE)
		hand_over(job, plan, callee);
	else
		pass_on(job, plan, callee);
}

static void route_now(struct job *job)
{
	const struct smsg *msg = txn_srv_request(job->st);
	const struct origin origin = {.tenant = job->tenant,
				      .connection = job->from};
	const struct pl asked = origin_callee(&origin, job->table, msg);
	struct route_query query = {.tenant = job->tenant,
				    .method = msg->method_name,
				    .from = job->from};
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);
	struct question question;
	char callee[CALL_TEXT_MAX];
	size_t len;
	int err = plan ? suri_unescape(callee, sizeof(callee), &len, &asked)
		       : ENOMEM;

	if (!err) {
		pl_set_str(&query.caller, job->user);
		query.callee.p = callee;
		query.callee.l = len;
		question_fill(&query, &question, job->px, msg, &job->remote);
		err = route_decide(job->table, &query, plan);
		log_debug(NULL, "routed", "tenant=%s callee=%s code=%u",
			  job->tenant->id, plan->callee,
			  plan->targets[0].code);
	}
	if (err)
		reply_status(job->px, job->st, status_of_errno(err));
	if (!err)
		go(job, plan, &query.callee);
	mem_deref(plan);
	mem_deref(job);
}

void job_route(struct job *job)
{
	if (!job_replaces(job))
		route_now(job);
}

static void on_counted(const struct registrar_list *list, void *arg)
{
	struct job *job = arg;

	if (list->code == STATUS_AUTH_STALE) {
		authorize_challenge(job->px, job->st, job->tenant,
				    job->source, list->code);
		mem_deref(job);
	} else if (list->code != STATUS_OK) {
		job_fail(job, list->code);
	} else {
		/* a connection that is silent because it is in a call is not
		 * idle, though it may never have registered */
		if (job->who.user)
			flow_users_note(job->px, &job->flow, job->tenant->id,
					job->user);
		job_route(job);
	}
}

void job_serve_routed(struct job *job)
{
	const struct registrar_params params = job_ask_params(job, on_counted);
	int err = registrar_count_nonce(&job->ask, &params);

	if (err)
		job_fail(job, status_of_errno(err));
}

void job_to_device(struct job *job)
{
	struct route_plan *plan;
	struct pl callee;

	if (job_replaces(job))
		return;
	plan = mem_zalloc(sizeof(*plan), NULL);
	if (!plan) {
		job_fail(job, STATUS_OVERLOAD);
		return;
	}
	plan->tenant = job->tenant;
	plan->from = job->from;
	plan->targets[0].kind = ROUTE_TO_USER; /* whoever it is */
	plan->ntargets = 1;
	pl_set_str(&callee, job->device.user);
	go(job, plan, &callee);
	mem_deref(plan);
	mem_deref(job);
}

void job_resume(struct job *job)
{
	if (job->named)
		job_to_device(job);
	else
		job_route(job);
}
