/*
 * test_route_cond.c  Conditions of a match, and how they stand within each
 *                    other
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "tests/unit/routing/route_fixture.h"

static struct route_plan plan;
static struct route_query query;

/* A table of one route for echo, with this `match`. */
static struct route_table *with(const char *match)
{
	char text[1024];

	re_snprintf(text, sizeof(text),
		    "tenants:\n"
		    "  t:\n"
		    "    domains: '*'\n"
		    "    realm: t\n"
		    "    users: {alice: {password: a}}\n"
		    "    connections: {pbx: {kind: trunk, address: "
		    "192.0.2.1}}\n"
		    "    routes:\n"
		    "      - name: r\n"
		    "        match: %s\n"
		    "        to: {service: echo}\n",
		    match);
	return fixture_table(text);
}

/* Whether a call to callee is the rule's. */
static bool is_for(const struct route_table *table, const char *callee)
{
	query.tenant = route_tenant_at(table, 0);
	pl_set_str(&query.method, "INVITE");
	pl_set_str(&query.caller, "alice");
	pl_set_str(&query.callee, callee);
	CHECK_INT(route_decide(table, &query, &plan), 0);
	return plan.rule != NULL;
}

static void a_prefix_is_what_it_begins_with(void)
{
	struct route_table *table =
		with("{prefix: ['0049', '+49', '004', b, '00']}");

	REQUIRE(table);
	CHECK(is_for(table, "004930"));
	CHECK(is_for(table, "0049"));
	CHECK(is_for(table, "00"));
	CHECK(is_for(table, "+4930"));
	CHECK(is_for(table, "bob"));
	CHECK(!is_for(table, "0"));
	CHECK(!is_for(table, "+4"));
	CHECK(!is_for(table, ""));
	CHECK(!is_for(table, "a"));
	CHECK(!is_for(table, "c"));
	CHECK_STR(route_note_code(&plan.notes[0]), "prefix");
	mem_deref(table);
	table = with("{prefix: '7'}");
	REQUIRE(table);
	CHECK(is_for(table, "70") && !is_for(table, "07"));
	mem_deref(table);
}

/* X-A: one, two; X-B: three */
static bool header(const char *name, unsigned nr, struct pl *value, void *arg)
{
	static const char *const values[] = {"one", "two"};
	(void)arg;

	if (!strcasecmp(name, "X-A") && nr < 2)
		pl_set_str(value, values[nr]);
	else if (!strcasecmp(name, "X-B") && !nr)
		pl_set_str(value, "three");
	else
		return false;
	return true;
}

static void one_value_of_each_header_must_match(void)
{
	struct route_table *table =
		with("{header: {x-a: 't.*', X-B: '[a-z]+'}}");

	REQUIRE(table);
	CHECK(!is_for(table, "1"));
	query.headerh = header;
	CHECK(is_for(table, "1"));
	mem_deref(table);
	table = with("{header: {X-A: 't.*', X-C: '.*'}}");
	REQUIRE(table);
	CHECK(!is_for(table, "1"));
	CHECK_STR(route_note_code(&plan.notes[0]), "header");
	query.headerh = NULL;
	mem_deref(table);
}

static void any_all_and_not_stand_within_each_other(void)
{
	struct route_table *table =
		with("{any: [{callee: '1.*', not: {prefix: '12'}}, "
		     "{all: [{prefix: '9'}, {not: {any: [{callee: '.*0'}, "
		     "{callee: '.*1'}]}}]}]}");

	REQUIRE(table);
	CHECK(is_for(table, "11"));
	CHECK(!is_for(table, "12"));
	CHECK(is_for(table, "92"));
	CHECK(!is_for(table, "90"));
	CHECK(!is_for(table, "91"));
	CHECK_STR(route_note_code(&plan.notes[0]), "any");
	mem_deref(table);
}

static void what_gives_up_within_not_is_no_match(void)
{
	struct route_table *table = with("{not: {callee: '(a+)+$'}}");

	REQUIRE(table);
	CHECK(is_for(table, "b"));
	CHECK(is_for(table, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"));
	CHECK_INT(plan.targets[0].kind, ROUTE_TO_REJECT);
	CHECK_STR(route_note_code(&plan.notes[0]), "gave-up");
	mem_deref(table);
}

static void nesting_is_bounded(void)
{
	mem_deref(with("{not: {not: {not: {not: {prefix: a}}}}}"));
	CHECK_STR(fixture_errors, "");
	CHECK(!with("{not: {not: {not: {not: {not: {prefix: a}}}}}}"));
	CHECK(strstr(fixture_errors, "any, all and not stand within each "
				     "other, expected at most 4 times"));
}

static void mistakes_within_are_found(void)
{
	CHECK(strstr(fixture_errors_of("tenants: {t: {domains: '*', realm: t, "
				       "routes: [{name: r, match: {any: "
				       "[{from: pbx}]}, to: {service: "
				       "echo}}]}}"),
		     "there is no connection \"pbx\""));
	CHECK(!with("{any: [{callee: '('}]}"));
	CHECK(strstr(fixture_errors, "expected a regular expression"));
	CHECK(!with("{header: {'X Y': a}}"));
	CHECK(strstr(fixture_errors, "expected the name of a header"));
}

static void tables_are_freed_at_any_failure(void)
{
	struct route_table *table =
		with("{from: [users, pbx], header: {X-A: a}, any: [{callee: "
		     "a}, {not: {caller: b}}], prefix: [a, b]}");

	mem_deref(table);
}

TEST_MAIN(TEST(a_prefix_is_what_it_begins_with),
	  TEST(one_value_of_each_header_must_match),
	  TEST(any_all_and_not_stand_within_each_other),
	  TEST(what_gives_up_within_not_is_no_match), TEST(nesting_is_bounded),
	  TEST(mistakes_within_are_found),
	  TEST_OOM(tables_are_freed_at_any_failure))
