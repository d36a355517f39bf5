/*
 * route_plan_json.h  A decision as JSON: its parts
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_PLAN_ROUTE_PLAN_JSON_H
#define ROUTING_PLAN_ROUTE_PLAN_JSON_H

#include "routing/route_plan.h"

/* What stands before the steps, up to their number. */
int route_json_begin(struct re_printf *pf, const struct route_plan *plan);
/* The nr-th step, from 0. */
int route_json_note(struct re_printf *pf, const struct route_plan *plan,
		    const struct route_note *note, uint32_t nr);
/* What stands behind them, with their "]". */
int route_json_end(struct re_printf *pf, const struct route_plan *plan);
/* The first step that the plan has kept: it keeps the last ones. */
uint32_t route_json_kept(const struct route_plan *plan);

#endif
