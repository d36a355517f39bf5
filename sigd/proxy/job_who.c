/*
 * job_who.c  A request outside dialogs: who asks, by a password or a token
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/job_priv.h"
#include "sigd/proxy/methods.h"
#include "sigd/proxy/origin.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/register/reg_journal.h"
#include "sigd/proxy/who/redis_user.h"
#include "sigd/trace/trace.h"

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
		job_serve_routed(job);
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
	} else if (job_caller_read(job)) {
		job->from = conn;
		job_serve_routed(job);
	} else {
		job_fail(job, STATUS_BAD_REQUEST);
	}
}

/* Whose trace this is. */
static void label(const struct job *job, const struct route_connection *conn)
{
	const struct smsg *msg = txn_srv_request(job->st);
	const struct trace_dialog dialog = {msg->callid, msg->from.tag, false};
	struct trace *trace = job->px->deps.trace;
	struct pl user;

	if (conn) {
		trace_connection(trace, &dialog, conn->tenant->id,
				 conn->name);
	} else {
		pl_set_str(&user, job->who.user->name);
		trace_user(trace, &dialog, job->tenant->id, &user);
		trace_device(trace, &dialog, job->tenant->id, &user,
			     flow_users_device_of(job->px, &job->flow,
						  job->tenant->id,
						  job->who.user->name));
	}
}

bool job_may_ask(struct job *job)
{
	const struct route_connection *conn =
		job->from ? job->from : job->who.conn;

	label(job, conn);
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

static void serve_known(struct job *job)
{
	txn_srv_once(job->st, false);
	if (!job_may_ask(job))
		job_fail(job, STATUS_RATE_LIMITED);
	else if (job->who.conn)
		serve_login(job);
	else
		serve_user(job);
}

void job_authorize(struct job *job)
{
	const struct authorize_ask ask = ask_of(job);
	enum status code = authorize_check(&job->who, job->px, &ask);

	if (code == STATUS_AUTH_LOCKED)
		++job->px->counts.auth_locked;
	if (code == STATUS_FORBIDDEN || code == STATUS_AUTH_LOCKED) {
		job_fail(job, code);
	} else if (code != STATUS_OK) {
		if (code == STATUS_AUTH_FAILED) {
			reg_journal_job(job, code);
			job_told(job, code);
		}
		authorize_challenge(job->px, job->st, job->tenant,
				    job->source, code);
		mem_deref(job);
	} else {
		serve_known(job);
	}
}

static void on_guest(enum status code, struct route_user *user, void *arg)
{
	struct job *job = arg;

	job->user_ask = mem_deref(job->user_ask);
	job->guest = user;
	if (code == STATUS_OK)
		job_authorize(job);
	else
		job_fail(job, code);
}

/* False: there is nobody to ask for. */
bool job_ask_redis(struct job *job)
{
	const struct authorize_ask ask = ask_of(job);
	char text[CALL_TEXT_MAX];
	struct pl name;
	int err;

	if (!job->tenant->auth.users_in_redis ||
	    !authorize_name(&name, text, job->px, &ask))
		return false;
	err = redis_user_find(&job->user_ask, job->px, job->tenant, &name,
			      on_guest, job);
	if (err)
		job_fail(job, status_of_errno(err));
	return true;
}
