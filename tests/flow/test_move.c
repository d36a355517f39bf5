/*
 * test_move.c  A media worker is gone: its calls go to another one, or end on
 *              both sides
 *
 * Two workers of sigd, mediad is played.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/move/move.h"
#include "tests/lib/proxy_look.h"

#define MOVED_2XX                                                              \
	"Contact: <sip:x@127.0.0.1:7>\r\nContent-Type: application/sdp\r\n"    \
	"Content-Length: 5\r\n\r\nv=0\r\n"

enum {
	T1 = 100
};

static bool talk_begin(struct fixture *fix, char *resp)
{
	const struct fixture_cfg cfg = {
		.t1 = T1, .takeover = 500, .grace = 3000};

	if (!start_cfg(fix, &cfg) || !talk(fix, resp))
		return false;
	put_in_dialog(fix, resp, "ACK", 2, 0);
	return CHECK(expect(fix, &fix->bob, "ACK"));
}

/* It is on the list, and has no heartbeat. */
static void media_dies(struct fixture *fix)
{
	struct look look;

	(void)ask_redis(fix, &look, "return redis.call('SADD', 'cb:media', 'm1/1')");
	(void)ask_redis(fix, &look,
			"local k = redis.call('KEYS', 'cb:{c:?}:rec:*')[1] "
			"local s = redis.call('HGET', k, 'session') "
			"local call = string.sub(k, -16) "
			"redis.call('HSET', 'cb:{c:' .. string.sub(call, 1, 1) .. "
			"'}:media:' .. call, 'session', s, 'form.1', 'as alice', "
			"'form.2', 'as bob') return s");
}

static bool has_field(struct fixture *fix, const char *text)
{
	struct look look;

	for (unsigned i = 0; i < 100; i++) {
		if (strstr(records(fix, &look), text))
			return true;
		pass(fix, 20);
	}
	return false;
}

static bool no_moves(void *arg)
{
	const struct fixture *fix = arg;
	unsigned n = 0;

	for (unsigned i = 0; i < WORKERS; i++)
		if (fix->nodes[i].proxy)
			n += move_count(fix->nodes[i].proxy);
	return !n;
}

/* ua->req is its INVITE. */
static unsigned cseq_of(const struct ua *ua)
{
	char val[64];

	return (unsigned)atoi(header(ua->req, "CSeq", val));
}

static bool invited(struct fixture *fix, struct ua *ua)
{
	ua->requests = 0;
	ua->req[0] = '\0';
	return CHECK(expect(fix, ua, "INVITE"));
}

static void a_call_goes_to_another_worker_with_an_invite_to_each_side(void)
{
	char resp[TEXT_MAX], old[17], val[512];
	struct fixture fix;
	struct look look;

	if (talk_begin(&fix, resp)) {
		str_ncpy(old, fix.media.session, sizeof(old));
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		CHECK(strstr(fix.bob.req, "s=leg 2\r\n"));
		CHECK(strstr(header(fix.bob.req, "From", val), ";tag=af"));
		CHECK(strstr(header(fix.bob.req, "Contact", val), "127.0.0.1"));
		CHECK_STR(header(fix.bob.req, "Session-Expires", val),
			  "1800;refresher=uas");
		CHECK(!fix.alice.requests);
		bob_answers(&fix, 200, MOVED_2XX);
		REQUIRE(invited(&fix, &fix.alice));
		CHECK(strstr(fix.alice.req, "s=leg 1\r\n"));
		ua_answers(&fix, &fix.alice, 200, MOVED_2XX);
		CHECK(expect(&fix, &fix.alice, "ACK"));
		CHECK(redis_test_until(fix.wheel, 2000, no_moves, &fix));
		CHECK(strstr(fix.bob.seen, "INVACK"));

		CHECK(has_field(&fix, "media=m2/1\n"));
		CHECK(!strstr(records(&fix, &look), old));
		CHECK_STR(fix.media.at, "m2/1");
		CHECK_STR(fix.media.leg[2].sdp, "v=0\r\n");
		CHECK_STR(fix.media.leg[1].form, "as alice");
		CHECK_STR(fix.media.leg[2].form, "as bob");
		CHECK_INT(fix.media.leg[1].peer, 2);
		/* the one that is gone will hear of it */
		CHECK(strstr(ask_redis(&fix, &look,
				       "return redis.call('SMEMBERS', "
				       "'cb:{n:m1/1}:moved')"),
			     old));

		/* and all goes on, the other side sees a rising CSeq */
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		CHECK_INT(cseq_of(&fix.bob), 4);
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(has_cdr(&fix, "reason=hangup\n"));
		check_nothing_left(&fix);
		CHECK_STR(fix.media.at, "m2/1");
	}
	stop(&fix);
}

