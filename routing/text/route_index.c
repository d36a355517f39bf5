/*
 * route_index.c  From a name to what has it, in constant time
 *
 * Open addressing with linear probing, at most half full: written once,
 * read by every request.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/text/route_index.h"

struct slot {
	const char *name; /* NULL: free */
	uint32_t len;
	uint32_t hash;
	void *value;
};

struct route_index {
	struct slot *slots;
	uint32_t mask, count, room;
	bool fold;
};

static void destructor(void *arg)
{
	struct route_index *index = arg;

	mem_deref(index->slots);
}

int route_index_alloc(struct route_index **indexp, uint32_t room, bool fold)
{
	struct route_index *index = mem_zalloc(sizeof(*index), destructor);
	uint32_t size = 2;

	if (!index)
		return ENOMEM;
	while (size < 2ull * room && size < 1u << 30)
		size *= 2;
	index->slots = mem_zalloc(size * sizeof(*index->slots), NULL);
	if (!index->slots) {
		mem_deref(index);
		return ENOMEM;
	}
	index->mask = size - 1;
	index->room = min(room, size / 2);
	index->fold = fold;
	*indexp = index;
	return 0;
}

static uint32_t hash_of(const struct route_index *index, const struct pl *name)
{
	return index->fold ? hash_joaat_ci(name->p, name->l)
			   : hash_joaat((const uint8_t *)name->p, name->l);
}

static bool is_name(const struct route_index *index, const struct slot *slot,
		    const struct pl *name)
{
	if (slot->len != name->l)
		return false;
	return index->fold ? !strncasecmp(slot->name, name->p, name->l)
			   : !memcmp(slot->name, name->p, name->l);
}

/* The slot that has the name, or the free one where it would go. */
static struct slot *probe(const struct route_index *index,
			  const struct pl *name, uint32_t hash)
{
	uint32_t i = hash & index->mask;

	while (index->slots[i].name) {
		if (index->slots[i].hash == hash &&
		    is_name(index, &index->slots[i], name))
			break;
		i = (i + 1) & index->mask;
	}
	return &index->slots[i];
}

int route_index_add(struct route_index *index, const char *name, void *value)
{
	struct pl key = {name, strlen(name)};
	uint32_t hash = hash_of(index, &key);
	struct slot *slot;

	slot = probe(index, &key, hash);
	if (slot->name)
		return EEXIST;
	if (index->count >= index->room)
		return ENOSPC;
	++index->count;
	*slot = (struct slot){name, (uint32_t)key.l, hash, value};
	return 0;
}

void *route_index_find(const struct route_index *index, const struct pl *name)
{
	if (!index || !name || !name->p || !name->l)
		return NULL;
	/* free slots are zero: no value */
	return probe(index, name, hash_of(index, name))->value;
}
