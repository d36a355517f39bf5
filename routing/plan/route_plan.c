/*
 * route_plan.c  The rules in order, then the users: a plan
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/plan/route_rule.h"
#include "routing/route_priv.h"
#include "routing/text/route_template.h"

/* Phrases of RFC 3261 section 21, for a rule that gives only a code. */
static const char *phrase_of(uint16_t code)
{
	static const struct {
		uint16_t code;
		const char *phrase;
	} known[] = {
		{400, "Bad Request"},
		{402, "Payment Required"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{410, "Gone"},
		{480, "Temporarily Unavailable"},
		{484, "Address Incomplete"},
		{485, "Ambiguous"},
		{486, "Busy Here"},
		{488, "Not Acceptable Here"},
		{500, "Server Internal Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{600, "Busy Everywhere"},
		{603, "Decline"},
		{604, "Does Not Exist Anywhere"},
		{606, "Not Acceptable"},
		{607, "Unwanted"},
		{608, "Rejected"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].code == code)
			return known[i].phrase;
	}
	return "Rejected";
}

static void note(struct route_plan *plan, const struct route_rule *rule,
		 enum route_why why)
{
	plan->notes[plan->considered++ % ROUTE_NOTES_MAX] =
		(struct route_note){rule, why};
}

static struct route_target *add_target(struct route_plan *plan,
				       enum route_kind kind)
{
	struct route_target *target = &plan->targets[plan->ntargets++];

	*target = (struct route_target){.kind = kind};
	return target;
}

static void reject(struct route_plan *plan, enum status status, uint16_t code,
		   const char *phrase)
{
	const struct status_info *info = status_info(status);
	struct route_target *target = add_target(plan, ROUTE_TO_REJECT);

	target->status = status;
	target->code = code ? code : info->sip;
	target->phrase = phrase ? phrase
			 : code ? phrase_of(code)
				: info->phrase;
}

/* The text of somebody else, for people: cut, and nothing but ASCII. */
static void clean_copy(char *to, size_t size, const struct pl *from)
{
	size_t n = min(from->l, size - 1);

	for (size_t i = 0; i < n; i++)
		to[i] = from->p[i] >= ' ' && from->p[i] <= '~' ? from->p[i]
							       : '?';
	to[n] = '\0';
}

static void to_user(struct route_plan *plan, const struct route_rule *rule,
		    const struct route_captures *captures)
{
	const struct route_user *user;
	char text[ROUTE_USER_MAX + 1];
	struct pl name;
	int err;

	err = route_template_expand(text, sizeof(text), rule->to.user,
				    captures);
	pl_set_str(&name, text);
	clean_copy(plan->user, sizeof(plan->user), &name);
	user = err ? NULL : route_user_called(plan->tenant, &name);
	if (user) {
		add_target(plan, ROUTE_TO_USER)->user = user;
		return;
	}
	note(plan, rule, ROUTE_WHY_BAD_USER);
	reject(plan, STATUS_UNKNOWN_USER, 0, NULL);
}

static void to_connections(struct route_plan *plan,
			   const struct route_rule *rule)
{
	for (unsigned i = 0; i < rule->ntargets; i++)
		add_target(plan, ROUTE_TO_CONNECTION)->connection =
			rule->targets[i];
}

static void apply(struct route_plan *plan, const struct route_rule *rule,
		  const struct route_captures *captures)
{
	const struct route_to *to = &rule->to;

	plan->rule = rule;
	if (to->service)
		add_target(plan, ROUTE_TO_SERVICE)->service = to->service;
	else if (to->user)
		to_user(plan, rule, captures);
	else if (rule->ntargets)
		to_connections(plan, rule);
	else
		reject(plan, STATUS_ROUTE_REJECTED, to->reject->code,
		       to->reject->reason);
}

/* No rule matched: is it a user? */
static void last_step(struct route_plan *plan, const struct pl *callee)
{
	const struct route_user *user = route_user_called(plan->tenant, callee);

	/* who registers there is called there */
	if (!plan->from && plan->tenant->registration.pbx) {
		note(plan, NULL, ROUTE_WHY_REGISTRAR);
		add_target(plan, ROUTE_TO_CONNECTION)->connection =
			plan->tenant->registration.pbx;
		return;
	}
	note(plan, NULL,
	     !user                                   ? ROUTE_WHY_NOBODY
	     : route_user_find(plan->tenant, callee) ? ROUTE_WHY_USER
						     : ROUTE_WHY_NUMBER);
	if (user)
		add_target(plan, ROUTE_TO_USER)->user = user;
	else
		reject(plan, STATUS_NO_ROUTE, 0, NULL);
}

static void walk(const struct route_table *table,
		 const struct route_input *input, struct route_plan *plan)
{
	const struct route_tenant *tenant = plan->tenant;
	struct route_captures captures;

	for (uint32_t i = 0; i < tenant->nrules; i++) {
		const struct route_rule *rule = &tenant->rules[i];
		enum route_why why;

		why = route_rule_match(rule, table->engine, input, &captures);
		note(plan, rule, why);
		if (why == ROUTE_WHY_MATCH) {
			apply(plan, rule, &captures);
			return;
		}
		if (why == ROUTE_WHY_GAVE_UP) {
			plan->rule = rule;
			reject(plan, STATUS_ROUTE_REJECTED, 0, NULL);
			return;
		}
	}
	last_step(plan, &input->query->callee);
}

/* A user speaks to a PBX as whom the PBX knows. */
static void use_lines(struct route_plan *plan, const struct route_query *query)
{
	for (unsigned i = 0; i < plan->ntargets; i++) {
		struct route_target *target = &plan->targets[i];

		if (target->kind == ROUTE_TO_CONNECTION)
			target->connection = route_line_of(
				plan->tenant, &query->caller,
				target->connection);
	}
}

int route_decide(const struct route_table *table,
		 const struct route_query *query, struct route_plan *plan)
{
	struct route_query asked;
	struct route_input input = {.query = &asked};

	if (!table || !query || !plan)
		return EINVAL;
	asked = *query;
	/* rules name connections: what comes by a line comes from its own */
	if (query->from && query->from->base)
		asked.from = query->from->base;
	plan->tenant = query->tenant;
	plan->from = asked.from;
	plan->rule = NULL;
	plan->ntargets = 0;
	plan->considered = 0;
	plan->user[0] = '\0';
	clean_copy(plan->method, sizeof(plan->method), &query->method);
	clean_copy(plan->caller, sizeof(plan->caller), &query->caller);
	clean_copy(plan->callee, sizeof(plan->callee), &query->callee);
	if (!query->tenant) {
		reject(plan, STATUS_UNKNOWN_DOMAIN, 0, NULL);
		return EINVAL;
	}
	if (query->caller.l > ROUTE_NUMBER_MAX ||
	    query->callee.l > ROUTE_NUMBER_MAX) {
		note(plan, NULL, ROUTE_WHY_TOO_LONG);
		reject(plan, STATUS_NO_ROUTE, 0, NULL);
		return 0;
	}
	input.method = 1u << route_method_of(&query->method);
	walk(table, &input, plan);
	if (!query->from)
		use_lines(plan, query);
	return 0;
}
