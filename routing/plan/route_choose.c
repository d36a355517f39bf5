/*
 * route_choose.c  Connections and groups: which are tried, in which order, and
 *                 which are left out
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/plan/route_walk.h"
#include "routing/route_conn.h"

enum {
	/* when probes and breakers will know more */
	RETRY_S = 30
};

/* One that is named, and what is known of it. */
struct named {
	const struct route_connection *conn;
	const struct route_group *group; /* NULL: by itself */
	enum route_pick_why why;
	struct route_health health;
};

static void leave_out(struct route_plan *plan, const struct named *named)
{
	if (plan->nleft >= ROUTE_LEFT_MAX)
		return;
	plan->left[plan->nleft++] = (struct route_left){
		named->conn, named->group, named->why, named->health};
}

static void take(struct route_walk *walk, const struct route_rule *rule,
		 const struct named *named, const struct route_form *form)
{
	struct route_target *target =
		route_walk_target(walk, ROUTE_TO_CONNECTION);

	if (!target) {
		leave_out(walk->plan, named);
		return;
	}
	target->connection = named->conn;
	target->group = named->group;
	target->health = named->health.state;
	target->form = form;
	route_limits_set(&target->limits, rule ? rule->failover : NULL,
			 named->group ? &named->group->failover : NULL,
			 named->conn);
}

/* --- by name ------------------------------------------------------------------ */

static void look(struct named *named, const struct route_rule *rule,
		 const struct route_query *query)
{
	struct route_limits limits;

	if (query->healthh)
		query->healthh(&named->health, named->conn, query->arg);
	if (route_state_takes(named->health.state))
		return;
	route_limits_set(&limits, rule ? rule->failover : NULL, NULL,
			 named->conn);
	named->why = limits.doubtful &&
				     route_state_doubtful(named->health.state)
			     ? ROUTE_PICK_LAST
			     : ROUTE_PICK_OUT;
}

static void choose_named(struct route_walk *walk,
			 const struct route_rule *rule,
			 const struct route_connection *const *conns,
			 unsigned n)
{
	const struct route_form *form = route_rewrite_form(walk);
	struct named all[ROUTE_TARGETS_MAX];
	bool any = false;

	for (unsigned i = 0; i < n; i++) {
		all[i] = (struct named){.conn = conns[i]};
		look(&all[i], rule, walk->input.query);
		if (all[i].why == ROUTE_PICK_TAKEN)
			take(walk, rule, &all[i], form);
		any |= all[i].why != ROUTE_PICK_OUT;
	}
	for (unsigned i = 0; i < n; i++) {
		if (all[i].why == ROUTE_PICK_LAST ||
		    (!any && route_state_last_resort(all[i].health.state)))
			take(walk, rule, &all[i], form);
		else if (all[i].why == ROUTE_PICK_OUT)
			leave_out(walk->plan, &all[i]);
	}
}

/* --- of a group ---------------------------------------------------------------- */

/* To the front, in the order that they have. */
static unsigned last_resort(struct route_pick *picks, unsigned n)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct route_pick pick = picks[i];

		if (pick.why != ROUTE_PICK_OUT ||
		    !route_state_last_resort(pick.health.state))
			continue;
		memmove(&picks[taken + 1], &picks[taken],
			(i - taken) * sizeof(*picks));
		picks[taken] = pick;
		picks[taken++].why = ROUTE_PICK_LAST;
	}
	return taken;
}

/* Whether none of them has a rate for the number. */
static bool choose_group(struct route_walk *walk,
			 const struct route_rule *rule)
{
	const struct route_form *form = route_rewrite_form(walk);
	struct route_group_ask ask;
	const struct route_group *group = rule->group;
	struct route_pick picks[ROUTE_MEMBERS_MAX];
	unsigned taken, unrated = 0;

	route_group_asks(&ask, walk);
	taken = route_group_order(picks, group, &ask, rule->failover);
	if (!taken)
		taken = last_resort(picks,
				    min(group->nmembers, ROUTE_MEMBERS_MAX));
	for (unsigned i = 0; i < min(group->nmembers, ROUTE_MEMBERS_MAX);
	     i++) {
		const struct named named = {picks[i].member->conn, group,
					    picks[i].why, picks[i].health};

		unrated += named.why == ROUTE_PICK_NO_RATE;
		if (i < taken)
			take(walk, rule, &named, form);
		else
			leave_out(walk->plan, &named);
	}
	return unrated && unrated == group->nmembers;
}

/* --- both ------------------------------------------------------------------------ */

/* unrated: no member of the group has a rate. */
static void none_up(struct route_walk *walk, const struct route_rule *rule,
		    bool unrated)
{
	if (walk->plan->ntargets)
		return;
	/* that will be so tomorrow */
	if (unrated) {
		route_walk_note(walk, rule, NULL, ROUTE_WHY_NO_RATE);
		route_walk_reject(walk, STATUS_NO_ROUTE, 0, NULL);
		return;
	}
	route_walk_note(walk, rule, NULL, ROUTE_WHY_NONE_UP);
	route_walk_reject(walk, STATUS_TARGET_DOWN, 503, NULL);
	walk->plan->targets[0].retry_s = RETRY_S;
}

void route_choose(struct route_walk *walk, const struct route_rule *rule)
{
	bool unrated = false;

	if (rule->group)
		unrated = choose_group(walk, rule);
	else
		choose_named(walk, rule, rule->targets, rule->ntargets);
	none_up(walk, rule, unrated);
}

void route_choose_one(struct route_walk *walk,
		      const struct route_connection *conn)
{
	choose_named(walk, NULL, &conn, 1);
	none_up(walk, NULL, false);
}
