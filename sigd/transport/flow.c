/*
 * flow.c  The connections of a worker, and what is known of each
 *
 * Numbers count from 1 in an epoch; after 2^32 connections of one worker they
 * would begin anew, so a number still in use is passed over.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>
#include <re.h>

#include "common/loop.h"
#include "sigd/transport/flow_priv.h"

struct flow_asks {
	size_t n; /* ever noted */
	struct flow_ask list[FLOW_ASKS_MAX];
};

struct flow_table {
	struct flow_id self; /* node, slot and epoch of all of them */
	struct list *buckets;
	uint32_t mask;
	uint32_t count;
	uint32_t last;
};

static void table_destructor(void *data)
{
	struct flow_table *table = data;

	assert(!table->count);
	mem_deref(table->buckets);
}

int flow_table_alloc(struct flow_table **tablep, const char *node, uint8_t slot,
		     uint32_t epoch, uint32_t buckets)
{
	struct flow_table *table;

	if (!tablep || !node || strlen(node) > NODE_NAME_MAX || !slot ||
	    !epoch || !buckets || (buckets & (buckets - 1)))
		return EINVAL;

	table = mem_zalloc(sizeof(*table), table_destructor);
	if (!table)
		return ENOMEM;

	table->buckets = mem_zalloc(buckets * sizeof(struct list), NULL);
	if (!table->buckets) {
		mem_deref(table);
		return ENOMEM;
	}
	memcpy(table->self.node, node, strlen(node));
	table->self.slot = slot;
	table->self.epoch = epoch;
	table->mask = buckets - 1;
	*tablep = table;
	return 0;
}

static struct flow *find_num(const struct flow_table *table, uint32_t num)
{
	struct le *le = list_head(&table->buckets[num & table->mask]);

	for (; le; le = le->next) {
		struct flow *flow = le->data;

		if (flow->id.num == num)
			return flow;
	}
	return NULL;
}

void flow_table_add(struct flow_table *table, struct flow *flow,
		    enum flow_kind kind)
{
	assert(!flow->id.num);
	do {
		++table->last;
	} while (!table->last || find_num(table, table->last));

	flow->id = table->self;
	flow->id.kind = (uint8_t)kind;
	flow->id.num = table->last;
	list_append(&table->buckets[table->last & table->mask], &flow->le,
		    flow);
	++table->count;
}

void flow_table_remove(struct flow_table *table, struct flow *flow)
{
	if (!flow->le.list)
		return;

	list_unlink(&flow->le);
	--table->count;
}

struct flow *flow_table_find(const struct flow_table *table,
			     const struct flow_id *id)
{
	struct flow *flow;

	if (!table || !id || !flow_kind_reliable(id->kind) ||
	    id->epoch != table->self.epoch || id->slot != table->self.slot ||
	    strcmp(id->node, table->self.node))
		return NULL;

	flow = find_num(table, id->num);
	return flow && flow->id.kind == id->kind ? flow : NULL;
}

uint32_t flow_table_count(const struct flow_table *table)
{
	return table ? table->count : 0;
}

void flow_table_each(const struct flow_table *table, flow_each_h *fn, void *arg)
{
	if (!table || !fn)
		return;

	for (uint32_t i = 0; i <= table->mask; i++) {
		struct le *le = list_head(&table->buckets[i]);

		while (le) {
			struct flow *flow = le->data;

			le = le->next;
			if (fn(flow, arg))
				return;
		}
	}
}

const struct flow_id *flow_id_of(const struct flow *flow)
{
	return &flow->id;
}

uint8_t flow_listener(const struct flow *flow)
{
	return flow->listener;
}

const struct sa *flow_local(const struct flow *flow)
{
	return &flow->local;
}

const struct sa *flow_remote(const struct flow *flow)
{
	return &flow->remote;
}

const char *flow_transport(const struct flow *flow)
{
	return flow_kind_name(flow->id.kind);
}

uint64_t flow_opened_ms(const struct flow *flow)
{
	return flow->opened_ms;
}

uint64_t flow_rx_ms(const struct flow *flow)
{
	return flow->rx_ms;
}

uint64_t flow_pong_ms(const struct flow *flow)
{
	return flow->pong_ms;
}

void flow_user_clear(struct flow *flow)
{
	flow_user_h *destroyh = flow->destroyh;
	void *user = flow->user;

	flow->destroyh = NULL;
	flow->user = NULL;
	if (destroyh && user)
		destroyh(user);
}

void flow_user_set(struct flow *flow, void *user, flow_user_h *destroy)
{
	if (!flow)
		return;

	flow_user_clear(flow);
	flow->user = user;
	flow->destroyh = destroy;
}

void *flow_user(const struct flow *flow)
{
	return flow ? flow->user : NULL;
}

void flow_ask_note(struct flow *flow, const struct tube_addr *src, uint64_t ref)
{
	struct flow_asks *asks = flow->asks;

	flow->asked_ms = loop_now_ms();
	if (!asks)
		asks = flow->asks = mem_zalloc(sizeof(*asks), NULL);
	if (asks)
		asks->list[asks->n++ % FLOW_ASKS_MAX] =
			(struct flow_ask){*src, ref};
}

const struct flow_ask *flow_ask_get(const struct flow *flow, size_t i)
{
	const struct flow_asks *asks = flow->asks;

	return asks && i < asks->n && i < FLOW_ASKS_MAX ? &asks->list[i] : NULL;
}

uint64_t flow_asked_ms(const struct flow *flow)
{
	return flow->asked_ms;
}
