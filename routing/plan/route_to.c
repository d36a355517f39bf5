/*
 * route_to.c  Where a rule leads: checked at the load, carried out in a walk
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/plan/route_walk.h"
#include "routing/text/route_template.h"

/* --- load --------------------------------------------------------------------- */

/* Names were found with the file (route_ref.h), but not numbers. */
static int refuse_number(const struct route_rule_load *load,
			 const struct cfg_pos *pos, const char *number)
{
	const struct route_tenant *tenant = load->tenant;
	struct cfg_absent absent = {"user", "user or number", number, NULL, 0};
	const char **names =
		mem_alloc((tenant->nusers + 1) * sizeof(*names), NULL);

	if (!names)
		return ENOMEM;
	for (; absent.count < tenant->nusers; absent.count++)
		names[absent.count] = tenant->users[absent.count].name;
	absent.names = names;
	cfg_errors_absent(load->errs, pos, &absent);
	mem_deref(names);
	return EINVAL;
}

static int load_user(const struct route_rule_load *load,
		     const struct route_rule *rule, const char *user)
{
	struct pl name;
	bool fixed;

	if (route_rule_template(load, rule->callee, &rule->to.pos, "user",
				user, &fixed))
		return EINVAL;
	pl_set_str(&name, user);
	if (!fixed || load->tenant->auth.users_in_redis ||
	    route_user_called(load->tenant, &name))
		return 0;
	return refuse_number(load, &rule->to.pos, user);
}

static int add_target(const struct route_rule_load *load,
		      struct route_rule *rule, const char *key,
		      const char *name)
{
	const struct route_connection *conn;
	struct pl pl;

	/* it is there: the file's check has said so */
	pl_set_str(&pl, name);
	conn = route_connection_find(load->tenant, &pl);
	for (unsigned i = 0; i < rule->ntargets; i++) {
		if (rule->targets[i] != conn)
			continue;
		cfg_errors_add(load->errs, &rule->to.pos,
			       "%s: \"%s\" stands there twice", key, name);
		return EINVAL;
	}
	rule->targets[rule->ntargets++] = conn;
	return 0;
}

static int load_connections(const struct route_rule_load *load,
			    struct route_rule *rule)
{
	const struct route_to *to = &rule->to;
	int err = 0;

	if (to->connection)
		return add_target(load, rule, "connection", to->connection);
	for (uint32_t i = 0; i < to->nconnections; i++)
		err |= add_target(load, rule, "connections",
				  to->connections[i]);
	return err ? EINVAL : 0;
}

static int load_tenant(const struct route_rule_load *load,
		       const struct route_rule *rule,
		       struct route_to_tenant *to)
{
	struct pl id;
	bool fixed;

	pl_set_str(&id, to->id);
	to->tenant = route_tenant_by_id(load->table, &id);
	return to->number ? route_rule_template(load, rule->callee,
						&rule->to.pos, "number",
						to->number, &fixed)
			  : 0;
}

static int load_redirect(const struct route_rule_load *load,
			 const struct route_rule *rule,
			 const struct route_redirect *to)
{
	bool fixed;

	return route_rule_template(load, rule->callee, &rule->to.pos,
				   "contact", to->contact, &fixed);
}

int route_to_load(struct route_rule_load *load, struct route_rule *rule)
{
	const struct route_to *to = &rule->to;
	struct pl name;

	if (to->user)
		return load_user(load, rule, to->user);
	if (to->device)
		return load_user(load, rule, to->device->user);
	if (to->tenant)
		return load_tenant(load, rule, to->tenant);
	if (to->redirect)
		return load_redirect(load, rule, to->redirect);
	if (to->service || to->reject || to->announcement || to->go_on)
		return 0;
	if (to->group) {
		pl_set_str(&name, to->group);
		rule->group = route_group_find(load->tenant, &name);
		return 0;
	}
	if (!to->connection && !to->connections) {
		cfg_errors_add(load->errs, &to->pos,
			       "continue: \"false\" leads nowhere, expected "
			       "true");
		return EINVAL;
	}
	return load_connections(load, rule);
}

/* --- in a walk ------------------------------------------------------------------ */

static void bad_form(struct route_walk *walk, const struct route_rule *rule)
{
	route_walk_note(walk, rule, NULL, ROUTE_WHY_BAD_FORM);
	route_walk_reject(walk, STATUS_NO_ROUTE, 0, NULL);
}

static void to_user(struct route_walk *walk, const struct route_rule *rule,
		    const char *name)
{
	struct route_plan *plan = walk->plan;
	struct pl pl;
	int err;

	err = route_template_expand(plan->user, sizeof(plan->user), name,
				    &walk->input.in_callee);
	pl_set_str(&pl, plan->user);
	if (err || !route_walk_user(walk, &pl)) {
		route_walk_note(walk, rule, NULL, ROUTE_WHY_BAD_USER);
		route_walk_reject(walk, STATUS_UNKNOWN_USER, 0, NULL);
		return;
	}
	if (rule->to.device && rule->to.device->instance)
		pl_set_str(&plan->targets[0].device,
			   rule->to.device->instance);
}

static void to_redirect(struct route_walk *walk, const struct route_rule *rule)
{
	const struct route_redirect *to = rule->to.redirect;
	struct route_target *target;
	struct pl uri;

	if (route_walk_write(walk, &uri, to->contact, &walk->input.in_callee,
			     true)) {
		bad_form(walk, rule);
		return;
	}
	target = route_walk_target(walk, ROUTE_TO_REDIRECT);
	target->uri = uri;
	target->status = STATUS_ROUTE_REJECTED;
	target->code = to->code;
	target->phrase = route_phrase(to->code);
}

static void to_reject(struct route_walk *walk, const struct route_reject *to)
{
	route_walk_reject(walk, STATUS_ROUTE_REJECTED, to->code, to->reason);
	walk->plan->targets[0].retry_s = (to->retry_ms + 999) / 1000;
}

static void to_service(struct route_walk *walk, const struct route_to *to)
{
	struct route_target *target = route_walk_target(walk, ROUTE_TO_SERVICE);

	target->service =
		to->announcement ? ROUTE_ANNOUNCEMENT : to->service;
	target->announcement = to->announcement;
}

void route_to_do(struct route_walk *walk, const struct route_rule *rule)
{
	const struct route_to *to = &rule->to;

	if (to->service || to->announcement)
		to_service(walk, to);
	else if (to->user)
		to_user(walk, rule, to->user);
	else if (to->device)
		to_user(walk, rule, to->device->user);
	else if (rule->ntargets || rule->group)
		route_choose(walk, rule);
	else if (to->redirect)
		to_redirect(walk, rule);
	else
		to_reject(walk, to->reject);
}
