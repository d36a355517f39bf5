/*
 * route_rule.c  The routes of a tenant: checked and compiled
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/plan/route_rule.h"
#include "routing/plan/route_sieve.h"
#include "routing/route_priv.h"
#include "routing/text/route_index.h"
#include "routing/text/route_template.h"

int route_rule_template(const struct route_rule_load *load,
			const struct route_cond *cond,
			const struct cfg_pos *pos, const char *key,
			const char *text, bool *fixed)
{
	char why[80];

	if (route_template_check(text, route_cond_groups(cond), fixed, why,
				 sizeof(why)))
		return 0;
	cfg_errors_add(load->errs, pos,
		       "%s: \"%s\" will not do, expected %s", key, text, why);
	return EINVAL;
}

/* A call to where calls come from could go round for ever, and at somebody's
 * cost: only users' do, when nobody is named. Another tenant's routes may lead
 * out as well. */
static bool leads_out(const struct route_to *to)
{
	return to->connection || to->connections || to->group ||
	       to->redirect || to->tenant;
}

static int load_match(struct route_rule_load *load, struct route_rule *rule)
{
	static const char *const users[] = {ROUTE_FROM_USERS};
	struct route_cond_load cond = {.table = load->table,
				       .tenant = load->tenant,
				       .mem = load->table->cfg->mem,
				       .errs = load->errs,
				       .pos = &rule->pos};
	struct route_match match = rule->match;
	int err;

	rule->for_users = !match.nfrom && leads_out(&rule->to);
	if (rule->for_users) {
		match.from = (const char **)users;
		match.nfrom = 1;
	}
	err = route_conds_load(&rule->conds, &cond, &match);
	rule->caller = route_conds_find(&rule->conds, "caller");
	rule->callee = route_conds_find(&rule->conds, "callee");
	for (uint32_t i = 0; i < match.nmethod; i++)
		rule->methods |= 1u << match.method[i];
	return err;
}

static int load_rule(struct route_rule_load *load, struct route_rule *rule)
{
	int err, bad = load_match(load, rule);

	/* all that is wrong with it is told at once */
	if (bad == ENOMEM)
		return bad;
	err = rule->failover ? route_failover_load(rule->failover,
						   load->table->cfg->mem)
			     : 0;
	err = err ? err : route_rewrite_load(load, rule);
	if (err == ENOMEM)
		return err;
	bad = err ? err : bad;
	err = route_to_load(load, rule);
	return err ? err : bad;
}

int route_rules_load(struct route_table *table, struct route_tenant *tenant,
		     struct cfg_errors *errs)
{
	struct route_rule_load load = {table, tenant, errs};
	struct route_index *names = NULL;
	int err = route_index_alloc(&names, tenant->nrules, false);
	int bad = 0;

	for (uint32_t i = 0; i < tenant->nrules && err != ENOMEM; i++) {
		struct route_rule *rule = &tenant->rules[i];

		err = load_rule(&load, rule);
		bad = err ? err : bad;
		if (err == ENOMEM ||
		    route_index_add(names, rule->name, rule) != EEXIST)
			continue;
		bad = EINVAL;
		cfg_errors_add(errs, &rule->pos,
			       "tenant \"%s\" has two routes \"%s\"",
			       tenant->id, rule->name);
	}
	mem_deref(names);
	err = err == ENOMEM ? err : bad;
	/* the notes of fewer all fit into a plan */
	if (!err && tenant->nrules > ROUTE_NOTES_MAX)
		err = route_sieve_alloc(&tenant->sieve, tenant);
	return err;
}

void route_rules_close(struct route_tenant *tenant)
{
	tenant->sieve = mem_deref(tenant->sieve);
	for (uint32_t i = 0; i < tenant->nrules; i++)
		route_conds_close(&tenant->rules[i].conds);
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
