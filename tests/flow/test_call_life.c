/*
 * test_call_life.c  What becomes of a call when its worker, or a side's
 *                   connection, goes away; and what its record tells
 *
 * Two workers, as in test_proxy.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/rebind.h"
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

/* --- a device loses its connection --------------------------------------------------- */

#define BOBS_DEVICE                                                          \
	"Contact: <sip:bob@127.0.0.1:7>;+sip.instance=\"<urn:uuid:b>\"\r\n"

/* bob talks with alice, from a device with a name, and is gone. */
static bool talk_and_lose(struct fixture *fix, char *invite, char *resp)
{
	const struct pl tenant = PL("demo"), user = PL("bob");
	const struct registrar_aor aor = {.tenant = tenant, .user = user};
	struct flow_id id;
	uint8_t packed[FLOW_PACK_MAX];
	struct aor_flow flow = {packed, 0};

	if (!start_life(fix))
		return false;
	CHECK_INT(register_lines(fix, &fix->bob, "bob-secret", BOBS_DEVICE),
		  200);
	call(fix, "bob");
	if (!CHECK(request(fix, &fix->bob, "INVITE")))
		return false;
	strcpy(invite, fix->bob.req);
	bob_answers(fix, 200, BOB_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(resp, fix->alice.resp);
	put_in_dialog(fix, resp, "ACK", 2, 0);
	CHECK(expect(fix, &fix->bob, "ACK"));
	id = flow_of(&fix->bob, 0);
	CHECK(!flow_id_pack(&id, packed, &flow.len));
	rebind_lost(fix->nodes[1].proxy, &aor, &flow);
	pass(fix, 50);
	CHECK_INT(number_of(fix, "cb:{due:?}:flow-loss"), 1);
	return true;
}

static void check_nothing_left(struct fixture *fix)
{
	CHECK(redis_test_until(fix->wheel, 5000, is_idle, fix));
	CHECK_INT(number_of(fix, "cb:{due:?}:*"), 0);
	CHECK_INT(number_of(fix, "cb:{c:?}:rec:*"), 0);
	CHECK_INT(number_of(fix, "cb:{a:*}:calls"), 0);
}

static void a_device_that_comes_back_keeps_its_calls(void)
{
	char invite[TEXT_MAX], resp[TEXT_MAX];
	struct fixture fix;

	if (talk_and_lose(&fix, invite, resp)) {
		/* the same one, at another port */
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 BOBS_DEVICE),
			  200);
		pass(&fix, 1000);
		CHECK_INT(fix.alice.requests, 0);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		REQUIRE(expect(&fix, &fix.desk, "BYE"));
		ua_answers(&fix, &fix.desk, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(has_cdr(&fix, "reason=hangup\n"));
		check_nothing_left(&fix);
	}
	stop(&fix);
}

/* As a page does that is loaded again and again. */
static void what_devices_leave_behind_does_not_pile_up(void)
{
	const struct pl tenant = PL("demo"), user = PL("bob");
	const struct registrar_aor aor = {.tenant = tenant, .user = user};
	uint8_t packed[FLOW_PACK_MAX];
	struct aor_flow flow = {packed, 0};
	char invite[TEXT_MAX], resp[TEXT_MAX], device[32];
	struct fixture fix;
	struct flow_id id;
	struct look look;

	if (talk_and_lose(&fix, invite, resp)) {
		for (uint16_t i = 0; i < 100; i++) {
			id = flow_of(&fix.bob, 0);
			sa_set_port(&id.remote, (uint16_t)(2000 + i));
			CHECK(!flow_id_pack(&id, packed, &flow.len));
			re_snprintf(device, sizeof(device), "page-%u", i);
			rebind_back(fix.nodes[0].proxy, &aor, device, &flow);
		}
		(void)ask_redis(&fix, &look,
				"return redis.call('HLEN', "
				"'cb:{a:demo/bob}:flows')");
		CHECK(look.num >= 1 && look.num <= 20);
		/* who is in a call is still known */
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 BOBS_DEVICE),
			  200);
		pass(&fix, 100);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(expect(&fix, &fix.desk, "BYE"));
	}
	stop(&fix);
}

