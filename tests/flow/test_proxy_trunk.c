/*
 * test_proxy_trunk.c  Calls to PBXs: one after the other, challenged, early
 *                     heard, given up
 *
 * alice calls; three PBXs stand behind the routes. What a PBX answers comes
 * back through the other worker.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

#define PBX_2XX                              \
	"Contact: <sip:pbx@127.0.0.1:1>\r\n" \
	"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
#define PBX_EARLY(letter)                                   \
	"Contact: <sip:pbx@127.0.0.1:1>\r\n"                \
	"Content-Type: application/sdp\r\nContent-Length: " \
	"6\r\n\r\nv=0\r\n" letter

static void routes_trunk(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret, numbers: ['77']}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, username: gate, password: hush, realm: pbx, "
		 "codecs: [PCMU, PCMA], answer_within: 200ms, ring_within: "
		 "500ms, probe: 0s}\n"
		 "      two: {kind: trunk, address: '127.0.0.1:%u', "
		 "from_user: '+4930', media_source: learn-once, "
		 "methods: [INVITE, UPDATE], "
		 "answer_within: 200ms, probe: 0s}\n"
		 "      three: {kind: trunk, address: '127.0.0.1:%u', "
		 "answer_within: 200ms, probe: 0s}\n"
		 "      slow: {kind: trunk, address: '127.0.0.1:%u', "
		 "answer_within: 30s, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connections: [one, two, three]}}\n"
		 "      - {name: slow, match: {callee: '1.*'}, to: "
		 "{connection: slow}}\n"
		 "      - {name: two, match: {callee: '2.*'}, to: "
		 "{connection: two}}\n",
		 sa_port(&fix->pbx[0].addr), sa_port(&fix->pbx[1].addr),
		 sa_port(&fix->pbx[2].addr), sa_port(&fix->pbx[0].addr));
}

static bool start_trunk(struct fixture *fix, uint32_t t1)
{
	const struct fixture_cfg cfg = {.t1 = t1, .routes = routes_trunk};

	return start_cfg(fix, &cfg);
}

/* The test of a long T1: no timer of SIP is waited for. */
static bool begin(struct fixture *fix, const char *to)
{
	if (!start_trunk(fix, 500))
		return false;
	call(fix, to);
	return true;
}

static void pbx_says(struct fixture *fix, unsigned nr, int code,
		     const char *extra)
{
	ua_answers(fix, &fix->pbx[nr], code, extra);
}

/* The body of a message. */
static const char *body(const char *text)
{
	const char *p = strstr(text, "\r\n\r\n");

	return p ? p + 4 : "";
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* A call of a PBX. */
static void put_pbx_invite(struct fixture *fix, unsigned nr, const char *to,
			   const char *lines)
{
	struct ua *ua = &fix->pbx[nr];

	put(fix, ua, 0,
	    "INVITE sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp;rport\r\n"
	    "%sMax-Forwards: 70\r\n"
	    "From: \"Carl\" <sip:+49@10.0.0.1>;tag=pf\r\n"
	    "To: <sip:%s@10.0.0.2>\r\nCall-ID: call-p\r\nCSeq: 7 INVITE\r\n"
	    "Contact: <sip:c@127.0.0.1:%u>\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    to, sa_port(&ua->addr), lines, to, sa_port(&ua->addr),
	    strlen(SDP_OFFER), SDP_OFFER);
}

/* --- the way out and back ----------------------------------------------------- */

static void a_number_goes_to_its_connection(void)
{
	struct fixture fix;
	char val[1024], resp[TEXT_MAX];
	const char *req = fix.pbx[0].req;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK(!strncmp(req, "INVITE sip:0123@pbx.test SIP/2.0\r\n",
			       34));
		CHECK_STR(header(req, "From", val),
			  "<sip:alice@pbx.test>;tag=af");
		CHECK_STR(header(req, "To", val), "<sip:0123@pbx.test>");
		CHECK_STR(header(req, "CSeq", val), "2 INVITE");
		CHECK_INT(count(req, "\r\nVia: "), 1);
		CHECK(!strstr(req, "transport=ws") && !strstr(req, "alice@1"));
		CHECK(strlen(header(req, "Record-Route", val)) < 160);
		CHECK(!strstr(req, "Authorization"));
		CHECK(strstr(body(req), "s=leg 2"));
		CHECK_INT(fix.media.leg[2].profile, CTL_RTP);
		CHECK_INT(fix.media.leg[2].source, CTL_STRICT);
		CHECK_STR(fix.media.leg[2].codecs, "PCMU,PCMA");

		pbx_says(&fix, 0, 100, "");
		pbx_says(&fix, 0, 180, "");
		CHECK(rings(&fix, &fix.alice));
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		CHECK_STR(header(resp, "From", val),
			  "<sip:alice@demo.test>;tag=af");
		CHECK_STR(header(resp, "To", val),
			  "<sip:0123@demo.test>;tag=bt");
		CHECK_STR(header(resp, "CSeq", val), "2 INVITE");
		CHECK(!strstr(resp, "pbx@127"));
		CHECK(strstr(body(resp), "s=leg 1"));
		CHECK_INT(fix.media.leg[1].peer, 2);
		put_in_dialog(&fix, resp, "ACK", 2, 1);
		CHECK(expect(&fix, &fix.pbx[0], "ACK sip:pbx@127.0.0.1:1"));
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(expect(&fix, &fix.pbx[0], "BYE"));
		pbx_says(&fix, 0, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
	}
	stop(&fix);
}

static void a_connection_has_its_own_number_and_terms(void)
{
	struct fixture fix;
	char val[1024], want[128];
	const char *req = fix.pbx[1].req;

	if (begin(&fix, "2%2342;x=y")) {
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		snprintf(want, sizeof(want),
			 "INVITE sip:2%%2342;x=y@127.0.0.1:%u SIP/2.0\r\n",
			 sa_port(&fix.pbx[1].addr));
		CHECK(!strncmp(req, want, strlen(want)));
		CHECK_STR(header(req, "From", val),
			  "<sip:+4930@127.0.0.1>;tag=af");
		CHECK_STR(header(req, "To", val), "<sip:2%2342;x=y@127.0.0.1>");
		CHECK_INT(fix.media.leg[2].source, CTL_LEARN_ONCE);
		CHECK_STR(fix.media.leg[2].codecs, "");
	}
	stop(&fix);
}

/* --- failover ------------------------------------------------------------------- */

static void a_failure_a_silence_and_then_an_answer(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 503, "Retry-After: 99\r\n");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK(strstr(body(fix.pbx[1].req), "s=leg 3"));
		CHECK(fix.media.leg[2].dropped);
		/* two says nothing */
		REQUIRE(expect(&fix, &fix.pbx[2], "INVITE"));
		CHECK(strstr(body(fix.pbx[2].req), "s=leg 4"));
		CHECK(fix.media.leg[3].dropped);
		pbx_says(&fix, 2, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_INT(fix.media.leg[1].peer, 4);
		CHECK(!fix.media.leg[4].dropped);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&fix);
}

