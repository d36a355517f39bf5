/*
 * portset.c  The UDP ports of a worker for plain RTP, in pairs
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <re.h>

#include "mediad/transport/portset.h"

/* A ring of the free pairs through their numbers; the last place is its
 * head. A pair that is taken names itself. */
struct place {
	uint16_t next, prev;
};

struct portset {
	uint16_t first; /* port of pair 0 */
	uint16_t count;
	uint16_t nfree;
	struct place ring[]; /* count + 1 */
};

static void place_insert(struct portset *set, uint16_t nr)
{
	struct place *head = &set->ring[set->count];

	set->ring[nr] = (struct place){set->count, head->prev};
	set->ring[head->prev].next = nr;
	head->prev = nr;
	++set->nfree;
}

static void place_remove(struct portset *set, uint16_t nr)
{
	struct place *place = &set->ring[nr];

	set->ring[place->prev].next = place->next;
	set->ring[place->next].prev = place->prev;
	*place = (struct place){nr, nr};
	--set->nfree;
}

static bool is_taken(const struct portset *set, uint16_t nr)
{
	return set->ring[nr].next == nr;
}

int portset_share(uint16_t *lo, uint16_t *hi, unsigned slot, unsigned slots)
{
	unsigned first = (*lo + 1u) & ~1u;
	unsigned pairs = *hi > first ? (*hi - first + 1u) / 2 : 0;
	unsigned share = slots ? pairs / slots : 0;

	if (!share || !slot || slot > slots)
		return ENOSPC;

	first += 2 * share * (slot - 1);
	*lo = (uint16_t)first;
	*hi = (uint16_t)(first + 2 * share - 1);
	return 0;
}

int portset_alloc(struct portset **setp, uint16_t lo, uint16_t hi)
{
	struct portset *set;
	int err = portset_share(&lo, &hi, 1, 1);
	unsigned count;

	if (err)
		return err;
	count = (hi - lo + 1u) / 2;
	set = mem_alloc(sizeof(*set) + (count + 1) * sizeof(set->ring[0]),
			NULL);
	if (!set)
		return ENOMEM;

	set->first = lo;
	set->count = (uint16_t)count;
	set->nfree = 0;
	set->ring[count] = (struct place){set->count, set->count};
	for (uint16_t nr = 0; nr < set->count; nr++)
		place_insert(set, nr);
	*setp = set;
	return 0;
}

int portset_take(struct portset *set, uint16_t *rtp)
{
	uint16_t nr = set->ring[set->count].next;

	if (nr == set->count)
		return ENOSPC;
	place_remove(set, nr);
	*rtp = (uint16_t)(set->first + 2u * nr);
	return 0;
}

/* False: not a port of the set. */
static bool number_of(const struct portset *set, uint16_t rtp, uint16_t *nr)
{
	unsigned off = (unsigned)rtp - set->first;

	*nr = (uint16_t)(off / 2);
	return rtp >= set->first && !(off & 1) && off / 2 < set->count;
}

int portset_take_this(struct portset *set, uint16_t rtp)
{
	uint16_t nr;

	if (!number_of(set, rtp, &nr))
		return ENOENT;
	if (is_taken(set, nr))
		return EBUSY;
	place_remove(set, nr);
	return 0;
}

void portset_give(struct portset *set, uint16_t rtp)
{
	uint16_t nr;
	bool ours = number_of(set, rtp, &nr);

	assert(ours && is_taken(set, nr));
	if (ours)
		place_insert(set, nr);
}

uint32_t portset_count(const struct portset *set)
{
	return set->count;
}

uint32_t portset_free(const struct portset *set)
{
	return set->nfree;
}
