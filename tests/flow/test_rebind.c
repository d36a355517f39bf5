/*
 * test_rebind.c  A device in a call loses its connection, and comes back, or
 *                not
 *
 * Two workers, as in test_proxy.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/end/rebind.h"
#include "tests/lib/proxy_look.h"

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
	CHECK_INT(number_of(fix, "cb:{due}:flow-loss"), 1);
	return true;
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

/* Who has noticed the loss says so when the device is back already. */
static void a_loss_that_is_told_late_ends_nothing(void)
{
	static const char id_script[] =
		"return string.sub(redis.call('KEYS', "
		"'cb:{c:?}:rec:*')[1], -16)";
	char invite[TEXT_MAX], resp[TEXT_MAX];
	uint8_t packed[FLOW_PACK_MAX];
	struct aor_flow flow = {packed, 0};
	struct aor_call call = {.side = CALL_CALLEE};
	struct flow_id id;
	struct fixture fix;
	struct look look;

	if (talk_and_lose(&fix, invite, resp)) {
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 BOBS_DEVICE),
			  200);
		pass(&fix, 50);
		str_ncpy(call.call, ask_redis(&fix, &look, id_script),
			 sizeof(call.call));
		id = flow_of(&fix.bob, 0);
		CHECK(!flow_id_pack(&id, packed, &flow.len));
		rebind_grace(fix.nodes[0].proxy, &call, &flow);
		pass(&fix, 50);
		CHECK_INT(number_of(&fix, "cb:{due}:flow-loss"), 1);
		pass(&fix, 1000);
		CHECK_INT(number_of(&fix, "cb:{due}:flow-loss"), 0);
		CHECK_INT(fix.alice.requests, 0);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(expect(&fix, &fix.desk, "BYE"));
	}
	stop(&fix);
}

/* RFC 5626: the other flow of the device, with a reg-id of its own. */
static void another_flow_of_the_device_takes_its_calls(void)
{
	char invite[TEXT_MAX], resp[TEXT_MAX];
	struct fixture fix;

	if (talk_and_lose(&fix, invite, resp)) {
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 "Contact: <sip:bob@127.0.0.1:7>;reg-id=2;"
					 "+sip.instance=\"<urn:uuid:b>\"\r\n"),
			  200);
		pass(&fix, 1000);
		CHECK_INT(fix.alice.requests, 0);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(expect(&fix, &fix.desk, "BYE"));
	}
	stop(&fix);
}

/* Two devices behind one connection: a gateway. */
static void a_device_may_come_back_as_the_second_contact(void)
{
	char invite[TEXT_MAX], resp[TEXT_MAX];
	struct fixture fix;

	if (talk_and_lose(&fix, invite, resp)) {
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 "Contact: <sip:bob@127.0.0.1:9>\r\n"
					 BOBS_DEVICE),
			  200);
		pass(&fix, 1000);
		CHECK_INT(fix.alice.requests, 0);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(expect(&fix, &fix.desk, "BYE"));
	}
	stop(&fix);
}

/* alice calls before she registers; what she registers as has the call. */
static void a_device_that_registers_late_keeps_its_calls(void)
{
	const struct pl tenant = PL("demo"), user = PL("alice");
	const struct registrar_aor aor = {.tenant = tenant, .user = user};
	char resp[TEXT_MAX], device[128];
	uint8_t packed[FLOW_PACK_MAX];
	struct aor_flow flow = {packed, 0};
	struct fixture fix;
	struct flow_id id;

	if (start_life(&fix) && talk(&fix, resp)) {
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		id = flow_of(&fix.alice, 0);
		CHECK(!flow_id_pack(&id, packed, &flow.len));
		snprintf(device, sizeof(device), "c:late\n");
		rebind_back(fix.nodes[0].proxy, &aor, device, &flow);
		pass(&fix, 50);
		rebind_lost(fix.nodes[0].proxy, &aor, &flow);
		pass(&fix, 50);
		CHECK_INT(number_of(&fix, "cb:{due}:flow-loss"), 1);
		id = flow_of(&fix.desk, 0);
		CHECK(!flow_id_pack(&id, packed, &flow.len));
		rebind_back(fix.nodes[0].proxy, &aor, device, &flow);
		pass(&fix, 1000);
		CHECK_INT(fix.bob.requests, 0);
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
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

/* --- its worker died ---------------------------------------------------------------- */

static bool talk_life(struct fixture *fix, uint32_t takeover, char *resp)
{
	const struct fixture_cfg cfg = {.t1 = 100, .takeover = takeover,
					.grace = 400};

	if (!start_cfg(fix, &cfg) || !talk(fix, resp))
		return false;
	put_in_dialog(fix, resp, "ACK", 2, 0);
	return CHECK(expect(fix, &fix->bob, "ACK"));
}

static void who_was_connected_to_a_dead_worker_has_the_grace(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_life(&fix, 500, resp)) {
		callee_over(&fix, 1, 100);
		node_kill(&fix, 0);
		REQUIRE(expect(&fix, &fix.alice, "BYE"));
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK(has_cdr(&fix, "reason=flow-lost\n"));
		check_nothing_left(&fix);
		/* it has been seen to */
		CHECK_INT(number_of(&fix, "cb:{due}:worker"), 1);
	}
	stop(&fix);
}

static void a_successor_knows_at_once_whom_it_has_lost(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_life(&fix, 60000, resp)) {
		callee_over(&fix, 1, 100);
		node_kill(&fix, 0);
		node_again(&fix, 0);
		CHECK(expect(&fix, &fix.alice, "BYE"));
		CHECK(has_cdr(&fix, "reason=flow-lost\n"));
	}
	stop(&fix);
}