static void who_was_silent_and_answers_late_is_released(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		pbx_says(&fix, 1, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		/* it was asked once and not again: nothing rings there late */
		CHECK_STR(fix.pbx[0].seen, "INV");
		pbx_says(&fix, 0, 200, PBX_2XX);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		CHECK_STR(fix.pbx[0].seen, "INVACKBYE");
		CHECK(strstr(fix.pbx[0].req, "From: <sip:alice@pbx.test>;tag"));
		CHECK(strstr(fix.pbx[0].req,
			     "To: <sip:0123@pbx.test>;tag=bt\r\n"));
		CHECK_INT(fix.media.leg[1].peer, 3);
	}
	stop(&fix);
}

static void each_dialog_of_a_late_fork_is_released(void)
{
	struct fixture fix;
	char invite[TEXT_MAX];

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		strcpy(invite, fix.pbx[0].req);
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		pbx_says(&fix, 0, 200, PBX_2XX);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		/* again: acknowledged, but ended once */
		strcpy(fix.pbx[0].req, invite);
		pbx_says(&fix, 0, 200, PBX_2XX);
		REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
		strcpy(fix.pbx[0].req, invite);
		fix.pbx[0].tag = "other";
		pbx_says(&fix, 0, 200, PBX_2XX);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		CHECK(strstr(fix.pbx[0].req, ";tag=other\r\n"));
		CHECK_STR(fix.pbx[0].seen, "INVACKBYEACKACKBYE");
	}
	stop(&fix);
}

static void who_was_silent_and_wakes_up_is_cancelled(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		pbx_says(&fix, 0, 180, "");
		CHECK(expect(&fix, &fix.pbx[0], "CANCEL"));
		round_trip(&fix, &fix.bob, 1);
		CHECK_INT(fix.alice.provs, 0);
	}
	stop(&fix);
}

static void a_hundred_is_no_silence_but_ringing_has_its_time(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 100, "");
		pass(&fix, 300);
		CHECK_STR(fix.pbx[1].seen, "");
		/* ring_within */
		REQUIRE(expect(&fix, &fix.pbx[0], "CANCEL"));
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	}
	stop(&fix);
}

static void a_refusal_ends_the_hunt_and_is_told(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 486,
			 "Reason: Q.850;cause=17\r\nX-Why: lunch\r\n"
			 "Contact: <sip:else@127.0.0.1>\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 486);
		CHECK(strstr(fix.alice.resp, "Reason: Q.850;cause=17\r\n"));
		CHECK(strstr(fix.alice.resp, "X-Why: lunch\r\n"));
		CHECK(strstr(fix.alice.resp, ";tag=bt\r\n"));
		CHECK(!strstr(fix.alice.resp, "else@127"));
		CHECK(!strstr(fix.alice.resp, "Record-Route"));
		CHECK(expect(&fix, &fix.pbx[0], "ACK"));
		CHECK_STR(fix.pbx[1].seen, "");
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

static void that_a_pbx_has_too_much_to_do_is_not_told(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		for (unsigned i = 0; i < 3; i++) {
			REQUIRE(expect(&fix, &fix.pbx[i], "INVITE"));
			pbx_says(&fix, i, 503,
				 "Retry-After: 99\r\nReason: "
				 "Q.850;cause=42\r\n");
		}
		CHECK_INT(answer(&fix, &fix.alice), 500);
		CHECK(!strstr(fix.alice.resp, "Retry-After"));
		CHECK(strstr(fix.alice.resp, "Reason: Q.850;cause=42\r\n"));
	}
	stop(&fix);
}

static void the_best_of_all_refusals_is_told(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 502, "");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		/* nothing: 408 */
		REQUIRE(expect(&fix, &fix.pbx[2], "INVITE"));
		pbx_says(&fix, 2, 404, "X-From: three\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 404);
		CHECK(strstr(fix.alice.resp, "X-From: three\r\n"));
	}
	stop(&fix);
}

static void when_all_are_silent_it_is_a_timeout(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		CHECK_INT(answer(&fix, &fix.alice), 408);
		CHECK(strstr(fix.alice.resp, "target-timeout"));
		CHECK_STR(fix.pbx[0].seen, "INV");
		CHECK_STR(fix.pbx[2].seen, "INV");
	}
	stop(&fix);
}

