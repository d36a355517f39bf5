/*
 * route_ask.c  A question in text, made for the table
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/cfg_tree.h"
#include "routing/route_check.h"
#include "routing/route_conn.h"
#include "routing/route_priv.h"

/* A question is a few lines. */
static const struct cfg_limits limits = {
	.bytes = 65536, .nodes = 1000, .depth = 8, .files = 1};

int route_ask_parse(struct route_ask_cfg **askp, const char *name,
		    const char *text, size_t len, struct cfg_errors *errs)
{
	struct cfg_tree *tree = NULL;
	int err = cfg_tree_parse(&tree, name, text, len, &limits, errs);

	err = err ? err
		  : cfg_fill(askp, &route_ask_table, cfg_tree_root(tree), errs);
	mem_deref(tree);
	return err;
}

static int refuse(const struct cfg_pos *pos, struct cfg_absent *absent,
		  const char **names, struct cfg_errors *errs)
{
	absent->names = names;
	cfg_errors_absent(errs, pos, absent);
	mem_deref(names);
	return EINVAL;
}

static int no_tenant(const struct route_ask *ask,
		     const struct route_table *table, struct cfg_errors *errs)
{
	const struct route_cfg *cfg = table->cfg;
	struct cfg_absent absent = {"tenant", "tenant", ask->tenant, NULL, 0};
	const char **names = mem_alloc((cfg->ntenants + 1) * sizeof(*names),
				       NULL);

	if (!names)
		return ENOMEM;
	for (; absent.count < cfg->ntenants; absent.count++)
		names[absent.count] = cfg->tenants[absent.count].id;
	return refuse(&ask->pos, &absent, names, errs);
}

static int no_connection(const struct route_ask *ask,
			 const struct route_tenant *tenant, const char *key,
			 const char *name, struct cfg_errors *errs)
{
	struct cfg_absent absent = {key, "connection", name, NULL, 0};
	const char **names =
		mem_alloc((tenant->nconnections + 1) * sizeof(*names), NULL);

	if (!names)
		return ENOMEM;
	for (; absent.count < tenant->nconnections; absent.count++)
		names[absent.count] = tenant->connections[absent.count].name;
	return refuse(&ask->pos, &absent, names, errs);
}

/* A route may lead to those of another tenant. */
static bool is_connection(const struct route_table *table, const char *name)
{
	const struct route_tenant *tenant;
	struct pl pl;

	pl_set_str(&pl, name);
	for (size_t i = 0; (tenant = route_tenant_at(table, i)); i++) {
		if (route_connection_find(tenant, &pl))
			return true;
	}
	return false;
}

static int check_health(const struct route_ask *ask,
			const struct route_table *table,
			const struct route_tenant *tenant,
			struct cfg_errors *errs)
{
	int err = 0;

	for (uint32_t i = 0; i < ask->nhealth && err != ENOMEM; i++) {
		if (!is_connection(table, ask->health[i].name))
			err = no_connection(ask, tenant, "health",
					    ask->health[i].name, errs);
	}
	return err;
}

static int find_tenant(const struct route_tenant **tenantp,
		       const struct route_ask *ask,
		       const struct route_table *table, struct cfg_errors *errs)
{
	struct pl id;

	if (ask->tenant) {
		pl_set_str(&id, ask->tenant);
		*tenantp = route_tenant_by_id(table, &id);
		return *tenantp ? 0 : no_tenant(ask, table, errs);
	}
	*tenantp = route_tenant_at(table, 0);
	if (table->cfg->ntenants == 1)
		return 0;
	cfg_errors_add(errs, &ask->pos,
		       "\"tenant\" is missing: the table has %u of them",
		       table->cfg->ntenants);
	return EINVAL;
}

/* Names of headers without regard to case (RFC 3261 7.3.1). */
static bool header_of(const char *name, unsigned nr, struct pl *value,
		      void *arg)
{
	const struct route_ask *ask = arg;

	for (uint32_t i = 0; i < ask->nheaders; i++) {
		if (str_casecmp(ask->headers[i].name, name) || nr--)
			continue;
		pl_set_str(value, ask->headers[i].value);
		return true;
	}
	return false;
}

static void health_of(struct route_health *health,
		      const struct route_connection *conn, void *arg)
{
	const struct route_ask *ask = arg;

	for (uint32_t i = 0; i < ask->nhealth; i++) {
		if (!strcmp(ask->health[i].name, conn->name))
			health->state = ask->health[i].state;
	}
}

static void set(struct pl *pl, const char *text)
{
	pl_set_str(pl, text ? text : "");
}

int route_ask_query(struct route_query *query, const struct route_ask *ask,
		    const struct route_table *table,
		    const struct route_tenant *tenant, struct cfg_errors *errs)
{
	struct pl name;
	int err;

	*query = (struct route_query){.tenant = tenant};
	if (!tenant) {
		err = find_tenant(&query->tenant, ask, table, errs);
		if (err)
			return err;
	}
	if (ask->from && strcmp(ask->from, "users")) {
		pl_set_str(&name, ask->from);
		query->from = route_connection_find(query->tenant, &name);
		if (!query->from)
			return no_connection(ask, query->tenant, "from",
					     ask->from, errs);
	}
	err = check_health(ask, table, query->tenant, errs);
	if (err)
		return err;
	set(&query->method, ask->method ? ask->method : "INVITE");
	set(&query->caller, ask->caller);
	set(&query->callee, ask->callee);
	if (sa_isset(&ask->source, SA_ADDR))
		query->source = &ask->source;
	(void)route_ask_time(&query->now,
			     ask->time ? ask->time : ROUTE_ASK_TIME);
	query->seed = ask->seed;
	query->headerh = header_of;
	query->healthh = health_of;
	query->arg = (void *)(uintptr_t)ask;
	return 0;
}
