/*
 * test_route_examples.c  The tables in conf/: good, without a warning, and
 *                        their own tests pass
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "routing/route_check.h"
#include "tests/lib/test.h"

static void check(const char *path, uint32_t least)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	uint32_t ran = 0;

	REQUIRE(!cfg_errors_alloc(&errs));
	CHECK(!route_table_load(&table, path, errs));
	if (table) {
		CHECK(!route_warnings(table, NULL, errs));
		CHECK(!route_tests_run(table, NULL, &ran, errs));
	}
	CHECK_INT(cfg_errors_count(errs) + cfg_errors_warnings(errs), 0);
	if (cfg_errors_count(errs) + cfg_errors_warnings(errs))
		re_printf("%H", cfg_errors_print, errs);
	CHECK(ran >= least);
	mem_deref(table);
	mem_deref(errs);
}

static void shipped_table(void)
{
	check("conf/routing.yaml", 0);
}

static void small_example(void)
{
	check("conf/examples/small.yaml", 5);
}

static void medium_example(void)
{
	check("conf/examples/medium.yaml", 13);
}

static void large_example(void)
{
	check("conf/examples/large.yaml", 41);
}

TEST_MAIN(TEST(shipped_table), TEST(small_example), TEST(medium_example),
	  TEST(large_example))