/* Of the slot now, and of another slot. */
static void the_connections_of_the_living_are_let_be(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_life(&fix, 500, resp)) {
		callee_over(&fix, 1, 200);
		node_kill(&fix, 0);
		node_again(&fix, 0);
		pass(&fix, 1500);
		callee_over(&fix, 2, 101);
		node_kill(&fix, 0);
		node_again(&fix, 0);
		pass(&fix, 1500);
		CHECK_INT(fix.alice.requests, 0);
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
	}
	stop(&fix);
}

/* More than are looked through at once. */
static void all_calls_of_a_dead_worker_are_found(void)
{
	char hex[2 * FLOW_PACK_MAX + 1], script[1024];
	const struct fixture_cfg cfg = {.t1 = 100, .takeover = 500,
					.grace = 60000};
	struct fixture fix;
	struct look look;

	if (start_cfg(&fix, &cfg)) {
		conn_hex(hex, 1, 100);
		snprintf(script, sizeof(script),
			 "for i = 1, 600 do "
			 "  local c = string.format('%%x%%015x', i %% 2, i) "
			 "  local tag = 'cb:{c:' .. string.sub(c, 1, 1) .. '}:' "
			 "  redis.call('HSET', tag .. 'rec:' .. c, "
			 "    'state', 'up', 'a.flow', '', 'a.conn', '', "
			 "    'b.flow', '%s', 'b.conn', '') "
			 "  redis.call('ZADD', tag .. 'calls', i, c .. '/demo') "
			 "end", hex);
		(void)ask_redis(&fix, &look, script);
		node_kill(&fix, 0);
		node_again(&fix, 0);
		pass(&fix, 500);
		(void)ask_redis(&fix, &look,
				"return redis.call('ZCARD', "
				"'cb:{due}:flow-loss')");
		CHECK_INT(look.num, 600);
	}
	stop(&fix);
}

static void who_lives_is_not_buried(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_life(&fix, 500, resp)) {
		callee_over(&fix, 1, 100);
		pass(&fix, 2500);
		CHECK_INT(fix.alice.requests, 0);
		CHECK_INT(number_of(&fix, "cb:{due}:flow-loss"), 0);
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_device_that_comes_back_keeps_its_calls),
	  TEST(a_loss_that_is_told_late_ends_nothing),
	  TEST(another_flow_of_the_device_takes_its_calls),
	  TEST(a_device_may_come_back_as_the_second_contact),
	  TEST(a_device_that_registers_late_keeps_its_calls),
	  TEST(who_does_not_come_back_has_left_the_call),
	  TEST(another_device_of_the_user_does_not_take_the_call),
	  TEST(whoever_lives_ends_the_call),
	  TEST(requests_to_who_is_away_do_not_wait),
	  TEST(who_was_connected_to_a_dead_worker_has_the_grace),
	  TEST(a_successor_knows_at_once_whom_it_has_lost),
	  TEST(the_connections_of_the_living_are_let_be),
	  TEST(all_calls_of_a_dead_worker_are_found),
	  TEST(who_lives_is_not_buried))
