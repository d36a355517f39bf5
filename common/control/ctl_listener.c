/*
 * ctl_listener.c  Who acts upon events, and who follows facts (ctl_event.h)
 *
 * Redis gives an event at least once: again when it was not done in time, and
 * once more when its sender lost the connection between writing it and hearing
 * so. A member knows by their ids what it has begun and what it has done.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_event.h"
#include "common/control/ctl_peer_priv.h"
#include "common/keyring.h"
#include "common/redis_group.h"
#include "common/wheel.h"

enum {
	SEEN_MAX = 4096,
	BUCKETS = 256,
};

struct ctl_listener {
	struct ctl_own own;
	struct redis_group *group;
	struct hash *by_id; /* struct seen */
	struct list seen;   /* the oldest first */
	ctl_event_h *eventh;
	void *arg;
	struct ctl_counts counts;
};

/* An event that was given to the handler. */
struct seen {
	struct le le, le_id;
	char id[CTL_ID_LEN + 1]; /* of the message */
	char token[CTL_EVENT_TOKEN_MAX + 1];
	uint64_t begun_ms; /* by the wheel */
	bool done;
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
	list_flush(&listener->seen);
	mem_deref(listener->by_id);
	ctl_own_drop(&listener->own);
}

static void seen_destructor(void *arg)
{
	struct seen *seen = arg;

	list_unlink(&seen->le);
	hash_unlink(&seen->le_id);
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

/* --- what was given already -------------------------------------------------- */

static bool has_id(struct le *le, void *arg)
{
	const struct seen *seen = le->data;

	return !strcmp(seen->id, arg);
}

static struct seen *seen_find(const struct ctl_listener *listener, char *id)
{
	return list_ledata(
		hash_lookup(listener->by_id, hash_joaat_str(id), has_id, id));
}

/* After its time nobody would give it again. */
static void seen_forget(struct ctl_listener *listener)
{
	struct seen *oldest;
	uint64_t now = wheel_now(listener->own.wheel);

	while ((oldest = list_ledata(listener->seen.head)) &&
	       (now - oldest->begun_ms > CTL_EVENT_TTL_MS ||
		list_count(&listener->seen) >= SEEN_MAX))
		mem_deref(oldest);
}

/* NULL: no memory; it is then given again. */
static struct seen *seen_add(struct ctl_listener *listener, const char *id)
{
	struct seen *seen;

	seen_forget(listener);
	seen = mem_zalloc(sizeof(*seen), seen_destructor);
	if (!seen)
		return NULL;

	str_ncpy(seen->id, id, sizeof(seen->id));
	list_append(&listener->seen, &seen->le, seen);
	hash_append(listener->by_id, hash_joaat_str(seen->id), &seen->le_id,
		    seen);
	return seen;
}

static void give(struct ctl_listener *listener, const struct ctl_msg *msg,
		 const struct pl *entry)
{
	char id[CTL_ID_LEN + 1], token[CTL_EVENT_TOKEN_MAX + 1];
	uint64_t now = wheel_now(listener->own.wheel);
	struct seen *seen;

	memcpy(id, msg->env.id, sizeof(id));
	if (pl_strcpy(entry, token, sizeof(token)))
		return;
	seen = seen_find(listener, id);
	if (seen && seen->done) {
		listener->counts.repeated++;
		(void)redis_group_ack(listener->group, entry);
		return;
	}
	/* under way: not acknowledged, it will come again */
	if (seen && now - seen->begun_ms < CTL_EVENT_CLAIM_MS)
		return;
	if (!seen)
		seen = seen_add(listener, id);
	if (!seen)
		return;

	seen->begun_ms = now;
	memcpy(seen->token, token, sizeof(seen->token));
	listener->eventh(&msg->event, &msg->env, token, listener->arg);
}

/* Whether no member would ever take it. One with a newer key file or of a
 * newer release may, until its time is over. */
static bool is_hopeless(enum ctl_refusal refusal, const struct ctl_own *own,
			const struct redis_entry *entry)
{
	if (refusal == CTL_NO_KEY || refusal == CTL_BAD_VERSION ||
	    refusal == CTL_BAD_VERB)
		return ctl_own_now(own) > entry->ms + CTL_EVENT_TTL_MS;
	return true;
}

static void on_event(const struct redis_entry *entry, void *arg)
{
	struct ctl_listener *listener = arg;
	enum ctl_refusal refusal;
	struct ctl_msg msg;

	if (!ctl_own_now(&listener->own))
		return; /* no clock yet: it will be given again */

	refusal = open_event(&listener->own, &msg, "events", entry);
	listener->counts.refused[refusal]++;
	if (!refusal)
		give(listener, &msg, &entry->id);
	else if (is_hopeless(refusal, &listener->own, entry))
		(void)redis_group_ack(listener->group, &entry->id);
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
		err = hash_alloc(&listener->by_id, BUCKETS);
	if (!err)
		err = redis_group_alloc(&listener->group, &params);
	if (err) {
		mem_deref(listener);
		return err;
	}
	*listenerp = listener;
	return 0;
}

static void note_done(struct ctl_listener *listener, const char *token)
{
	/* few are under way, and those are the latest */
	for (struct le *le = listener->seen.tail; le; le = le->prev) {
		struct seen *seen = le->data;

		if (strcmp(seen->token, token))
			continue;
		seen->done = true;
		break;
	}
}

void ctl_event_done(struct ctl_listener *listener, const char *token)
{
	struct pl id;

	note_done(listener, token);
	pl_set_str(&id, token);
	(void)redis_group_ack(listener->group, &id);
}

void ctl_event_forget(struct ctl_listener *listener, const char *token)
{
	struct pl id;

	note_done(listener, token);
	pl_set_str(&id, token);
	(void)redis_group_forget(listener->group, &id);
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
