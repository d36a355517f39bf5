/*
 * test_route_docs.c  The shipped routing.yaml, its schema and its page
 *
 * CORDBOARD_WRITE_DOCS=1 writes the two files that are printed from the
 * description; without it they must be what would be written.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <re.h>

#include "routing/route.h"
#include "tests/lib/test.h"

typedef int(print_h)(struct re_printf *pf, const struct cfg_table *table);

static void check_file(const char *path, print_h *printh)
{
	char *want = NULL;
	uint8_t *is;

	REQUIRE(!re_sdprintf(&want, "%H", printh, &route_cfg_table));
	if (getenv("CORDBOARD_WRITE_DOCS")) {
		FILE *f = fopen(path, "wb");

		CHECK(f && fputs(want, f) >= 0);
		if (f)
			fclose(f);
	}
	is = test_read_file(path, NULL);
	CHECK(is != NULL);
	/* not CHECK_STR: nobody wants to see both */
	if (is && strcmp((char *)is, want)) {
		printf("# %s is old: CORDBOARD_WRITE_DOCS=1 writes it\n", path);
		CHECK(false);
	}
	mem_deref(is);
	mem_deref(want);
}

static void schema_is_what_the_code_describes(void)
{
	check_file("conf/routing.schema.json",
		   (print_h *)cfg_schema_print_json);
}

static void page_is_what_the_code_describes(void)
{
	check_file("docs/config-routing.md",
		   (print_h *)cfg_schema_print_markdown);
}

static void goes_to(const struct route_table *table, const char *callee,
		    const char *want)
{
	struct route_query query = {.method = PL("INVITE"),
				    .caller = PL("alice")};
	const struct pl host = PL("192.0.2.1");
	struct route_plan plan;
	const struct route_target *target = &plan.targets[0];

	pl_set_str(&query.callee, callee);
	query.tenant = route_tenant_by_domain(table, &host);
	REQUIRE(!route_decide(table, &query, &plan));
	REQUIRE(plan.ntargets == 1);
	CHECK_STR(target->kind == ROUTE_TO_SERVICE
			  ? route_service_name(target->service)
		  : target->kind == ROUTE_TO_USER ? target->user->name
						  : target->phrase,
		  want);
}

static void shipped_file_does_what_it_says(void)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;

	REQUIRE(!cfg_errors_alloc(&errs));
	CHECK(!route_table_load(&table, "conf/routing.yaml", errs));
	if (!table)
		re_printf("%H", cfg_errors_print, errs);
	if (table) {
		goes_to(table, "echo", "echo");
		goes_to(table, "*43", "echo");
		goes_to(table, "tone", "tone");
		goes_to(table, "*44", "tone");
		goes_to(table, "milliwatt", "milliwatt");
		goes_to(table, "*45", "milliwatt");
		goes_to(table, "alice", "alice");
		goes_to(table, "bob", "bob");
		goes_to(table, "carol", "Not Found");
		goes_to(table, "echoes", "Not Found");
	}
	mem_deref(table);
	mem_deref(errs);
}

TEST_MAIN(TEST(schema_is_what_the_code_describes),
	  TEST(page_is_what_the_code_describes),
	  TEST(shipped_file_does_what_it_says))
