/*
 * ctl_peer.c  What client, server and events share
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_peer_priv.h"
#include "common/keyring.h"
#include "common/redis_link.h"

enum {
	DESTS_MAX = 1024
};

struct ctl_outbox {
	const struct ctl_own *own; /* of our owner */
	const char *what;
	struct list dests; /* struct dest, the least used first */
};

struct dest {
	struct le le;
	char addr[NODE_ADDR_MAX + 1];
	struct redis_writer *writer;
};

int ctl_own_init(struct ctl_own *own, const struct ctl_peer *peer)
{
	struct node_id id;

	if (!peer->epoch ||
	    node_addr_parse(&id, peer->addr, strlen(peer->addr)))
		return EINVAL;

	node_addr_format(own->addr, &id);
	own->epoch = peer->epoch;
	own->link = mem_ref(peer->link);
	own->ring = mem_ref(peer->ring);
	own->wheel = mem_ref(peer->wheel);
	return 0;
}

void ctl_own_drop(struct ctl_own *own)
{
	own->link = mem_deref(own->link);
	own->ring = mem_deref(own->ring);
	own->wheel = mem_deref(own->wheel);
}

void ctl_own_keys(struct ctl_own *own, struct keyring *ring)
{
	mem_ref(ring);
	mem_deref(own->ring);
	own->ring = ring;
}

uint64_t ctl_own_now(const struct ctl_own *own)
{
	uint64_t now;

	return redis_link_time(own->link, &now) ? now : 0;
}

void ctl_own_env(const struct ctl_own *own, struct ctl_env *env, const char *to,
		 uint32_t to_epoch, uint32_t ttl_ms)
{
	str_ncpy(env->from, own->addr, sizeof(env->from));
	str_ncpy(env->to, to, sizeof(env->to));
	env->from_epoch = own->epoch;
	env->to_epoch = to_epoch;
	env->at_ms = ctl_own_now(own);
	env->ttl_ms = ttl_ms;
}

enum ctl_refusal ctl_own_open(const struct ctl_own *own, struct ctl_msg *msg,
			      const struct redis_entry *entry)
{
	const struct ctl_receiver us = {.addr = own->addr,
					.epoch = own->epoch,
					.now_ms = ctl_own_now(own)};
	enum ctl_refusal refusal, other;

	refusal = ctl_decode(msg, entry->fields, own->ring);
	if (refusal && refusal < CTL_NOT_FOR_US)
		return refusal;

	other = ctl_check(msg, &us);
	return other ? other : refusal;
}

void ctl_stream_key(char key[CTL_KEY_MAX], const char *addr, const char *what)
{
	(void)re_snprintf(key, CTL_KEY_MAX, "cb:{n:%s}:%s", addr, what);
}

static void outbox_destructor(void *arg)
{
	struct ctl_outbox *box = arg;

	list_flush(&box->dests);
}

static void dest_destructor(void *arg)
{
	struct dest *dest = arg;

	list_unlink(&dest->le);
	mem_deref(dest->writer);
}

static int dest_alloc(struct dest **destp, struct ctl_outbox *box,
		      const char *addr)
{
	const struct ctl_own *own = box->own;
	char key[CTL_KEY_MAX];
	struct node_id id;
	struct dest *dest;
	int err;

	if (node_addr_parse(&id, addr, strlen(addr)))
		return EINVAL;

	dest = mem_zalloc(sizeof(*dest), dest_destructor);
	if (!dest)
		return ENOMEM;

	str_ncpy(dest->addr, addr, sizeof(dest->addr));
	ctl_stream_key(key, addr, box->what);
	err = redis_writer_alloc(&dest->writer, own->link, own->wheel, key,
				 CTL_STREAM_LEN, CTL_STREAM_TTL_MS);
	if (err) {
		mem_deref(dest);
		return err;
	}
	if (list_count(&box->dests) >= DESTS_MAX)
		mem_deref(list_ledata(box->dests.head));
	*destp = dest;
	return 0;
}

static int dest_of(struct dest **destp, struct ctl_outbox *box,
		   const char *addr)
{
	struct dest *dest;
	int err;

	for (struct le *le = box->dests.tail; le; le = le->prev) {
		dest = le->data;
		if (strcmp(dest->addr, addr))
			continue;
		list_unlink(&dest->le);
		list_append(&box->dests, &dest->le, dest);
		*destp = dest;
		return 0;
	}
	err = dest_alloc(&dest, box, addr);
	if (err)
		return err;

	list_append(&box->dests, &dest->le, dest);
	*destp = dest;
	return 0;
}

int ctl_outbox_alloc(struct ctl_outbox **boxp, const struct ctl_own *own,
		     const char *what)
{
	struct ctl_outbox *box;

	box = mem_zalloc(sizeof(*box), outbox_destructor);
	if (!box)
		return ENOMEM;

	box->own = own;
	box->what = what;
	*boxp = box;
	return 0;
}

int ctl_outbox_send(struct ctl_outbox *box, const char *addr,
		    const struct ctl_wire *wire, redis_reply_h *replyh,
		    void *arg)
{
	struct dest *dest;
	int err = dest_of(&dest, box, addr);

	if (err)
		return err;

	return redis_writer_add(dest->writer, wire->fields, wire->count, replyh,
				arg);
}
