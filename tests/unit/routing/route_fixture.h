/*
 * route_fixture.h  A table from a text, and its errors
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_ROUTING_ROUTE_FIXTURE_H
#define TESTS_UNIT_ROUTING_ROUTE_FIXTURE_H

#include <string.h>
#include <re.h>

#include "routing/route.h"
#include "tests/lib/test.h"

/* What was wrong with the last text; "" when it was fine. */
static char fixture_errors[32768];

static inline struct route_table *fixture_table(const char *text)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	int err = cfg_errors_alloc(&errs);

	err = err ? err
		  : route_table_parse(&table, "r.yaml", text, strlen(text),
				      errs);
	re_snprintf(fixture_errors, sizeof(fixture_errors), "%H",
		    cfg_errors_print, errs);
	CHECK(!err == !cfg_errors_count(errs));
	CHECK(!err == !!table);
	mem_deref(errs);
	return table;
}

static inline const char *fixture_errors_of(const char *text)
{
	mem_deref(fixture_table(text));
	return fixture_errors;
}

static inline const struct route_tenant *
fixture_tenant(const struct route_table *table, const char *host)
{
	struct pl pl;

	pl_set_str(&pl, host);
	return route_tenant_by_domain(table, &pl);
}

static inline const struct route_user *
fixture_user(const struct route_tenant *tenant, const char *name)
{
	struct pl pl;

	pl_set_str(&pl, name);
	return route_user_find(tenant, &pl);
}

#endif
