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
static uint32_t uncompared;

static const char *warned(const char *text)
{
	struct route_table *table = fixture_table(text);
	struct cfg_errors *errs = NULL;

	said[0] = '\0';
	CHECK_STR(fixture_errors, "");
	if (table && !cfg_errors_alloc(&errs)) {
		CHECK(!route_warnings(table, &uncompared, errs));
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

#define ON "to: {continue: true}}\n"
static void a_rule_that_goes_on_with_another_number_lies_between(void)
{
	/* 0123 comes to `b` as 123, which `a` has never seen */
	CHECK_STR(warned(HEAD
			 "      - {name: a, match: {callee: '[0-9]{3}'}, " ECHO
			 "      - {name: on, match: {callee: '0(.*)'}, rewrite: "
			 "{callee: {set: '${1}'}}, " ON
			 "      - {name: b, match: {callee: '123'}, " ECHO
			 "      - {name: c, match: {callee: '12[0-9]'}, " ECHO
			 "      - {name: d, match: {callee: '124'}, " ECHO),
		  "r.yaml:13:9: warning: route \"d\" is never reached: \"c\" "
		  "(r.yaml:12) takes all that it matches\n");
	/* who calls stays who it is; a rule that is never reached changes
	 * nothing, nor one that leaves the numbers as they are */
	CHECK_STR(warned(HEAD
			 "      - {name: a, match: {from: p}, " ECHO
			 "      - {name: on, match: {callee: '0(.*)'}, rewrite: "
			 "{callee: {set: '${1}'}}, " ON
			 "      - {name: b, match: {from: p, callee: '1'}, "
			 ECHO),
		  "r.yaml:11:9: warning: route \"b\" is never reached: \"a\" "
		  "(r.yaml:9) takes all that it matches\n");
	CHECK_STR(warned(HEAD
			 "      - {name: a, match: {callee: '1.*'}, " ECHO
			 "      - {name: on, match: {callee: '1'}, rewrite: "
			 "{callee: {add: '2'}}, " ON
			 "      - {name: on2, rewrite: {display: x}, " ON
			 "      - {name: b, match: {callee: '11'}, " ECHO),
		  "r.yaml:10:9: warning: route \"on\" is never reached: \"a\" "
		  "(r.yaml:9) takes all that it matches\n"
		  "r.yaml:12:9: warning: route \"b\" is never reached: \"a\" "
		  "(r.yaml:9) takes all that it matches\n");
}

/* n rules, every second one a pattern that is compared with all others. */
static char *many(unsigned n, const char *pattern)
{
	struct mbuf *mb = mbuf_alloc(1 << 20);
	char *text = NULL;
	int err = mb ? mbuf_write_str(mb, HEAD) : ENOMEM;

	for (unsigned i = 0; i < n && !err; i++)
		err = mbuf_printf(mb,
				  "      - {name: r%u, match: {callee: "
				  "'%s%04u'}, " ECHO,
				  i, i % 2 ? "9" : pattern, i);
	if (!err) {
		mb->pos = 0;
		err = mbuf_strdup(mb, &text, mb->end);
	}
	CHECK(!err);
	mem_deref(mb);
	return text;
}

static void comparing_ends_when_it_has_cost_enough(void)
{
	char *text = many(400, "(1|x)[0-9]*");

	CHECK_STR(warned(text), "");
	CHECK(!uncompared);
	mem_deref(text);
	/* plain numbers cost next to nothing */
	text = many(2990, "8");
	CHECK_STR(warned(text), "");
	CHECK(!uncompared);
	mem_deref(text);
	text = many(2990, "(1|x)[0-9]*");
	CHECK_STR(warned(text), "");
	CHECK(uncompared > 100 && uncompared < 2900);
	mem_deref(text);
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
	  TEST(a_rule_that_goes_on_with_another_number_lies_between),
	  TEST(comparing_ends_when_it_has_cost_enough),
	  TEST_OOM(without_memory_nothing_breaks))
