/*
 * ctl_client.c  The asking side of the control protocol
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_client.h"
#include "common/control/ctl_peer_priv.h"
#include "common/id.h"
#include "common/keyring.h"
#include "common/wheel.h"

enum {
	CALLS_MAX = 4096,
	BUCKETS = 512,
};

struct ctl_client {
	struct ctl_own own;
	struct ctl_outbox *outbox;
	struct redis_stream *answers;
	struct hash *calls; /* struct call by its id */
	uint32_t ncalls;
	uint32_t ttl_ms;
	struct ctl_counts counts;
};

struct call {
	struct le le;
	struct ctl_client *client;
	char id[CTL_ID_LEN + 1];
	char dest[NODE_ADDR_MAX + 1];
	struct ctl_wire *wire; /* to repeat it; NULL once repeated */
	bool adding;           /* Redis has not taken it yet */
	struct wheel_timer timer;
	ctl_answer_h *answerh;
	void *arg;
};

static void call_destructor(void *arg)
{
	struct call *call = arg;

	if (call->le.list)
		call->client->ncalls--;
	hash_unlink(&call->le);
	wheel_stop(&call->timer);
	if (call->adding)
		redis_link_forget(call->client->own.link, call);
	mem_deref(call->wire);
}

static void client_destructor(void *arg)
{
	struct ctl_client *client = arg;

	hash_flush(client->calls);
	mem_deref(client->calls);
	mem_deref(client->answers);
	mem_deref(client->outbox);
	ctl_own_drop(&client->own);
}

/* The last thing done for a call, and the last thing its caller does. */
static void finish(struct call *call, int err, const struct ctl_ans *ans)
{
	ctl_answer_h *answerh = call->answerh;
	void *arg = call->arg;

	mem_deref(call);
	answerh(err, ans, arg);
}

static bool has_id(struct le *le, void *arg)
{
	const struct call *call = le->data;

	return !strcmp(call->id, arg);
}

static struct call *find(const struct ctl_client *client, char *id)
{
	return list_ledata(
		hash_lookup(client->calls, hash_joaat_str(id), has_id, id));
}

static void on_answer(const struct redis_entry *entry, void *arg)
{
	struct ctl_client *client = arg;
	enum ctl_refusal refusal;
	struct ctl_msg msg;
	struct call *call;

	refusal = ctl_own_open(&client->own, &msg, entry);
	if (!refusal && msg.type != CTL_ANS)
		refusal = CTL_BAD_VERB;
	client->counts.refused[refusal]++;
	if (refusal)
		return;

	call = find(client, msg.env.id);
	if (!call || strcmp(call->dest, msg.env.from)) {
		client->counts.late++;
		return;
	}
	finish(call, 0, &msg.ans);
}

static void on_added(int err, const struct redis_val *val, void *arg)
{
	struct call *call = arg;

	call->adding = false;
	if (err == ENOMEM)
		return; /* the reply was too much, not the command */
	if (err)
		finish(call, ECONNRESET, NULL);
	else if (val->type == REDIS_ERR)
		finish(call, EPROTO, NULL);
}

static void on_end(void *arg)
{
	struct call *call = arg;

	call->client->counts.timeouts++;
	finish(call, ETIMEDOUT, NULL);
}

static void on_half_time(void *arg)
{
	struct call *call = arg;
	struct ctl_client *client = call->client;

	(void)ctl_outbox_send(client->outbox, call->dest, call->wire, NULL,
			      NULL);
	call->wire = mem_deref(call->wire);
	wheel_start(client->own.wheel, &call->timer,
		    client->ttl_ms - client->ttl_ms / 2, on_end, call);
}

static int make_wire(struct call *call, uint32_t dest_epoch,
		     const struct ctl_req *req)
{
	const struct ctl_own *own = &call->client->own;
	struct ctl_msg msg = {.type = CTL_REQ};

	ctl_own_env(own, &msg.env, call->dest, dest_epoch,
		    call->client->ttl_ms);
	memcpy(msg.env.id, call->id, sizeof(msg.env.id));
	msg.req = *req;
	return ctl_encode(&call->wire, &msg, own->ring);
}

static int call_start(struct call *call, uint32_t dest_epoch,
		      const struct ctl_req *req)
{
	struct ctl_client *client = call->client;
	int err = make_wire(call, dest_epoch, req);

	if (!err)
		err = ctl_outbox_send(client->outbox, call->dest, call->wire,
				      on_added, call);
	if (err)
		return err;

	call->adding = true;
	hash_append(client->calls, hash_joaat_str(call->id), &call->le, call);
	client->ncalls++;
	wheel_start(client->own.wheel, &call->timer, client->ttl_ms / 2,
		    on_half_time, call);
	return 0;
}

int ctl_call(struct ctl_client *client, const char *dest, uint32_t dest_epoch,
	     const struct ctl_req *req, ctl_answer_h *answerh, void *arg)
{
	struct call *call;
	int err;

	if (!ctl_client_ready(client))
		return ENOTCONN;
	if (strlen(dest) > NODE_ADDR_MAX)
		return EINVAL;
	if (client->ncalls >= CALLS_MAX)
		return ENOBUFS;

	call = mem_zalloc(sizeof(*call), call_destructor);
	if (!call)
		return ENOMEM;

	call->client = client;
	call->answerh = answerh;
	call->arg = arg;
	id_make(call->id);
	str_ncpy(call->dest, dest, sizeof(call->dest));
	err = call_start(call, dest_epoch, req);
	if (err)
		mem_deref(call);
	return err;
}

static bool cancel_if(struct le *le, void *arg)
{
	struct call *call = le->data;

	if (call->arg == arg)
		mem_deref(call);
	return false;
}

void ctl_cancel(struct ctl_client *client, const void *arg)
{
	if (client)
		(void)hash_apply(client->calls, cancel_if, (void *)arg);
}

static int client_init(struct ctl_client *client, const struct ctl_peer *peer)
{
	char key[CTL_KEY_MAX];
	struct redis_stream_params params = {.cfg = peer->cfg,
					     .wheel = peer->wheel,
					     .key = key,
					     .entryh = on_answer,
					     .arg = client};
	int err = ctl_own_init(&client->own, peer);

	if (!err)
		err = hash_alloc(&client->calls, BUCKETS);
	if (!err)
		err = ctl_outbox_alloc(&client->outbox, &client->own, "cmd");
	if (err)
		return err;

	ctl_stream_key(key, client->own.addr, "ans");
	return redis_stream_alloc(&client->answers, &params);
}

int ctl_client_alloc(struct ctl_client **clientp, const struct ctl_peer *peer,
		     uint32_t ttl_ms)
{
	struct ctl_client *client;
	int err;

	if (ttl_ms > CTL_TTL_MAX_MS)
		return EINVAL;

	client = mem_zalloc(sizeof(*client), client_destructor);
	if (!client)
		return ENOMEM;

	client->ttl_ms = ttl_ms ? ttl_ms : CTL_TTL_MS;
	err = client_init(client, peer);
	if (err) {
		mem_deref(client);
		return err;
	}
	*clientp = client;
	return 0;
}

bool ctl_client_ready(const struct ctl_client *client)
{
	return redis_link_up(client->own.link) &&
	       redis_stream_ready(client->answers);
}

uint32_t ctl_client_pending(const struct ctl_client *client)
{
	return client->ncalls;
}

const struct ctl_counts *ctl_client_counts(const struct ctl_client *client)
{
	return &client->counts;
}

void ctl_client_keys(struct ctl_client *client, struct keyring *ring)
{
	ctl_own_keys(&client->own, ring);
}
