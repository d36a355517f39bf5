/*
 * way_health.c  Addresses that failed this worker lately
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "sigd/proxy/conn/way_health.h"

enum { BUCKETS = 64 };

struct way_health {
	struct hash *bad;
	struct list order; /* the oldest first */
};

struct bad {
	struct le he, le;
	struct sa addr;
	uint64_t until_ms;
};

static void bad_destructor(void *data)
{
	struct bad *bad = data;

	hash_unlink(&bad->he);
	list_unlink(&bad->le);
}

static void destructor(void *data)
{
	struct way_health *health = data;

	list_flush(&health->order);
	mem_deref(health->bad);
}

static bool is_addr(struct le *le, void *arg)
{
	const struct bad *bad = le->data;

	return sa_cmp(&bad->addr, arg, SA_ALL);
}

static struct bad *find(const struct way_health *health, const struct sa *addr)
{
	return health ? list_ledata(hash_lookup(health->bad,
						sa_hash(addr, SA_ALL), is_addr,
						(void *)(uintptr_t)addr))
		      : NULL;
}

int way_health_alloc(struct way_health **healthp)
{
	struct way_health *health = mem_zalloc(sizeof(*health), destructor);

	if (!health)
		return ENOMEM;
	if (hash_alloc(&health->bad, BUCKETS)) {
		mem_deref(health);
		return ENOMEM;
	}
	*healthp = health;
	return 0;
}

void way_failed(struct way_health *health, const struct sa *addr,
		uint64_t now_ms, uint32_t for_ms)
{
	struct bad *bad;

	if (!health)
		return;
	mem_deref(find(health, addr));
	if (list_count(&health->order) >= WAYS_MAX)
		mem_deref(list_ledata(list_head(&health->order)));
	/* without memory it is not remembered */
	bad = mem_zalloc(sizeof(*bad), bad_destructor);
	if (!bad)
		return;
	bad->addr = *addr;
	bad->until_ms = now_ms + (for_ms ? min(for_ms,
					       (uint32_t)WAY_FAILED_MAX_MS)
					 : (uint32_t)WAY_FAILED_MS);
	hash_append(health->bad, sa_hash(addr, SA_ALL), &bad->he, bad);
	list_append(&health->order, &bad->le, bad);
}

void way_answered(struct way_health *health, const struct sa *addr)
{
	mem_deref(find(health, addr));
}

bool way_is_bad(const struct way_health *health, const struct sa *addr,
		uint64_t now_ms)
{
	const struct bad *bad = find(health, addr);

	return bad && now_ms < bad->until_ms;
}
