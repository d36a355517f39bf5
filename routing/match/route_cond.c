/*
 * route_cond.c  The conditions of a match: a table of their kinds
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/match/route_match.h"

#define FACT(name, words)                                             \
	{#name, words, route_cond_##name##_load,                      \
	 route_cond_##name##_test, NULL, route_cond_##name##_say}

/* Tested in this order: what costs least comes first. */
const struct route_cond_kind route_cond_kinds[] = {
	{"method", "is not for this method", route_cond_method_load,
	 route_cond_method_test, NULL, route_cond_method_say},
	{"from", "is not for calls from there", route_cond_from_load,
	 route_cond_from_test, NULL, route_cond_from_say},
	{"prefix", "the callee does not begin so", route_cond_prefix_load,
	 route_cond_prefix_test, NULL, route_cond_prefix_say},
	FACT(schedule, "it is not the time"),
	FACT(source, "is not for calls from this network"),
	FACT(number_country, "the callee is a number of another country"),
	FACT(table, "the table says something else of the callee"),
	{"caller", "the caller does not match", route_cond_caller_load,
	 route_cond_caller_test, route_cond_pattern_close,
	 route_cond_caller_say},
	{"callee", "the callee does not match", route_cond_callee_load,
	 route_cond_callee_test, route_cond_pattern_close,
	 route_cond_callee_say},
	{"number", "the callee's number does not match",
	 route_cond_number_load, route_cond_number_test,
	 route_cond_number_close, route_cond_number_say},
	FACT(country, "is not for calls from this country"),
	FACT(continent, "is not for calls from this continent"),
	FACT(region, "is not for calls from this region"),
	{"header", "a header does not match", route_cond_header_load,
	 route_cond_header_test, route_cond_header_close,
	 route_cond_header_say},
	{"not", "what it is not for is the case", route_cond_not_load,
	 route_cond_not_test, route_cond_tree_close, route_cond_not_say},
	{"all", "not all of `all` is the case", route_cond_all_load,
	 route_cond_all_test, route_cond_tree_close, route_cond_tree_say},
	{"any", "nothing of `any` is the case", route_cond_any_load,
	 route_cond_any_test, route_cond_tree_close, route_cond_tree_say},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};

int route_conds_load(struct route_conds *conds, struct route_cond_load *load,
		     const struct route_match *match)
{
	struct route_cond found[ROUTE_CONDS_MAX];
	const struct route_cond_kind *kind = route_cond_kinds;
	uint32_t n = 0;
	int bad = 0;

	memset(found, 0, sizeof(found));
	for (; kind->key && n < ROUTE_CONDS_MAX; kind++) {
		struct route_cond *cond = &found[n];
		int err = kind->load(cond, load, match);

		/* also of one that failed there may be something to free */
		if (err != ENOENT) {
			cond->kind = kind;
			++n;
		}
		bad = err == ENOENT || bad == ENOMEM ? bad : err ? err : bad;
	}
	conds->list = n ? arena_get(load->mem, n * sizeof(*found)) : NULL;
	if (conds->list) {
		memcpy(conds->list, found, n * sizeof(*found));
		conds->n = n;
		return bad;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (found[i].kind->close)
			found[i].kind->close(&found[i]);
	}
	return n ? ENOMEM : bad;
}

void route_conds_close(struct route_conds *conds)
{
	for (uint32_t i = 0; i < conds->n; i++) {
		struct route_cond *cond = &conds->list[i];

		if (cond->kind->close)
			cond->kind->close(cond);
	}
	conds->n = 0;
}

/* What costs nothing to know goes before all that may give up, so that a rule
 * that is passed by unseen (plan/route_sieve.h) would not have done that. */
static bool can(const struct route_cond *cond, struct route_input *input)
{
	struct pl number;

	if (cond->kind->test == route_cond_callee_test)
		return route_regex_can(cond->data, &input->callee);
	if (cond->kind->test == route_cond_caller_test)
		return route_regex_can(cond->data, &input->caller);
	if (cond->kind->test != route_cond_number_test)
		return true;
	pl_set_str(&number, route_input_number(input)->e164);
	return number.l && route_regex_can(cond->data, &number);
}

enum route_hit route_conds_test(const struct route_conds *conds,
				struct route_input *input,
				const struct route_cond **cond)
{
	for (uint32_t i = 0; i < conds->n; i++) {
		*cond = &conds->list[i];
		if (!can(*cond, input))
			return ROUTE_MISS;
	}
	for (uint32_t i = 0; i < conds->n; i++) {
		const struct route_cond *one = &conds->list[i];
		enum route_hit hit = one->kind->test(one, input);

		if (hit == ROUTE_HIT)
			continue;
		*cond = one;
		return hit;
	}
	return ROUTE_HIT;
}

const struct route_cond *route_conds_find(const struct route_conds *conds,
					  const char *key)
{
	for (uint32_t i = 0; i < conds->n; i++) {
		if (!strcmp(conds->list[i].kind->key, key))
			return &conds->list[i];
	}
	return NULL;
}
