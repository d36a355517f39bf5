/*
 * test_route_test.c  The tests that a table brings along: what passes, what a
 *                    failing one says
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_check.h"
#include "tests/unit/routing/route_fixture.h"

#define TABLE                                                              \
	"tenants:\n"                                                       \
	"  t:\n"                                                           \
	"    domains: [a]\n"                                               \
	"    realm: r\n"                                                   \
	"    users: {alice: {password: x, numbers: ['+4930']}}\n"          \
	"    connections:\n"                                               \
	"      pbx: {kind: trunk, address: 192.0.2.1}\n"                   \
	"      backup: {kind: trunk, address: 192.0.2.2}\n"                \
	"    routes:\n"                                                    \
	"      - {name: echo, match: {callee: echo}, to: {service: echo}}\n"  \
	"      - {name: bad, match: {callee: '900.*'}, to: {reject: {}}}\n" \
	"      - {name: in, match: {from: pbx}, to: {user: alice}}\n"      \
	"      - {name: out, match: {callee: '[0-9]+'}, to: {connections: " \
	"[pbx, backup]}}\n"                                                \
	"    tests:\n"

static char said[8000];
static uint32_t ran;

static uint64_t ticking(void *arg)
{
	uint64_t *now_ms = arg;

	*now_ms += ROUTE_TESTS_MS / 3;
	return *now_ms;
}

static int outcome_of(const char *text, const struct route_check_clock *clock)
{
	struct route_table *table = fixture_table(text);
	struct cfg_errors *errs = NULL;
	int err;

	said[0] = '\0';
	ran = 0;
	if (!table || cfg_errors_alloc(&errs)) {
		mem_deref(table);
		return ENOMEM;
	}
	err = route_tests_run(table, clock, &ran, errs);
	re_snprintf(said, sizeof(said), "%H", cfg_errors_print, errs);
	CHECK(!err == !cfg_errors_count(errs));
	mem_deref(errs);
	mem_deref(table);
	return err;
}

static void what_is_as_expected_passes(void)
{
	CHECK(!outcome_of(
		TABLE
		"      - {name: a, when: {callee: echo}, expect: {to: echo, "
		"route: echo, targets: 1}}\n"
		"      - {name: b, when: {callee: '900', caller: x}, expect: "
		"{code: 403, to: reject}}\n"
		"      - {name: c, when: {callee: '1', from: pbx}, expect: "
		"{to: alice}}\n"
		"      - {name: d, when: {callee: '1'}, expect: {to: pbx}}\n"
		"      - {name: e, when: {callee: '1', from: users}, expect: "
		"{to: [pbx, backup], targets: 2}}\n"
		"      - {name: f, when: {callee: '+4930'}, expect: {route: "
		"users, to: alice}}\n"
		"      - {name: g, when: {callee: echo, method: MESSAGE}, "
		"expect: {}}\n",
		NULL));
	CHECK_STR(said, "");
	CHECK_INT(ran, 7);
}

static void a_failing_one_says_what_came_and_why(void)
{
	CHECK_INT(outcome_of(
			  TABLE
			  "      - {name: night, when: {caller: bob, callee: "
			  "'900'}, expect: {route: out, to: [pbx, backup]}}\n",
			  NULL),
		  EINVAL);
	CHECK_STR(said,
		  "r.yaml:15:9: test \"night\" fails; expected route \"out\", "
		  "got \"bad\"; expected to pbx, backup, got reject\n"
		  "    INVITE from \"bob\" to \"900\", tenant \"t\"\n"
		  "      1. route \"echo\" (r.yaml:10): the callee \"900\" "
		  "does not match 'echo'\n"
		  "      2. route \"bad\" (r.yaml:11): matches\n"
		  "      result: 403 Forbidden (route-rejected)\n");
}

static void all_that_fail_are_told(void)
{
	CHECK_INT(outcome_of(
			  TABLE
			  "      - {name: a, when: {callee: '1'}, expect: {code: "
			  "404}}\n"
			  "      - {name: b, when: {callee: '1'}, expect: "
			  "{targets: 1}}\n"
			  "      - {name: c, when: {callee: '900'}, expect: "
			  "{code: 404}}\n"
			  "      - {name: d, when: {callee: '1', from: pbc}, "
			  "expect: {}}\n",
			  NULL),
		  EINVAL);
	CHECK_INT(ran, 4);
	CHECK(strstr(said, "\"a\" fails; expected code 404, got a way to pbx"));
	CHECK(strstr(said, "\"b\" fails; expected 1 targets, got 2\n"));
	CHECK(strstr(said, "\"c\" fails; expected code 404, got 403\n"));
	CHECK(strstr(said, "r.yaml:18:25: from: there is no connection "
			   "\"pbc\", expected one of pbx, backup, did you mean "
			   "\"pbx\"?\n"));
}

static void wrong_names_are_told_with_what_was_meant(void)
{
	/* what is not there is never down: such a test tests nothing */
	CHECK_INT(outcome_of(
			  TABLE
			  "      - {name: a, when: {callee: '1', health: {bakup: "
			  "down}}, expect: {to: pbx}}\n"
			  "      - {name: b, when: {callee: '1'}, expect: {route: "
			  "aut, to: [pcx]}}\n"
			  "      - {name: c, when: {callee: '1'}, expect: {route: "
			  "bad, to: alice}}\n",
			  NULL),
		  EINVAL);
	CHECK(strstr(said, "r.yaml:15:25: health: there is no connection "
			   "\"bakup\", expected one of pbx, backup, did you "
			   "mean \"backup\"?\n"));
	CHECK(strstr(said, "expected route \"aut\", got \"out\" (did you mean "
			   "\"out\"?); expected to pcx, got pbx, backup (did "
			   "you mean \"pbx\"?)\n"));
	CHECK(strstr(said, "expected route \"bad\", got \"out\"; expected to "
			   "alice, got pbx, backup\n"));
}

