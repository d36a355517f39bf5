/*
 * ctl_server.c  The answering side of the control protocol
 *
 * A job is kept from its request until that has expired: first open, then as
 * the answer to repeat. This is also what stops a replayed request: while it
 * holds its id is known here, and after that it is refused as expired.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_peer_priv.h"
#include "common/control/ctl_server.h"
#include "common/fault.h"
#include "common/keyring.h"
#include "common/wheel.h"

enum {
	OPEN_MAX = 1024,
	JOBS_MAX = 8192,
	BUCKETS = 1024,
	MARGIN_MS = 1000, /* our idea of Redis' clock may move by that */
};

struct ctl_server {
	struct ctl_own own;
	struct ctl_outbox *outbox;
	struct redis_stream *commands;
	struct hash *jobs; /* struct ctl_job by its id */
	uint32_t njobs, nopen;
	ctl_request_h *requesth;
	void *arg;
	struct ctl_counts counts;
};

struct ctl_job {
	struct le le;
	struct ctl_server *server;
	struct ctl_env env;    /* of the request */
	struct ctl_wire *wire; /* the answer; NULL: open */
	bool expired;
	struct wheel_timer timer;
};

static void job_destructor(void *arg)
{
	struct ctl_job *job = arg;

	if (job->le.list) {
		job->server->njobs--;
		job->server->nopen -= !job->wire;
	}
	hash_unlink(&job->le);
	wheel_stop(&job->timer);
	mem_deref(job->wire);
}

static void server_destructor(void *arg)
{
	struct ctl_server *server = arg;

	hash_flush(server->jobs);
	mem_deref(server->jobs);
	mem_deref(server->commands);
	mem_deref(server->outbox);
	ctl_own_drop(&server->own);
}

static int encode(struct ctl_wire **wirep, const struct ctl_server *server,
		  const struct ctl_env *req, const struct ctl_ans *ans)
{
	struct ctl_msg msg = {.type = CTL_ANS};

	ctl_own_env(&server->own, &msg.env, req->from, req->from_epoch,
		    CTL_TTL_MAX_MS);
	memcpy(msg.env.id, req->id, sizeof(msg.env.id));
	msg.ans = *ans;
	return ctl_encode(wirep, &msg, server->own.ring);
}

/* An answer that cannot be said (a fault of our own) becomes `internal`. */
static int encode_or_internal(struct ctl_wire **wirep,
			      const struct ctl_server *server,
			      const struct ctl_env *req,
			      const struct ctl_ans *ans)
{
	const struct ctl_ans internal = {.status = STATUS_INTERNAL};
	int err = encode(wirep, server, req, ans);

	if (err == EINVAL || err == EMSGSIZE)
		err = encode(wirep, server, req, &internal);
	return err;
}

/* Answer without keeping anything. */
static void refuse(struct ctl_server *server, const struct ctl_env *req,
		   enum status status)
{
	const struct ctl_ans ans = {.status = status};
	struct ctl_wire *wire = NULL;

	if (encode(&wire, server, req, &ans))
		return;

	(void)ctl_outbox_send(server->outbox, req->from, wire, NULL, NULL);
	mem_deref(wire);
}

static void on_expired(void *arg)
{
	struct ctl_job *job = arg;

	if (job->wire)
		mem_deref(job);
	else
		job->expired = true; /* goes when it is answered */
}

void ctl_answer(struct ctl_job *job, const struct ctl_ans *ans)
{
	struct ctl_server *server = job->server;

	assert(!job->wire);
	if (encode_or_internal(&job->wire, server, &job->env, ans)) {
		mem_deref(job); /* no memory: a repeat is done anew */
		return;
	}
	server->nopen--;
	if (!FAULT("ctl.answer")) /* done, and the answer goes astray */
		(void)ctl_outbox_send(server->outbox, job->env.from, job->wire,
				      NULL, NULL);
	if (job->expired)
		mem_deref(job);
}

void ctl_answer_status(struct ctl_job *job, enum status status)
{
	const struct ctl_ans ans = {.status = status};

	ctl_answer(job, &ans);
}

static bool is_same(struct le *le, void *arg)
{
	const struct ctl_job *job = le->data;
	const struct ctl_env *env = arg;

	return !strcmp(job->env.id, env->id) &&
	       !strcmp(job->env.from, env->from) &&
	       job->env.from_epoch == env->from_epoch;
}

static struct ctl_job *find(const struct ctl_server *server,
			    struct ctl_env *env)
{
	return list_ledata(hash_lookup(server->jobs, hash_joaat_str(env->id),
				       is_same, env));
}