static void the_dead_worker_is_taken_off_the_list(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	struct look look;

	if (talk_begin(&fix, resp)) {
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		bob_answers(&fix, 200, MOVED_2XX);
		REQUIRE(invited(&fix, &fix.alice));
		ua_answers(&fix, &fix.alice, 200, MOVED_2XX);
		for (unsigned i = 0; i < 400; i++) {
			(void)ask_redis(&fix, &look,
					"return redis.call('SCARD', 'cb:media')");
			if (!look.num)
				break;
			pass(&fix, 25);
		}
		CHECK_INT(look.num, 0);
		CHECK_INT(number_of(&fix, "cb:{n:m1/1}:gone:lease"), 0);
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
	}
	stop(&fix);
}

static void without_another_worker_it_ends_on_both_sides(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	struct look look;

	if (talk_begin(&fix, resp)) {
		media_dies(&fix);
		CHECK(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		if (!strstr(fix.alice.seen, "BYE"))
			CHECK(expect(&fix, &fix.alice, "BYE"));
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK(has_cdr(&fix, "reason=media-node-lost\n"));
		(void)ask_redis(&fix, &look,
				"return redis.call('SCARD', "
				"'cb:{n:m1/1}:moved')");
		CHECK_INT(look.num, 1);
	}
	stop(&fix);
}

static void a_side_that_cannot_follow_ends_both(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_begin(&fix, resp)) {
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		bob_answers(&fix, 200, MOVED_2XX);
		REQUIRE(invited(&fix, &fix.alice));
		ua_answers(&fix, &fix.alice, 488, "");
		CHECK(expect(&fix, &fix.alice, "BYE"));
		ua_answers(&fix, &fix.alice, 200, "");
		if (!strstr(fix.bob.seen, "BYE"))
			CHECK(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK(has_cdr(&fix, "reason=media-node-lost\n"));
		check_nothing_left(&fix);
		/* what was made for it is dropped */
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		CHECK_STR(fix.media.at, "m2/1");
	}
	stop(&fix);
}

static void a_side_that_is_silent_ends_both(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_begin(&fix, resp)) {
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		CHECK(expect(&fix, &fix.alice, "BYE"));
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK(has_cdr(&fix, "reason=media-node-lost\n"));
	}
	stop(&fix);
}

static void who_is_busy_with_an_offer_is_asked_again(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	unsigned first;

	if (talk_begin(&fix, resp)) {
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		first = cseq_of(&fix.bob);
		bob_answers(&fix, 491, "");
		REQUIRE(invited(&fix, &fix.bob));
		CHECK_INT(cseq_of(&fix.bob), first + 1);
		bob_answers(&fix, 200, MOVED_2XX);
		CHECK(invited(&fix, &fix.alice));
	}
	stop(&fix);
}

static void a_repeated_answer_is_acknowledged_again(void)
{
	char resp[TEXT_MAX], invite[TEXT_MAX];
	struct fixture fix;

	if (talk_begin(&fix, resp)) {
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		strcpy(invite, fix.bob.req);
		bob_answers(&fix, 200, MOVED_2XX);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		strcpy(fix.bob.req, invite);
		bob_answers(&fix, 200, MOVED_2XX);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		CHECK_INT(fix.media.asked[CTL_LEG_REMOTE], 3);
	}
	stop(&fix);
}

/* Who moved it dies in the middle: the durable deadline ends it. */
static void a_move_whose_worker_dies_ends_on_both_sides(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	unsigned mover;

	if (talk_begin(&fix, resp)) {
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		mover = move_count(fix.nodes[0].proxy) ? 0 : 1;
		if (mover == 1) {
			/* the other one is who looks into Redis here */
			CHECK(!move_count(fix.nodes[0].proxy));
			bob_answers(&fix, 200, MOVED_2XX);
			CHECK(invited(&fix, &fix.alice));
			stop(&fix);
			return;
		}
		node_kill(&fix, 0);
		fix.alice.requests = 0;
		CHECK(expect(&fix, &fix.alice, "BYE"));
		CHECK(has_cdr(&fix, "reason=media-node-lost\n"));
	}
	stop(&fix);
}

static void a_caller_of_a_service_is_moved_alone(void)
{
	struct fixture fix;
	const struct fixture_cfg cfg = {.t1 = T1, .takeover = 500};
	char resp[TEXT_MAX], contact[512];

	if (start_cfg(&fix, &cfg)) {
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.alice));
		header(fix.alice.req, "Contact", contact);
		ua_answers(&fix, &fix.alice, 200, MOVED_2XX);
		CHECK(expect(&fix, &fix.alice, "ACK"));
		CHECK(has_field(&fix, "media=m2/1\n"));
		CHECK(redis_test_until(fix.wheel, 2000, no_moves, &fix));
		/* by the Contact that it has now */
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		check_nothing_left(&fix);
		CHECK_STR(fix.media.at, "m2/1");
	}
	stop(&fix);
}

