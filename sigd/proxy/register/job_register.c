/*
 * job_register.c  REGISTER of a user, or of a PBX, with us
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/job_priv.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/register/line_news.h"
#include "sigd/proxy/register/reg_expiry.h"
#include "sigd/proxy/register/reg_journal.h"
#include "sigd/proxy/register/reg_reply.h"
#include "sigd/proxy/reply.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/trace/trace.h"

/* Their calls, should they have lost a connection. */
static void devices_back(const struct job *job)
{
	const struct txn_dest *src = txn_srv_source(job->st);
	const struct aor_flow flow = {src->id, src->id_len};
	struct registrar_aor aor = {.connection = false};

	pl_set_str(&aor.tenant, job->tenant->id);
	pl_set_str(&aor.user, job->user);
	rebind_back(job->px, &aor, job->devices, &flow);
}

static void on_registered(const struct registrar_list *list, void *arg)
{
	struct job *job = arg;
	const struct registrar_params params = job_ask_params(job, NULL);

	if (list->code == STATUS_AUTH_STALE) {
		authorize_challenge(job->px, job->st, job->tenant,
				    job->source, list->code);
		mem_deref(job);
	} else if (list->code != STATUS_OK) {
		job_fail(job, list->code);
	} else {
		reg_expiry_registered(job->px, &params.aor, list);
		if (job->who.user) {
			flow_users_note(job->px, &job->flow, job->tenant->id,
					job->user);
			flow_users_bound(job->px, &job->flow, job->tenant->id,
					 job->user, list);
		}
		if (job->device_nr)
			flow_users_device(job->px, &job->flow, job->tenant->id,
					  job->user, job->device_nr);
		if (job->devices && list->calls)
			devices_back(job);
		log_debug(NULL, "registered", "tenant=%s user=%s bindings=%zu",
			  job->tenant->id, job->user, list->n);
		line_news_devices(job->px, job->who.user, list);
		(void)FAULT("sigd.register.done");
		reg_reply(job->px, job->st, list, job->outbound);
		mem_deref(job);
	}
}

/* A refusal whose one header says what would do. */
static void refuse(struct job *job, uint16_t scode, const char *name,
		   const char *val)
{
	struct smsg_field field;
	struct smsg_reply reply = {.scode = scode, .fieldv = &field,
				   .fieldc = 1};
	char tag[17];

	pl_set_str(&field.name, name);
	pl_set_str(&field.val, val);
	reply_tag(tag, job->px, txn_srv_request(job->st));
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(job->st, &reply);
	mem_deref(job);
}

/* 423 says how long it must be at least (RFC 3261 20.23), 420 what we do not
 * know (8.2.2.3). */
static void refuse_register(struct job *job, enum status code,
			    const char *unsupported)
{
	char min[16];

	if (code == STATUS_BRIEF_INTERVAL || code == STATUS_BAD_EXTENSION)
		reg_journal_job(job, code);

	re_snprintf(min, sizeof(min), "%u", job->px->cfg.reg.expires_min);
	if (code == STATUS_BRIEF_INTERVAL)
		refuse(job, 423, "Min-Expires", min);
	else if (code == STATUS_BAD_EXTENSION)
		refuse(job, 420, "Unsupported", unsupported);
	else
		job_fail(job, code);
}

static bool binds(const struct reg_request *req)
{
	for (size_t i = 0; i < req->nc; i++) {
		if (req->contacts[i].expires)
			return true;
	}
	return false;
}

/* What a token proved ends with the token. */
static void limits_until(struct reg_limits *limits, uint64_t until_s)
{
	const uint64_t now_s = proxy_unix_ms() / 1000;
	uint32_t left;

	if (!until_s)
		return;
	left = until_s > now_s ? (uint32_t)min(until_s - now_s, 1ull << 31)
			       : 1;
	limits->expires_max = min(limits->expires_max, left);
	limits->expires_min = min(limits->expires_min, left);
	limits->expires_default = min(limits->expires_default, left);
}

/* Whose trace this is: of which of his devices. */
static void label(const struct job *job)
{
	const struct smsg *msg = txn_srv_request(job->st);
	const struct trace_dialog dialog = {msg->callid, msg->from.tag, false};
	struct pl user;

	pl_set_str(&user, job->user);
	if (job->who.user)
		trace_device(job->px->deps.trace, &dialog, job->tenant->id,
			     &user, job->device_nr);
}

void job_register(struct job *job)
{
	const struct txn_dest *src = txn_srv_source(job->st);
	struct registrar_params params = job_ask_params(job, on_registered);
	struct reg_limits limits = job->px->cfg.reg;
	struct reg_request *req = mem_alloc(sizeof(*req), NULL);
	enum status code = STATUS_OVERLOAD;
	char said[REG_SAID_MAX];
	int err = ENOMEM;

	if (job->who.user && job->who.user->max_devices)
		limits.devices_max = job->who.user->max_devices;
	limits_until(&limits, job->who.until_s);
	if (req)
		code = reg_request_read(req, txn_srv_request(job->st),
					&limits, src->id,
					src->id_len);
	if (code == STATUS_OK) {
		job->outbound = req->outbound;
		job->device_nr = reg_first_device(req);
		label(job);
		if (!job->who.conn)
			job->devices = rebind_devices(req);
		/* a PBX is where it said last */
		req->all |= job->who.conn && binds(req);
		reg_request_from(req, &job->remote);
		reg_journal_said(said, &job->remote, job->source,
				 txn_srv_request(job->st));
		params.said = said;
		err = registrar_register(&job->ask, &params, req,
					 &limits);
	}
	if (code != STATUS_OK)
		refuse_register(job, code, req ? req->unsupported : "");
	else if (err)
		job_fail(job, status_of_errno(err));
	mem_deref(req);
}
