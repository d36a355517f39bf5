/*
 * ctl_nodes.c  The list of living media workers (ctl_node.h)
 *
 * Each second: SMEMBERS, then one HGETALL per member, all in one pipeline.
 * Not one script, since its keys would lie in many slots of a cluster.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_node.h"
#include "common/control/ctl_node_priv.h"
#include "common/control/ctl_peer_priv.h"
#include "common/wheel.h"

struct ctl_nodes {
	struct redis_link *link;
	struct wheel *wheel;
	struct gather *list;   /* complete; may be NULL */
	struct gather *before; /* the one before; may be NULL */
	struct gather *gather; /* under way; may be NULL */
	struct wheel_timer timer;
};

/* One reading of all workers. */
struct gather {
	struct ctl_nodes *owner;
	size_t count;   /* members asked for, later: living workers */
	size_t answers; /* they come in the order asked */
	uint64_t at_ms; /* when it was asked */
	struct ctl_node nodes[];
};

const char *const ctl_node_states[] = {"up", "drain", "full", NULL};

static void on_poll(void *arg);

static void gather_destructor(void *arg)
{
	struct gather *gather = arg;

	redis_link_forget(gather->owner->link, gather);
}

static void nodes_destructor(void *arg)
{
	struct ctl_nodes *nodes = arg;

	wheel_stop(&nodes->timer);
	redis_link_forget(nodes->link, nodes);
	mem_deref(nodes->gather);
	mem_deref(nodes->list);
	mem_deref(nodes->before);
	mem_deref(nodes->link);
	mem_deref(nodes->wheel);
}

static bool read_u32(uint32_t *num, const struct redis_val *hash,
		     const char *field)
{
	uint64_t value;

	if (!redis_num(redis_field(hash, field), &value) || value > UINT32_MAX)
		return false;

	*num = (uint32_t)value;
	return true;
}

static bool read_state(struct ctl_node *node, const struct redis_val *hash)
{
	const struct redis_val *val = redis_field(hash, "state");

	for (unsigned i = 0; ctl_node_states[i]; i++) {
		if (!redis_is(val, ctl_node_states[i]))
			continue;
		node->state = (enum ctl_node_state)i;
		return true;
	}
	return false;
}

/* False: it has no heartbeat, or none that we understand. */
static bool read_node(struct ctl_node *node, const struct redis_val *hash)
{
	const struct redis_val *ip = redis_field(hash, "ip");

	if (!read_u32(&node->epoch, hash, "epoch") || !node->epoch ||
	    !read_u32(&node->sessions, hash, "sessions") ||
	    !read_u32(&node->lag_ms, hash, "lag_ms") ||
	    !read_u32(&node->load, hash, "load") || !read_state(node, hash))
		return false;

	node->leaves = redis_is(redis_field(hash, "leaves"), "1");
	if (ip && ip->type == REDIS_STR && ip->len <= CTL_NODE_IP_MAX)
		memcpy(node->ip, ip->str, ip->len + 1);
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct ctl_node *node_a = a, *node_b = b;

	return strcmp(node_a->addr, node_b->addr);
}

/* Kept for a while: see ctl_nodes_find(). */
static void list_retire(struct ctl_nodes *nodes)
{
	if (!nodes->list)
		return;
	mem_deref(nodes->before);
	nodes->before = nodes->list;
	nodes->list = NULL;
}

/* Without those that do not live (epoch 0). */
static void gathered(struct gather *gather)
{
	struct ctl_nodes *nodes = gather->owner;
	size_t alive = 0;

	for (size_t i = 0; i < gather->count; i++)
		if (gather->nodes[i].epoch)
			gather->nodes[alive++] = gather->nodes[i];
	gather->count = alive;
	qsort(gather->nodes, alive, sizeof(gather->nodes[0]), compare);
	list_retire(nodes);
	nodes->list = gather;
	nodes->gather = NULL;
}

static void on_hash(int err, const struct redis_val *val, void *arg)
{
	struct gather *gather = arg;
	struct ctl_node *node = &gather->nodes[gather->answers++];

	/* one that is gone stays on the list until it is buried (ctl_gone.h) */
	if (!err && !read_node(node, val))
		node->epoch = 0;
	if (gather->answers == gather->count)
		gathered(gather);
}

