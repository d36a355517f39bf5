/*
 * test_call_life.c  What becomes of a call when its worker, or a side's
 *                   connection, goes away; and what its record tells
 *
 * Two workers, as in test_proxy.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

/* --- looking into Redis --------------------------------------------------------- */

struct look {
	char text[TEXT_MAX];
	int64_t num;
	bool done;
};

static void flatten(struct look *look, const struct redis_val *val)
{
	size_t len = strlen(look->text);

	if (val->type == REDIS_ARRAY) {
		for (size_t i = 0; i < val->len; i++)
			flatten(look, &val->el[i]);
	} else if (val->str) {
		snprintf(look->text + len, sizeof(look->text) - len, "%s\n",
			 val->str);
	}
}

static void on_looked(int err, const struct redis_val *val, void *arg)
{
	struct look *look = arg;

	look->done = true;
	if (CHECK(!err)) {
		look->num = val->num;
		flatten(look, val);
	}
}

static bool has_looked(void *arg)
{
	return ((struct look *)arg)->done;
}

/* Through worker 1: in these tests the other one dies. */
static const char *ask_redis(struct fixture *fix, struct look *look,
			     const char *script)
{
	const struct redis_arg argv[] = {redis_str("EVAL"), redis_str(script),
					 redis_str("0")};

	memset(look, 0, sizeof(*look));
	CHECK(!redis_link_send(fix->nodes[1].redis, argv, COUNTOF(argv),
			       on_looked, look));
	CHECK(redis_test_until(fix->wheel, 5000, has_looked, look));
	return look->text;
}

/* Of all calls. */
static const char *records(struct fixture *fix, struct look *look)
{
	return ask_redis(fix, look,
			 "local out = {} "
			 "for _, k in ipairs(redis.call('KEYS', "
			 "  'cb:{c:?}:rec:*')) do "
			 "  local h = redis.call('HGETALL', k) "
			 "  for i = 1, #h, 2 do "
			 "    out[#out + 1] = h[i] .. '=' .. h[i + 1] end "
			 "end return out");
}

static const char *cdrs(struct fixture *fix, struct look *look)
{
	return ask_redis(fix, look,
			 "local out = {} "
			 "for _, k in ipairs(redis.call('KEYS', "
			 "  'cb:{c:?}:cdr')) do "
			 "  for _, e in ipairs(redis.call('XRANGE', k, '-', '+')) "
			 "  do local h = e[2] for i = 1, #h, 2 do "
			 "    out[#out + 1] = h[i] .. '=' .. h[i + 1] end end "
			 "end return out");
}

static int64_t number_of(struct fixture *fix, const char *pattern)
{
	char script[256];
	struct look look;

	snprintf(script, sizeof(script),
		 "return #redis.call('KEYS', '%s')", pattern);
	(void)ask_redis(fix, &look, script);
	return look.num;
}


static bool has_cdr(struct fixture *fix, const char *reason)
{
	struct look look;

	for (unsigned i = 0; i < 200; i++) {
		if (strstr(cdrs(fix, &look), reason))
			return true;
		pass(fix, 20);
	}
	return false;
}

static bool start_life(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 100, .takeover = 500,
					.grace = 400};

	return start_cfg(fix, &cfg);
}

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
		CHECK_INT(number_of(&fix, "cb:{due:?}:setup"), 1);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(records(&fix, &look), "state=up\n"));
		CHECK_INT(number_of(&fix, "cb:{c:?}:setup:*"), 0);
		CHECK_INT(number_of(&fix, "cb:{due:?}:setup"), 0);
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
		CHECK_INT(number_of(&fix, "cb:{due:?}:*"), 0);
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

	if (start_life(&fix) && ring(&fix)) {
		node_kill(&fix, 0);
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		as_invite(&fix.bob, 2);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK(redis_test_until(fix.wheel, 5000, is_released,
				       &fix.bob));
		CHECK(strstr(fix.bob.seen, "ACKBYE"));
	}
	stop(&fix);
}

/* The answer comes before anybody has noticed. */
static void answered_before_the_takeover_it_is_ended_at_once(void)
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
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(has_cdr(&fix, "reason=killed\n"));
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

TEST_MAIN(TEST(a_call_that_rings_has_a_record),
	  TEST(a_call_that_fails_has_a_cdr_with_its_reason),
	  TEST(without_redis_nobody_rings),
	  TEST(killed_while_ringing_nobody_rings_for_ever),
	  TEST(answered_after_the_takeover_it_is_ended),
	  TEST(answered_before_the_takeover_it_is_ended_at_once),
	  TEST(a_worker_that_lives_keeps_its_calls),
	  TEST(who_lost_a_setup_does_not_answer_it))
