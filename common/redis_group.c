/*
 * redis_group.c  A member of a consumer group
 *
 * On each connection: make the group if need be; once per process: what an
 * earlier life of this member left (XREADGROUP from 0); then what is new. What
 * dead members left is claimed from time to time over the shared link, so that
 * the blocking read does not hold it up.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/redis_group.h"
#include "common/redis_priv.h"
#include "common/wheel.h"

enum {
	CLAIM_MS = 10000,
	BLOCKED_MS = 3000, /* longer than the BLOCK below */
	RETRY_MS = 1000,
};

struct redis_group {
	struct redis_link *reader; /* own, blocking */
	struct redis_link *link;
	struct wheel *wheel;
	char *key, *group, *consumer;
	char from[44]; /* own leftovers behind this id; "": all given */
	char claim_ms[12];
	uint32_t claim_every_ms;
	struct wheel_timer retry_timer;
	struct wheel_timer claim_timer;
	redis_entry_h *entryh;
	void *arg;
};

static void read_more(void *arg);
static void make_group(void *arg);
static void claim(void *arg);

static void group_destructor(void *arg)
{
	struct redis_group *group = arg;

	wheel_stop(&group->retry_timer);
	wheel_stop(&group->claim_timer);
	redis_link_forget(group->link, group);
	mem_deref(group->reader);
	mem_deref(group->link);
	mem_deref(group->wheel);
	mem_deref(group->key);
	mem_deref(group->group);
	mem_deref(group->consumer);
}

static bool deliver(struct redis_group *group, const struct redis_val *entries)
{
	bool alive;

	mem_ref(group);
	alive = redis_entries(entries, group->entryh, group->arg, group);
	mem_deref(group);
	return alive;
}

/* Own leftovers are read from id to id until none is left. */
static void note_leftover(struct redis_group *group,
			  const struct redis_val *entries)
{
	const struct redis_val *id;

	if (!group->from[0])
		return;

	if (!entries || !entries->len) {
		group->from[0] = '\0';
		return;
	}
	id = &entries->el[entries->len - 1];
	id = id->type == REDIS_ARRAY && id->len ? &id->el[0] : NULL;
	if (id && id->type == REDIS_STR && id->len < sizeof(group->from))
		memcpy(group->from, id->str, id->len + 1);
	else
		group->from[0] = '\0';
}

static void on_read(int err, const struct redis_val *val, void *arg)
{
	struct redis_group *group = arg;
	const struct redis_val *entries;

	if (err)
		return; /* lost: on_state() goes on */
	if (val->type == REDIS_ERR) {
		/* most likely the stream has expired, and its group */
		wheel_start(group->wheel, &group->retry_timer, RETRY_MS,
			    make_group, group);
		return;
	}
	entries = redis_entries_of(val);
	note_leftover(group, entries);
	if (!entries || deliver(group, entries))
		read_more(group);
}

static void read_more(void *arg)
{
	struct redis_group *group = arg;
	const struct redis_arg argv[] = {redis_str("XREADGROUP"),
					 redis_str("GROUP"),
					 redis_str(group->group),
					 redis_str(group->consumer),
					 redis_str("COUNT"),
					 redis_str("16"),
					 redis_str("BLOCK"),
					 redis_str("1000"),
					 redis_str("STREAMS"),
					 redis_str(group->key),
					 redis_str(group->from[0] ? group->from
								  : ">")};

	if (redis_link_send(group->reader, argv, 11, on_read, group) == ENOMEM)
		wheel_start(group->wheel, &group->retry_timer, RETRY_MS,
			    read_more, group);
}

static void on_made(int err, const struct redis_val *val, void *arg)
{
	struct redis_group *group = arg;

	if (err)
		return;

	/* BUSYGROUP: it was there */
	if (val->type == REDIS_STATUS ||
	    (val->type == REDIS_ERR && val->len > 9 &&
	     !memcmp(val->str, "BUSYGROUP", 9)))
		read_more(group);
	else
		wheel_start(group->wheel, &group->retry_timer, RETRY_MS,
			    make_group, group);
}