static void an_offer_that_cannot_be_made_is_a_failed_try(void)
{
	struct fixture fix;

	if (start_trunk(&fix, 500)) {
		fix.media.no_offer = 2;
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK_STR(fix.pbx[0].seen, "");
		pbx_says(&fix, 1, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void all_tries_have_one_limit(void)
{
	const struct fixture_cfg cfg = {.t1 = 500,
					.routes = routes_trunk,
					.setup = 300};
	struct fixture fix;

	if (start_cfg(&fix, &cfg)) {
		call(&fix, "1");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 180, "");
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK(expect(&fix, &fix.pbx[0], "CANCEL"));
	}
	stop(&fix);
}

/* RFC 3261 16.6 step 11 */
static void ringing_puts_timer_c_off(void)
{
	const struct fixture_cfg cfg = {.t1 = 500,
					.routes = routes_trunk,
					.timer_c = 200};
	struct fixture fix;

	if (start_cfg(&fix, &cfg)) {
		call(&fix, "1");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		for (unsigned i = 0; i < 4; i++) {
			pbx_says(&fix, 0, 180, "");
			pass(&fix, 120);
			CHECK_INT(fix.alice.code, 0);
		}
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

/* --- figures ------------------------------------------------------------------- */

struct figures {
	struct fixture *fix;
	const char *conn;
	const char *want;
	char is[128];
	bool asked;
};

static void on_figures(int err, const struct redis_val *val, void *arg)
{
	struct figures *f = arg;

	f->asked = false;
	if (!err && val->type == REDIS_STR)
		snprintf(f->is, sizeof(f->is), "%s", val->str);
}

static bool has_figures(void *arg)
{
	struct figures *f = arg;
	const struct redis_arg argv[] = {redis_str("HGET"),
					 redis_str("cb:{n:s1/1}:conns"),
					 redis_str(f->conn)};

	if (!f->asked && strcmp(f->is, f->want))
		f->asked = !redis_link_send(f->fix->nodes[0].redis, argv, 3,
					    on_figures, f);
	return !f->asked && !strcmp(f->is, f->want);
}

/* tries, answered, refused, failed, failovers, calls in */
static void check_figures(struct fixture *fix, const char *conn,
			  const char *want)
{
	struct figures f = {.fix = fix, .conn = conn, .want = want};

	(void)redis_test_until(fix->wheel, 5000, has_figures, &f);
	CHECK_STR(f.is, want);
}

static void each_connection_is_counted(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 503, "");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		/* two says nothing */
		REQUIRE(expect(&fix, &fix.pbx[2], "INVITE"));
		pbx_says(&fix, 2, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_pbx_invite(&fix, 0, "77", "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 480);
		check_figures(&fix, "demo/one", "1 0 0 1 1 1");
		check_figures(&fix, "demo/two", "1 0 0 1 1 0");
		check_figures(&fix, "demo/three", "1 1 0 0 0 0");
	}
	stop(&fix);
	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 486, "");
		CHECK_INT(answer(&fix, &fix.alice), 486);
		check_figures(&fix, "demo/one", "1 0 1 0 0 0");
	}
	stop(&fix);
}

/* --- CANCEL --------------------------------------------------------------------- */

/* That of the INVITE, which may come before that of the CANCEL. */
static void cancelled(struct fixture *fix, const char *to)
{
	put_cancel(fix, to, "i", 2);
	CHECK(redis_test_until(fix->wheel, 5000, is_terminated, &fix->alice));
}

static void a_call_is_cancelled_before_anything_was_sent(void)
{
	struct fixture fix;

	if (start_trunk(&fix, 500)) {
		fix.media.slow_leg = 2;
		call(&fix, "0123");
		round_trip(&fix, &fix.bob, 0);
		pass(&fix, 20);
		cancelled(&fix, "0123");
		pass(&fix, 150);
		CHECK_STR(fix.pbx[0].seen, "");
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

static void a_call_is_cancelled_while_nothing_is_heard(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		cancelled(&fix, "0123");
		/* RFC 3261 9.1: not before it is known to be there */
		CHECK_STR(fix.pbx[0].seen, "INV");
		pbx_says(&fix, 0, 100, "");
		CHECK(expect(&fix, &fix.pbx[0], "CANCEL"));
		CHECK_STR(fix.pbx[1].seen, "");
	}
	stop(&fix);
}

static void a_call_is_cancelled_while_the_second_rings(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 500, "");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		pbx_says(&fix, 1, 180, "");
		REQUIRE(rings(&fix, &fix.alice));
		cancelled(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[1], "CANCEL"));
		CHECK(strstr(fix.pbx[1].req, "\r\nCSeq: 2 CANCEL\r\n"));
		pbx_says(&fix, 1, 200, "");
		as_invite(&fix.pbx[1], 2);
		/* it had been picked up already */
		pbx_says(&fix, 1, 200, PBX_2XX);
		REQUIRE(expect(&fix, &fix.pbx[1], "BYE"));
		CHECK(strstr(fix.pbx[1].seen, "CANACKBYE"));
		CHECK_STR(fix.pbx[2].seen, "");
	}
	stop(&fix);
}

/* --- challenges ---------------------------------------------------------------------- */

#define CHALLENGE(kind, realm, nonce)                                    \
	kind "-Authenticate: Digest realm=\"" realm "\", nonce=\"" nonce \
	     "\", algorithm=MD5, qop=\"auth\"\r\n"

static void a_challenge_is_answered_with_the_next_cseq(void)
{
	struct fixture fix;
	char val[2048], resp[TEXT_MAX], first[TEXT_MAX];
	const char *req = fix.pbx[0].req;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		strcpy(first, req);
		pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n1"));
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK_STR(header(req, "CSeq", val), "3 INVITE");
		header(req, "Authorization", val);
		CHECK(strstr(val, "username=\"gate\""));
		CHECK(strstr(val, "realm=\"pbx\""));
		CHECK(strstr(val, "nonce=\"n1\""));
		CHECK(strstr(val, "uri=\"sip:0123@pbx.test\""));
		CHECK(strstr(val, "nc=00000001"));
		CHECK(!strstr(req, "hush"));
		/* the same offer, another branch */
		CHECK_STR(body(req), body(first));
		header(first, "Via", val);
		CHECK(!strstr(req, val));
		CHECK_STR(fix.pbx[0].seen, "INVACKINV");
		/* 407 of a proxy in front of it: both are told */
		pbx_says(&fix, 0, 407, CHALLENGE("Proxy", "pbx", "n2"));
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK_STR(header(req, "CSeq", val), "4 INVITE");
		CHECK(strstr(req, "\r\nAuthorization: ") &&
		      strstr(req, "\r\nProxy-Authorization: "));
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		CHECK_STR(header(resp, "CSeq", val), "2 INVITE");
		CHECK_INT(fix.media.asked[CTL_LEG_DROP], 0);
	}
	stop(&fix);
}

/* Nobody else's challenge gets an answer (threat 21). */
static void a_challenge_of_another_realm_is_not_answered(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 407, CHALLENGE("Proxy", "victim", "n1"));
		/* two has no credentials at all */
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK(!strstr(fix.pbx[1].req, "Authorization"));
		pbx_says(&fix, 1, 401, CHALLENGE("WWW", "pbx", "n1"));
		REQUIRE(expect(&fix, &fix.pbx[2], "INVITE"));
		pbx_says(&fix, 2, 401, CHALLENGE("WWW", "pbx", "n1"));
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK(strstr(fix.alice.resp, "auth-failed"));
		CHECK(!strstr(fix.alice.resp, "-Authenticate"));
		round_trip(&fix, &fix.bob, 1);
		CHECK_STR(fix.pbx[0].seen, "INVACK");
	}
	stop(&fix);
}

