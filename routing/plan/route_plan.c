/*
 * route_plan.c  The rules in order, then the users: a plan
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/plan/route_sieve.h"
#include "routing/plan/route_walk.h"
#include "routing/route_priv.h"

/* The text of somebody else, for people: cut, and nothing but ASCII. */
static void clean_copy(char *to, size_t size, const struct pl *from)
{
	size_t n = min(from->l, size - 1);

	for (size_t i = 0; i < n; i++)
		to[i] = from->p[i] >= ' ' && from->p[i] <= '~' ? from->p[i]
							       : '?';
	to[n] = '\0';
}

/* --- a rule that matches ------------------------------------------------------- */

enum step {
	STEP_DONE,  /* the plan has its targets */
	STEP_NEXT,  /* on to the next rule */
	STEP_AGAIN, /* the same, with what was rewritten */
	STEP_TENANT /* on to the first rule of another tenant */
};

/* Into the rules of another tenant: who calls is a stranger there. */
static enum step enter(struct route_walk *walk, const struct route_rule *rule)
{
	const struct route_to_tenant *to = rule->to.tenant;
	struct route_input *in = &walk->input;

	if (++walk->hops > ROUTE_HOPS_MAX) {
		route_walk_note(walk, rule, NULL, ROUTE_WHY_HOPS);
		route_walk_reject(walk, STATUS_LOOP, 0, NULL);
		return STEP_DONE;
	}
	if (to->number && (route_walk_write(walk, &in->callee, to->number,
					    &in->in_callee, false) ||
			   in->callee.l > ROUTE_NUMBER_MAX)) {
		route_walk_note(walk, rule, NULL, ROUTE_WHY_BAD_FORM);
		route_walk_reject(walk, STATUS_NO_ROUTE, 0, NULL);
		return STEP_DONE;
	}
	in->tenant = to->tenant;
	in->foreign = true;
	/* what it is told to dial there is not what was asked here */
	walk->rewritten = true;
	return STEP_TENANT;
}

/* One that leads to another tenant, or goes on, is not the last to be asked. */
static void record_note(struct route_plan *plan, enum route_recording record)
{
	if (plan->record != ROUTE_RECORD_NEVER &&
	    record != ROUTE_RECORD_DEFAULT)
		plan->record = record;
}

static enum step apply(struct route_walk *walk, const struct route_rule *rule)
{
	const struct route_to *to = &rule->to;

	record_note(walk->plan, rule->record);
	if (!to->go_on)
		walk->plan->rule = rule;
	route_walk_note(walk, rule, NULL,
			to->go_on    ? ROUTE_WHY_CONTINUE
			: to->tenant ? ROUTE_WHY_TENANT
				     : ROUTE_WHY_MATCH);
	if (route_rewrite_do(walk, rule)) {
		walk->plan->rule = rule;
		route_walk_note(walk, rule, NULL, ROUTE_WHY_BAD_FORM);
		route_walk_reject(walk, STATUS_NO_ROUTE, 0, NULL);
		return STEP_DONE;
	}
	if (to->go_on)
		return STEP_AGAIN;
	if (to->tenant)
		return enter(walk, rule);
	route_to_do(walk, rule);
	return STEP_DONE;
}

static enum step try_rule(struct route_walk *walk,
			  const struct route_rule *rule)
{
	struct route_input *in = &walk->input;
	const struct route_cond *cond = NULL;
	enum route_hit hit;

	hit = route_conds_test(&rule->conds, in, &cond);
	if (hit == ROUTE_MISS) {
		route_walk_note(walk, rule, cond, ROUTE_WHY_NOT);
		return STEP_NEXT;
	}
	if (hit == ROUTE_GAVE_UP) {
		route_walk_note(walk, rule, cond, ROUTE_WHY_GAVE_UP);
		walk->plan->rule = rule;
		route_walk_reject(walk, STATUS_ROUTE_REJECTED, 0, NULL);
		return STEP_DONE;
	}
	/* "\0" is all of it, pattern or not */
	if (!rule->callee)
		in->in_callee = (struct route_captures){{in->callee}, 1};
	if (!rule->caller)
		in->in_caller = (struct route_captures){{in->caller}, 1};
	return apply(walk, rule);
}

/* --- no rule matches ------------------------------------------------------------ */

/* Is it a user? */
static void last_step(struct route_walk *walk)
{
	const struct route_input *in = &walk->input;
	const struct route_tenant *tenant = in->tenant;
	const struct route_user *user = route_user_called(tenant, &in->callee);
	enum route_why why = ROUTE_WHY_NOBODY;

	/* who registers there is called there; but a PBX calls others, too, at
	 * its tenant's cost: strangers get there by a rule that names them */
	if (!walk->plan->from && !in->foreign && tenant->registration.pbx) {
		route_walk_note(walk, NULL, NULL, ROUTE_WHY_REGISTRAR);
		route_choose_one(walk, tenant->registration.pbx);
		return;
	}
	if (route_walk_user(walk, &in->callee))
		why = !user ? ROUTE_WHY_REDIS
		      : route_user_find(tenant, &in->callee) ? ROUTE_WHY_USER
							     : ROUTE_WHY_NUMBER;
	route_walk_note(walk, NULL, NULL, why);
	if (why == ROUTE_WHY_NOBODY)
		route_walk_reject(walk, STATUS_NO_ROUTE, 0, NULL);
}

