/*
 * test_call_life.c  What becomes of a call when its worker goes away, and what
 *                   its record tells
 *
 * Two workers, as in test_proxy.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_look.h"

/* --- the record of a set-up -------------------------------------------------------- */

static void a_call_that_rings_has_a_record(void)
{
	struct fixture fix;
	struct look look;

	if (start_life(&fix) && ring(&fix)) {
		CHECK(strstr(records(&fix, &look), "state=setup\n"));
		CHECK(strstr(look.text, "a.user=alice\n"));
		CHECK(strstr(look.text, "b.user=bob\n"));
		CHECK(strstr(look.text, "at=s1/1/100\n"));
		CHECK_INT(number_of(&fix, "cb:{c:?}:setup:*"), 1);
		CHECK_INT(number_of(&fix, "cb:{due}:setup"), 1);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(records(&fix, &look), "state=up\n"));
		CHECK_INT(number_of(&fix, "cb:{due}:setup"), 0);
	}
	stop(&fix);
}

static void a_call_that_fails_has_a_cdr_with_its_reason(void)
{
	struct fixture fix;

	if (start_life(&fix) && ring(&fix)) {
		bob_answers(&fix, 486, "");
		CHECK_INT(answer(&fix, &fix.alice), 486);
		CHECK(has_cdr(&fix, "reason=busy\n"));
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 0);
		CHECK_INT(number_of(&fix, "cb:{c:?}:calls"), 0);
		CHECK_INT(number_of(&fix, "cb:{c:?}:setup:*"), 0);
		CHECK_INT(number_of(&fix, "cb:{due}:[c-v]*"), 0);
	}
	stop(&fix);
}

static bool is_nobody_asked(void *arg)
{
	struct fixture *fix = arg;

	return fix->alice.code != 0 || fix->bob.requests;
}

/* The nonce was counted; then Redis goes away. */
static void without_redis_nobody_rings(void)
{
	struct fixture fix;
	char auth[1024];

	if (start_life(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		put_invite(&fix, &fix.alice, "bob", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 407);
		credentials(&fix.alice, "INVITE", "sip:bob@demo.test",
			    "alice-secret", auth);
		put_ack_407(&fix, &fix.alice, "bob", 1);
		redis_server_kill(&fix.server);
		put_invite(&fix, &fix.alice, "bob", 2, auth);
		CHECK(redis_test_until(fix.wheel, 5000, is_nobody_asked,
				       &fix));
		CHECK_INT(fix.alice.code, 503);
		CHECK_INT(fix.bob.requests, 0);
	}
	stop(&fix);
}

/* --- a worker dies while it rings ---------------------------------------------------- */

static bool is_released(void *arg)
{
	return strstr(((struct ua *)arg)->seen, "BYE");
}

static void killed_while_ringing_nobody_rings_for_ever(void)
{
	struct fixture fix;

	if (start_life(&fix) && ring(&fix)) {
		node_kill(&fix, 0);
		fix.alice.code = 0;
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		bob_answers(&fix, 200, "");
		as_invite(&fix.bob, 2);
		bob_answers(&fix, 487, "");
		CHECK(request(&fix, &fix.bob, "ACK"));
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(strstr(fix.alice.resp, "branch=z9hG4bKi2"));
		CHECK(strstr(fix.alice.resp, "CSeq: 2 INVITE"));
		CHECK(has_cdr(&fix, "reason=killed\n"));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 0);
	}
	stop(&fix);
}

static void answered_after_the_takeover_it_is_ended(void)
{
	struct fixture fix;
	char val[256];

	if (start_life(&fix) && ring(&fix)) {
		node_kill(&fix, 0);
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		as_invite(&fix.bob, 2);
		/* by way of what stands between (RFC 3261 12.1.2); ours, which
		 * was in the INVITE, stands last */
		fix.bob.before = "Record-Route: <sip:p1@127.0.0.1;lr>, "
				 "<sip:us@127.0.0.1;lr>\r\n";
		bob_answers(&fix, 200, BOB_2XX);
		CHECK(redis_test_until(fix.wheel, 5000, is_released,
				       &fix.bob));
		CHECK(strstr(fix.bob.seen, "ACKBYE"));
		CHECK_STR(header(fix.bob.req, "Route", val),
			  "<sip:p1@127.0.0.1;lr>");
	}
	stop(&fix);
}

/* The answer comes before anybody has noticed. A caller who repeats its INVITE is
 * still in the same call: it ends when it is taken over, not now. */
static void answered_before_the_takeover_the_device_is_released(void)
{
	struct fixture_cfg cfg = {.t1 = 100, .takeover = 60000};
	struct fixture fix;

	if (start_cfg(&fix, &cfg) && ring(&fix)) {
		node_kill(&fix, 0);
		fix.alice.code = 0;
		bob_answers(&fix, 200, BOB_2XX);
		CHECK(redis_test_until(fix.wheel, 5000, is_released,
				       &fix.bob));
		CHECK(strstr(fix.bob.seen, "ACK"));
		CHECK_INT(fix.alice.code, 0);
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
		CHECK(!has_cdr(&fix, "reason=killed\n"));
	}
	stop(&fix);
}

static void answered_before_the_takeover_the_rest_ends_with_it(void)
{
	struct fixture fix;

	if (start_life(&fix) && ring(&fix)) {
		node_kill(&fix, 0);
		fix.alice.code = 0;
		bob_answers(&fix, 200, BOB_2XX);
		CHECK(redis_test_until(fix.wheel, 5000, is_released,
				       &fix.bob));
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(has_cdr(&fix, "reason=killed\n"));
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 0);
	}
	stop(&fix);
}