static void wrong_credentials_are_told_once(void)
{
	struct fixture fix;

	if (begin(&fix, "1")) {
		/* slow has none */
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n1"));
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n1"));
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n2"));
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK_STR(fix.pbx[0].seen, "INVACKINVACK");
	}
	stop(&fix);
}

static void a_nonce_that_was_too_old_is_no_refusal(void)
{
	struct fixture fix;
	char val[2048];

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n1"));
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 401,
			 "WWW-Authenticate: Digest realm=\"pbx\", "
			 "nonce=\"n2\", qop=\"auth\", stale=true\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK_STR(header(fix.pbx[0].req, "CSeq", val), "4 INVITE");
		header(fix.pbx[0].req, "Authorization", val);
		CHECK(strstr(val, "nonce=\"n2\""));
		/* but not for ever */
		pbx_says(&fix, 0, 401,
			 "WWW-Authenticate: Digest realm=\"pbx\", "
			 "nonce=\"n3\", qop=\"auth\", stale=true\r\n");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
	}
	stop(&fix);
}

static void a_cancel_has_the_cseq_of_the_last_try(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n1"));
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 180, "");
		REQUIRE(rings(&fix, &fix.alice));
		CHECK(strstr(fix.alice.prov, "\r\nCSeq: 2 INVITE\r\n"));
		cancelled(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "CANCEL"));
		CHECK(strstr(fix.pbx[0].req, "\r\nCSeq: 3 CANCEL\r\n"));
	}
	stop(&fix);
}

/* --- redirections ---------------------------------------------------------------------- */

static void a_redirection_within_the_connection_is_followed(void)
{
	struct fixture fix;
	char val[1024], want[128];
	const char *req = fix.pbx[0].req;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 302,
			 "Contact: <sip:1@elsewhere.test>, <tel:+1>, "
			 "<sip:777@PBX.test;transport=tcp?Subject=x>\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK(!strncmp(req, "INVITE sip:777@pbx.test SIP/2.0\r\n", 33));
		CHECK_STR(header(req, "CSeq", val), "3 INVITE");
		CHECK_STR(header(req, "To", val), "<sip:0123@pbx.test>");
		snprintf(want, sizeof(want),
			 "Contact: <sip:778@127.0.0.1:%u>"
			 "\r\n",
			 sa_port(&fix.pbx[0].addr));
		pbx_says(&fix, 0, 301, want);
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE sip:778@pbx.test"));
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "CSeq", val), "2 INVITE");
	}
	stop(&fix);
}

static void a_redirection_to_elsewhere_is_not_followed(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 302,
			 "Contact: <sip:0123@victim.test>\r\n"
			 "Contact: <sip:1@pbx.test:5999>, <sips:1@pbx.test>, "
			 "<sip:0123@pbx.test>\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK(strstr(fix.alice.resp, "\"moved\""));
		CHECK(!strstr(fix.alice.resp, "victim"));
		CHECK_STR(fix.pbx[1].seen, "");
	}
	stop(&fix);
}

static void of_a_redirection_ten_contacts_are_read(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 302,
			 "Contact: a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9\r\n"
			 "Contact: <sip:777@pbx.test>\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE sip:777@"));
		pbx_says(&fix, 0, 302,
			 "Contact: a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8,a:9,a:a\r\n"
			 "Contact: <sip:778@pbx.test>\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

static void redirections_have_an_end(void)
{
	struct fixture fix;
	char line[64];

	if (begin(&fix, "0123")) {
		for (unsigned i = 0; i < 4; i++) {
			REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
			snprintf(line, sizeof(line),
				 "Contact: <sip:%u@pbx.test>\r\n", i);
			pbx_says(&fix, 0, 302, line);
		}
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK_STR(fix.pbx[0].seen, "INVACKINVACKINVACKINVACK");
	}
	stop(&fix);
}

/* --- early media --------------------------------------------------------------------- */

static void early_media_is_heard_and_its_sdp_stays(void)
{
	struct fixture fix;
	char sdp[256];

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 180, "");
		REQUIRE(rings(&fix, &fix.alice));
		CHECK_STR(body(fix.alice.prov), "");
		pbx_says(&fix, 0, 183, PBX_EARLY("A"));
		REQUIRE(rings(&fix, &fix.alice));
		CHECK(!strncmp(fix.alice.prov, "SIP/2.0 183", 11));
		CHECK(strstr(fix.alice.prov, ";tag=bt\r\n"));
		CHECK(strstr(fix.alice.prov, "\r\nContact: <sip:"));
		snprintf(sdp, sizeof(sdp), "%s", body(fix.alice.prov));
		CHECK(strstr(sdp, "s=leg 1"));
		CHECK_INT(fix.media.leg[1].peer, 2);
		CHECK_STR(fix.media.leg[2].sdp, "v=0\r\nA");
		/* the same again: nothing to ask */
		pbx_says(&fix, 0, 183, PBX_EARLY("A"));
		REQUIRE(rings(&fix, &fix.alice));
		CHECK_STR(body(fix.alice.prov), sdp);
		CHECK_INT(fix.media.asked[CTL_LEG_JOIN], 1);
		/* a fork of the PBX's: its tag, its media, our SDP */
		fix.pbx[0].tag = "fork";
		pbx_says(&fix, 0, 183, PBX_EARLY("B"));
		REQUIRE(rings(&fix, &fix.alice));
		CHECK(strstr(fix.alice.prov, ";tag=fork\r\n"));
		CHECK_STR(body(fix.alice.prov), sdp);
		CHECK_STR(fix.media.leg[2].sdp, "v=0\r\nB");
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, ";tag=fork\r\n"));
		CHECK_STR(body(fix.alice.resp), sdp);
		CHECK_STR(fix.media.leg[2].sdp, "v=0\r\n");
	}
	stop(&fix);
}

static void an_answer_given_early_need_not_be_given_again(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 183, PBX_EARLY("A"));
		REQUIRE(rings(&fix, &fix.alice));
		pbx_says(&fix, 0, 200, "Contact: <sip:pbx@127.0.0.1:1>\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(body(fix.alice.resp), "s=leg 1"));
		CHECK_STR(fix.media.leg[2].sdp, "v=0\r\nA");
	}
	stop(&fix);
}

