/*
 * route_cond_when.c  What time it is
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/arena.h"
#include "routing/match/route_match.h"

int route_cond_schedule_load(struct route_cond *cond,
			     struct route_cond_load *load,
			     const struct route_match *match)
{
	const struct route_match_names *names = &match->facts.schedule;
	const struct schedule **list;

	if (!names->count)
		return ENOENT;
	list = arena_get(load->mem, names->count * sizeof(*list));
	if (!list)
		return ENOMEM;
	cond->data = list;
	for (; cond->n < names->count; cond->n++) {
		list[cond->n] = route_facts_schedule(&load->tenant->facts,
						     names->name[cond->n]);
		/* the file's check has told */
		if (!list[cond->n])
			return EINVAL;
	}
	return 0;
}

enum route_hit route_cond_schedule_test(const struct route_cond *cond,
					struct route_input *input)
{
	const struct schedule *const *list = cond->data;
	struct schedule_hit hit;

	for (uint32_t i = 0; i < cond->n && input->query->now; i++) {
		if (schedule_has(list[i], (int64_t)input->query->now, &hit))
			return ROUTE_HIT;
	}
	return ROUTE_MISS;
}

int route_cond_schedule_say(struct re_printf *pf, const struct route_cond *cond,
			    struct route_input *input)
{
	const struct schedule *const *list = cond->data;
	struct schedule_hit hit;
	int err = 0;

	if (!input->query->now)
		return re_hprintf(pf, "nobody has said what time it is");
	for (uint32_t i = 0; i < cond->n && i < 4 && !err; i++) {
		(void)schedule_has(list[i], (int64_t)input->query->now, &hit);
		err = re_hprintf(pf, "%s%H", i ? "; " : "", schedule_hit_print,
				 &hit);
	}
	return err;
}
