/*
 * route_rule.c  The routes of a tenant: checked and compiled
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/party/route_party.h"
#include "routing/plan/route_rule.h"
#include "routing/route_priv.h"
#include "routing/text/route_index.h"
#include "routing/text/route_template.h"

struct loader {
	struct route_table *table;
	const struct route_tenant *tenant;
	struct cfg_errors *errs;
};

static int compile(struct loader *ld, struct route_regex **rxp,
		   const char *pattern, const struct cfg_pos *pos)
{
	char why[200];
	int err;

	if (!pattern)
		return 0;
	err = route_regex_alloc(rxp, ld->table->engine, pattern, why,
				sizeof(why));
	if (err == EINVAL)
		cfg_errors_add(ld->errs, pos, "expected %s", why);
	return err;
}

/* --- names that must be there ----------------------------------------------- */

/* Those of other kinds were found with the file (route_ref.h). */
static int refuse_number(struct loader *ld, const struct cfg_pos *pos,
			 const char *number)
{
	const struct route_tenant *tenant = ld->tenant;
	struct cfg_absent absent = {"user", "user or number", number, NULL, 0};
	const char **names =
		mem_alloc((tenant->nusers + 1) * sizeof(*names), NULL);

	if (!names)
		return ENOMEM;
	for (; absent.count < tenant->nusers; absent.count++)
		names[absent.count] = tenant->users[absent.count].name;
	absent.names = names;
	cfg_errors_absent(ld->errs, pos, &absent);
	mem_deref(names);
	return EINVAL;
}

static int check_user(struct loader *ld, const struct route_rule *rule)
{
	const struct cfg_pos *pos = &rule->to.pos;
	const char *user = rule->to.user;
	struct pl name;
	char why[80];
	bool fixed;

	if (!route_template_check(
		    user, rule->callee ? route_regex_groups(rule->callee) : 0,
		    &fixed, why, sizeof(why))) {
		cfg_errors_add(ld->errs, pos,
			       "user: \"%s\" will not do, expected %s", user,
			       why);
		return EINVAL;
	}
	pl_set_str(&name, user);
	if (!fixed || route_user_called(ld->tenant, &name))
		return 0;
	return refuse_number(ld, pos, user);
}

/* It is there: the file's check has said so. */
static const struct route_connection *
connection_of(const struct loader *ld, const char *name)
{
	struct pl pl;

	pl_set_str(&pl, name);
	return route_connection_find(ld->tenant, &pl);
}

/* --- from, to ----------------------------------------------------------------- */

static int load_from(struct loader *ld, struct route_rule *rule)
{
	const struct route_match *match = &rule->match;

	if (!match->nfrom) {
		rule->users = true;
		rule->conns = !rule->to.connection && !rule->to.connections;
		return 0;
	}
	rule->from = arena_get(ld->table->cfg->mem,
			       match->nfrom * sizeof(*rule->from));
	if (!rule->from)
		return ENOMEM;
	for (uint32_t i = 0; i < match->nfrom; i++) {
		if (!strcmp(match->from[i], "users")) {
			rule->users = true;
			continue;
		}
		rule->conns = true;
		rule->from[rule->nfrom++] = connection_of(ld, match->from[i]);
	}
	return 0;
}

static int add_target(struct loader *ld, struct route_rule *rule,
		      const char *key, const char *name)
{
	const struct route_connection *conn = connection_of(ld, name);
	int err = 0;

	for (unsigned i = 0; i < rule->ntargets && !err; i++) {
		if (rule->targets[i] != conn)
			continue;
		cfg_errors_add(ld->errs, &rule->to.pos,
			       "%s: \"%s\" stands there twice", key, name);
		err = EINVAL;
	}
	if (!err)
		rule->targets[rule->ntargets++] = conn;
	return err;
}

static int load_to(struct loader *ld, struct route_rule *rule)
{
	const struct route_to *to = &rule->to;
	int err = 0;

	if (to->user)
		return check_user(ld, rule);
	if (to->connection)
		return add_target(ld, rule, "connection", to->connection);
	for (uint32_t i = 0; i < to->nconnections; i++)
		err |= add_target(ld, rule, "connections", to->connections[i]);
	return err ? EINVAL : 0;
}

static int load_rule(struct loader *ld, struct route_rule *rule)
{
	int err, bad;

	for (uint32_t i = 0; i < rule->match.nmethod; i++)
		rule->methods |= 1u << rule->match.method[i];
	err = compile(ld, &rule->caller, rule->match.caller, &rule->pos);
	err = err ? err
		  : compile(ld, &rule->callee, rule->match.callee, &rule->pos);
	if (err)
		return err;
	bad = load_from(ld, rule);
	err = bad == ENOMEM ? bad : load_to(ld, rule);
	return err ? err : bad;
}

int route_rules_load(struct route_table *table, struct route_tenant *tenant,
		     struct cfg_errors *errs)
{
	struct loader ld = {table, tenant, errs};
	struct route_index *names = NULL;
	int err = route_index_alloc(&names, tenant->nrules, false);
	int bad = 0;

	for (uint32_t i = 0; i < tenant->nrules && err != ENOMEM; i++) {
		struct route_rule *rule = &tenant->rules[i];

		err = load_rule(&ld, rule);
		bad = err ? err : bad;
		if (err || route_index_add(names, rule->name, rule) != EEXIST)
			continue;
		bad = EINVAL;
		cfg_errors_add(errs, &rule->pos,
			       "tenant \"%s\" has two routes \"%s\"",
			       tenant->id, rule->name);
	}
	mem_deref(names);
	return err == ENOMEM ? err : bad;
}

void route_rules_close(struct route_tenant *tenant)
{
	for (uint32_t i = 0; i < tenant->nrules; i++) {
		tenant->rules[i].caller = mem_deref(tenant->rules[i].caller);
		tenant->rules[i].callee = mem_deref(tenant->rules[i].callee);
	}
}