static struct ctl_job *job_open(struct ctl_server *server,
				const struct ctl_env *env)
{
	uint64_t now = ctl_own_now(&server->own);
	struct ctl_job *job;

	if (server->nopen >= OPEN_MAX || server->njobs >= JOBS_MAX)
		return NULL;

	job = mem_zalloc(sizeof(*job), job_destructor);
	if (!job)
		return NULL;

	job->server = server;
	job->env = *env;
	hash_append(server->jobs, hash_joaat_str(env->id), &job->le, job);
	server->njobs++;
	server->nopen++;
	wheel_start(server->own.wheel, &job->timer,
		    env->at_ms + env->ttl_ms + MARGIN_MS - now, on_expired,
		    job);
	return job;
}

static void repeat(struct ctl_server *server, const struct ctl_job *job)
{
	server->counts.repeated++;
	if (job->wire)
		(void)ctl_outbox_send(server->outbox, job->env.from, job->wire,
				      NULL, NULL);
}

static void serve(struct ctl_server *server, struct ctl_msg *msg)
{
	struct ctl_job *job = find(server, &msg->env);

	if (job) {
		repeat(server, job);
		return;
	}
	job = job_open(server, &msg->env);
	if (!job) {
		server->counts.overload++;
		refuse(server, &msg->env, STATUS_OVERLOAD);
		return;
	}
	server->requesth(job, &msg->req, server->arg);
}

static void on_command(const struct redis_entry *entry, void *arg)
{
	struct ctl_server *server = arg;
	enum ctl_refusal refusal;
	struct ctl_msg msg;

	refusal = ctl_own_open(&server->own, &msg, entry);
	if (!refusal && msg.type != CTL_REQ)
		refusal = CTL_BAD_VERB;
	server->counts.refused[refusal]++;
	switch (refusal) {
	case CTL_ACCEPTED:
		serve(server, &msg);
		break;
	case CTL_WRONG_EPOCH:
		refuse(server, &msg.env, STATUS_STALE_EPOCH);
		break;
	case CTL_BAD_VERB:
		if (msg.type == CTL_REQ)
			refuse(server, &msg.env, STATUS_UNKNOWN_VERB);
		break;
	case CTL_BAD_FIELD:
		if (msg.type == CTL_REQ)
			refuse(server, &msg.env, STATUS_BAD_REQUEST);
		break;
	case CTL_TOO_LARGE:
	case CTL_BAD_ENTRY:
	case CTL_BAD_VERSION:
	case CTL_NO_KEY:
	case CTL_BAD_MAC:
	case CTL_BAD_ENVELOPE:
	case CTL_NOT_FOR_US:
	case CTL_EXPIRED:
	case CTL_REFUSALS:
	default:
		break; /* not authentic, or nobody waits */
	}
}

static int server_init(struct ctl_server *server, const struct ctl_peer *peer)
{
	char key[CTL_KEY_MAX];
	struct redis_stream_params params = {.cfg = peer->cfg,
					     .wheel = peer->wheel,
					     .key = key,
					     .entryh = on_command,
					     .arg = server};
	int err = ctl_own_init(&server->own, peer);

	if (!err)
		err = hash_alloc(&server->jobs, BUCKETS);
	if (!err)
		err = ctl_outbox_alloc(&server->outbox, &server->own, "ans");
	if (err)
		return err;

	ctl_stream_key(key, server->own.addr, "cmd");
	return redis_stream_alloc(&server->commands, &params);
}

int ctl_server_alloc(struct ctl_server **serverp, const struct ctl_peer *peer,
		     ctl_request_h *requesth, void *arg)
{
	struct ctl_server *server;
	int err;

	server = mem_zalloc(sizeof(*server), server_destructor);
	if (!server)
		return ENOMEM;

	server->requesth = requesth;
	server->arg = arg;
	err = server_init(server, peer);
	if (err) {
		mem_deref(server);
		return err;
	}
	*serverp = server;
	return 0;
}

bool ctl_server_ready(const struct ctl_server *server)
{
	return redis_link_up(server->own.link) &&
	       redis_stream_ready(server->commands);
}

uint32_t ctl_server_open(const struct ctl_server *server)
{
	return server->nopen;
}

const struct ctl_counts *ctl_server_counts(const struct ctl_server *server)
{
	return &server->counts;
}

void ctl_server_keys(struct ctl_server *server, struct keyring *ring)
{
	ctl_own_keys(&server->own, ring);
}
