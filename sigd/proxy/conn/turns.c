/*
 * turns.c  Whose turn it is in a group, in this worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/route_group.h"
#include "sigd/proxy/conn/turns.h"

struct turns {
	uint32_t next[TURNS];
};

int turns_alloc(struct turns **turnsp)
{
	struct turns *turns = mem_zalloc(sizeof(*turns), NULL);

	if (!turns)
		return ENOMEM;
	/* not all workers begin with the same */
	for (unsigned i = 0; i < TURNS; i++)
		turns->next[i] = rand_u32();
	*turnsp = turns;
	return 0;
}

/* Two tenants may have groups of one name: where it stands tells them apart. */
static unsigned slot_of(const struct route_group *group)
{
	uint32_t hash = hash_joaat_str(group->name);

	if (group->pos.file)
		hash = hash * 31 + hash_joaat_str(group->pos.file);
	return (hash * 31 + group->pos.line) % TURNS;
}

uint32_t turns_next(struct turns *turns, const struct route_group *group)
{
	return turns ? turns->next[slot_of(group)]++ : 0;
}
