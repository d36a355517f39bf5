/*
 * test_failover.c  When the next target is tried, as routes, groups and
 *                  connections say
 *
 * pbx[0] is asked first, pbx[1] behind it. bob calls.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/bob_calls.h"

static void routes_all(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', probe: 0s, "
		 "answer_within: 300ms, failover: {codes: [486]}}\n"
		 "      two: {kind: trunk, address: '127.0.0.1:%u', probe: "
		 "0s}\n"
		 "    groups:\n"
		 "      both: {members: [{connection: one}, {connection: two}],"
		 " failover: {codes: [404]}}\n"
		 "    routes:\n"
		 "      - {name: own, match: {callee: '1.*'}, to: "
		 "{connections: [one, two]}}\n"
		 "      - {name: group, match: {callee: '2.*'}, to: "
		 "{group: both}}\n"
		 "      - {name: route, match: {callee: '3.*'}, to: "
		 "{group: both}, failover: {never: [500]}}\n"
		 "      - {name: ring, match: {callee: '4.*'}, to: "
		 "{group: both}, failover: {ring_within: 1s}}\n"
		 "      - {name: silent, match: {callee: '5.*'}, to: "
		 "{group: both}, failover: {when: unreachable}}\n"
		 "      - {name: tries, match: {callee: '6.*'}, to: "
		 "{group: both}, failover: {tries: 1, codes: [5xx]}}\n"
		 "      - {name: total, match: {callee: '7.*'}, to: "
		 "{group: both}, failover: {total_within: 1s}}\n"
		 "      - {name: try, match: {callee: '8.*'}, to: "
		 "{group: both}, failover: {try_within: 500ms}}\n",
		 sa_port(&fix->pbx[0].addr), sa_port(&fix->pbx[1].addr));
}

static bool begin(struct fixture *fix, const char *to)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_all};

	if (!start_cfg(fix, &cfg))
		return false;
	bob_calls(fix, to, 2);
	return CHECK(expect(fix, &fix->pbx[0], "INVITE"));
}

/* The first one says this; whether the second one is asked. */
static void said(const char *to, int code, bool next)
{
	struct fixture fix;

	if (begin(&fix, to)) {
		ua_answers(&fix, &fix.pbx[0], code, "");
		if (next) {
			CHECK(expect(&fix, &fix.pbx[1], "INVITE"));
		} else {
			CHECK_INT(answer(&fix, &fix.bob), code);
			CHECK_STR(fix.pbx[1].seen, "");
		}
	}
	stop(&fix);
}

static void what_the_connection_says_counts_when_nobody_else_does(void)
{
	said("1", 486, true);
	said("1", 500, false);
}

static void what_the_group_says_counts_before(void)
{
	said("2", 404, true);
	said("2", 486, false);
}

static void what_the_route_says_counts_most(void)
{
	said("3", 503, true);
	said("3", 404, false);
}

static void a_6xx_ends_the_call_whatever_is_said(void)
{
	said("2", 603, false);
	said("3", 604, false);
}

static void who_rings_too_long_is_left(void)
{
	struct fixture fix;

	if (begin(&fix, "4")) {
		ua_answers(&fix, &fix.pbx[0], 180, "");
		pass(&fix, 500);
		CHECK_STR(fix.pbx[1].seen, "");
		CHECK(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK(expect(&fix, &fix.pbx[0], "CANCEL"));
	}
	stop(&fix);
}

static void who_takes_too_long_is_left(void)
{
	struct fixture fix;

	if (begin(&fix, "8")) {
		ua_answers(&fix, &fix.pbx[0], 100, "");
		CHECK(expect(&fix, &fix.pbx[1], "INVITE"));
	}
	stop(&fix);
}

static void silence_ends_it_when_so_it_is_said(void)
{
	struct fixture fix;

	if (begin(&fix, "5")) {
		CHECK_INT(answer(&fix, &fix.bob), 408);
		CHECK_STR(fix.pbx[1].seen, "");
	}
	stop(&fix);
}

static void only_so_many_are_tried(void)
{
	struct fixture fix;

	if (begin(&fix, "6")) {
		ua_answers(&fix, &fix.pbx[0], 502, "");
		CHECK_INT(answer(&fix, &fix.bob), 502);
		CHECK_STR(fix.pbx[1].seen, "");
	}
	stop(&fix);
}

/* Behind the 407, which is repeated. */
static bool is_over(void *arg)
{
	return ((struct ua *)arg)->code == 480;
}

static void all_together_only_so_long(void)
{
	struct fixture fix;

	if (begin(&fix, "7")) {
		ua_answers(&fix, &fix.pbx[0], 180, "");
		CHECK(redis_test_until(fix.wheel, 5000, is_over, &fix.bob));
		CHECK(expect(&fix, &fix.pbx[0], "CANCEL"));
		CHECK_STR(fix.pbx[1].seen, "");
	}
	stop(&fix);
}

TEST_MAIN(TEST(what_the_connection_says_counts_when_nobody_else_does),
	  TEST(what_the_group_says_counts_before),
	  TEST(what_the_route_says_counts_most),
	  TEST(a_6xx_ends_the_call_whatever_is_said),
	  TEST(who_rings_too_long_is_left), TEST(who_takes_too_long_is_left),
	  TEST(silence_ends_it_when_so_it_is_said),
	  TEST(only_so_many_are_tried), TEST(all_together_only_so_long))
