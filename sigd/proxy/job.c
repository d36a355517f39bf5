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
#include <string.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/job.h"
#include "sigd/proxy/job_priv.h"
#include "sigd/proxy/methods.h"
#include "sigd/proxy/options.h"
#include "sigd/proxy/origin.h"
#include "sigd/proxy/register/reg_forward.h"
#include "sigd/proxy/register/reg_journal.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/request.h"

static void destructor(void *data)
{
	struct job *job = data;

	list_unlink(&job->le);
	mem_deref(job->ask);
	mem_deref(job->user_ask);
	mem_deref(job->replaces);
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

struct refused job_refused(const struct job *job)
{
	return (struct refused){.invite = txn_srv_request(job->st),
				.tenant = job->tenant ? job->tenant->id : "",
				.caller = job->user,
				.from = job->from,
				.source = &job->remote,
				.transport = flow_kind_name(job->flow.kind)};
}

/* A flood of questions is not told of; nor is what may be asked once more. */
static bool is_worth_telling(const struct job *job, enum status code)
{
	return job->tenant &&
	       txn_srv_request(job->st)->method == SMSG_INVITE &&
	       code != STATUS_RATE_LIMITED && code != STATUS_AUTH_LOCKED &&
	       code != STATUS_AUTH_STALE && code != STATUS_REDIS_DOWN;
}

void job_told(const struct job *job, enum status code)
{
	const struct refused what = job_refused(job);

	if (is_worth_telling(job, code))
		refused_early(job->px, &what, code);
}

void job_fail(struct job *job, enum status code)
{
	reg_journal_job(job, code);
	job_told(job, code);
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

/* --- the steps ------------------------------------------------------------------ */

bool job_caller_read(struct job *job)
{
	const struct smsg *msg = txn_srv_request(job->st);
	size_t len;

	if (suri_unescape(job->user, sizeof(job->user) - 1, &len,
			  &msg->from.uri.user))
		return false;
	job->user[len] = '\0';
	return true;
}

/* A connection that is known by its source. */
static void serve_connection(struct job *job)
{
	/* the device of another one's PBX is nobody here */
	job->named = job->named && !strcmp(job->device.tenant, job->tenant->id)
		     && route_forwards_to(job->tenant, job->from);
	if (!job_caller_read(job))
		job_fail(job, STATUS_BAD_REQUEST);
	else if (job->named)
		job_to_device(job);
	else
		job_route(job);
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

static void serve_known(struct job *job)
{
	txn_srv_once(job->st, false);
	job_route(job);
}

static void on_known(const struct registrar_list *list, void *arg)
{
	struct job *job = arg;

	if (list->code != STATUS_OK)
		job_fail(job, list->code);
	else if (!bound_over(list, txn_srv_source(job->st)))
		job_fail(job, STATUS_FORBIDDEN);
	else
		serve_known(job);
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

	if (!job_caller_read(job)) {
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
	if (job->from && !job_may_ask(job)) {
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
	if (!job_ask_redis(job))
		job_authorize(job);
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
	if (rq->src->remote)
		job->remote = *rq->src->remote;
	flow_id_text(job->source, &rq->src->id);
	origin_find(&origin, job->table, rq);
	job->tenant = origin.tenant;
	job->from   = origin.connection;
	if (job->from)
		txn_srv_once(st, false);
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
