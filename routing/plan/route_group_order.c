/*
 * route_group_order.c  In which order the members of a group are tried
 *
 * Each member has a rank: what comes first by the group's `order`. Within a
 * rank chance decides by weight, or whose turn it is. What is not well goes
 * behind all others or is left out, and then whoever is left shares its load.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/route_group.h"

enum {
	NEAR_HERE = 0,
	NEAR_ANYWHERE = ROUTE_NEAR_MAX + 1, /* it has no region */
	NEAR_ELSEWHERE,
};

/* --- chance ----------------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea and Flood, 2014): a stream of numbers from any
 * seed. */
static uint64_t chance(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0..n-1, by the upper half: no remainder, so no number comes more often than
 * n / 2^32 says. */
static uint32_t below(uint64_t *seed, uint32_t n)
{
	return (uint32_t)((chance(seed) >> 32) * n >> 32);
}

/* --- what each member is worth --------------------------------------------------- */

static bool is_here(const struct route_group_ask *ask, const char *region)
{
	return ask->regionh && ask->regionh(region, ask->arg);
}

/* In the order of `near` of a region where the caller is. */
static uint32_t behind(const struct route_group *group,
		       const struct route_group_ask *ask, const char *region)
{
	uint32_t best = NEAR_ELSEWHERE;

	for (uint32_t i = 0; i < group->nnear; i++) {
		const struct route_near *near = &group->near[i];

		if (!is_here(ask, near->region))
			continue;
		for (uint32_t k = 0; k < near->nnext; k++) {
			if (!strcmp(near->next[k], region))
				best = min(best, k + 1);
		}
	}
	return best;
}

static uint32_t distance_of(const struct route_group *group,
			    const struct route_group_ask *ask,
			    const struct route_member *member)
{
	if (!member->region)
		return NEAR_ANYWHERE;
	if (is_here(ask, member->region))
		return NEAR_HERE;
	return behind(group, ask, member->region);
}

static void look(struct route_pick *pick, const struct route_group *group,
		 const struct route_group_ask *ask,
		 const struct route_failover *route)
{
	const struct route_member *member = pick->member;
	struct route_limits limits;

	if (ask->healthh)
		ask->healthh(&pick->health, member->conn, ask->arg);
	if (!route_state_takes(pick->health.state)) {
		route_limits_set(&limits, route, &group->failover,
				 member->conn);
		pick->why = limits.doubtful && route_state_doubtful(
						       pick->health.state)
				    ? ROUTE_PICK_LAST
				    : ROUTE_PICK_OUT;
	}
	pick->cost = member->cost;
	if (group->order == ROUTE_BY_COST && member->rates && ask->costh) {
		pick->cost = ask->costh(member, ask->arg);
		if (pick->cost == ROUTE_COST_NONE)
			pick->why = ROUTE_PICK_NO_RATE;
	}
	if (group->order == ROUTE_BY_DISTANCE)
		pick->distance = distance_of(group, ask, member);
}

/* --- ranks ---------------------------------------------------------------------- */

/* What is left out stands behind what is tried, and that in order. */
static unsigned class_of(const struct route_pick *pick)
{
	return pick->why > ROUTE_PICK_OUT ? ROUTE_PICK_OUT : pick->why;
}

static int before(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* The same rank: 0. */
static int rank(const struct route_pick *a, const struct route_pick *b,
		enum route_order order)
{
	int way = before(class_of(a), class_of(b));

	if (!way && class_of(a) == ROUTE_PICK_OUT)
		return 0;
	if (!way && order == ROUTE_BY_COST)
		way = before(a->cost, b->cost);
	if (!way && order == ROUTE_BY_DISTANCE)
		way = before(a->distance, b->distance);
	return way ? way
		   : before(a->member->priority, b->member->priority);
}

/* By insertion: stable, and they are few. */
static void sort(struct route_pick *picks, unsigned n, enum route_order order)
{
	for (unsigned i = 1; i < n; i++) {
		const struct route_pick pick = picks[i];
		unsigned k = i;

		for (; k && rank(&picks[k - 1], &pick, order) > 0; k--)
			picks[k] = picks[k - 1];
		picks[k] = pick;
	}
}

/* --- within a rank ------------------------------------------------------------- */

/* To the front, the others one back. */
static void lift(struct route_pick *picks, unsigned nr)
{
	const struct route_pick pick = picks[nr];

	memmove(&picks[1], &picks[0], nr * sizeof(*picks));
	picks[0] = pick;
}

/* RFC 2782: one after the other, each as often as its weight is of the sum of
 * those that are left. Without weight: last, and equally often. */
static void share(struct route_pick *picks, unsigned n, uint64_t *seed)
{
	for (unsigned first = 0; first + 1 < n; first++) {
		uint32_t sum = 0, at;
		unsigned nr = first;

		for (unsigned i = first; i < n; i++)
			sum += picks[i].member->weight;
		if (sum) {
			at = below(seed, sum);
			while (at >= picks[nr].member->weight)
				at -= picks[nr++].member->weight;
		} else {
			nr += below(seed, n - first);
		}
		lift(&picks[first], nr - first);
	}
}

static void turn(struct route_pick *picks, unsigned n, uint32_t nr)
{
	for (unsigned i = 0; i < nr % n; i++) {
		const struct route_pick first = picks[0];

		memmove(&picks[0], &picks[1], (n - 1) * sizeof(*picks));
		picks[n - 1] = first;
	}
}

unsigned route_group_order(struct route_pick picks[ROUTE_MEMBERS_MAX],
			   const struct route_group *group,
			   const struct route_group_ask *ask,
			   const struct route_failover *route)
{
	const unsigned n = min(group->nmembers, (uint32_t)ROUTE_MEMBERS_MAX);
	uint64_t seed = ask->seed;
	uint32_t nr = 0;
	unsigned from, to;

	for (unsigned i = 0; i < n; i++) {
		picks[i] = (struct route_pick){.member = &group->members[i]};
		look(&picks[i], group, ask, route);
	}
	sort(picks, n, group->order);
	if (group->order == ROUTE_BY_TURN)
		nr = ask->turnh ? ask->turnh(group, ask->arg)
				: (uint32_t)(chance(&seed) >> 32);
	for (from = 0; from < n && class_of(&picks[from]) != ROUTE_PICK_OUT;
	     from = to) {
		to = from + 1;
		while (to < n &&
		       !rank(&picks[from], &picks[to], group->order))
			++to;
		if (group->order == ROUTE_BY_TURN)
			turn(&picks[from], to - from, nr);
		else if (group->order != ROUTE_BY_PRIORITY)
			share(&picks[from], to - from, &seed);
	}
	return from;
}
