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

/* Of the first step, while it is decided and after that. */
static char said[400];

static void on_note(const struct route_note *note, void *arg)
{
	const struct route_note_view view = {&plan, note};
	(void)arg;

	if (!said[0])
		re_snprintf(said, sizeof(said), "%H", route_note_print, &view);
}

static bool x_foo(const char *name, unsigned nr, struct pl *value, void *arg)
{
	(void)arg;
	pl_set_str(value, "b\x1b");
	return !strcmp(name, "X-Foo") && !nr;
}

static const char *why(const char *match, const char *callee)
{
	struct route_table *table = with(match);
	const struct route_note_view view = {&plan, &plan.notes[0]};
	static char after[400];

	said[0] = after[0] = '\0';
	query = (struct route_query){.noteh = on_note, .headerh = x_foo};
	CHECK_STR(fixture_errors, "");
	if (table) {
		CHECK(!is_for(table, callee));
		re_snprintf(after, sizeof(after), "%H", route_note_print,
			    &view);
	}
	query = (struct route_query){.noteh = NULL};
	mem_deref(table);
	return after;
}

static void each_says_what_was_compared(void)
{
	CHECK_STR(why("{caller: 'b.*'}", "1"),
		  "the caller \"alice\" does not match 'b.*'");
	CHECK_STR(why("{callee: '2'}", "1\n"),
		  "the callee \"1?\" does not match '2'");
	CHECK_STR(why("{prefix: ['2', '3']}", "1"),
		  "the callee \"1\" does not begin with 2, 3");
	CHECK_STR(why("{from: [pbx, tenants]}", "1"),
		  "it comes from a user, not from tenants, pbx");
	CHECK_STR(why("{method: [MESSAGE, INFO]}", "1"),
		  "the method \"INVITE\" is not MESSAGE, INFO");
	CHECK_STR(why("{not: {callee: '1', from: users}}", "1"),
		  "what it is not for is the case: from, callee");
	CHECK_STR(why("{any: [{callee: '2'}, {header: {X-Foo: b}}]}", "1"),
		  "nothing of `any` is the case: the callee \"1\" does not "
		  "match '2'");
	CHECK_STR(said, "nothing of `any` is the case: the callee \"1\" does "
			"not match '2'; header X-Foo, \"b?\", does not match "
			"'b'");
	CHECK_STR(why("{header: {X-Foo: a}}", "1"),
		  "a header does not match: X-Foo 'a'");
	CHECK_STR(said, "header X-Foo, \"b?\", does not match 'a'");
	(void)why("{header: {X-Bar: a}}", "1");
	CHECK_STR(said, "there is no header X-Bar");
}

TEST_MAIN(TEST(each_says_what_was_compared),
	  TEST(a_prefix_is_what_it_begins_with),
	  TEST(one_value_of_each_header_must_match),
	  TEST(any_all_and_not_stand_within_each_other),
	  TEST(what_gives_up_within_not_is_no_match), TEST(nesting_is_bounded),
	  TEST(mistakes_within_are_found),
	  TEST_OOM(tables_are_freed_at_any_failure))
