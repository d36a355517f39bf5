/*
 * route_rule_match.c  Does a rule match?
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/plan/route_rule.h"

static bool is_from(const struct route_rule *rule,
		    const struct route_connection *from)
{
	if (!from)
		return rule->users;
	for (uint32_t i = 0; i < rule->nfrom; i++) {
		if (rule->from[i] == from)
			return true;
	}
	return rule->conns && !rule->nfrom;
}

enum route_why route_rule_match(const struct route_rule *rule,
				const struct route_engine *engine,
				const struct route_input *input,
				struct route_captures *captures)
{
	const struct route_query *query = input->query;
	enum route_hit hit;

	if (rule->methods && !(rule->methods & input->method))
		return ROUTE_WHY_METHOD;
	if (!is_from(rule, query->from))
		return ROUTE_WHY_FROM;
	if (rule->caller) {
		hit = route_regex_match(rule->caller, engine, &query->caller,
					NULL);
		if (hit != ROUTE_HIT)
			return hit == ROUTE_MISS ? ROUTE_WHY_CALLER
						 : ROUTE_WHY_GAVE_UP;
	}
	if (rule->callee) {
		hit = route_regex_match(rule->callee, engine, &query->callee,
					captures);
		if (hit != ROUTE_HIT)
			return hit == ROUTE_MISS ? ROUTE_WHY_CALLEE
						 : ROUTE_WHY_GAVE_UP;
		return ROUTE_WHY_MATCH;
	}
	/* "\0" is the whole callee, pattern or not */
	captures->group[0] = query->callee;
	captures->count = 1;
	return ROUTE_WHY_MATCH;
}

const char *route_rule_name(const struct route_rule *rule)
{
	return rule ? rule->name : "";
}

bool route_rule_names(const struct route_rule *rule, const struct pl *method)
{
	return rule && rule->methods & 1u << route_method_of(method);
}

const struct cfg_pos *route_rule_pos(const struct route_rule *rule)
{
	return rule ? &rule->pos : NULL;
}