static void who_does_not_come_back_has_left_the_call(void)
{
	char invite[TEXT_MAX], resp[TEXT_MAX];
	struct fixture fix;

	if (talk_and_lose(&fix, invite, resp)) {
		REQUIRE(expect(&fix, &fix.alice, "BYE"));
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK(has_cdr(&fix, "reason=flow-lost\n"));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		check_nothing_left(&fix);
	}
	stop(&fix);
}

static void another_device_of_the_user_does_not_take_the_call(void)
{
	char invite[TEXT_MAX], resp[TEXT_MAX];
	struct fixture fix;

	if (talk_and_lose(&fix, invite, resp)) {
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 "Contact: <sip:bob@127.0.0.1:8>;"
					 "+sip.instance=\"<urn:uuid:d>\"\r\n"),
			  200);
		REQUIRE(expect(&fix, &fix.alice, "BYE"));
		CHECK_STR(fix.desk.seen, "");
	}
	stop(&fix);
}

/* The worker of the deadline dies, too. */
static void whoever_lives_ends_the_call(void)
{
	char invite[TEXT_MAX], resp[TEXT_MAX];
	struct fixture fix;

	if (talk_and_lose(&fix, invite, resp)) {
		node_kill(&fix, 0);
		CHECK(expect(&fix, &fix.alice, "BYE"));
		CHECK(has_cdr(&fix, "reason=flow-lost\n"));
	}
	stop(&fix);
}

/* A connection that is not there any more, as it stands in Redis. */
static void gone_hex(char hex[2 * FLOW_PACK_MAX + 1])
{
	const struct flow_id id = {.node = "s1", .slot = 2, .kind = FLOW_WSS,
				   .epoch = 101, .num = 9};
	uint8_t packed[FLOW_PACK_MAX];
	size_t len = 0;

	CHECK(!flow_id_pack(&id, packed, &len));
	re_snprintf(hex, 2 * FLOW_PACK_MAX + 1, "%w", packed, len);
}

static void requests_to_who_is_away_do_not_wait(void)
{
	char resp[TEXT_MAX], hex[2 * FLOW_PACK_MAX + 1], script[512];
	struct fixture fix;
	struct look look;

	if (start_life(&fix) && talk(&fix, resp)) {
		put_in_dialog(&fix, resp, "ACK", 2, 1);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		gone_hex(hex);
		snprintf(script, sizeof(script),
			 "local k = redis.call('KEYS', 'cb:{c:?}:rec:*')[1] "
			 "return redis.call('HSET', k, 'b.flow', '%s')", hex);
		(void)ask_redis(&fix, &look, script);
		/* through the worker that had it, and through another one */
		put_in_dialog(&fix, resp, "INFO", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 480);
		put_in_dialog_body(&fix, resp, "INVITE", 4, 0, SDP_OFFER);
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK(!fix.media.leg[1].open_remote);
		put_in_dialog(&fix, resp, "BYE", 5, 0);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(has_cdr(&fix, "reason=hangup\n"));
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

TEST_MAIN(TEST(a_call_that_rings_has_a_record),
	  TEST(a_call_that_fails_has_a_cdr_with_its_reason),
	  TEST(without_redis_nobody_rings),
	  TEST(killed_while_ringing_nobody_rings_for_ever),
	  TEST(answered_after_the_takeover_it_is_ended),
	  TEST(answered_before_the_takeover_it_is_ended_at_once),
	  TEST(a_worker_that_lives_keeps_its_calls),
	  TEST(who_lost_a_setup_does_not_answer_it),
	  TEST(a_device_that_comes_back_keeps_its_calls),
	  TEST(what_devices_leave_behind_does_not_pile_up),
	  TEST(who_does_not_come_back_has_left_the_call),
	  TEST(another_device_of_the_user_does_not_take_the_call),
	  TEST(whoever_lives_ends_the_call),
	  TEST(requests_to_who_is_away_do_not_wait),
	  TEST(who_is_back_is_cancelled_over_the_new_connection))