#define RICH                                                                 \
	"tenants:\n"                                                         \
	"  t:\n"                                                             \
	"    domains: [a]\n"                                                 \
	"    realm: r\n"                                                     \
	"    users: {alice: {password: x}}\n"                                \
	"    connections:\n"                                                 \
	"      pbx: {kind: trunk, address: 192.0.2.1}\n"                     \
	"      backup: {kind: trunk, address: 192.0.2.2}\n"                  \
	"    groups:\n"                                                      \
	"      all: {order: priority, members: [{connection: pbx, "          \
	"priority: 1}, {connection: backup, priority: 2}]}\n"                \
	"    routes:\n"                                                      \
	"      - {name: vip, match: {header: {X-Vip: 'yes'}}, to: {user: "   \
	"alice}}\n"                                                          \
	"      - name: out\n"                                                \
	"        match: {callee: '0([0-9]+)'}\n"                             \
	"        rewrite: {callee: {set: '+49\\1'}, headers: {add: {X-From: " \
	"acme}, remove: [X-Old]}}\n"                                         \
	"        to: {group: all}\n"                                         \
	"    tests:\n"

static void health_headers_and_what_is_sent_are_tested(void)
{
	CHECK(!outcome_of(RICH
			  "      - {name: a, when: {callee: '030', headers: "
			  "{x-vip: 'yes'}}, expect: {to: alice}}\n"
			  "      - name: b\n"
			  "        when: {caller: alice, callee: '030', health: "
			  "{pbx: down}, source: 192.0.2.7, seed: 7, time: "
			  "2026-12-24T18:00:00+01:00}\n"
			  "        expect: {to: backup, targets: 1, left_out: "
			  "pbx, callee: '+4930', caller: alice, headers: "
			  "{x-from: acme, X-Old: ''}}\n",
			  NULL));
	CHECK_STR(said, "");
	CHECK_INT(outcome_of(RICH
			     "      - name: b\n"
			     "        when: {caller: alice, callee: '030'}\n"
			     "        expect: {left_out: pbx, callee: '030', "
			     "caller: bob, headers: {X-From: x, X-No: ''}}\n",
			     NULL),
		  EINVAL);
	CHECK(strstr(said, "; expected callee 030, got +4930; expected caller "
			   "bob, got alice; expected header X-From: x; "
			   "expected header X-No taken away; expected pbx to "
			   "be left out\n"));
}