/* Which rule is tried next: by the sieve, where there is one. */
struct turn {
	struct route_sieve_walk sieve;
	uint32_t next; /* without one */
};

static bool is_sifted(const struct route_walk *walk)
{
	return walk->input.tenant->sieve && !walk->input.query->noteh;
}

static void turn_to(struct turn *turn, struct route_walk *walk, uint32_t nr)
{
	turn->next = nr;
	if (is_sifted(walk))
		route_sieve_begin(&turn->sieve, walk->input.tenant->sieve,
				  &walk->input, nr);
}

static bool turn_next(struct turn *turn, const struct route_walk *walk,
		      uint32_t *nr)
{
	if (is_sifted(walk))
		return route_sieve_next(&turn->sieve, nr);
	*nr = turn->next++;
	return *nr < walk->input.tenant->nrules;
}

static void walk_on(struct route_walk *walk)
{
	const struct route_input *in = &walk->input;
	struct turn turn;
	uint32_t nr;

	turn_to(&turn, walk, 0);
	while (turn_next(&turn, walk, &nr)) {
		switch (try_rule(walk, &in->tenant->rules[nr])) {
		case STEP_DONE:
			return;
		case STEP_NEXT:
			break;
		case STEP_AGAIN:
			turn_to(&turn, walk, nr + 1);
			break;
		case STEP_TENANT:
			turn_to(&turn, walk, 0);
			break;
		}
	}
	walk->plan->rule = NULL;
	last_step(walk);
}

/* --- the whole -------------------------------------------------------------------- */

/* A user speaks to a PBX as whom the PBX knows. */
static void use_lines(struct route_plan *plan, const struct route_query *query)
{
	for (unsigned i = 0; i < plan->ntargets; i++) {
		struct route_target *target = &plan->targets[i];

		if (target->kind == ROUTE_TO_CONNECTION &&
		    target->tenant == query->tenant)
			target->connection = route_line_of(
				plan->tenant, &query->caller,
				target->connection);
	}
}

/* All but what is read only up to its count. */
static void begin(struct route_plan *plan, const struct route_table *table,
		  const struct route_query *query)
{
	plan->table = table;
	plan->asking = query;
	plan->now = query->now;
	sa_init(&plan->source, AF_UNSPEC);
	if (query->source)
		plan->source = *query->source;
	plan->tenant = query->tenant;
	plan->from = query->from;
	plan->rule = NULL;
	plan->record = ROUTE_RECORD_DEFAULT;
	plan->ntargets = plan->nleft = plan->nforms = plan->nheaders = 0;
	plan->considered = 0;
	plan->user[0] = '\0';
	plan->ntext = 0;
	clean_copy(plan->method, sizeof(plan->method), &query->method);
	clean_copy(plan->caller, sizeof(plan->caller), &query->caller);
	clean_copy(plan->callee, sizeof(plan->callee), &query->callee);
}

static struct pl known(const struct pl *text)
{
	return text->p ? *text : (struct pl){"", 0};
}

static int decide(const struct route_table *table,
		  const struct route_query *query, struct route_plan *plan)
{
	struct route_query asked;
	struct route_walk walk = {
		.plan = plan,
		.caller_id = ROUTE_CALLER_PASS,
		.input = {.table = table, .query = &asked}};

	asked = *query;
	/* rules name connections: what comes by a line comes from its own */
	if (query->from && query->from->base)
		asked.from = query->from->base;
	asked.caller = walk.input.caller = known(&query->caller);
	asked.callee = walk.input.callee = known(&query->callee);
	begin(plan, table, &asked);
	if (!query->tenant) {
		route_walk_reject(&walk, STATUS_UNKNOWN_DOMAIN, 0, NULL);
		return EINVAL;
	}
	walk.input.tenant = query->tenant;
	walk.input.method = 1u << route_method_of(&query->method);
	if (query->caller.l > ROUTE_NUMBER_MAX ||
	    query->callee.l > ROUTE_NUMBER_MAX) {
		route_walk_note(&walk, NULL, NULL, ROUTE_WHY_TOO_LONG);
		route_walk_reject(&walk, STATUS_NO_ROUTE, 0, NULL);
		return 0;
	}
	walk_on(&walk);
	if (!query->from)
		use_lines(plan, query);
	return 0;
}

int route_decide(const struct route_table *table,
		 const struct route_query *query, struct route_plan *plan)
{
	int err;

	if (!table || !query || !plan)
		return EINVAL;
	err = decide(table, query, plan);
	plan->asking = NULL;
	return err;
}
