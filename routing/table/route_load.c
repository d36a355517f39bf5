/*
 * route_load.c  routing.yaml into a table that decides
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <string.h>
#include <re.h>

#include "common/cfg_path.h"
#include "common/cfg_tree.h"
#include "routing/party/route_party.h"
#include "routing/plan/route_rule.h"
#include "routing/route_priv.h"
#include "routing/text/route_index.h"
#include "routing/text/route_regex.h"

/* A large operator has 100,000 users of a few values each. */
static const struct cfg_limits limits = {.bytes = 64u * 1024 * 1024,
					 .nodes = 4000000,
					 .depth = 16,
					 .files = 10000};

struct loader {
	struct route_table *table;
	struct cfg_errors *errs;
	struct route_hasher *hasher;
	struct route_facts_load facts;
};

static void destructor(void *arg)
{
	struct route_table *table = arg;

	for (uint32_t i = 0; table->cfg && i < table->cfg->ntenants; i++) {
		struct route_tenant *tenant = &table->cfg->tenants[i];

		route_rules_close(tenant);
		route_facts_release(&tenant->facts);
		dialing_release(tenant->dialing);
		mem_deref(tenant->by_name);
		mem_deref(tenant->by_number);
		mem_deref(tenant->by_connection);
		mem_deref(tenant->by_group);
		mem_deref(tenant->by_login);
	}
	if (table->cfg)
		route_facts_release(&table->cfg->facts);
	mem_deref(table->geo);
	mem_deref(table->sources);
	mem_deref(table->by_id);
	mem_deref(table->by_domain);
	mem_deref(table->engine);
	mem_deref(table->print);
	mem_deref(table->cfg);
}

/* --- domains ------------------------------------------------------------- */

/* Without the brackets of an IPv6 address, without a last dot. */
static struct pl plain_host(struct pl host)
{
	if (host.l >= 2 && host.p[0] == '[' && host.p[host.l - 1] == ']') {
		pl_advance(&host, 1);
		--host.l;
	}
	if (host.l > 1 && host.p[host.l - 1] == '.')
		--host.l;
	return host;
}

static void normalise(char *domain)
{
	struct pl host;

	pl_set_str(&host, domain);
	host = plain_host(host);
	memmove(domain, host.p, host.l);
	domain[host.l] = '\0';
	for (; *domain; domain++)
		*domain = (char)tolower((unsigned char)*domain);
}

static int refuse_domain(struct loader *ld, const struct route_tenant *tenant,
			 const char *domain, const struct route_tenant *owner)
{
	cfg_errors_add(ld->errs, &tenant->pos,
		       "domain \"%s\" of tenant \"%s\" is already one of "
		       "tenant \"%s\"",
		       domain, tenant->id, owner->id);
	return EINVAL;
}

static int load_domain(struct loader *ld, struct route_tenant *tenant,
		       char *domain)
{
	struct route_table *table = ld->table;
	struct pl host;
	int err;

	normalise(domain);
	pl_set_str(&host, domain);
	if (!strcmp(domain, "*")) {
		if (table->rest)
			return refuse_domain(ld, tenant, domain, table->rest);
		table->rest = tenant;
		return 0;
	}
	err = route_index_add(table->by_domain, domain, tenant);
	if (err == EEXIST)
		return refuse_domain(ld, tenant, domain,
				     route_index_find(table->by_domain, &host));
	return err;
}

/* --- what routes ask ----------------------------------------------------- */

/* at: where `geoip` stands. */
static int load_geo(struct loader *ld, const struct cfg_node *at)
{
	struct route_table *table = ld->table;
	char *path = NULL, why[200];
	int err;

	if (!table->cfg->geoip)
		return 0;
	err = cfg_path_beside(&path, at ? at->pos.file : NULL,
			      table->cfg->geoip);
	err = err ? err
		  : geo_open(&table->geo, path, table->print, why, sizeof(why));
	if (err == EINVAL)
		cfg_errors_add(ld->errs, at ? &at->pos : NULL,
			       "geoip: \"%s\" will not do, expected %s", path,
			       why);
	mem_deref(path);
	return err;
}

static int load_shared(struct loader *ld, const struct cfg_node *root)
{
	struct route_table *table = ld->table;
	int err, bad = load_geo(ld, cfg_node_get(root, "geoip"));

	err = bad == ENOMEM ? bad : zones_alloc(&ld->facts.zones);
	if (err)
		return err;
	ld->facts.mem = table->cfg->mem;
	ld->facts.print = table->print;
	ld->facts.errs = ld->errs;
	table->cfg->facts.geo = table->geo;
	/* that there is none has been told */
	if (bad)
		return bad;
	return route_facts_load(&table->cfg->facts, &ld->facts);
}

static int load_facts(struct loader *ld, struct route_tenant *tenant)
{
	int err, bad;

	tenant->facts.shared = &ld->table->cfg->facts;
	tenant->facts.geo = ld->table->geo;
	bad = route_facts_load(&tenant->facts, &ld->facts);
	err = bad == ENOMEM ? bad
			    : dialing_load(tenant->dialing, ld->table->engine,
					   ld->facts.mem, ld->errs);
	return err ? err : bad;
}

/* --- the whole ----------------------------------------------------------- */

