/*
 * route_walk.h  A decision on its way through the rules
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_PLAN_ROUTE_WALK_H
#define ROUTING_PLAN_ROUTE_WALK_H

#include "routing/plan/route_rule.h"
#include "routing/route.h"

struct route_walk {
	struct route_input input; /* as rewritten so far */
	struct route_plan *plan;
	struct pl display; /* unset: as it came */
	enum route_caller_shown caller_id;
	bool caller_set;
	bool rewritten; /* anything, so that targets need a form */
	unsigned hops;  /* tenants behind the first */
};

/* --- route_walk.c: what all of them write ------------------------------------- */

void route_walk_note(struct route_walk *walk, const struct route_rule *rule,
		     const struct route_cond *cond, enum route_why why);
/* NULL: there is no room for another one. */
struct route_target *route_walk_target(struct route_walk *walk,
				       enum route_kind kind);
/* A user by name or number; one whom the file does not know when the tenant has
 * others in Redis, and this may be a name. False: nobody, and nothing is done. */
bool route_walk_user(struct route_walk *walk, const struct pl *called);
/* phrase NULL: the usual one; code 0: that of the status. */
void route_walk_reject(struct route_walk *walk, enum status status,
		       uint16_t code, const char *phrase);
/* The text with what is captured put in, kept in the plan. EOVERFLOW. */
int route_walk_write(struct route_walk *walk, struct pl *out,
		     const char *text, const struct route_captures *captures,
		     bool uri);
/* A copy kept in the plan. */
int route_walk_keep(struct route_walk *walk, struct pl *out,
		    const struct pl *text);
/* The phrases of RFC 3261 section 21. */
const char *route_phrase(uint16_t code);

/* --- route_rewrite.c ------------------------------------------------------------ */

/* As the rule says, from what its patterns have captured. EBADMSG, EOVERFLOW:
 * that cannot be said in SIP; then nothing of the walk is used. */
int route_rewrite_do(struct route_walk *walk, const struct route_rule *rule);
/* What a target of now is told; NULL: as it was asked, or no room (then
 * walk->plan has fewer forms than targets, which cannot be). */
const struct route_form *route_rewrite_form(struct route_walk *walk);

/* --- route_choose.c --------------------------------------------------------------- */

/* The rule's connections or group: targets, and what is left out. Nothing is
 * up: a rejection. */
void route_choose(struct route_walk *walk, const struct route_rule *rule);
/* This one alone. */
void route_choose_one(struct route_walk *walk,
		      const struct route_connection *conn);

/* --- route_group_facts.c ---------------------------------------------------------- */

/* What the order of a group asks, answered of this walk, which outlives it. */
void route_group_asks(struct route_group_ask *ask, struct route_walk *walk);

/* --- route_to.c ------------------------------------------------------------------ */

/* The targets of a rule that matched. */
void route_to_do(struct route_walk *walk, const struct route_rule *rule);

#endif