static void a_2xx_overtakes_the_early_media_it_follows(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 183, PBX_EARLY("A"));
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(body(fix.alice.resp), "s=leg 1"));
	}
	stop(&fix);
}

static void early_media_that_mediad_refuses_is_only_ringing(void)
{
	struct fixture fix;

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		fix.media.refuse = STATUS_BAD_SDP;
		pbx_says(&fix, 0, 183, PBX_EARLY("A"));
		REQUIRE(rings(&fix, &fix.alice));
		CHECK_STR(body(fix.alice.prov), "");
		fix.media.refuse = STATUS_OK;
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void the_next_one_is_heard_when_the_first_has_failed(void)
{
	struct fixture fix;
	char sdp[256];

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 183, PBX_EARLY("A"));
		REQUIRE(rings(&fix, &fix.alice));
		snprintf(sdp, sizeof(sdp), "%s", body(fix.alice.prov));
		pbx_says(&fix, 0, 500, "");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		pbx_says(&fix, 1, 183, PBX_EARLY("B"));
		REQUIRE(rings(&fix, &fix.alice));
		CHECK_STR(body(fix.alice.prov), sdp);
		CHECK_INT(fix.media.leg[1].peer, 3);
	}
	stop(&fix);
}

static void of_two_devices_the_first_with_media_is_heard(void)
{
	struct fixture fix;
	const char *body_of;

	if (start_trunk(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-secret"), 200);
		call(&fix, "bob");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		REQUIRE(expect(&fix, &fix.desk, "INVITE"));
		fix.desk.tag = "dt";
		ua_answers(&fix, &fix.desk, 183, PBX_EARLY("A"));
		REQUIRE(rings(&fix, &fix.alice));
		body_of = body(fix.alice.prov);
		CHECK(strstr(body_of, "s=leg 1"));
		ua_answers(&fix, &fix.bob, 183, PBX_EARLY("B"));
		REQUIRE(rings(&fix, &fix.alice));
		CHECK(strstr(fix.alice.prov, ";tag=bt\r\n"));
		CHECK_STR(body(fix.alice.prov), "");
		CHECK_INT(fix.media.asked[CTL_LEG_JOIN], 1);
		ua_answers(&fix, &fix.bob, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(body(fix.alice.resp), "s=leg 1"));
		REQUIRE(expect(&fix, &fix.desk, "CANCEL"));
	}
	stop(&fix);
}

/* --- who makes no offer gets ours ---------------------------------------------------- */

/* alice's challenged INVITE without SDP. */
static void call_plain(struct fixture *fix, const char *to)
{
	char uri[64], auth[1024];

	put_invite_with(fix, &fix->alice, to, 1, "", "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, "INVITE", uri, "alice-secret", auth);
	put_ack_407(fix, &fix->alice, to, 1);
	put_invite_with(fix, &fix->alice, to, 2, auth, "");
}

static bool talk_plain(struct fixture *fix, char *resp)
{
	if (!start_trunk(fix, 500))
		return false;
	call_plain(fix, "0123");
	if (!CHECK(expect(fix, &fix->pbx[0], "INVITE")))
		return false;
	CHECK(strstr(body(fix->pbx[0].req), "s=leg 2"));
	/* there is nobody yet to hear this */
	pbx_says(fix, 0, 183, PBX_EARLY("A"));
	if (!CHECK(rings(fix, &fix->alice)))
		return false;
	CHECK_STR(body(fix->alice.prov), "");
	CHECK_INT(fix->media.asked[CTL_LEG_JOIN], 0);
	pbx_says(fix, 0, 200, PBX_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(resp, fix->alice.resp);
	CHECK(strstr(body(resp), "s=leg 1"));
	CHECK_STR(fix->media.leg[1].sdp, "");
	CHECK_STR(fix->media.leg[2].sdp, "v=0\r\n");
	return true;
}

static bool has_answer(void *arg)
{
	const struct fixture *fix = arg;

	return !strcmp(fix->media.leg[1].sdp, "v=0 answer\r\n");
}

static void who_makes_no_offer_gets_ours_and_answers_in_its_ack(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (talk_plain(&fix, resp)) {
		/* to the other worker */
		put_in_dialog_body(&fix, resp, "ACK", 2, 1, "v=0 answer\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
		CHECK_STR(body(fix.pbx[0].req), "");
		CHECK(redis_test_until(fix.wheel, 5000, has_answer, &fix));
		CHECK_INT(fix.media.leg[1].peer, 2);
		/* as its 200 was repeated, so is this; and no other answers */
		put_in_dialog_body(&fix, resp, "ACK", 2, 0, "v=0 answer\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		pbx_says(&fix, 0, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
	}
	stop(&fix);
}

static void without_an_answer_in_the_ack_the_call_ends(void)
{
	static const char *const answers[] = {"", "v=0 answer\r\n"};
	struct fixture fix;
	char resp[TEXT_MAX];

	for (unsigned i = 0; i < COUNTOF(answers); i++) {
		if (talk_plain(&fix, resp)) {
			fix.media.refuse = STATUS_BAD_SDP;
			put_in_dialog_body(&fix, resp, "ACK", 2, 1, answers[i]);
			REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
			CHECK_STR(fix.pbx[0].seen, "INVACKBYE");
			REQUIRE(expect(&fix, &fix.alice, "BYE"));
			pbx_says(&fix, 0, 200, "");
			ua_answers(&fix, &fix.alice, 200, "");
			CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
			CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		}
		stop(&fix);
	}
}

static void a_service_makes_an_offer_too(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start_t1(&fix, 500)) {
		call_plain(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		CHECK(strstr(body(resp), "s=leg 1"));
		put_in_dialog_body(&fix, resp, "ACK", 2, 1, "v=0 answer\r\n");
		CHECK(redis_test_until(fix.wheel, 5000, has_answer, &fix));
	}
	stop(&fix);
}

static void an_offer_that_mediad_cannot_make_is_refused(void)
{
	struct fixture fix;

	if (start_trunk(&fix, 500)) {
		fix.media.no_offer = 1;
		call_plain(&fix, "0123");
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

/* --- what comes twice --------------------------------------------------------------- */

static void what_is_repeated_is_answered_alike(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], invite[TEXT_MAX];

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		strcpy(invite, fix.pbx[0].req);
		pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n1"));
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		{
			char second[TEXT_MAX];

			strcpy(second, fix.pbx[0].req);
			/* the ACK of the 401 was lost */
			strcpy(fix.pbx[0].req, invite);
			pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n1"));
			REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
			CHECK(strstr(fix.pbx[0].req, "\r\nCSeq: 2 ACK"));
			CHECK_STR(fix.pbx[0].seen, "INVACKINVACK");
			strcpy(fix.pbx[0].req, second);
		}
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		fix.alice.code = 0;
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(fix.alice.resp, resp);
	}
	stop(&fix);
}

/* With timers of SIP that run: the INVITE is repeated until it is heard. */
static void an_invite_is_repeated_until_it_is_heard(void)
{
	struct fixture fix;

	if (start_trunk(&fix, 20)) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		pbx_says(&fix, 0, 100, "");
		round_trip(&fix, &fix.bob, 1);
		fix.pbx[0].seen[0] = '\0';
		pass(&fix, 100);
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

/* --- in the dialog ------------------------------------------------------------------- */

/* A request of who was called, in the dialog of the INVITE that it got. */
static void put_callee(struct fixture *fix, struct ua *ua, const char *invite,
		       const char *method, unsigned cseq, unsigned worker)
{
	char from[512], to[512], rr[512], contact[512], callid[256];

	header(invite, "Call-ID", callid);
	header(invite, "To", from);
	header(invite, "From", to);
	header(invite, "Record-Route", rr);
	header(invite, "Contact", contact);
	contact[strcspn(contact, ">")] = '\0';
	put(fix, ua, worker,
	    "%s %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKq%s%u;rport\r\n"
	    "Max-Forwards: 70\r\nRoute: %s\r\nFrom: %s;tag=bt\r\nTo: %s\r\n"
	    "Call-ID: %s\r\nCSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
	    method, contact + 1, sa_port(&ua->addr), method, cseq, rr, from, to,
	    callid, cseq, method);
}

static void put_pbx(struct fixture *fix, unsigned nr, const char *invite,
		    const char *method, unsigned cseq, unsigned worker)
{
	put_callee(fix, &fix->pbx[nr], invite, method, cseq, worker);
}

/* alice talks with PBX one, which challenged her INVITE once. */
static bool talk_pbx(struct fixture *fix, char *invite, char *resp)
{
	if (!begin(fix, "0123") || !CHECK(expect(fix, &fix->pbx[0], "INVITE")))
		return false;
	pbx_says(fix, 0, 401, CHALLENGE("WWW", "pbx", "n1"));
	if (!CHECK(expect(fix, &fix->pbx[0], "INVITE")))
		return false;
	strcpy(invite, fix->pbx[0].req);
	pbx_says(fix, 0, 200, PBX_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(resp, fix->alice.resp);
	put_in_dialog(fix, resp, "ACK", 2, 1);
	return CHECK(expect(fix, &fix->pbx[0], "ACK"));
}

static void a_dialog_keeps_its_numbers_and_names(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX], val[1024];
	const char *req = fix.pbx[0].req;

	if (talk_pbx(&fix, invite, resp)) {
		CHECK_STR(header(req, "CSeq", val), "3 ACK");
		CHECK_STR(header(req, "From", val),
			  "<sip:alice@pbx.test>;tag=af");
		CHECK_STR(header(req, "To", val), "<sip:0123@pbx.test>;tag=bt");
		CHECK(!strstr(req, "Route:"));
		put_in_dialog(&fix, resp, "INFO", 3, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "INFO"));
		CHECK_STR(header(req, "CSeq", val), "4 INFO");
		pbx_says(&fix, 0, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "CSeq", val), "3 INFO");
		CHECK_STR(header(fix.alice.resp, "From", val),
			  "<sip:alice@demo.test>;tag=af");
		/* the other way */
		put_pbx(&fix, 0, invite, "INFO", 900, 1);
		REQUIRE(expect(&fix, &fix.alice, "INFO"));
		CHECK_STR(header(fix.alice.req, "CSeq", val), "900 INFO");
		CHECK_STR(header(fix.alice.req, "From", val),
			  "<sip:0123@demo.test>;tag=bt");
		CHECK_STR(header(fix.alice.req, "To", val),
			  "<sip:alice@demo.test>;tag=af");
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		CHECK_STR(header(fix.pbx[0].resp, "CSeq", val), "900 INFO");
		CHECK_STR(header(fix.pbx[0].resp, "From", val),
			  "<sip:0123@pbx.test>;tag=bt");
		put_pbx(&fix, 0, invite, "BYE", 901, 0);
		REQUIRE(expect(&fix, &fix.alice, "BYE"));
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
	}
	stop(&fix);
}

static void a_challenge_in_a_dialog_is_answered_and_remembered(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX], val[2048], sdp[256];
	const char *req = fix.pbx[0].req;

	if (talk_pbx(&fix, invite, resp)) {
		put_in_dialog_body(&fix, resp, "INVITE", 3, 1, SDP_OFFER);
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK_STR(header(req, "CSeq", val), "4 INVITE");
		CHECK(!strstr(req, "Authorization"));
		snprintf(sdp, sizeof(sdp), "%s", body(req));
		CHECK(strstr(sdp, "s=leg 2"));
		pbx_says(&fix, 0, 407, CHALLENGE("Proxy", "pbx", "n2"));
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK_STR(header(req, "CSeq", val), "5 INVITE");
		CHECK_STR(body(req), sdp);
		header(req, "Proxy-Authorization", val);
		CHECK(strstr(val, "nonce=\"n2\""));
		CHECK(strstr(val, "uri=\"sip:pbx@127.0.0.1:1\""));
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "CSeq", val), "3 INVITE");
		CHECK(strstr(body(fix.alice.resp), "s=leg 1"));
		/* from the other worker */
		put_in_dialog(&fix, resp, "ACK", 3, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
		CHECK_STR(header(req, "CSeq", val), "5 ACK");
		put_in_dialog(&fix, resp, "BYE", 4, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		CHECK_STR(header(req, "CSeq", val), "6 BYE");
		pbx_says(&fix, 0, 401, CHALLENGE("WWW", "pbx", "n3"));
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		CHECK_STR(header(req, "CSeq", val), "7 BYE");
		CHECK(strstr(header(req, "Authorization", val), "n3"));
		pbx_says(&fix, 0, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "CSeq", val), "4 BYE");
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
	}
	stop(&fix);
}

static void a_challenge_in_a_dialog_that_is_not_ours_is_a_refusal(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX];

	if (talk_pbx(&fix, invite, resp)) {
		put_in_dialog(&fix, resp, "INFO", 3, 1);
		REQUIRE(expect(&fix, &fix.pbx[0], "INFO"));
		pbx_says(&fix, 0, 407, CHALLENGE("Proxy", "victim", "n2"));
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK(!strstr(fix.alice.resp, "Authenticate"));
		CHECK_STR(fix.pbx[0].seen, "INVACKINVACKINF");
		/* never with the credentials of the other side's connection */
		put_pbx(&fix, 0, invite, "INFO", 9, 1);
		REQUIRE(expect(&fix, &fix.alice, "INFO"));
		fix.alice.seen[0] = '\0';
		ua_answers(&fix, &fix.alice, 407,
			   CHALLENGE("Proxy", "pbx", "n2"));
		CHECK_INT(answer(&fix, &fix.pbx[0]), 403);
		CHECK_STR(fix.alice.seen, "");
	}
	stop(&fix);
}

static void with_redis_away_the_first_shift_still_counts(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX], val[1024];
	const char *req = fix.pbx[0].req;

	if (talk_pbx(&fix, invite, resp)) {
		redis_server_kill(&fix.server);
		for (unsigned i = 0; i < WORKERS; i++)
			CHECK(redis_test_until(fix.wheel, 5000,
					       redis_test_is_down,
					       fix.nodes[i].redis));
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		CHECK_STR(header(req, "CSeq", val), "4 BYE");
		CHECK(strstr(header(req, "From", val), ";tag=af"));
		pbx_says(&fix, 0, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "CSeq", val), "3 BYE");
	}
	stop(&fix);
}