static void on_ended(const char *token, void *arg)
{
	(void)token;
	*(bool *)arg = true;
}

static bool is_true(void *arg)
{
	return *(bool *)arg;
}

static void what_the_former_worker_reports_is_not_heard(void)
{
	char resp[TEXT_MAX], old[17], call[17] = "";
	struct fixture fix;
	struct look look;
	bool ended = false;
	struct proxy_loss loss = {.call = call, .session = old,
				  .reason = STATUS_MEDIA_LOST, .token = "t",
				  .endedh = on_ended, .arg = &ended};

	if (talk_begin(&fix, resp)) {
		str_ncpy(old, fix.media.session, sizeof(old));
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		bob_answers(&fix, 200, MOVED_2XX);
		REQUIRE(invited(&fix, &fix.alice));
		ua_answers(&fix, &fix.alice, 200, MOVED_2XX);
		CHECK(has_field(&fix, "media=m2/1\n"));
		str_ncpy(call,
			 ask_redis(&fix, &look,
				   "return string.sub(redis.call('KEYS', "
				   "'cb:{c:?}:rec:*')[1], -16)"),
			 sizeof(call));
		proxy_media_lost(fix.nodes[1].proxy, &loss);
		CHECK(redis_test_until(fix.wheel, 3000, is_true, &ended));
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
		CHECK(!strstr(fix.bob.seen, "BYE"));
		/* of the one that it has now it is */
		loss.session = NULL;
		proxy_media_lost(fix.nodes[1].proxy, &loss);
		CHECK(expect(&fix, &fix.bob, "BYE"));
	}
	stop(&fix);
}

/* A heartbeat may be late, and so may Redis. */
static void who_beats_keeps_its_calls(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	struct look look;

	if (talk_begin(&fix, resp)) {
		fix.media.spare = true;
		media_dies(&fix);
		for (unsigned i = 0; i < 8; i++) {
			(void)ask_redis(&fix, &look,
					"redis.call('HSET', 'cb:{n:m1/1}:media', "
					"'epoch', 1) "
					"return redis.call('PEXPIRE', "
					"'cb:{n:m1/1}:media', 3500)");
			pass(&fix, 400);
		}
		CHECK(!fix.bob.requests);
		CHECK(has_field(&fix, "media=m1/1\n"));
	}
	stop(&fix);
}

/* --- one that drains ------------------------------------------------------------- */

static void the_calls_of_one_that_drains_go_elsewhere(void)
{
	char resp[TEXT_MAX], old[17];
	struct fixture fix;

	if (talk_begin(&fix, resp)) {
		str_ncpy(old, fix.media.session, sizeof(old));
		fix.media.spare = fix.media.leaving = true;
		REQUIRE(invited(&fix, &fix.bob));
		bob_answers(&fix, 200, MOVED_2XX);
		REQUIRE(invited(&fix, &fix.alice));
		ua_answers(&fix, &fix.alice, 200, MOVED_2XX);
		CHECK(has_field(&fix, "media=m2/1\n"));
		CHECK(redis_test_until(fix.wheel, 2000, no_moves, &fix));
		/* it lives: it is told, and nothing need be left for it */
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		CHECK_INT(number_of(&fix, "cb:{n:m1/1}:moved"), 0);
		CHECK_INT(number_of(&fix, "cb:{c:?}:rec:*"), 1);
	}
	stop(&fix);
}

static void what_cannot_be_moved_from_one_that_drains_stays(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	struct look look;

	if (talk_begin(&fix, resp)) {
		fix.media.spare = fix.media.leaving = true;
		REQUIRE(invited(&fix, &fix.bob));
		bob_answers(&fix, 488, "");
		CHECK(redis_test_until(fix.wheel, 2000, no_moves, &fix));
		CHECK(has_field(&fix, "media=m1/1\n"));
		/* once, and not again and again */
		fix.bob.requests = 0;
		pass(&fix, 2500);
		CHECK_INT(fix.bob.requests, 0);
		CHECK_INT(fix.alice.requests, 0);
		CHECK(strstr(ask_redis(&fix, &look,
				       "return redis.call('HVALS', "
				       "'cb:{due}:call:data')"),
			     "limit call-expired"));
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		CHECK(expect(&fix, &fix.bob, "BYE"));
	}
	stop(&fix);
}

/* --- a PBX ------------------------------------------------------------------------ */

