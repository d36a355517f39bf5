/*
 * route_hint.c  What a test may have meant by a name that there is not
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/cfg_tree.h"
#include "common/countof.h"
#include "routing/check/route_hint.h"
#include "routing/plan/route_rule.h"
#include "routing/route_conn.h"
#include "routing/route_priv.h"

enum {
	NAMES_MAX = 5000 /* that are compared letter by letter */
};

struct hint {
	const char *name;
	bool is_there;
	const char *list[NAMES_MAX];
	size_t n;
};

static void look(struct hint *hint, const char *name)
{
	hint->is_there |= !strcmp(name, hint->name);
	if (hint->n < NAMES_MAX)
		hint->list[hint->n++] = name;
}

static const char *nearest(const struct hint *hint)
{
	return hint->is_there ? NULL
			      : cfg_nearest(hint->name, hint->list, hint->n);
}

const char *route_hint_route(const struct route_table *table, const char *name)
{
	struct hint *hint = mem_zalloc(sizeof(*hint), NULL);
	const struct route_tenant *tenant;
	const char *meant;

	if (!hint)
		return NULL;
	hint->name = name;
	look(hint, "users");
	for (size_t i = 0; (tenant = route_tenant_at(table, i)); i++) {
		for (uint32_t k = 0; k < tenant->nrules; k++)
			look(hint, tenant->rules[k].name);
	}
	meant = nearest(hint);
	mem_deref(hint);
	return meant;
}

static void look_at(struct hint *hint, const struct route_tenant *tenant)
{
	for (uint32_t i = 0; i < tenant->nconnections; i++)
		look(hint, tenant->connections[i].name);
	for (uint32_t i = 0; i < tenant->nusers; i++)
		look(hint, tenant->users[i].name);
}

const char *route_hint_target(const struct route_table *table, const char *name)
{
	static const char *const others[] = {"reject", "redirect", "echo",
					     "tone", "milliwatt"};
	struct hint *hint = mem_zalloc(sizeof(*hint), NULL);
	const struct route_tenant *tenant;
	const char *meant;

	if (!hint)
		return NULL;
	hint->name = name;
	for (size_t i = 0; i < COUNTOF(others); i++)
		look(hint, others[i]);
	for (size_t i = 0; (tenant = route_tenant_at(table, i)); i++)
		look_at(hint, tenant);
	meant = nearest(hint);
	mem_deref(hint);
	return meant;
}