static void a_prack_names_the_response_it_means(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX], val[1024];

	if (talk_pbx(&fix, invite, resp)) {
		put_in_dialog_extra(&fix, resp, "PRACK", 4, 1,
				    "RAck: 77 3 INVITE\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "PRACK"));
		CHECK_STR(header(fix.pbx[0].req, "RAck", val), "77 4 INVITE");
		CHECK_STR(header(fix.pbx[0].req, "CSeq", val), "5 PRACK");
	}
	stop(&fix);
}

/* RFC 3261 12.1: a route set is kept as it was when the dialog began, and
 * neither side sees that of the other. */
static void what_stands_before_a_pbx_stays_on_the_way(void)
{
	static const char rr[] = "Record-Route: <sip:p2@127.0.0.1;lr>, "
				 "<sip:p1@127.0.0.1;lr;x=1>\r\n";
	struct fixture fix;
	char val[1024], resp[TEXT_MAX];

	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		fix.pbx[0].before = rr;
		pbx_says(&fix, 0, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		CHECK(!strstr(resp, "p1@") && !strstr(resp, "p2@"));
		CHECK_INT(count(resp, "\r\nRecord-Route: "), 1);
		put_in_dialog(&fix, resp, "ACK", 2, 1);
		REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
		CHECK_STR(header(fix.pbx[0].req, "Route", val),
			  "<sip:p1@127.0.0.1;lr;x=1>, <sip:p2@127.0.0.1;lr>");
	}
	stop(&fix);
	/* what we send by ourselves goes that way, too */
	if (begin(&fix, "0123")) {
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		fix.pbx[0].before = rr;
		pbx_says(&fix, 0, 200, PBX_2XX);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE sip:pbx@127.0.0.1:1"));
		CHECK_STR(header(fix.pbx[0].req, "Route", val),
			  "<sip:p1@127.0.0.1;lr;x=1>, <sip:p2@127.0.0.1;lr>");
	}
	stop(&fix);
}