static int load_tenant(struct loader *ld, struct route_tenant *tenant)
{
	int err = route_index_add(ld->table->by_id, tenant->id, tenant);
	int bad = 0;

	for (uint32_t i = 0; i < tenant->ndomains && err != ENOMEM; i++) {
		err = load_domain(ld, tenant, (char *)tenant->domains[i]);
		bad = err ? err : bad;
	}
	err = err == ENOMEM ? err : load_facts(ld, tenant);
	bad = err ? err : bad;
	err = err == ENOMEM ? err
			    : route_users_load(tenant, ld->hasher, ld->errs);
	bad = err ? err : bad;
	err = err == ENOMEM ? err : route_media_load(tenant, ld->errs);
	bad = err ? err : bad;
	err = err == ENOMEM ? err
			    : route_conns_load(tenant, ld->table->cfg->mem,
					       ld->hasher, ld->errs);
	bad = err ? err : bad;
	err = err == ENOMEM ? err
			    : route_groups_load(tenant, ld->table->cfg->mem,
						ld->errs);
	bad = err ? err : bad;
	err = err ? err
		  : route_lines_load(tenant, ld->table->cfg->mem, ld->errs);
	bad = err ? err : bad;
	if (!bad)
		bad = route_registration_load(tenant, ld->errs);
	return err ? err : bad;
}

/* When all that a rule may name is there, in any tenant. */
static int load_rules(struct loader *ld)
{
	struct route_cfg *cfg = ld->table->cfg;
	int err = 0, bad = 0;

	for (uint32_t i = 0; i < cfg->ntenants && err != ENOMEM; i++) {
		err = route_rules_load(ld->table, &cfg->tenants[i], ld->errs);
		bad = err ? err : bad;
	}
	return err ? err : bad;
}

static int load_tenants(struct loader *ld)
{
	struct route_cfg *cfg = ld->table->cfg;
	uint32_t domains = 0;
	int err, bad = 0;

	for (uint32_t i = 0; i < cfg->ntenants; i++)
		domains += cfg->tenants[i].ndomains;
	err = route_index_alloc(&ld->table->by_id, cfg->ntenants, false);
	err = err ? err
		  : route_index_alloc(&ld->table->by_domain, domains, true);
	for (uint32_t i = 0; i < cfg->ntenants && err != ENOMEM; i++) {
		err = load_tenant(ld, &cfg->tenants[i]);
		bad = err ? err : bad;
	}
	err = err == ENOMEM ? err : load_rules(ld);
	return err ? err : bad;
}

static int table_alloc(struct route_table **tp, struct cfg_tree *tree,
		       struct cfg_errors *errs)
{
	struct loader ld = {.errs = errs};
	int err;

	err = cfg_tree_include(tree, "include", errs);
	if (err)
		return err;
	ld.table = mem_zalloc(sizeof(*ld.table), destructor);
	if (!ld.table)
		return ENOMEM;
	err = cfg_fill(&ld.table->cfg, &route_cfg_table, cfg_tree_root(tree),
		       errs);
	err = err ? err : fingerprint_alloc(&ld.table->print);
	err = err ? err : route_engine_alloc(&ld.table->engine);
	err = err ? err : route_hasher_alloc(&ld.hasher);
	err = err ? err : load_shared(&ld, cfg_tree_root(tree));
	err = err ? err : load_tenants(&ld);
	err = err ? err
		  : route_sources_alloc(&ld.table->sources, ld.table->cfg);
	if (!err) {
		cfg_tree_fingerprint(tree, ld.table->print);
		fingerprint_text(ld.table->print, ld.table->version);
	}
	mem_deref(ld.facts.zones);
	mem_deref(ld.hasher);
	if (err)
		mem_deref(ld.table);
	else
		*tp = ld.table;
	return err;
}

int route_table_load(struct route_table **tp, const char *path,
		     struct cfg_errors *errs)
{
	struct cfg_tree *tree = NULL;
	int err;

	if (!tp || !path)
		return EINVAL;
	err = cfg_tree_load(&tree, path, &limits, errs);
	err = err ? err : table_alloc(tp, tree, errs);
	mem_deref(tree);
	return err;
}

int route_table_parse(struct route_table **tp, const char *name,
		      const char *text, size_t len, struct cfg_errors *errs)
{
	struct cfg_tree *tree = NULL;
	int err;

	if (!tp || !name)
		return EINVAL;
	err = cfg_tree_parse(&tree, name, text, len, &limits, errs);
	err = err ? err : table_alloc(tp, tree, errs);
	mem_deref(tree);
	return err;
}

struct cfg_view route_table_view(const struct route_table *table)
{
	return (struct cfg_view){&route_cfg_table, table ? table->cfg : NULL};
}

const char *route_table_version(const struct route_table *table)
{
	return table ? table->version : "";
}

const struct route_tenant *route_tenant_at(const struct route_table *table,
					   size_t index)
{
	if (!table || index >= table->cfg->ntenants)
		return NULL;
	return &table->cfg->tenants[index];
}

const struct route_tenant *route_tenant_by_id(const struct route_table *table,
					      const struct pl *id)
{
	return table ? route_index_find(table->by_id, id) : NULL;
}

const struct route_tenant *
route_tenant_by_domain(const struct route_table *table, const struct pl *host)
{
	const struct route_tenant *tenant;
	struct pl plain;

	if (!table || !host || !pl_isset(host))
		return NULL;
	plain = plain_host(*host);
	tenant = route_index_find(table->by_domain, &plain);
	return tenant ? tenant : table->rest;
}