static void a_worker_that_lives_keeps_its_calls(void)
{
	struct fixture fix;

	if (start_life(&fix) && ring(&fix)) {
		/* four times the time in which a dead one would have lost it */
		pass(&fix, 2000);
		CHECK_INT(fix.alice.code, 0);
		CHECK_STR(fix.bob.seen, "INV");
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

/* One that was cut off from Redis finds its call taken. */
static void who_lost_a_setup_does_not_answer_it(void)
{
	struct fixture fix;
	struct look look;

	if (start_life(&fix) && ring(&fix)) {
		(void)ask_redis(&fix, &look,
				"local k = redis.call('KEYS', "
				"  'cb:{c:?}:setup:*')[1] "
				"return redis.call('HSET', k, 'taken', '1')");
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(redis_test_until(fix.wheel, 5000, is_released,
				       &fix.bob));
	}
	stop(&fix);
}

/* bob's connection died with the worker; he is back over another one. */
static void who_is_back_is_cancelled_over_the_new_connection(void)
{
	char hex[2 * FLOW_PACK_MAX + 1], script[512];
	struct fixture fix;
	struct look look;

	if (start_life(&fix) && ring(&fix)) {
		gone_hex(hex);
		snprintf(script, sizeof(script),
			 "local k = redis.call('KEYS', 'cb:{c:?}:setup:*')[1] "
			 "local v = redis.call('HGET', k, '2') "
			 "v = string.gsub(v, '^%%x+', '%s') "
			 "return redis.call('HSET', k, '2', v)", hex);
		(void)ask_redis(&fix, &look, script);
		node_kill(&fix, 0);
		CHECK(request(&fix, &fix.bob, "CANCEL"));
	}
	stop(&fix);
}

/* --- a worker dies with the answer -------------------------------------------------- */

/* bob has answered, and the worker has died: he has heard no ACK. */
static bool answer_and_die(struct fixture *fix, char *resp)
{
	if (!start_life(fix) || !talk(fix, resp))
		return false;
	node_kill(fix, 0);
	fix->alice.code = 0;
	return true;
}

static void a_repeated_answer_does_not_end_a_live_call(void)
{
	char resp[TEXT_MAX], invite[TEXT_MAX];
	struct fixture fix;

	if (answer_and_die(&fix, resp)) {
		strcpy(invite, fix.bob.req);
		bob_answers(&fix, 200, BOB_2XX);
		/* alice hears it again, as she may not have heard it at all */
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, "branch=z9hG4bKi2"));
		put_in_dialog(&fix, fix.alice.resp, "ACK", 2, 1);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		strcpy(fix.bob.req, invite);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		pass(&fix, 500);
		CHECK(!strstr(fix.bob.seen, "BYE"));
		CHECK(!strstr(fix.alice.seen, "BYE"));
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(has_cdr(&fix, "reason=hangup\n"));
		CHECK_INT(number_of(&fix, "cb:{c:?}:setup:*"), 0);
	}
	stop(&fix);
}

/* Long behind the answer nothing is told again. */
static void a_late_repetition_is_passed_over(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	struct look look;

	if (answer_and_die(&fix, resp)) {
		(void)ask_redis(&fix, &look,
				"return redis.call('DEL', unpack(redis.call("
				"'KEYS', 'cb:{c:?}:setup:*')))");
		bob_answers(&fix, 200, BOB_2XX);
		pass(&fix, 500);
		CHECK_INT(fix.alice.code, 0);
		CHECK(!strstr(fix.bob.seen, "BYE"));
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
	}
	stop(&fix);
}

/* A device that another one was faster than. */
static void another_device_that_answers_late_is_released(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (answer_and_die(&fix, resp)) {
		fix.bob.tag = "other";
		bob_answers(&fix, 200, BOB_2XX);
		CHECK(redis_test_until(fix.wheel, 5000, is_released,
				       &fix.bob));
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
		CHECK_INT(fix.alice.requests, 0);
	}
	stop(&fix);
}

/* Killed between the record and the 200: the deadline of the set-up is there
 * still. */
static void an_answer_that_was_written_goes_to_the_caller(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	struct look look;

	if (answer_and_die(&fix, resp)) {
		(void)ask_redis(&fix, &look,
				"local k = redis.call('KEYS', "
				"  'cb:{c:?}:rec:*')[1] "
				"local call = string.sub(k, -16) "
				"redis.call('HSET', 'cb:{due}:setup:data', "
				"  call, '1 ') "
				"return redis.call('ZADD', 'cb:{due}:setup', "
				"  1, call)");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, "branch=z9hG4bKi2"));
		put_in_dialog(&fix, fix.alice.resp, "ACK", 2, 1);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		CHECK_INT(number_of(&fix, "cb:{due}:setup"), 0);
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_repeated_answer_does_not_end_a_live_call),
	  TEST(a_late_repetition_is_passed_over),
	  TEST(another_device_that_answers_late_is_released),
	  TEST(an_answer_that_was_written_goes_to_the_caller),
	  TEST(a_call_that_rings_has_a_record),
	  TEST(a_call_that_fails_has_a_cdr_with_its_reason),
	  TEST(without_redis_nobody_rings),
	  TEST(killed_while_ringing_nobody_rings_for_ever),
	  TEST(answered_after_the_takeover_it_is_ended),
	  TEST(answered_before_the_takeover_the_device_is_released),
	  TEST(answered_before_the_takeover_the_rest_ends_with_it),
	  TEST(a_worker_that_lives_keeps_its_calls),
	  TEST(who_lost_a_setup_does_not_answer_it),
	  TEST(who_is_back_is_cancelled_over_the_new_connection))
