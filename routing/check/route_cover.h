/*
 * route_cover.h  Whether a rule takes all that a later one is for
 *
 * It does when each of its conditions is implied by one of the other's: they
 * are equal, a longer list of what may be, a shorter prefix, or a pattern that
 * matches the other's plain text. What cannot be told is no. Conditions are
 * compared as they would be printed, so this knows those that are yet to come.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_CHECK_ROUTE_COVER_H
#define ROUTING_CHECK_ROUTE_COVER_H

#include <stdbool.h>
#include <stdint.h>

struct route_cover; /* a rule, made ready to be compared */
struct route_engine;
struct route_rule;

/* What all comparisons of a table may cost. Work is counted, not time, so that
 * the same table gets the same warnings everywhere; 1 is about 20 ns. */
struct route_work {
	struct route_engine *engine;
	uint64_t left; /* 0: nothing is compared any more */
};

/* The caller owns *cp; the rule is borrowed. */
int route_cover_alloc(struct route_cover **cp, const struct route_rule *rule);
const struct route_rule *route_cover_rule(const struct route_cover *cover);
/* Every request that b is for is taken by a, which stands before it. Both keep
 * what was made for it. ENOMEM is no. */
bool route_cover_takes(struct route_cover *a, struct route_cover *b,
		       struct route_work *work);
/* Both were compared, and have the same conditions. */
bool route_cover_same(const struct route_cover *a, const struct route_cover *b);
bool route_cover_is_all(const struct route_cover *cover);
/* Nothing of it is about the number that is called, or that calls. */
bool route_cover_is_wide(const struct route_cover *cover);
/* Whether it holds is the same whatever rules make of these numbers. */
bool route_cover_is_numberless(const struct route_cover *cover);

#endif
