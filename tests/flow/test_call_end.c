/*
 * test_call_end.c  No call just disappears: its time is over, or its end goes
 *                  on at another worker
 *
 * Two workers, as in test_proxy.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_look.h"

static bool talk_with(struct fixture *fix, uint32_t call_s, char *resp)
{
	const struct fixture_cfg cfg = {.t1 = 100, .takeover = 500,
					.grace = 400, .call = call_s};

	if (!start_cfg(fix, &cfg) || !talk(fix, resp))
		return false;
	put_in_dialog(fix, resp, "ACK", 2, 0);
	return CHECK(expect(fix, &fix->bob, "ACK"));
}

/* --- the longest call ------------------------------------------------------------- */

static void the_longest_call_is_ended_on_both_sides(void)
{
	char resp[TEXT_MAX], reason[128];
	struct fixture fix;

	if (talk_with(&fix, 1, resp)) {
		REQUIRE(expect(&fix, &fix.alice, "BYE"));
		CHECK_STR(header(fix.alice.req, "Reason", reason),
			  "cordboard;text=\"call-expired\"");
		ua_answers(&fix, &fix.alice, 200, "");
		if (!fix.bob.requests)
			CHECK(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK(has_cdr(&fix, "reason=call-expired\n"));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		check_nothing_left(&fix);
		CHECK_INT(number_of(&fix, "cb:{c:?}:over:*"), 0);
	}
	stop(&fix);
}

static void whoever_lives_ends_the_longest_call(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_with(&fix, 1, resp)) {
		node_kill(&fix, 0);
		CHECK(expect(&fix, &fix.bob, "BYE"));
		CHECK(has_cdr(&fix, "reason=call-expired\n"));
	}
	stop(&fix);
}

static void a_record_outlives_its_deadline(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	struct look look;

	if (talk_with(&fix, 3600, resp)) {
		(void)ask_redis(&fix, &look,
				"return redis.call('TTL', redis.call('KEYS', "
				"'cb:{c:?}:rec:*')[1])");
		CHECK(look.num > 3600 + 80000);
		CHECK_INT(number_of(&fix, "cb:{due}:call"), 1);
	}
	stop(&fix);
}

/* --- an end that was begun --------------------------------------------------------- */

/* alice hangs up, and the worker dies before bob has heard it. */
static void a_bye_goes_on_when_its_worker_dies(void)
{
	char resp[TEXT_MAX], cseq[64];
	struct fixture fix;

	if (talk_with(&fix, 3600, resp)) {
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		CHECK(has_cdr(&fix, "reason=hangup\n"));
		node_kill(&fix, 0);
		strcpy(fix.bob.req, "");
		fix.bob.requests = 0;
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		header(fix.bob.req, "CSeq", cseq);
		CHECK_STR(cseq, "65539 BYE");
		bob_answers(&fix, 481, "");
		check_nothing_left(&fix);
		CHECK_INT(number_of(&fix, "cb:{c:?}:over:*"), 0);
		CHECK_INT(fix.alice.requests, 0);
	}
	stop(&fix);
}

/* mediad could not be asked before the worker died. */
static void a_session_is_dropped_by_whoever_lives(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_with(&fix, 3600, resp)) {
		fix.media.drop = STATUS_TIMEOUT;
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK(has_cdr(&fix, "reason=hangup\n"));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		node_kill(&fix, 0);
		check_nothing_left(&fix);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 2);
	}
	stop(&fix);
}

/* What was kept is for the BYE alone. */
static void a_call_that_ends_well_leaves_nothing(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_with(&fix, 3600, resp)) {
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(has_cdr(&fix, "reason=hangup\n"));
		check_nothing_left(&fix);
		CHECK_INT(number_of(&fix, "cb:{c:?}:over:*"), 0);
		CHECK_INT(fix.bob.requests, 0);
	}
	stop(&fix);
}

/* --- a PBX that asks who hangs up ---------------------------------------------------- */

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
		 "listener: udp, username: gw, password: pbx-secret, realm: pbx}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: \"^9\"}, "
		 "to: {connections: [pbx]}}\n",
		 sa_port(&fix->pbx[0].addr));
}

static void a_pbx_that_challenges_our_bye_gets_credentials(void)
{
	const struct fixture_cfg cfg = {.t1 = 100, .takeover = 500, .call = 1,
					.routes = routes_pbx};
	char auth[1024], cseq[64];
	struct fixture fix;
	struct ua *pbx = &fix.pbx[0];

	if (start_cfg(&fix, &cfg)) {
		call(&fix, "9");
		REQUIRE(expect(&fix, pbx, "INVITE"));
		ua_answers(&fix, pbx, 200,
			   "Contact: <sip:9@127.0.0.1:1>\r\n"
			   "Content-Type: application/sdp\r\n"
			   "Content-Length: 5\r\n\r\nv=0\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_in_dialog(&fix, fix.alice.resp, "ACK", 2, 0);
		REQUIRE(expect(&fix, pbx, "BYE"));
		ua_answers(&fix, pbx, 401,
			   "WWW-Authenticate: Digest realm=\"pbx\", "
			   "nonce=\"n\", qop=\"auth\"\r\n");
		strcpy(pbx->req, "");
		pbx->requests = 0;
		REQUIRE(expect(&fix, pbx, "BYE"));
		CHECK(strstr(header(pbx->req, "Authorization", auth),
			     "username=\"gw\""));
		CHECK_STR(header(pbx->req, "CSeq", cseq), "65539 BYE");
	}
	stop(&fix);
}

TEST_MAIN(TEST(the_longest_call_is_ended_on_both_sides),
	  TEST(whoever_lives_ends_the_longest_call),
	  TEST(a_record_outlives_its_deadline),
	  TEST(a_bye_goes_on_when_its_worker_dies),
	  TEST(a_session_is_dropped_by_whoever_lives),
	  TEST(a_call_that_ends_well_leaves_nothing),
	  TEST(a_pbx_that_challenges_our_bye_gets_credentials))
