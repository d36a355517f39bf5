/*
 * route_sieve.h  Which rules of many can be for a request at all
 *
 * By what their patterns and prefixes say of how a number begins or ends, or
 * what it holds, else by whose calls or which methods they are for. Those that are left are
 * tried one by one; the others cannot match, so the plan is the same as if
 * each had been.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_PLAN_ROUTE_SIEVE_H
#define ROUTING_PLAN_ROUTE_SIEVE_H

#include "routing/plan/route_rule.h"

struct route_sieve;

enum {
	/* of what a callee holds: what is looked up at each of its bytes */
	ROUTE_SIEVE_INSIDE_MIN = 3,
	ROUTE_SIEVE_INSIDE_MAX = 5,
	/* lists that one request can fall into: how callee, caller and number
	 * begin, how the callee ends, what it holds, from, method, and any */
	ROUTE_SIEVE_LISTS = 3 * 24 + 24 + 3 * ROUTE_NUMBER_MAX + 4,
};

struct route_sieve_list {
	const uint32_t *at, *end;
};

/* On its way through the rules, in order: a heap, the list whose next rule is
 * the first of all on top. */
struct route_sieve_walk {
	struct route_sieve_list list[ROUTE_SIEVE_LISTS];
	unsigned n;
	uint32_t last; /* that was next */
};

/* For a tenant whose rules were loaded. Borrows from it. */
int route_sieve_alloc(struct route_sieve **sievep,
		      const struct route_tenant *tenant);

/* Those from rule number `first` on. The input may be changed meanwhile: then
 * begin anew. */
void route_sieve_begin(struct route_sieve_walk *walk,
		       const struct route_sieve *sieve,
		       struct route_input *input, uint32_t first);
/* The number of the next one; false: there are no more. */
bool route_sieve_next(struct route_sieve_walk *walk, uint32_t *nr);

#endif