static void times_are_those_of_rfc_3339(void)
{
	static const char *const bad[] = {
		"",
		"2026-12-24",
		"2026-12-24 18:00:00Z",
		"2026-12-24T18:00:00",
		"2026-13-24T18:00:00Z",
		"2026-02-29T18:00:00Z",
		"2026-12-24T24:00:00Z",
		"2026-12-24T18:00:00+1:00",
		"2026-12-24T18:00:00+01:00x",
		"2026-12-24T18:00:00*01:00",
		"+026-12-24T18:00:00Z",
		"1969-12-31T23:00:00Z",
	};
	uint64_t s = 0;

	CHECK(route_ask_time(&s, "1970-01-01T00:00:00Z") && s == 0);
	CHECK(route_ask_time(&s, "2026-12-24T18:00:00+01:00"));
	CHECK_INT(s, 1798131600);
	CHECK(route_ask_time(&s, "2026-12-24T12:00:00-05:00"));
	CHECK_INT(s, 1798131600);
	CHECK(route_ask_time(&s, "2026-12-24T12:00:00.75-05:00"));
	CHECK_INT(s, 1798131600);
	CHECK(!route_ask_time(&s, "2026-12-24T12:00:00.Z"));
	CHECK(route_ask_time(&s, "2028-02-29T00:00:01Z"));
	CHECK(route_ask_time(&s, ROUTE_ASK_TIME));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (!CHECK(!route_ask_time(&s, bad[i])))
			CHECK_STR(bad[i], "");
	}
}

static void names_that_are_not_there_are_errors_of_the_file(void)
{
	CHECK_STR(fixture_errors_of(
			  TABLE
			  "      - {name: a, when: {callee: '1'}, expect: "
			  "{left_out: [pbxx]}}\n"),
		  "r.yaml:15:60: left_out: there is no connection \"pbxx\", "
		  "expected one of backup, pbx, did you mean \"pbx\"?\n");
	CHECK_STR(fixture_errors_of(TABLE "      - {name: a, expect: {}}\n"),
		  "r.yaml:15:9: \"when\" is missing, expected keys and "
		  "values\n");
}

static void they_end_when_the_time_is_over(void)
{
	uint64_t now_ms = 0;
	const struct route_check_clock clock = {ticking, &now_ms};

	CHECK_INT(outcome_of(TABLE
			     "      - {name: a, when: {callee: '1'}, expect: "
			     "{}}\n"
			     "      - {name: b, when: {callee: '1'}, expect: "
			     "{}}\n"
			     "      - {name: c, when: {callee: '1'}, expect: "
			     "{}}\n"
			     "      - {name: d, when: {callee: '1'}, expect: "
			     "{}}\n",
			     &clock),
		  EINVAL);
	CHECK_INT(ran, 3);
	CHECK_STR(said, "r.yaml:18:9: the tests of this table take longer than "
			"5 s: \"d\" and those behind it were not run\n");
}

static void a_question_names_its_tenant(void)
{
	static const char two[] = "tenants:\n"
				  "  acme: {domains: [a], realm: r}\n"
				  "  beta: {domains: [b], realm: r}\n";
	struct route_table *table = fixture_table(two);
	struct route_ask ask = {.callee = "1"};
	struct cfg_errors *errs = NULL;
	struct route_query query;

	REQUIRE(table && !cfg_errors_alloc(&errs));
	ask.tenant = "beta";
	CHECK(!route_ask_query(&query, &ask, table, NULL, errs));
	CHECK_STR(query.tenant->id, "beta");
	CHECK(!pl_strcmp(&query.method, "INVITE"));
	ask.tenant = NULL;
	CHECK_INT(route_ask_query(&query, &ask, table, NULL, errs), EINVAL);
	ask.tenant = "bet";
	CHECK_INT(route_ask_query(&query, &ask, table, NULL, errs), EINVAL);
	re_snprintf(said, sizeof(said), "%H", cfg_errors_print, errs);
	CHECK_STR(said, "\"tenant\" is missing: the table has 2 of them\n"
			"tenant: there is no tenant \"bet\", expected one of "
			"acme, beta, did you mean \"beta\"?\n");
	mem_deref(errs);
	mem_deref(table);
}

static void without_memory_nothing_breaks(void)
{
	(void)outcome_of(TABLE "      - {name: a, when: {callee: '1'}, expect: "
			       "{code: 404}}\n"
			       "      - {name: d, when: {callee: '1', from: "
			       "pbc}, expect: {}}\n",
			 NULL);
}

TEST_MAIN(TEST(what_is_as_expected_passes),
	  TEST(a_failing_one_says_what_came_and_why),
	  TEST(all_that_fail_are_told),
	  TEST(wrong_names_are_told_with_what_was_meant),
	  TEST(health_headers_and_what_is_sent_are_tested),
	  TEST(times_are_those_of_rfc_3339),
	  TEST(names_that_are_not_there_are_errors_of_the_file),
	  TEST(they_end_when_the_time_is_over),
	  TEST(a_question_names_its_tenant),
	  TEST_OOM(without_memory_nothing_breaks))
