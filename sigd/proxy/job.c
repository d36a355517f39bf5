/*
 * job.c  A request outside dialogs, while it is served
 *
 *   OPTIONS to us | origin.c: whose? -> a connection's: ask the table
 *                                    -> who is it, a user or a PBX that
 *   registers here? -> REGISTER | all else: count the nonce; ask the table
 *   the table: invite.c for an INVITE, else relay.c
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/job.h"
#include "sigd/proxy/job_priv.h"
#include "sigd/proxy/methods.h"
#include "sigd/proxy/options.h"
#include "sigd/proxy/origin.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/register/reg_forward.h"
#include "sigd/proxy/relay/relay.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/request.h"
#include "sigd/proxy/who/redis_user.h"
#include "sigd/sip/smsg_build.h"

static void destructor(void *data)
{
	struct job *job = data;

	list_unlink(&job->le);
	mem_deref(job->ask);
	mem_deref(job->user_ask);
	mem_deref(job->guest);
	mem_deref(job->table);
	mem_deref(job->devices);
	if (job->st)
		txn_srv_detach(job->st);
}

static void on_end(struct txn_srv *st, int err, void *arg)
{
	struct job *job = arg;
	(void)st;
	(void)err;

	job->st = NULL;
	mem_deref(job);
}

void job_fail(struct job *job, enum status code)
{
	reply_status(job->px, job->st, code);
	mem_deref(job);
}

struct registrar_params job_ask_params(struct job *job, registrar_h *h)
{
	struct registrar_params params = {
		.link = job->px->deps.redis,
		.proof = {.nonce_id = job->who.nonce_id[0]
					      ? job->who.nonce_id
					      : NULL,
			  .nc = job->who.nc,
			  /* a nonce from a clock that is ahead of ours lives
			   * longer than its counter would */
			  .life_ms = 2 * job->px->cfg.nonce_ms},
		.h = h,
		.arg = job,
	};

	pl_set_str(&params.aor.tenant, job->tenant->id);
	pl_set_str(&params.aor.user,
		   job->who.conn ? job->who.conn->name : job->user);
	params.aor.connection = job->who.conn != NULL;
	return params;
}

/* --- by the table ------------------------------------------------------------------ */

static void hand_over(struct job *job, const struct route_plan *plan,
		      const struct pl *callee)
{
	struct invite_params params = {.st = job->st, .table = job->table,
				       .plan = plan, .callee = *callee,
				       .device = job->named ? &job->device
							    : NULL};
	struct proxy *px = job->px;

	pl_set_str(&params.caller, job->user);
	job->st = NULL; /* the call has it now */
	invite_start(px, &params);
}

/* A rejection by the table, with its own code and phrase. */
static void reject(struct job *job, const struct route_target *target)
{
	struct smsg_reply reply = {.scode = target->code,
				   .reason = target->phrase};
	char tag[17];

	reply_tag(tag, job->px, txn_srv_request(job->st));
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(job->st, &reply);
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

/* A device that shows its password to its PBX alone: over UDP, where a source
 * can be forged, that is the only place that it gets to. */
static bool may_go(const struct job *job, const struct route_plan *plan)
{
	const struct route_target *to = &plan->targets[0];

	return job->tenant->registration.mode != ROUTE_REG_FORWARDED ||
	       job->from || job->flow.kind != FLOW_UDP ||
	       to->kind == ROUTE_TO_REJECT ||
	       (plan->ntargets == 1 &&
		route_forwards_to(job->tenant, to->connection));
}

/* Nobody in the file is called so: a user in Redis may be. Its devices tell,
 * as those of anybody do. */
static void seek_in_redis(struct job *job, struct route_plan *plan)
{
	const struct route_note *last =
		&plan->notes[(plan->considered - 1) % ROUTE_NOTES_MAX];

	if (!job->tenant->auth.users_in_redis || plan->rule ||
	    !plan->considered || last->why != ROUTE_WHY_NOBODY ||
	    strlen(plan->callee) > DEVICE_USER_MAX)
		return;
	job->named = true;
	memset(&job->device, 0, sizeof(job->device));
	str_ncpy(job->device.tenant, job->tenant->id,
		 sizeof(job->device.tenant));
	str_ncpy(job->device.user, plan->callee, sizeof(job->device.user));
	plan->targets[0] = (struct route_target){.kind = ROUTE_TO_USER};
}

static void go(struct job *job, const struct route_plan *plan,
	       const struct pl *callee)
{
	if (!may_go(job, plan))
		reply_status(job->px, job->st, STATUS_FORBIDDEN);
	else if (is_probe(job, plan))
		options_answer(job->px, job->st);
	else if (plan->targets[0].kind == ROUTE_TO_REJECT)
		reject(job, &plan->targets[0]);
	else if (txn_srv_request(job->st)->method == SMSG_INVITE)
		hand_over(job, plan, callee);
	else
		pass_on(job, plan, callee);
}

static void route_on(struct job *job)
{
	const struct smsg *msg = txn_srv_request(job->st);
	const struct origin origin = {.tenant = job->tenant,
				      .connection = job->from};
	const struct pl asked = origin_callee(&origin, job->table, msg);
	struct route_query query = {.tenant = job->tenant,
				    .method = msg->method_name,
				    .from = job->from};
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);
	char callee[CALL_TEXT_MAX];
	size_t len;
	int err = plan ? suri_unescape(callee, sizeof(callee), &len, &asked)
		       : ENOMEM;

	if (!err) {
		pl_set_str(&query.caller, job->user);
		query.callee.p = callee;
		query.callee.l = len;
		err = route_decide(job->table, &query, plan);
		log_debug(NULL, "routed", "tenant=%s callee=%s code=%u",
			  job->tenant->id, plan->callee,
			  plan->targets[0].code);
	}
	if (err)
		reply_status(job->px, job->st, status_of_errno(err));
	if (!err) {
		seek_in_redis(job, plan);
		go(job, plan, &query.callee);
	}
	mem_deref(plan);
	mem_deref(job);
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
		route_on(job);
	}
}

