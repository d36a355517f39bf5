/*
 * intern.c  Each of many things once: the same bytes have the same number
 *
 * The bytes stand one after the other, each with its length before; a number
 * is their place, in words of 4 bytes. A hash table of such numbers finds
 * those that are there, while some are added.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/number/intern.h"

enum {
	WORD = sizeof(uint32_t)
};

struct intern {
	uint32_t *words; /* [0] is not used: 0 is a free slot */
	uint32_t used, room;
	uint32_t *slots;
	uint32_t nslots, count;
};

static void destructor(void *arg)
{
	struct intern *pool = arg;

	mem_deref(pool->words);
	mem_deref(pool->slots);
}

int intern_alloc(struct intern **poolp)
{
	struct intern *pool = mem_zalloc(sizeof(*pool), destructor);

	if (!pool)
		return ENOMEM;
	pool->room = 64;
	pool->used = 1;
	pool->nslots = 64;
	pool->words = mem_zalloc(pool->room * WORD, NULL);
	pool->slots = mem_zalloc(pool->nslots * sizeof(*pool->slots), NULL);
	if (!pool->words || !pool->slots) {
		mem_deref(pool);
		return ENOMEM;
	}
	*poolp = pool;
	return 0;
}

/* FNV-1a: short keys, and no foreign hand chooses them to collide for long */
static uint32_t hash_of(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t hash = 2166136261u;

	while (len--)
		hash = (hash ^ *p++) * 16777619u;
	return hash ^ hash >> 15;
}

static bool is_at(const struct intern *pool, uint32_t id, const void *bytes,
		  size_t len)
{
	return pool->words[id] == len &&
	       !memcmp(&pool->words[id + 1], bytes, len);
}

/* Where it is, or the free slot where it would be. */
static uint32_t *probe(const struct intern *pool, const void *bytes, size_t len)
{
	uint32_t i = hash_of(bytes, len) & (pool->nslots - 1);

	while (pool->slots[i] && !is_at(pool, pool->slots[i], bytes, len))
		i = (i + 1) & (pool->nslots - 1);
	return &pool->slots[i];
}

static int more_slots(struct intern *pool)
{
	uint32_t *old = pool->slots, nold = pool->nslots;

	if (pool->count < pool->nslots / 2)
		return 0;
	pool->slots = mem_zalloc(2ull * nold * sizeof(*pool->slots), NULL);
	if (!pool->slots) {
		pool->slots = old;
		return ENOMEM;
	}
	pool->nslots = 2 * nold;
	for (uint32_t i = 0; i < nold; i++) {
		if (old[i])
			*probe(pool, &pool->words[old[i] + 1],
			       pool->words[old[i]]) = old[i];
	}
	mem_deref(old);
	return 0;
}

static int more_words(struct intern *pool, uint32_t need)
{
	uint64_t room = pool->room;
	uint32_t *words;

	if (need <= pool->room - pool->used)
		return 0;
	while (room < (uint64_t)pool->used + need)
		room *= 2;
	if (room > INTERN_BYTES_MAX / WORD)
		return E2BIG;
	words = mem_realloc(pool->words, room * WORD);
	if (!words)
		return ENOMEM;
	pool->words = words;
	pool->room = (uint32_t)room;
	return 0;
}

int intern_add(struct intern *pool, const void *bytes, size_t len, uint32_t *id)
{
	/* its length, and a 0 byte behind */
	const uint32_t need = 1 + (uint32_t)(len / WORD + 1);
	uint32_t *slot;
	int err;

	if (len > INTERN_BYTES_MAX || !pool->slots)
		return E2BIG;
	err = more_slots(pool);
	if (err)
		return err;
	slot = probe(pool, bytes ? bytes : "", len);
	if (!*slot) {
		err = more_words(pool, need);
		if (err)
			return err;
		memset(&pool->words[pool->used], 0, need * WORD);
		pool->words[pool->used] = (uint32_t)len;
		if (len)
			memcpy(&pool->words[pool->used + 1], bytes, len);
		*slot = pool->used;
		pool->used += need;
		++pool->count;
	}
	*id = *slot;
	return 0;
}

void intern_seal(struct intern *pool)
{
	uint32_t *words = mem_realloc(pool->words, pool->used * WORD);

	pool->words = words ? words : pool->words;
	pool->room = words ? pool->used : pool->room;
	pool->slots = mem_deref(pool->slots);
	pool->nslots = 0;
}

const void *intern_get(const struct intern *pool, uint32_t id)
{
	return &pool->words[id + 1];
}

size_t intern_bytes(const struct intern *pool)
{
	return sizeof(*pool) + (size_t)pool->room * WORD +
	       (size_t)pool->nslots * sizeof(*pool->slots);
}
