/*
 * ctl_listener.c  Who acts upon events, and who follows facts (ctl_event.h)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_event.h"
#include "common/control/ctl_peer_priv.h"
#include "common/keyring.h"
#include "common/redis_group.h"

struct ctl_listener {
	struct ctl_own own;
	struct redis_group *group;
	ctl_event_h *eventh;
	void *arg;
	struct ctl_counts counts;
};

struct ctl_follower {
	struct ctl_own own;
	struct redis_stream *stream;
	ctl_fact_h *facth;
	void *arg;
};

static void listener_destructor(void *arg)
{
	struct ctl_listener *listener = arg;

	mem_deref(listener->group);
	ctl_own_drop(&listener->own);
}

static void follower_destructor(void *arg)
{
	struct ctl_follower *follower = arg;

	mem_deref(follower->stream);
	ctl_own_drop(&follower->own);
}

/* These are for a stream and not for an epoch. */
static enum ctl_refusal open_event(const struct ctl_own *own,
				   struct ctl_msg *msg, const char *stream,
				   const struct redis_entry *entry)
{
	const struct ctl_receiver receiver = {.addr = stream,
					      .now_ms = ctl_own_now(own)};
	enum ctl_refusal refusal = ctl_decode(msg, entry->fields, own->ring);

	if (!refusal)
		refusal = ctl_check(msg, &receiver);
	if (!refusal && msg->type != CTL_EVENT)
		refusal = CTL_BAD_VERB;
	return refusal;
}

static void on_event(const struct redis_entry *entry, void *arg)
{
	struct ctl_listener *listener = arg;
	char token[CTL_EVENT_TOKEN_MAX + 1];
	enum ctl_refusal refusal;
	struct ctl_msg msg;

	if (!ctl_own_now(&listener->own))
		return; /* no clock yet: it will be given again */

	refusal = open_event(&listener->own, &msg, "events", entry);
	listener->counts.refused[refusal]++;
	if (refusal) {
		/* no member would take it */
		(void)redis_group_ack(listener->group, &entry->id);
		return;
	}
	if (!pl_strcpy(&entry->id, token, sizeof(token)))
		listener->eventh(&msg.event, &msg.env, token, listener->arg);
}

static void on_fact(const struct redis_entry *entry, void *arg)
{
	struct ctl_follower *follower = arg;
	struct ctl_msg msg;

	if (!open_event(&follower->own, &msg, "facts", entry))
		follower->facth(&msg.event, &msg.env, follower->arg);
}

int ctl_listener_alloc(struct ctl_listener **listenerp,
		       const struct ctl_peer *peer, ctl_event_h *eventh,
		       void *arg)
{
	struct redis_group_params params = {.cfg = peer->cfg,
					    .link = peer->link,
					    .wheel = peer->wheel,
					    .key = "cb:events",
					    .group = "sigd",
					    .consumer = peer->addr,
					    .claim_ms = CTL_EVENT_CLAIM_MS,
					    .entryh = on_event};
	struct ctl_listener *listener;
	int err;

	listener = mem_zalloc(sizeof(*listener), listener_destructor);
	if (!listener)
		return ENOMEM;

	listener->eventh = eventh;
	listener->arg = arg;
	params.arg = listener;
	err = ctl_own_init(&listener->own, peer);
	if (!err)
		err = redis_group_alloc(&listener->group, &params);
	if (err) {
		mem_deref(listener);
		return err;
	}
	*listenerp = listener;
	return 0;
}

void ctl_event_done(struct ctl_listener *listener, const char *token)
{
	struct pl id;

	pl_set_str(&id, token);
	(void)redis_group_ack(listener->group, &id);
}

const struct ctl_counts *
ctl_listener_counts(const struct ctl_listener *listener)
{
	return &listener->counts;
}

void ctl_listener_keys(struct ctl_listener *listener, struct keyring *ring)
{
	ctl_own_keys(&listener->own, ring);
}

int ctl_follower_alloc(struct ctl_follower **followerp,
		       const struct ctl_peer *peer, ctl_fact_h *facth,
		       void *arg)
{
	struct redis_stream_params params = {.cfg = peer->cfg,
					     .wheel = peer->wheel,
					     .key = "cb:facts",
					     .entryh = on_fact};
	struct ctl_follower *follower;
	int err;

	follower = mem_zalloc(sizeof(*follower), follower_destructor);
	if (!follower)
		return ENOMEM;

	follower->facth = facth;
	follower->arg = arg;
	params.arg = follower;
	err = ctl_own_init(&follower->own, peer);
	if (!err)
		err = redis_stream_alloc(&follower->stream, &params);
	if (err) {
		mem_deref(follower);
		return err;
	}
	*followerp = follower;
	return 0;
}