static void serve_routed(struct job *job)
{
	const struct registrar_params params = job_ask_params(job, on_counted);
	int err = registrar_count_nonce(&job->ask, &params);

	if (err)
		job_fail(job, status_of_errno(err));
}

/* --- the steps ------------------------------------------------------------------ */

/* Its callers' numbers are its word. */
static bool caller_read(struct job *job)
{
	const struct smsg *msg = txn_srv_request(job->st);
	size_t len;

	if (suri_unescape(job->user, sizeof(job->user) - 1, &len,
			  &msg->from.uri.user))
		return false;
	job->user[len] = '\0';
	return true;
}

/* A PBX asks for a device that is registered there: no route is asked. */
static void to_device(struct job *job)
{
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);
	struct pl callee;

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

/* A connection that is known by its source. */
static void serve_connection(struct job *job)
{
	/* the device of another one's PBX is nobody here */
	job->named = job->named && !strcmp(job->device.tenant, job->tenant->id)
		     && route_forwards_to(job->tenant, job->from);
	if (!caller_read(job))
		job_fail(job, STATUS_BAD_REQUEST);
	else if (job->named)
		to_device(job);
	else
		route_on(job);
}

/* --- devices that register at their PBX -------------------------------------- */

/* The flow over which its PBX took its password is its own. */
static bool bound_over(const struct registrar_list *list,
		       const struct txn_dest *src)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct binding *b = &list->bindings[i];

		if (b->flow_len == src->id_len &&
		    !memcmp(b->flow, src->id, src->id_len))
			return true;
	}
	return false;
}

static void on_known(const struct registrar_list *list, void *arg)
{
	struct job *job = arg;

	if (list->code != STATUS_OK)
		job_fail(job, list->code);
	else if (!bound_over(list, txn_srv_source(job->st)))
		job_fail(job, STATUS_FORBIDDEN);
	else
		route_on(job);
}

static void register_there(struct job *job)
{
	const struct reg_forward_params params = {.st = job->st,
						  .table = job->table,
						  .tenant = job->tenant,
						  .user = job->user};

	job->st = NULL; /* the registration has it now */
	reg_forward_start(job->px, &params);
	mem_deref(job);
}

/* The PBX asks for passwords, not we. */
static void serve_forwarded(struct job *job)
{
	struct registrar_params params;
	int err;

	if (!caller_read(job)) {
		job_fail(job, STATUS_BAD_REQUEST);
	} else if (gate_identity(job->px->gate, txn_srv_request(job->st),
				 job->tenant->id, job->user) != STATUS_OK) {
		job_fail(job, STATUS_RATE_LIMITED);
	} else if (job->foreign) {
		job_fail(job, STATUS_FORBIDDEN);
	} else if (txn_srv_request(job->st)->method == SMSG_REGISTER) {
		register_there(job);
	} else {
		params = job_ask_params(job, on_known);
		err = registrar_lookup(&job->ask, &params);
		if (err)
			job_fail(job, status_of_errno(err));
	}
}

/* --- who it is ---------------------------------------------------------------- */

static void serve_user(struct job *job)
{
	if (job->foreign) {
		job_fail(job, STATUS_FORBIDDEN);
		return;
	}
	str_ncpy(job->user, job->who.user->name, sizeof(job->user));
	if (txn_srv_request(job->st)->method == SMSG_REGISTER)
		job_register(job);
	else
		serve_routed(job);
}

