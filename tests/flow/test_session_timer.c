/*
 * test_session_timer.c  Session timers (RFC 4028): who refreshes, and what
 *                       happens when nobody does
 *
 * Two workers, as in test_proxy.c. Time passes in Redis: what is due is moved
 * there.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_look.h"

static bool start_timer(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 100, .takeover = 500,
					.session = 1800, .call = 172800};

	return start_cfg(fix, &cfg);
}

/* So many seconds later, for calls. */
static void later(struct fixture *fix, unsigned sec)
{
	char script[256];
	struct look look;

	snprintf(script, sizeof(script),
		 "for _, id in ipairs(redis.call('ZRANGE', 'cb:{due}:call', "
		 "0, -1)) do redis.call('ZINCRBY', 'cb:{due}:call', -%u, id) "
		 "end", sec * 1000);
	(void)ask_redis(fix, &look, script);
}

static int64_t left_s(struct fixture *fix)
{
	struct look look;

	(void)ask_redis(fix, &look,
			"local t = redis.call('TIME')[1] "
			"local z = redis.call('ZRANGE', 'cb:{due}:call', 0, 0, "
			"'WITHSCORES') "
			"return math.floor(z[2] / 1000) - t");
	return look.num;
}

/* alice lists `timer`; bob says this. */
static bool talk_timer(struct fixture *fix, const char *bob_says, char *resp)
{
	char extra[512];

	snprintf(extra, sizeof(extra), "%s" BOB_2XX, bob_says);
	CHECK_INT(register_user(fix, &fix->bob, 1, "bob-secret"), 200);
	call(fix, "bob");
	if (!CHECK(request(fix, &fix->bob, "INVITE")))
		return false;
	bob_answers(fix, 200, extra);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(resp, fix->alice.resp);
	put_in_dialog(fix, resp, "ACK", 2, 0);
	return CHECK(expect(fix, &fix->bob, "ACK"));
}

static void who_knows_timers_is_the_refresher(void)
{
	char resp[TEXT_MAX], val[128];
	struct fixture fix;

	if (start_timer(&fix) && talk_timer(&fix, "", resp)) {
		/* bob does not, alice does */
		CHECK_STR(header(resp, "Session-Expires", val),
			  "1800;refresher=uac");
		CHECK_STR(header(resp, "Require", val), "timer");
		CHECK(left_s(&fix) > 1700 && left_s(&fix) <= 1800);
	}
	stop(&fix);
}

static void what_both_agree_on_is_theirs(void)
{
	char resp[TEXT_MAX], val[128];
	struct fixture fix;

	if (start_timer(&fix) &&
	    talk_timer(&fix, "Session-Expires: 600;refresher=uas\r\n"
			     "Require: timer\r\n", resp)) {
		CHECK_STR(header(resp, "Session-Expires", val),
			  "600;refresher=uas");
		CHECK_STR(header(resp, "Require", val), "timer");
		CHECK(left_s(&fix) > 500 && left_s(&fix) <= 600);
	}
	stop(&fix);
}

static void the_invite_asks_for_a_timer(void)
{
	char resp[TEXT_MAX], invite[TEXT_MAX], val[128];
	struct fixture fix;

	if (start_timer(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		strcpy(invite, fix.bob.req);
		CHECK_STR(header(invite, "Session-Expires", val), "1800");
		/* too short for bob: it was ours, so it is ours to lengthen */
		bob_answers(&fix, 422, "Min-SE: 3600\r\n");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		CHECK_STR(header(fix.bob.req, "Session-Expires", val), "3600");
		CHECK_STR(header(fix.bob.req, "Min-SE", val), "3600");
		CHECK_INT(fix.alice.code, 0);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		CHECK_STR(header(resp, "Session-Expires", val),
			  "3600;refresher=uac");
	}
	stop(&fix);
}

static void who_wants_more_each_time_is_not_asked_for_ever(void)
{
	struct fixture fix;
	char extra[64];
	unsigned n = 0;

	if (start_timer(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		call(&fix, "bob");
		for (; n < 40 && !fix.alice.code; n++) {
			REQUIRE(expect(&fix, &fix.bob, "INVITE"));
			snprintf(extra, sizeof(extra), "Min-SE: %u\r\n",
				 2000 + n);
			bob_answers(&fix, 422, extra);
			round_trip(&fix, &fix.desk, 0);
		}
		CHECK(n < 40);
		CHECK_INT(answer(&fix, &fix.alice), 422);
	}
	stop(&fix);
}

/* ... and so it is within the call: who refreshes or holds did not ask for a
 * timer, and could not make it longer. */
static void a_timer_that_we_ask_for_may_be_too_short_in_a_call(void)
{
	char resp[TEXT_MAX], val[128];
	struct fixture fix;

	if (start_timer(&fix) && talk_timer(&fix, "", resp)) {
		put_in_dialog(&fix, resp, "UPDATE", 3, 1);
		REQUIRE(expect(&fix, &fix.bob, "UPDATE"));
		CHECK_STR(header(fix.bob.req, "Session-Expires", val), "1800");
		bob_answers(&fix, 422, "Min-SE: 3600\r\n");
		REQUIRE(expect(&fix, &fix.bob, "UPDATE"));
		CHECK_STR(header(fix.bob.req, "Session-Expires", val), "3600");
		CHECK_STR(header(fix.bob.req, "Min-SE", val), "3600");
		CHECK_STR(header(fix.bob.req, "CSeq", val), "4 UPDATE");
		CHECK_INT(fix.alice.code, 0);
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "CSeq", val), "3 UPDATE");
		/* what follows is ahead by as much, at any worker */
		put_in_dialog(&fix, resp, "INFO", 4, 0);
		REQUIRE(expect(&fix, &fix.bob, "INFO"));
		CHECK_STR(header(fix.bob.req, "CSeq", val), "5 INFO");
	}
	stop(&fix);
}

