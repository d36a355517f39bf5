/*
 * route_group_facts.c  What the order of a group depends on, of this request:
 *                      the region of who calls, what the number costs
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/match/route_cond_facts.h"
#include "routing/plan/route_walk.h"
#include "routing/route_facts.h"
#include "routing/route_priv.h"

static void health_of(struct route_health *health,
		      const struct route_connection *conn, void *arg)
{
	const struct route_walk *walk = arg;
	const struct route_query *query = walk->input.query;

	if (query->healthh)
		query->healthh(health, conn, query->arg);
}

static uint32_t turn_of(const struct route_group *group, void *arg)
{
	const struct route_walk *walk = arg;
	const struct route_query *query = walk->input.query;

	return query->turnh(group, query->arg);
}

static bool is_in(const char *name, void *arg)
{
	struct route_walk *walk = arg;
	const struct region *region =
		route_facts_region(&walk->input.tenant->facts, name);

	return region &&
	       where_in_region(route_input_where(&walk->input), region);
}

/* As it goes on; a number that was given a carrier's own form is read as it was
 * asked. */
static bool digits_of(struct route_input *input, struct number *own,
		      struct pl *digits)
{
	const struct number *number = route_input_number(input);

	if (!number->e164[0]) {
		number_read(own, input->tenant->dialing, input->table->engine,
			    &input->query->callee);
		number = own;
	}
	pl_set_str(digits, number->e164);
	if (!digits->l)
		return false;
	pl_advance(digits, 1);
	return true;
}

static uint32_t cost_of(const struct route_member *member, void *arg)
{
	struct route_walk *walk = arg;
	const struct number_table *table = route_facts_numbers(
		&walk->input.tenant->facts, member->rates);
	struct prefix_hit hit;
	struct number own;
	struct pl digits;
	uint32_t cost;
	int column;

	if (!table || !digits_of(&walk->input, &own, &digits) ||
	    !prefixes_find(table->table, &digits, &hit))
		return ROUTE_COST_NONE;
	column = prefixes_column(table->table, member->attribute);
	if (column < 0 ||
	    !route_cost_read(&cost, prefixes_value(table->table, &hit,
						   (unsigned)column)))
		return ROUTE_COST_NONE;
	return cost;
}

void route_group_asks(struct route_group_ask *ask, struct route_walk *walk)
{
	const struct route_query *query = walk->input.query;

	*ask = (struct route_group_ask){.seed = query->seed,
					.healthh = health_of,
					.turnh = query->turnh ? turn_of : NULL,
					.regionh = is_in,
					.costh = cost_of,
					.arg = walk};
}