/* One that has shown its password. */
static void serve_login(struct job *job)
{
	const struct route_connection *conn = job->who.conn;

	if (!origin_admits(conn, job->px, &job->flow)) {
		job_fail(job, STATUS_FORBIDDEN);
	} else if (txn_srv_request(job->st)->method == SMSG_REGISTER) {
		str_ncpy(job->user, conn->login.username, sizeof(job->user));
		job_register(job);
	} else if (methods_refuse(job->px, job->st, conn)) {
		mem_deref(job);
	} else if (caller_read(job)) {
		job->from = conn;
		serve_routed(job);
	} else {
		job_fail(job, STATUS_BAD_REQUEST);
	}
}

/* Each may ask so often: a connection, a user, and all of a tenant. */
static bool may_ask(struct job *job)
{
	const struct route_connection *conn =
		job->from ? job->from : job->who.conn;

	return gate_identity(job->px->gate, txn_srv_request(job->st),
			     job->tenant->id,
			     conn ? conn->name : job->who.user->name) ==
	       STATUS_OK;
}

static struct authorize_ask ask_of(const struct job *job)
{
	return (struct authorize_ask){.table = job->table,
				      .tenant = job->tenant,
				      .msg = txn_srv_request(job->st),
				      .flow = &job->flow,
				      .source = job->source,
				      .guest = job->guest};
}

static void authorize(struct job *job)
{
	const struct authorize_ask ask = ask_of(job);
	enum status code = authorize_check(&job->who, job->px, &ask);

	if (code == STATUS_AUTH_LOCKED)
		++job->px->counts.auth_locked;
	if (code == STATUS_FORBIDDEN || code == STATUS_AUTH_LOCKED) {
		job_fail(job, code);
	} else if (code != STATUS_OK) {
		authorize_challenge(job->px, job->st, job->tenant,
				    job->source, code);
		mem_deref(job);
	} else if (!may_ask(job)) {
		job_fail(job, STATUS_RATE_LIMITED);
	} else if (job->who.conn) {
		serve_login(job);
	} else {
		serve_user(job);
	}
}

static void on_guest(enum status code, struct route_user *user, void *arg)
{
	struct job *job = arg;

	job->user_ask = mem_deref(job->user_ask);
	job->guest = user;
	if (code == STATUS_OK)
		authorize(job);
	else
		job_fail(job, code);
}

/* False: there is nobody to ask for. */
static bool ask_redis(struct job *job)
{
	const struct authorize_ask ask = ask_of(job);
	struct pl name;
	int err;

	if (!job->tenant->auth.users_in_redis || !authorize_name(&name, &ask))
		return false;
	err = redis_user_find(&job->user_ask, job->px, job->tenant, &name,
			      on_guest, job);
	if (err)
		job_fail(job, status_of_errno(err));
	return true;
}

static void serve(struct job *job)
{
	if (!job->tenant) {
		job_fail(job, STATUS_UNKNOWN_DOMAIN);
		return;
	}
	if (methods_refuse(job->px, job->st, job->from)) {
		mem_deref(job);
		return;
	}
	if (job->from && !may_ask(job)) {
		job_fail(job, STATUS_RATE_LIMITED);
		return;
	}
	if (job->from) {
		serve_connection(job);
		return;
	}
	if (job->tenant->registration.mode == ROUTE_REG_FORWARDED) {
		serve_forwarded(job);
		return;
	}
	if (!ask_redis(job))
		authorize(job);
}

void job_start(struct request *rq, struct txn_srv *st)
{
	struct origin origin;
	struct job *job;

	if (options_is_ours(rq)) {
		options_answer(rq->px, st);
		return;
	}
	job = mem_zalloc(sizeof(*job), destructor);
	if (!job) {
		reply_status(rq->px, st, STATUS_OVERLOAD);
		return;
	}
	job->px	  = rq->px;
	job->st	  = st;
	job->flow = rq->src->id;
	job->table = mem_ref((void *)rq->px->deps.routes);
	flow_id_text(job->source, &rq->src->id);
	origin_find(&origin, job->table, rq);
	job->tenant = origin.tenant;
	job->from   = origin.connection;
	job->foreign = origin.foreign;
	job->named = reg_forward_named(&job->device, rq->px, rq->msg);
	list_append(&rq->px->jobs, &job->le, job);
	txn_srv_attach(st, on_end, job);
	serve(job);
}

bool job_cancel(struct proxy *px, const struct txn_srv *st)
{
	struct le *le;

	LIST_FOREACH(&px->jobs, le) {
		struct job *job = le->data;

		if (job->st == st) {
			job_fail(job, STATUS_CANCELLED);
			return true;
		}
	}
	return false;
}
