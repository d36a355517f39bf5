/*
 * test_user_calls.c  How many calls a user may have at once
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/lib/proxy_bed.h"

static void routes_limited(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret, max_calls: 2}\n"
		 "      bob: {password: bob-secret, max_calls: 1}\n"
		 "      carl: {password: carl-secret, max_calls: 1}\n"
		 "    routes:\n"
		 "      - {name: echo, match: {callee: \"^echo$\"}, "
		 "to: {service: echo}}\n");
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_limited};

	return start_cfg(fix, &cfg);
}

/* alice calls with CSeq num and num + 1. */
static int call_as(struct fixture *fix, const char *to, unsigned num)
{
	char uri[64], auth[1024];

	put_invite(fix, &fix->alice, to, num, "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, "INVITE", uri, "alice-secret", auth);
	put_ack_407(fix, &fix->alice, to, num);
	put_invite(fix, &fix->alice, to, num + 1, auth);
	return 0;
}

static void who_has_as_many_calls_as_allowed_is_busy(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (begin(&fix) && talk(&fix, resp)) {
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		/* bob has one */
		call_as(&fix, "bob", 11);
		CHECK_INT(answer(&fix, &fix.alice), 486);
		CHECK(strstr(fix.alice.resp, "call-limit"));
		/* which ends */
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		call_as(&fix, "bob", 21);
		CHECK(expect(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 603, "");
		CHECK_INT(answer(&fix, &fix.alice), 603);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		call_as(&fix, "bob", 31);
		CHECK(expect(&fix, &fix.bob, "INVITE"));
	}
	stop(&fix);
}

static void who_has_as_many_calls_as_allowed_makes_no_more(void)
{
	struct fixture fix;
	char first[TEXT_MAX];

	if (begin(&fix)) {
		call_as(&fix, "echo", 1);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(first, fix.alice.resp);
		put_in_dialog(&fix, first, "ACK", 2, 0);
		call_as(&fix, "echo", 11);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_in_dialog(&fix, fix.alice.resp, "ACK", 12, 0);
		call_as(&fix, "echo", 21);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK(strstr(fix.alice.resp, "call-limit"));
		put_in_dialog(&fix, first, "BYE", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		call_as(&fix, "echo", 31);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

/* The call is another one's then. */
static void who_diverts_a_call_has_none(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "carl-secret"),
			  200);
		for (unsigned i = 0; i < 2; i++) {
			call_as(&fix, "bob", 1 + 10 * i);
			REQUIRE(expect(&fix, &fix.bob, "INVITE"));
			bob_answers(&fix, 302,
				    "Contact: <sip:carl@demo.test>\r\n");
			REQUIRE(expect(&fix, &fix.desk, "INVITE"));
			ua_answers(&fix, &fix.desk, 486, "");
			CHECK_INT(answer(&fix, &fix.alice), 486);
			CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		}
		/* nor while the other one has it */
		call_as(&fix, "bob", 31);
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 302, "Contact: <sip:carl@demo.test>\r\n");
		REQUIRE(expect(&fix, &fix.desk, "INVITE"));
		ua_answers(&fix, &fix.desk, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_in_dialog(&fix, fix.alice.resp, "ACK", 32, 0);
		REQUIRE(expect(&fix, &fix.desk, "ACK"));
		call_as(&fix, "bob", 41);
		CHECK(expect(&fix, &fix.bob, "INVITE"));
	}
	stop(&fix);
}

TEST_MAIN(TEST(who_has_as_many_calls_as_allowed_is_busy),
	  TEST(who_has_as_many_calls_as_allowed_makes_no_more),
	  TEST(who_diverts_a_call_has_none))
