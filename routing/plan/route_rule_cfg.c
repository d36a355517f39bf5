/*
 * route_rule_cfg.c  The description of a route
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/plan/route_rule.h"
#include "routing/route_failover.h"

/* clang-format off */
static const struct cfg_field rule_fields[] = {
	{.type = CFG_POS, CFG_AT(struct route_rule, pos)},
	{"name", CFG_STRING, CFG_AT(struct route_rule, name), .min = 1,
	 .max = 64, .flags = CFG_F_REQUIRED,
	 .help = "For people: stands in logs, traces and explanations."},
	{"match", CFG_TABLE, CFG_AT(struct route_rule, match),
	 .table = &route_match_table, .help = "Which requests it is for."},
	{"rewrite", CFG_TABLE, CFG_AT(struct route_rule, rewrite),
	 .flags = CFG_F_PTR, .table = &route_rewrite_table,
	 .help = "As what they go on."},
	{"to", CFG_TABLE, CFG_AT(struct route_rule, to),
	 .flags = CFG_F_REQUIRED, .table = &route_to_table,
	 .help = "Where they go."},
	{"failover", CFG_TABLE, CFG_AT(struct route_rule, failover),
	 .flags = CFG_F_PTR, .table = &route_failover_table,
	 .help = "When the next target is tried, and how long one may take."},
	ROUTE_RECORD_FIELD(struct route_rule, record,
			   "; default: the route says nothing"),
	CFG_END,
};

static const struct cfg_table rule_table = {
	sizeof(struct route_rule), "a route", rule_fields,
	"The first route that matches decides. When none does, the callee is "
	"looked for among the users of the tenant and their numbers; who is "
	"not there gets 404.",
	0};

const struct cfg_field route_rule_item = {
	.type = CFG_TABLE, .table = &rule_table};
/* clang-format on */
