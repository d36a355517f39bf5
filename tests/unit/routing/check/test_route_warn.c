/*
 * test_route_warn.c  Rules that no request reaches
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "routing/route_check.h"
#include "tests/unit/routing/route_fixture.h"

#define HEAD                                                   \
	"tenants:\n  t:\n    domains: [a]\n    realm: r\n"     \
	"    users: {u: {password: x}}\n"                      \
	"    connections: {p: {kind: trunk, address: a}, q: "  \
	"{kind: trunk, address: b}}\n"                         \
	"    routes:\n"                                        \
	"      - {name: uses, match: {from: [p, q], callee: "  \
	"'uses[0-9]'}, to: {user: u}}\n"
#define ECHO "to: {service: echo}}\n"

static char said[4000];

static const char *warned(const char *text)
{
	struct route_table *table = fixture_table(text);
	struct cfg_errors *errs = NULL;

	said[0] = '\0';
	CHECK_STR(fixture_errors, "");
	if (table && !cfg_errors_alloc(&errs)) {
		CHECK(!route_warnings(table, errs));
		CHECK(!cfg_errors_count(errs));
		re_snprintf(said, sizeof(said), "%H", cfg_errors_print, errs);
	}
	mem_deref(errs);
	mem_deref(table);
	return said;
}

static void behind_a_catch_all_nothing_is_reached(void)
{
	CHECK_STR(warned(HEAD "      - {name: all, " ECHO
			      "      - {name: late, match: {callee: '1'}, " ECHO),
		  "r.yaml:10:9: warning: route \"late\" is never reached: "
		  "\"all\" (r.yaml:9) takes every request before it\n");
	CHECK_STR(warned(HEAD "      - {name: all, match: {callee: '.*'}, " ECHO
			      "      - {name: late, match: {callee: '1[0-9]'}, "
			      ECHO),
		  "r.yaml:10:9: warning: route \"late\" is never reached: "
		  "\"all\" (r.yaml:9) takes all that it matches\n");
}

static void the_same_match_is_told(void)
{
	CHECK_STR(warned(HEAD
			 "      - {name: a, match: {callee: '0[0-9]+', from: "
			 "p}, " ECHO
			 "      - {name: b, match: {from: p, callee: "
			 "'0[0-9]+'}, to: {user: u}}\n"),
		  "r.yaml:10:9: warning: route \"b\" is never reached: \"a\" "
		  "(r.yaml:9) has the same match\n");
}

static void a_plain_number_that_a_pattern_matches_is_shadowed(void)
{
	CHECK_STR(warned(HEAD
			 "      - {name: a, match: {callee: '0[0-9]+'}, " ECHO
			 "      - {name: b, match: {callee: '0301'}, " ECHO
			 "      - {name: c, match: {callee: '\\+49'}, " ECHO
			 "      - {name: d, match: {callee: '\\+4[0-9]'}, " ECHO
			 "      - {name: e, match: {callee: '\\+49', method: "
			 "INVITE}, " ECHO),
		  "r.yaml:10:9: warning: route \"b\" is never reached: \"a\" "
		  "(r.yaml:9) takes all that it matches\n"
		  "r.yaml:13:9: warning: route \"e\" is never reached: \"c\" "
		  "(r.yaml:11) takes all that it matches\n");
}

static void longer_lists_and_shorter_prefixes_cover(void)
{
	CHECK_STR(warned(HEAD
			 "      - {name: a, match: {from: [p, users], method: "
			 "[INVITE, INFO], prefix: ['0', '+4']}, " ECHO
			 "      - {name: b, match: {from: users, method: "
			 "INFO, prefix: ['+49', '00']}, " ECHO
			 "      - {name: c, match: {from: q, method: INFO, "
			 "prefix: ['+49']}, " ECHO
			 "      - {name: d, match: {from: users, method: INFO, "
			 "prefix: ['+5', '0']}, " ECHO),
		  "r.yaml:10:9: warning: route \"b\" is never reached: \"a\" "
		  "(r.yaml:9) takes all that it matches\n");
}

static void what_may_be_reached_is_not_told(void)
{
	/* a connection's route is for users alone; REFER must be named; the
	 * first one goes on; a wider one stands behind; nothing is known */
	CHECK_STR(warned(HEAD
			 "      - {name: a, to: {connection: p}}\n"
			 "      - {name: b, match: {from: q}, " ECHO
			 "      - {name: c, match: {method: REFER, from: "
			 "users}, to: {connection: p}}\n"
			 "      - {name: d, match: {callee: '1', from: q, "
			 "method: INFO}, to: {continue: true}}\n"),
		  "r.yaml:12:9: warning: route \"d\" is never reached: \"b\" "
		  "(r.yaml:10) takes all that it matches\n");
	CHECK_STR(warned(HEAD
			 "      - {name: a, match: {callee: '1'}, to: "
			 "{continue: true}}\n"
			 "      - {name: b, match: {callee: '1'}, " ECHO
			 "      - {name: c, match: {callee: '2[0-9]'}, " ECHO
			 "      - {name: d, match: {callee: '2[0-9]+'}, " ECHO
			 "      - {name: e, match: {any: [{callee: '3'}]}, " ECHO
			 "      - {name: f, match: {callee: '3'}, " ECHO),
		  "");
}

static void nested_matches_are_compared_as_a_whole(void)
{
	CHECK_STR(warned(HEAD
			 "      - {name: a, match: {any: [{callee: '3'}, "
			 "{callee: '4'}]}, " ECHO
			 "      - {name: b, match: {any: [{callee: '3'}, "
			 "{callee: '4'}], from: users}, " ECHO),
		  "r.yaml:10:9: warning: route \"b\" is never reached: \"a\" "
		  "(r.yaml:9) takes all that it matches\n");
}

static void without_memory_nothing_breaks(void)
{
	(void)warned(HEAD "      - {name: a, match: {callee: '0.*'}, " ECHO
			  "      - {name: b, match: {callee: '01'}, " ECHO);
}

TEST_MAIN(TEST(behind_a_catch_all_nothing_is_reached),
	  TEST(the_same_match_is_told),
	  TEST(a_plain_number_that_a_pattern_matches_is_shadowed),
	  TEST(longer_lists_and_shorter_prefixes_cover),
	  TEST(what_may_be_reached_is_not_told),
	  TEST(nested_matches_are_compared_as_a_whole),
	  TEST_OOM(without_memory_nothing_breaks))