static void make_group(void *arg)
{
	struct redis_group *group = arg;
	const struct redis_arg argv[] = {redis_str("XGROUP"),
					 redis_str("CREATE"),
					 redis_str(group->key),
					 redis_str(group->group),
					 redis_str("0"),
					 redis_str("MKSTREAM")};

	if (redis_link_send(group->reader, argv, 6, on_made, group) == ENOMEM)
		wheel_start(group->wheel, &group->retry_timer, RETRY_MS,
			    make_group, group);
}

static void on_state(bool up, void *arg)
{
	struct redis_group *group = arg;

	wheel_stop(&group->retry_timer);
	if (up)
		make_group(group);
}

static void claim_later(struct redis_group *group)
{
	uint32_t every = group->claim_every_ms;

	/* members spread out by jitter */
	wheel_start(group->wheel, &group->claim_timer,
		    every / 2 + rand_u32() % (every + 1), claim, group);
}

static void on_claimed(int err, const struct redis_val *val, void *arg)
{
	struct redis_group *group = arg;

	if (err || val->type != REDIS_ARRAY || val->len < 2 ||
	    val->el[1].type != REDIS_ARRAY)
		return;

	(void)deliver(group, &val->el[1]);
}

static void claim(void *arg)
{
	struct redis_group *group = arg;
	const struct redis_arg argv[] = {
		redis_str("XAUTOCLAIM"),    redis_str(group->key),
		redis_str(group->group),    redis_str(group->consumer),
		redis_str(group->claim_ms), redis_str("0"),
		redis_str("COUNT"),         redis_str("16")};

	claim_later(group);
	(void)redis_link_send(group->link, argv, 8, on_claimed, group);
}

static int group_init(struct redis_group *group,
		      const struct redis_group_params *params)
{
	uint32_t claim_ms = params->claim_ms ? params->claim_ms : CLAIM_MS;
	struct redis_cfg cfg = *params->cfg;
	int err;

	group->link = mem_ref(params->link);
	group->wheel = mem_ref(params->wheel);
	group->entryh = params->entryh;
	group->arg = params->arg;
	group->claim_every_ms = claim_ms / 2;
	memcpy(group->from, "0", 2);
	(void)re_snprintf(group->claim_ms, sizeof(group->claim_ms), "%u",
			  claim_ms);
	err = re_sdprintf(&group->key, "%s", params->key);
	err |= re_sdprintf(&group->group, "%s", params->group);
	err |= re_sdprintf(&group->consumer, "%s", params->consumer);
	if (err)
		return ENOMEM;

	cfg.blocking = true;
	cfg.command_ms = BLOCKED_MS;
	return redis_link_alloc(&group->reader, &cfg, params->wheel, on_state,
				group);
}

int redis_group_alloc(struct redis_group **groupp,
		      const struct redis_group_params *params)
{
	struct redis_group *group;
	int err;

	group = mem_zalloc(sizeof(*group), group_destructor);
	if (!group)
		return ENOMEM;

	err = group_init(group, params);
	if (err) {
		mem_deref(group);
		return err;
	}
	claim_later(group);
	*groupp = group;
	return 0;
}

int redis_group_forget(struct redis_group *group, const struct pl *id)
{
	const struct redis_arg argv[] = {redis_str("XDEL"),
					 redis_str(group->key),
					 {id->p, id->l}};
	int err = redis_group_ack(group, id);

	return err ? err : redis_link_send(group->link, argv, 3, NULL, NULL);
}

int redis_group_ack(struct redis_group *group, const struct pl *id)
{
	const struct redis_arg argv[] = {redis_str("XACK"),
					 redis_str(group->key),
					 redis_str(group->group),
					 {id->p, id->l}};

	return redis_link_send(group->link, argv, 4, NULL, NULL);
}