/* 24 hours of a call, refreshed every 15 minutes by UPDATE, then no more. */
static void a_day_of_refreshes_and_then_none(void)
{
	char resp[TEXT_MAX], val[128];
	struct fixture fix;

	if (start_timer(&fix) && talk_timer(&fix, "", resp)) {
		for (unsigned i = 0; i < 96; i++) {
			later(&fix, 900);
			put_in_dialog_extra(&fix, resp, "UPDATE", 3 + i, i & 1,
					    "Supported: timer\r\n"
					    "Session-Expires: 1800;"
					    "refresher=uac\r\n");
			REQUIRE(expect(&fix, &fix.bob, "UPDATE"));
			bob_answers(&fix, 200, "");
			CHECK_INT(answer(&fix, &fix.alice), 200);
			CHECK_STR(header(fix.alice.resp, "Session-Expires",
					 val),
				  "1800;refresher=uac");
		}
		CHECK(left_s(&fix) > 1700);
		CHECK(!strstr(fix.bob.seen, "BYE"));
		later(&fix, 1800);
		REQUIRE(expect(&fix, &fix.alice, "BYE"));
		CHECK_STR(header(fix.alice.req, "Reason", val),
			  "cordboard;text=\"session-expired\"");
		ua_answers(&fix, &fix.alice, 200, "");
		if (strncmp(fix.bob.req, "BYE", 3))
			CHECK(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK(has_cdr(&fix, "reason=session-expired\n"));
		check_nothing_left(&fix);
	}
	stop(&fix);
}

static void a_timer_never_outlives_the_longest_call(void)
{
	const struct fixture_cfg cfg = {.t1 = 100, .session = 1800,
					.call = 1000};
	char resp[TEXT_MAX];
	struct fixture fix;

	if (start_cfg(&fix, &cfg) && talk_timer(&fix, "", resp)) {
		CHECK(left_s(&fix) <= 1000);
		later(&fix, 1000);
		CHECK(has_cdr(&fix, "reason=call-expired\n"));
	}
	stop(&fix);
}

static void a_timer_that_is_too_short_is_refused(void)
{
	const struct fixture_cfg cfg = {.t1 = 100, .session = 1800,
					.min_se = 120};
	char resp[TEXT_MAX], val[64];
	struct fixture fix;

	if (start_cfg(&fix, &cfg) && talk_timer(&fix, "", resp)) {
		put_in_dialog_extra(&fix, resp, "UPDATE", 3, 1,
				    "Supported: timer\r\n"
				    "Session-Expires: 100\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 422);
		CHECK_STR(header(fix.alice.resp, "Min-SE", val), "120");
		CHECK_INT(fix.bob.requests, 0);
		/* who knows no timers cannot be refused: it is lengthened */
		put_in_dialog_extra(&fix, resp, "UPDATE", 4, 1,
				    "Session-Expires: 100\r\n");
		REQUIRE(expect(&fix, &fix.bob, "UPDATE"));
		CHECK_STR(header(fix.bob.req, "Session-Expires", val), "120");
		CHECK_STR(header(fix.bob.req, "Min-SE", val), "120");
	}
	stop(&fix);
}

static void a_service_lets_its_caller_refresh(void)
{
	char resp[TEXT_MAX], val[64];
	struct fixture fix;

	if (start_timer(&fix)) {
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		CHECK_STR(header(resp, "Session-Expires", val),
			  "1800;refresher=uac");
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		later(&fix, 900);
		put_in_dialog_extra(&fix, resp, "UPDATE", 3, 1,
				    "Supported: timer\r\n"
				    "Session-Expires: 1800;refresher=uac\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "Session-Expires", val),
			  "1800;refresher=uac");
		CHECK(left_s(&fix) > 1700);
		later(&fix, 1800);
		CHECK(expect(&fix, &fix.alice, "BYE"));
		CHECK(has_cdr(&fix, "reason=session-expired\n"));
	}
	stop(&fix);
}

TEST_MAIN(TEST(who_knows_timers_is_the_refresher),
	  TEST(what_both_agree_on_is_theirs),
	  TEST(the_invite_asks_for_a_timer),
	  TEST(who_wants_more_each_time_is_not_asked_for_ever),
	  TEST(a_timer_that_we_ask_for_may_be_too_short_in_a_call),
	  TEST(a_day_of_refreshes_and_then_none),
	  TEST(a_timer_never_outlives_the_longest_call),
	  TEST(a_timer_that_is_too_short_is_refused),
	  TEST(a_service_lets_its_caller_refresh))