static void routes_pbx(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "    connections:\n"
		 "      pbx: {kind: trunk, address: \"127.0.0.1:%u\", "
		 "listener: udp, username: gw, password: pbx-secret, realm: pbx, "
		 "codecs: [PCMU]}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: \"^9\"}, "
		 "to: {connections: [pbx]}}\n",
		 sa_port(&fix->pbx[0].addr));
}

static void a_pbx_that_asks_who_we_are_is_told(void)
{
	const struct fixture_cfg cfg = {.t1 = T1, .takeover = 500,
					.routes = routes_pbx};
	char auth[1024];
	struct fixture fix;
	struct ua *pbx = &fix.pbx[0];
	unsigned first;

	if (start_cfg(&fix, &cfg)) {
		call(&fix, "9");
		REQUIRE(expect(&fix, pbx, "INVITE"));
		ua_answers(&fix, pbx, 200, MOVED_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_in_dialog(&fix, fix.alice.resp, "ACK", 2, 0);
		REQUIRE(expect(&fix, pbx, "ACK"));
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, pbx));
		CHECK_STR(fix.media.leg[2].codecs, "PCMU");
		first = cseq_of(pbx);
		ua_answers(&fix, pbx, 401,
			   "WWW-Authenticate: Digest realm=\"pbx\", "
			   "nonce=\"n\", qop=\"auth\"\r\n");
		REQUIRE(invited(&fix, pbx));
		CHECK(strstr(header(pbx->req, "Authorization", auth),
			     "username=\"gw\""));
		CHECK_INT(cseq_of(pbx), first + 1);
		ua_answers(&fix, pbx, 200, MOVED_2XX);
		CHECK(expect(&fix, pbx, "ACK"));
		CHECK(strstr(pbx->req, "\r\nAuthorization: "));
		CHECK_INT(cseq_of(pbx), first + 1);
		CHECK(invited(&fix, &fix.alice));
	}
	stop(&fix);
}

/* --- recording ------------------------------------------------------------------- */

static void routes_recorded(char *text, size_t size, const char *tenant,
			    const char *route)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    record: %s\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret}\n"
		 "    routes:\n"
		 "      - {name: said, match: {callee: '^bob$'}, record: %s, "
		 "to: {user: bob}}\n",
		 tenant, route);
}

static void routes_never(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	routes_recorded(text, size, "always", "never");
}

static void routes_always(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	routes_recorded(text, size, "never", "always");
}

/* The caller's leg has what the route says, the callee's what the tenant says,
 * at both workers. */
static void moved_recorded(const struct fixture_cfg *cfg,
			   enum ctl_recording route, enum ctl_recording tenant)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (start_cfg(&fix, cfg) && talk(&fix, resp)) {
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		for (unsigned leg = 1; leg <= 2; leg++) {
			CHECK_INT(fix.media.leg[leg].record,
				  leg == 1 ? route : tenant);
			fix.media.leg[leg].record = CTL_RECORD_UNSAID;
		}
		fix.media.spare = true;
		media_dies(&fix);
		REQUIRE(invited(&fix, &fix.bob));
		bob_answers(&fix, 200, MOVED_2XX);
		REQUIRE(invited(&fix, &fix.alice));
		CHECK_STR(fix.media.at, "m2/1");
		CHECK_INT(fix.media.leg[1].record, route);
		CHECK_INT(fix.media.leg[2].record, tenant);
	}
	stop(&fix);
}

static void what_a_route_says_of_recording_moves_along(void)
{
	struct fixture_cfg cfg = {.t1 = T1, .takeover = 500, .grace = 3000,
				  .routes = routes_never};

	moved_recorded(&cfg, CTL_RECORD_NEVER, CTL_RECORD_ALWAYS);
	cfg.routes = routes_always;
	moved_recorded(&cfg, CTL_RECORD_ALWAYS, CTL_RECORD_NEVER);
}

TEST_MAIN(TEST(a_call_goes_to_another_worker_with_an_invite_to_each_side),
	  TEST(the_dead_worker_is_taken_off_the_list),
	  TEST(without_another_worker_it_ends_on_both_sides),
	  TEST(a_side_that_cannot_follow_ends_both),
	  TEST(a_side_that_is_silent_ends_both),
	  TEST(who_is_busy_with_an_offer_is_asked_again),
	  TEST(a_repeated_answer_is_acknowledged_again),
	  TEST(a_move_whose_worker_dies_ends_on_both_sides),
	  TEST(a_caller_of_a_service_is_moved_alone),
	  TEST(what_the_former_worker_reports_is_not_heard),
	  TEST(who_beats_keeps_its_calls),
	  TEST(the_calls_of_one_that_drains_go_elsewhere),
	  TEST(what_cannot_be_moved_from_one_that_drains_stays),
	  TEST(a_pbx_that_asks_who_we_are_is_told),
	  TEST(what_a_route_says_of_recording_moves_along))