/* --- from a PBX ------------------------------------------------------------------------ */

/* A carrier may take who diverted a call for who pays for it. */
static void who_diverted_a_call_is_no_word_of_a_user(void)
{
	struct ua *ua = NULL;
	struct fixture fix;
	char auth[1024], all[2048];

	if (start_trunk(&fix, 500)) {
		ua = &fix.alice;
		put_invite(&fix, ua, "0123", 1, "");
		CHECK_INT(answer(&fix, ua), 407);
		credentials(ua, "INVITE", "sip:0123@demo.test", "alice-secret",
			    auth);
		put_ack_407(&fix, ua, "0123", 1);
		snprintf(all, sizeof(all),
			 "%sDiversion: <sip:+49301@pbx.test>;reason=no-answer"
			 "\r\nHistory-Info: <sip:+49302@pbx.test>;index=1\r\n"
			 "Subject: lunch\r\n",
			 auth);
		put_invite(&fix, ua, "0123", 2, all);
		REQUIRE(request(&fix, &fix.pbx[0], "INVITE"));
		CHECK(strstr(fix.pbx[0].req, "\r\nSubject: lunch\r\n"));
		CHECK(!strstr(fix.pbx[0].req, "Diversion"));
		CHECK(!strstr(fix.pbx[0].req, "History-Info"));
	}
	stop(&fix);
}

