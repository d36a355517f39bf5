/*
 * test_routes_loader.c  Tables are loaded and freed while the loop turns
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <re.h>

#include "routing/route.h"
#include "sigd/table/routes_fresh.h"
#include "sigd/table/routes_loader.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

#define HEAD "tenants:\n  t:\n    domains: [a]\n    realm: r\n"

struct bed {
	struct loop_test lt;
	struct routes_loader *loader;
	struct route_table *table; /* as it was taken */
	char path[300];
	unsigned told, bad, turns, rules;
};

static void on_loaded(struct routes_fresh *fresh, void *arg)
{
	struct bed *bed = arg;

	++bed->told;
	bed->bad += fresh->err != 0;
	if (fresh->err)
		return;
	routes_loader_retire(bed->loader, bed->table);
	bed->table = fresh->table;
	fresh->table = NULL;
	bed->rules = route_tenant_at(bed->table, 0)->nrules;
}

static void put(const struct bed *bed, const char *head, unsigned rules)
{
	FILE *f = fopen(bed->path, "w");

	if (!CHECK(f))
		return;
	fputs(head, f);
	if (rules)
		fputs("    routes:\n", f);
	for (unsigned i = 0; i < rules; i++)
		fprintf(f,
			"      - {name: r%u, match: {callee: '0%u[0-9]+'}, to: "
			"{service: echo}}\n",
			i, i);
	fclose(f);
}

static bool bed_open(struct bed *bed)
{
	*bed = (struct bed){.told = 0};
	snprintf(bed->path, sizeof(bed->path), "%s/r.yaml", test_tmpdir());
	return CHECK(loop_test_open(&bed->lt)) &&
	       CHECK(!routes_loader_alloc(&bed->loader, bed->lt.wheel,
					  bed->path, on_loaded, bed));
}

static void bed_close(struct bed *bed)
{
	bed->loader = mem_deref(bed->loader);
	mem_deref(bed->table);
	loop_test_close(&bed->lt);
}

static bool is_told(void *arg)
{
	struct bed *bed = arg;

	++bed->turns;
	return bed->told > 0;
}

static bool is_swept(void *arg)
{
	return routes_loader_retired(((struct bed *)arg)->loader) == 0;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void loop_turns_while_it_loads(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put(&bed, HEAD, 5000);
	CHECK(!routes_loader_start(bed.loader));
	CHECK(loop_test_until(&bed.lt, is_told, &bed, 30000));
	CHECK_INT(bed.rules, 5000);
	/* each turn takes about a millisecond */
	CHECK(bed.turns > 10);
	bed_close(&bed);
}

static void a_bad_file_is_told(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put(&bed, "tenants: [", 0);
	CHECK(!routes_loader_start(bed.loader));
	CHECK(loop_test_until(&bed.lt, is_told, &bed, 10000));
	CHECK(bed.bad == 1 && !bed.table);
	bed_close(&bed);
}

static void a_failing_test_is_told(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put(&bed, HEAD "    tests: [{name: a, when: {callee: '1'}, expect: "
		       "{to: echo}}]\n", 0);
	CHECK(!routes_loader_start(bed.loader));
	CHECK(loop_test_until(&bed.lt, is_told, &bed, 10000));
	CHECK(bed.bad == 1 && !bed.table);
	bed_close(&bed);
}

static void of_several_starts_the_last_counts(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put(&bed, HEAD, 100);
	CHECK(!routes_loader_start(bed.loader));
	put(&bed, HEAD, 7);
	CHECK(!routes_loader_start(bed.loader));
	CHECK(!routes_loader_start(bed.loader));
	CHECK(loop_test_until(&bed.lt, is_told, &bed, 10000));
	CHECK_INT(bed.told, 1);
	CHECK_INT(bed.rules, 7);
	bed_close(&bed);
}

static void what_is_cancelled_is_not_told(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put(&bed, HEAD, 100);
	CHECK(!routes_loader_start(bed.loader));
	routes_loader_cancel(bed.loader);
	CHECK(!loop_test_until(&bed.lt, never, &bed, 100));
	CHECK_INT(bed.told, 0);
	CHECK(!routes_loader_start(bed.loader));
	CHECK(loop_test_until(&bed.lt, is_told, &bed, 10000));
	bed_close(&bed);
}

static void a_table_lives_while_a_call_has_it(void)
{
	struct route_table *held;
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put(&bed, HEAD, 10);
	CHECK(!routes_loader_start(bed.loader));
	CHECK(loop_test_until(&bed.lt, is_told, &bed, 10000));
	held = mem_ref(bed.table);
	bed.told = 0;
	CHECK(!routes_loader_start(bed.loader));
	CHECK(loop_test_until(&bed.lt, is_told, &bed, 10000));
	CHECK(!loop_test_until(&bed.lt, is_swept, &bed, 50));
	CHECK_INT(route_tenant_at(held, 0)->nrules, 10);
	mem_deref(held);
	CHECK(loop_test_until(&bed.lt, is_swept, &bed, 10000));
	bed_close(&bed);
}

static void who_frees_it_waits_for_the_load(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed));
	put(&bed, HEAD, 1000);
	CHECK(!routes_loader_start(bed.loader));
	bed_close(&bed);
	CHECK_INT(bed.told, 0);
}

TEST_MAIN(TEST(loop_turns_while_it_loads), TEST(a_bad_file_is_told),
	  TEST(a_failing_test_is_told), TEST(of_several_starts_the_last_counts),
	  TEST(what_is_cancelled_is_not_told),
	  TEST(a_table_lives_while_a_call_has_it),
	  TEST(who_frees_it_waits_for_the_load))
