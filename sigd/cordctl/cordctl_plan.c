/*
 * cordctl_plan.c  A decision for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_check.h"
#include "sigd/cordctl/cordctl.h"

static int way_of(struct re_printf *pf, const struct route_target *target)
{
	if (target->kind == ROUTE_TO_REJECT)
		return re_hprintf(pf, "%u %s", target->code, target->phrase);
	return re_hprintf(pf, "%s", route_target_name(target));
}

int cordctl_way(struct re_printf *pf, const struct route_plan *plan)
{
	int err = 0;

	for (unsigned i = 0; i < plan->ntargets; i++)
		err |= re_hprintf(pf, "%s%H", i ? ", then " : "", way_of,
				  &plan->targets[i]);
	return err;
}

int cordctl_ladder(const struct route_table *table,
		   const struct route_query *query, bool colour)
{
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);
	(void)colour;

	if (!plan)
		return ENOMEM;
	(void)route_decide(table, query, plan);
	(void)re_printf("%H", route_plan_explain, plan);
	mem_deref(plan);
	return 0;
}
