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
/* What it was warned about. */
static char fixture_warnings[32768];

static inline void fixture_tell(const struct cfg_errors *errs)
{
	struct cfg_problem p;
	size_t n[2] = {0, 0};

	fixture_errors[0] = fixture_warnings[0] = '\0';
	for (size_t i = 0; cfg_errors_at(errs, i, &p); i++) {
		char *to = p.warning ? fixture_warnings : fixture_errors;
		int len = re_snprintf(to + n[p.warning],
				      sizeof(fixture_errors) - n[p.warning],
				      "%s:%u:%u: %s\n",
				      p.pos.file,
				      p.pos.line, p.pos.col, p.text);

		n[p.warning] += len > 0 ? (size_t)len : 0;
	}
}

static inline struct route_table *fixture_table(const char *text)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	int err = cfg_errors_alloc(&errs);

	err = err ? err
		  : route_table_parse(&table, "r.yaml", text, strlen(text),
				      errs);
	fixture_tell(errs);
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
