/*
 * route_facts.c  Networks, regions, schedules and tables of numbers, by name
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/route_facts.h"

static int load_schedules(struct route_facts *facts,
			  const struct route_facts_load *load)
{
	int err = 0, bad = 0;

	for (uint32_t i = 0; i < facts->nschedules && err != ENOMEM; i++) {
		err = schedule_load(&facts->schedules[i], load->zones,
				    load->mem, load->print, load->errs);
		bad = err ? err : bad;
	}
	return bad;
}

static int load_numbers(struct route_facts *facts,
			const struct route_facts_load *load)
{
	int err = 0, bad = 0;

	for (uint32_t i = 0; i < facts->nnumbers && err != ENOMEM; i++) {
		err = number_table_load(&facts->numbers[i], load->print,
					load->errs);
		bad = err ? err : bad;
	}
	return bad;
}

int route_facts_load(struct route_facts *facts,
		     const struct route_facts_load *load)
{
	const struct route_facts *shared = facts->shared;
	int err, bad;

	bad = where_load(&facts->where, shared ? &shared->where : NULL,
			 facts->geo, load->mem, load->errs);
	err = bad == ENOMEM ? bad : load_schedules(facts, load);
	bad = err ? err : bad;
	err = bad == ENOMEM ? bad : load_numbers(facts, load);
	return err ? err : bad;
}

void route_facts_release(struct route_facts *facts)
{
	where_release(&facts->where);
	for (uint32_t i = 0; i < facts->nschedules; i++)
		schedule_release(&facts->schedules[i]);
	for (uint32_t i = 0; i < facts->nnumbers; i++)
		number_table_release(&facts->numbers[i]);
}

const struct schedule *route_facts_schedule(const struct route_facts *facts,
					    const char *name)
{
	for (; facts; facts = facts->shared) {
		for (uint32_t i = 0; i < facts->nschedules; i++) {
			if (!strcmp(facts->schedules[i].name, name))
				return &facts->schedules[i];
		}
	}
	return NULL;
}

const struct number_table *
route_facts_numbers(const struct route_facts *facts, const char *name)
{
	for (; facts; facts = facts->shared) {
		for (uint32_t i = 0; i < facts->nnumbers; i++) {
			if (!strcmp(facts->numbers[i].name, name))
				return &facts->numbers[i];
		}
	}
	return NULL;
}

static const struct where_maps *shared_of(const struct route_facts *facts)
{
	return facts->shared ? &facts->shared->where : NULL;
}

const struct network *route_facts_network(const struct route_facts *facts,
					  const char *name)
{
	return where_network(&facts->where, shared_of(facts), name);
}

const struct region *route_facts_region(const struct route_facts *facts,
					const char *name)
{
	return where_region(&facts->where, shared_of(facts), name);
}