static int ask_member(struct gather *gather, const struct redis_val *member)
{
	struct ctl_node *node = &gather->nodes[gather->count];
	char key[CTL_KEY_MAX];
	struct redis_arg argv[] = {redis_str("HGETALL"), {key, 0}};
	struct node_id id;
	int err;

	if (member->type != REDIS_STR ||
	    node_addr_parse(&id, member->str, member->len))
		return 0; /* not one of ours */

	node_addr_format(node->addr, &id);
	ctl_stream_key(key, node->addr, "media");
	argv[1].len = strlen(key);
	err = redis_link_send(gather->owner->link, argv, 2, on_hash, gather);
	if (!err)
		gather->count++;
	return err;
}

static void on_members(int err, const struct redis_val *val, void *arg)
{
	struct ctl_nodes *nodes = arg;
	struct gather *gather;
	size_t n;

	if (err || val->type != REDIS_ARRAY)
		return;

	n = val->len < CTL_NODES_MAX ? val->len : CTL_NODES_MAX;
	gather = mem_zalloc(sizeof(*gather) + n * sizeof(gather->nodes[0]),
			    gather_destructor);
	if (!gather)
		return;

	gather->owner = nodes;
	gather->at_ms = wheel_now(nodes->wheel);
	nodes->gather = mem_deref(nodes->gather);
	nodes->gather = gather;
	for (size_t i = 0; i < n && !err; i++)
		err = ask_member(gather, &val->el[i]);
	if (!gather->count)
		gathered(gather);
}

static void on_poll(void *arg)
{
	struct ctl_nodes *nodes = arg;
	const struct redis_arg argv[] = {redis_str("SMEMBERS"),
					 redis_str(CTL_MEDIA_KEY)};

	wheel_start(nodes->wheel, &nodes->timer, CTL_BEAT_MS, on_poll, nodes);
	(void)redis_link_send(nodes->link, argv, 2, on_members, nodes);
}

static void on_state(bool up, void *arg)
{
	struct ctl_nodes *nodes = arg;

	if (up) {
		on_poll(nodes);
		return;
	}
	nodes->gather = mem_deref(nodes->gather);
	list_retire(nodes);
}

int ctl_nodes_alloc(struct ctl_nodes **nodesp, struct redis_link *link,
		    struct wheel *wheel)
{
	struct ctl_nodes *nodes;
	int err;

	nodes = mem_zalloc(sizeof(*nodes), nodes_destructor);
	if (!nodes)
		return ENOMEM;

	nodes->link = mem_ref(link);
	nodes->wheel = mem_ref(wheel);
	err = redis_link_observe(link, on_state, nodes);
	if (err) {
		mem_deref(nodes);
		return err;
	}
	wheel_start(wheel, &nodes->timer, 0, on_poll, nodes);
	*nodesp = nodes;
	return 0;
}

/* A server too slow to be read does not keep the dead alive. */
static const struct gather *present(const struct ctl_nodes *nodes)
{
	const struct gather *list = nodes->list;

	return list && wheel_now(nodes->wheel) - list->at_ms < CTL_BEAT_TTL_MS
		       ? list
		       : NULL;
}

const struct ctl_node *ctl_nodes_list(const struct ctl_nodes *nodes,
				      size_t *count)
{
	const struct gather *list = present(nodes);

	*count = list ? list->count : 0;
	return list ? list->nodes : NULL;
}

static const struct ctl_node *find(const struct gather *list,
				   const struct ctl_node *key)
{
	return list ? bsearch(key, list->nodes, list->count, sizeof(*key),
			      compare)
		    : NULL;
}

const struct ctl_node *ctl_nodes_find(const struct ctl_nodes *nodes,
				      const char *addr)
{
	const struct ctl_node *node;
	struct ctl_node key = {.epoch = 0};

	if (strlen(addr) >= sizeof(key.addr))
		return NULL;

	str_ncpy(key.addr, addr, sizeof(key.addr));
	node = find(present(nodes), &key);
	return node ? node : find(nodes->before, &key);
}