/* ... but may be one of a PBX. */
static void who_diverted_a_call_is_known_from_a_pbx(void)
{
	struct fixture fix;

	if (start_trunk(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		put_pbx_invite(&fix, 0, "77",
			       "Diversion: <sip:+49301@pbx.test>\r\n");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		CHECK(strstr(fix.bob.req, "\r\nDiversion: "));
	}
	stop(&fix);
}

static void a_call_of_a_pbx_reaches_a_device_that_can_call_back(void)
{
	struct fixture fix;
	char val[1024];

	if (start_trunk(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		put_pbx_invite(&fix, 0, "77", "");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		CHECK_STR(header(fix.bob.req, "From", val),
			  "\"Carl\" <sip:+49@demo.test>;tag=pf");
		CHECK_STR(header(fix.bob.req, "To", val), "<sip:77@demo.test>");
		CHECK_INT(fix.media.leg[1].profile, CTL_RTP);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		CHECK_STR(header(fix.pbx[0].resp, "From", val),
			  "\"Carl\" <sip:+49@10.0.0.1>;tag=pf");
		CHECK_STR(header(fix.pbx[0].resp, "To", val),
			  "<sip:77@10.0.0.2>;tag=bt");
	}
	stop(&fix);
}

static void a_pbx_that_calls_through_proxies_is_reached_through_them(void)
{
	struct fixture fix;
	char val[1024], invite[TEXT_MAX];
	const char *p;

	if (start_trunk(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		put_pbx_invite(&fix, 0, "77",
			       "Record-Route: <sip:p1@127.0.0.1;lr>\r\n"
			       "Record-Route: <sip:p2@127.0.0.1;lr>\r\n");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		strcpy(invite, fix.bob.req);
		CHECK_INT(count(invite, "\r\nRecord-Route: "), 1);
		CHECK(!strstr(invite, "sip:p1@"));
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		/* ours is nearest to bob, so it stands first */
		CHECK_INT(count(fix.pbx[0].resp, "\r\nRecord-Route: "), 3);
		p = strstr(fix.pbx[0].resp, "<sip:p1@");
		CHECK(p && strstr(fix.pbx[0].resp, "Record-Route: ") < p);
		CHECK(p && strstr(p, "<sip:p2@"));
		put_callee(&fix, &fix.bob, invite, "BYE", 5, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE sip:c@127.0.0.1"));
		CHECK_STR(header(fix.pbx[0].req, "Route", val),
			  "<sip:p1@127.0.0.1;lr>, <sip:p2@127.0.0.1;lr>");
		CHECK_STR(header(fix.pbx[0].req, "To", val),
			  "\"Carl\" <sip:+49@10.0.0.1>;tag=pf");
	}
	stop(&fix);
}

/* --- what it may send ------------------------------------------------------------- */

static void what_a_connection_may_not_send_is_405(void)
{
	struct ua *pbx;
	struct fixture fix;
	char val[1024], invite[TEXT_MAX];

	if (start_trunk(&fix, 500)) {
		pbx = &fix.pbx[1];
		put(&fix, pbx, 0,
		    "MESSAGE sip:bob@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKm;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:1@10.0.0.1>;tag=m\r\n"
		    "To: <sip:bob@demo.test>\r\nCall-ID: m\r\n"
		    "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
		    sa_port(&pbx->addr));
		CHECK_INT(answer(&fix, pbx), 405);
		CHECK_STR(header(pbx->resp, "Allow", val),
			  "ACK, BYE, CANCEL, PRACK, INVITE, UPDATE");
		/* within a dialog, too */
		call(&fix, "21");
		REQUIRE(expect(&fix, pbx, "INVITE"));
		strcpy(invite, pbx->req);
		pbx_says(&fix, 1, 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_in_dialog(&fix, fix.alice.resp, "ACK", 2, 1);
		REQUIRE(expect(&fix, pbx, "ACK"));
		put_pbx(&fix, 1, invite, "INFO", 1, 1);
		CHECK_INT(answer(&fix, pbx), 405);
		put_pbx(&fix, 1, invite, "BYE", 2, 1);
		CHECK(expect(&fix, &fix.alice, "BYE"));
	}
	stop(&fix);
}

TEST_MAIN(TEST(what_a_connection_may_not_send_is_405),
	  TEST(a_number_goes_to_its_connection),
	  TEST(a_connection_has_its_own_number_and_terms),
	  TEST(a_failure_a_silence_and_then_an_answer),
	  TEST(who_was_silent_and_answers_late_is_released),
	  TEST(each_dialog_of_a_late_fork_is_released),
	  TEST(who_was_silent_and_wakes_up_is_cancelled),
	  TEST(a_hundred_is_no_silence_but_ringing_has_its_time),
	  TEST(a_refusal_ends_the_hunt_and_is_told),
	  TEST(that_a_pbx_has_too_much_to_do_is_not_told),
	  TEST(the_best_of_all_refusals_is_told),
	  TEST(when_all_are_silent_it_is_a_timeout),
	  TEST(an_offer_that_cannot_be_made_is_a_failed_try),
	  TEST(all_tries_have_one_limit), TEST(ringing_puts_timer_c_off),
	  TEST(each_connection_is_counted),
	  TEST(a_call_is_cancelled_before_anything_was_sent),
	  TEST(a_call_is_cancelled_while_nothing_is_heard),
	  TEST(a_call_is_cancelled_while_the_second_rings),
	  TEST(a_challenge_is_answered_with_the_next_cseq),
	  TEST(a_challenge_of_another_realm_is_not_answered),
	  TEST(wrong_credentials_are_told_once),
	  TEST(a_nonce_that_was_too_old_is_no_refusal),
	  TEST(a_cancel_has_the_cseq_of_the_last_try),
	  TEST(a_redirection_within_the_connection_is_followed),
	  TEST(a_redirection_to_elsewhere_is_not_followed),
	  TEST(of_a_redirection_ten_contacts_are_read),
	  TEST(redirections_have_an_end),
	  TEST(early_media_is_heard_and_its_sdp_stays),
	  TEST(an_answer_given_early_need_not_be_given_again),
	  TEST(a_2xx_overtakes_the_early_media_it_follows),
	  TEST(early_media_that_mediad_refuses_is_only_ringing),
	  TEST(the_next_one_is_heard_when_the_first_has_failed),
	  TEST(of_two_devices_the_first_with_media_is_heard),
	  TEST(who_makes_no_offer_gets_ours_and_answers_in_its_ack),
	  TEST(without_an_answer_in_the_ack_the_call_ends),
	  TEST(a_service_makes_an_offer_too),
	  TEST(an_offer_that_mediad_cannot_make_is_refused),
	  TEST(what_is_repeated_is_answered_alike),
	  TEST(an_invite_is_repeated_until_it_is_heard),
	  TEST(a_dialog_keeps_its_numbers_and_names),
	  TEST(a_challenge_in_a_dialog_is_answered_and_remembered),
	  TEST(a_challenge_in_a_dialog_that_is_not_ours_is_a_refusal),
	  TEST(with_redis_away_the_first_shift_still_counts),
	  TEST(a_prack_names_the_response_it_means),
	  TEST(what_stands_before_a_pbx_stays_on_the_way),
	  TEST(who_diverted_a_call_is_no_word_of_a_user),
	  TEST(who_diverted_a_call_is_known_from_a_pbx),
	  TEST(a_pbx_that_calls_through_proxies_is_reached_through_them),
	  TEST(a_call_of_a_pbx_reaches_a_device_that_can_call_back))
