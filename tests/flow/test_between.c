/*
 * test_between.c  Who is called at another tenant rings, and talks
 *
 * alice is of demo, bob of branch, which has an alice of its own. pbx[0] is
 * branch's and trusted, pbx[1] demo's and trusted.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_look.h"

static void routes_between(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret, display: Ali}\n"
		 "      bob: {password: bob-secret}\n"
		 "    connections:\n"
		 "      pbx: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "demo-pbx.test, trusted: true, probe: 0s, codecs: PCMU}\n"
		 "    routes:\n"
		 "      - {name: there, match: {from: [users, pbx, tenants], "
		 "callee: '7(.+)'}, to: {tenant: "
		 "{id: branch, number: '${1}'}}}\n"
		 "      - {name: said, match: {callee: '6(.+)'}, rewrite: "
		 "{caller: {set: '+49301'}}, to: {tenant: {id: branch, "
		 "number: '${1}'}}}\n"
		 "  branch:\n"
		 "    domains: [\"branch.test\"]\n"
		 "    realm: cordboard\n"
		 "    max_calls: 1\n"
		 "    calls_per_second: 6\n"
		 "    users_in_redis: true\n"
		 "    users:\n"
		 "      alice: {password: alice-there, display: Other, "
		 "numbers: ['+4930999']}\n"
		 "      bob: {password: bob-secret, max_calls: 1}\n"
		 "    connections:\n"
		 "      pbx: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, trusted: true, probe: 0s, codecs: PCMA}\n"
		 "      mask: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "mask.test, trusted: true, probe: 0s, caller_id: {show: "
		 "number, number: '+4930123'}}\n"
		 "      listed: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "listed.test, trusted: true, probe: 0s, sources: [192.0.2.9], "
		 "caller_id: {number: '+4930123', "
		 "allowed: ['+4930*']}}\n"
		 "    routes:\n"
		 "      - {name: own, match: {from: [tenants, users], callee: "
		 "'1.*'}, to: {connection: pbx}}\n"
		 "      - {name: mask, match: {from: [tenants], callee: '2.*'}, "
		 "to: {connection: mask}}\n"
		 "      - {name: listed, match: {from: [tenants], callee: "
		 "'3.*'}, to: {connection: listed}}\n"
		 "      - {name: all, match: {from: [tenants], callee: '4.*'}, "
		 "to: {connections: [pbx, mask, listed]}}\n"
		 "      - {name: round, match: {from: tenants, callee: '9.*'}, "
		 "to: {tenant: "
		 "{id: demo, number: '7${0}'}}}\n",
		 sa_port(&fix->pbx[1].addr), sa_port(&fix->pbx[0].addr),
		 sa_port(&fix->pbx[2].addr), sa_port(&fix->pbx[2].addr));
}

static void put_register_at(struct fixture *fix, unsigned cseq,
			    const char *auth)
{
	put(fix, &fix->bob, 1,
	    "REGISTER sip:branch.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKr%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:bob@branch.test>;tag=f\r\n"
	    "To: <sip:bob@branch.test>\r\nCall-ID: reg-b\r\n"
	    "CSeq: %u REGISTER\r\n"
	    "Contact: <sip:bob@127.0.0.1:%u>\r\nExpires: 300\r\n%s\r\n",
	    sa_port(&fix->bob.addr), cseq, cseq, sa_port(&fix->bob.addr), auth);
}

/* bob is there: at branch, as bob@demo.test is nowhere. */
static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 100, .takeover = 500,
					.grace = 400,
					.routes = routes_between};
	char auth[1024];

	if (!start_cfg(fix, &cfg))
		return false;
	put_register_at(fix, 1, "");
	CHECK_INT(answer(fix, &fix->bob), 401);
	credentials(&fix->bob, "REGISTER", "sip:branch.test", "bob-secret",
		    auth);
	put_register_at(fix, 2, auth);
	return CHECK_INT(answer(fix, &fix->bob), 200);
}

static bool talks(struct fixture *fix, char *invite, char *resp)
{
	call(fix, "7bob");
	if (!CHECK(request(fix, &fix->bob, "INVITE")))
		return false;
	strcpy(invite, fix->bob.req);
	bob_answers(fix, 200, BOB_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(resp, fix->alice.resp);
	return true;
}

static void put_of_bob(struct fixture *fix, const char *invite,
		       const char *method, const char *lines)
{
	char from[512], to[512], rr[512], contact[512];

	header(invite, "To", from);
	header(invite, "From", to);
	header(invite, "Record-Route", rr);
	header(invite, "Contact", contact);
	contact[strcspn(contact, ">")] = '\0';
	put(fix, &fix->bob, 1,
	    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;"
	    "branch=z9hG4bKb%s;rport\r\n"
	    "Max-Forwards: 70\r\nRoute: %s\r\nFrom: %s;tag=bt\r\nTo: %s\r\n"
	    "Call-ID: call-1\r\nCSeq: 5 %s\r\n"
	    "Contact: <sip:bob@127.0.0.1:1>\r\n%sContent-Length: 0\r\n\r\n",
	    method, contact + 1, sa_port(&fix->bob.addr), method, rr, from, to,
	    method, lines);
}

/* --- it is a call ---------------------------------------------------------------- */

static void a_user_of_another_tenant_rings_and_talks(void)
{
	struct fixture fix;
	struct look look;
	char invite[TEXT_MAX], resp[TEXT_MAX];

	if (begin(&fix) && talks(&fix, invite, resp)) {
		put_in_dialog(&fix, resp, "INFO", 3, 1);
		REQUIRE(expect(&fix, &fix.bob, "INFO"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_in_dialog(&fix, resp, "BYE", 4, 0);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(has_cdr(&fix, "reason=hangup\n"));
		CHECK(strstr(cdrs(&fix, &look), "\ntenant=demo\n"));
		CHECK(strstr(look.text, "\nb.tenant=branch\n"));
		CHECK(strstr(look.text, "\nb.user=bob\n"));
		/* the media worker tells both of what it notices */
		CHECK_STR(fix.media.leg[1].owner, "");
		CHECK_STR(fix.media.leg[2].owner, "branch");
		check_nothing_left(&fix);
	}
	stop(&fix);
}

static void who_was_called_may_hang_up(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX];

	if (begin(&fix) && talks(&fix, invite, resp)) {
		put_of_bob(&fix, invite, "BYE", "");
		REQUIRE(expect(&fix, &fix.alice, "BYE"));
		CHECK(has_cdr(&fix, "reason=hangup\n"));
	}
	stop(&fix);
}

/* Whose calls end when his device is gone, and goes on when it comes back. */
static void it_is_noted_at_the_user_who_was_called(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX];

	if (begin(&fix) && talks(&fix, invite, resp)) {
		CHECK_INT(number_of(&fix, "cb:{a:branch/bob}:calls"), 1);
		CHECK_INT(number_of(&fix, "cb:{a:demo/bob}:calls"), 0);
		CHECK_INT(number_of(&fix, "cb:{a:branch/bob}:places"), 1);
	}
	stop(&fix);
}

/* Neither's routes say whom the other may be made to call. */
static void nobody_is_transferred_from_tenant_to_tenant(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX];

	if (begin(&fix) && talks(&fix, invite, resp)) {
		put_of_bob(&fix, invite, "REFER",
			   "Refer-To: <sip:1@branch.test>\r\n");
		CHECK_INT(answer(&fix, &fix.bob), 403);
		CHECK_STR(fix.alice.seen, "");
	}
	stop(&fix);
}

static void killed_while_ringing_nobody_rings_for_ever(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		call(&fix, "7bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		REQUIRE(rings(&fix, &fix.alice));
		node_kill(&fix, 0);
		fix.alice.code = 0;
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		bob_answers(&fix, 200, "");
		as_invite(&fix.bob, 2);
		bob_answers(&fix, 487, "");
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(has_cdr(&fix, "reason=killed\n"));
	}
	stop(&fix);
}

static void a_message_gets_there_and_what_is_kept_does_not(void)
{
	static const char *const methods[] = {"MESSAGE", "SUBSCRIBE",
					       "PUBLISH"};
	struct fixture fix;
	char auth[1024], val[256];

	for (unsigned i = 0; i < COUNTOF(methods); i++) {
		if (!begin(&fix)) {
			stop(&fix);
			return;
		}
		for (unsigned n = 1; n <= 2; n++) {
			put(&fix, &fix.alice, 0,
			    "%s sip:7bob@demo.test SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKm%u;"
			    "rport\r\nMax-Forwards: 70\r\n"
			    "From: <sip:alice@demo.test>;tag=af\r\n"
			    "To: <sip:7bob@demo.test>\r\nCall-ID: m\r\n"
			    "CSeq: %u %s\r\nEvent: presence\r\n"
			    "Contact: <sip:alice@127.0.0.1:1>\r\n%s"
			    "Content-Length: 0\r\n\r\n",
			    methods[i], sa_port(&fix.alice.addr), n, n,
			    methods[i], n == 1 ? "" : auth);
			if (n == 2)
				break;
			CHECK_INT(answer(&fix, &fix.alice), 407);
			credentials(&fix.alice, methods[i],
				    "sip:7bob@demo.test", "alice-secret",
				    auth);
		}
		if (i == 0 && CHECK(expect(&fix, &fix.bob, methods[i]))) {
			CHECK_STR(header(fix.bob.req, "From", val),
				  "<sip:alice@demo.test>;tag=af");
			bob_answers(&fix, 200, "");
		}
		CHECK_INT(answer(&fix, &fix.alice), i ? 403 : 200);
		stop(&fix);
	}
}

/* Who is in no file may be in Redis: at the tenant whose number it is. */
static void of_users_in_redis_those_of_that_tenant_are_called(void)
{
	struct fixture fix;
	struct look look;

	if (begin(&fix)) {
		call(&fix, "7ghost");
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK(has_cdr(&fix, "reason=not-registered\n"));
		CHECK(strstr(cdrs(&fix, &look), "\nb.tenant=branch\n"));
		CHECK(strstr(look.text, "\nb.user=ghost\n"));
	}
	stop(&fix);
}

/* Its media worker is gone: each side gets an INVITE of ours (test_move.c). */
static void media_dies(struct fixture *fix)
{
	struct look look;

	fix->media.spare = true;
	fix->media.leg[2].codecs[0] = fix->media.leg[2].owner[0] = '\0';
	(void)ask_redis(fix, &look,
			"redis.call('SADD', 'cb:media', 'm1/1') "
			"local k = redis.call('KEYS', 'cb:{c:?}:rec:*')[1] "
			"local s = redis.call('HGET', k, 'session') "
			"local call = string.sub(k, -16) "
			"redis.call('HSET', 'cb:{c:' .. string.sub(call, 1, 1) "
			".. '}:media:' .. call, 'session', s) return s");
}

/* Each tenant has a PBX of that name. */
static void a_pbx_there_has_the_media_that_is_agreed_with_it(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (begin(&fix)) {
		call(&fix, "7123");
		REQUIRE(request(&fix, &fix.pbx[0], "INVITE"));
		CHECK_STR(fix.media.leg[2].codecs, "PCMA");
		ua_answers(&fix, &fix.pbx[0], 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "ACK"));
		media_dies(&fix);
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK_STR(fix.media.leg[2].codecs, "PCMA");
		CHECK_STR(fix.media.leg[2].owner, "branch");
	}
	stop(&fix);
}

/* --- who calls is a stranger ------------------------------------------------------- */

static void he_keeps_the_domain_of_his_tenant(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		call(&fix, "7bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		CHECK_STR(header(fix.bob.req, "From", val),
			  "<sip:alice@demo.test>;tag=af");
		CHECK_STR(header(fix.bob.req, "To", val),
			  "<sip:7bob@branch.test>");
		CHECK(!strstr(fix.bob.req, "Identity"));
	}
	stop(&fix);
}

static void a_number_that_is_nobody_elses_can_be_called_back(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		call(&fix, "6bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		CHECK_STR(header(fix.bob.req, "From", val),
			  "<sip:+49301@branch.test>;tag=af");
	}
	stop(&fix);
}

/* Its own alice has a number, and is not the one who calls. */
static void a_pbx_there_is_not_told_that_we_know_him(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		call_lines(&fix, "7123",
			   "P-Asserted-Identity: <sip:boss@branch.test>\r\n"
			   "P-Preferred-Identity: <sip:+4930999@x>\r\n"
			   "Diversion: <sip:boss@branch.test>\r\n");
		REQUIRE(request(&fix, &fix.pbx[0], "INVITE"));
		CHECK(strstr(fix.pbx[0].req, "INVITE sip:123@pbx.test "));
		CHECK_STR(header(fix.pbx[0].req, "From", val),
			  "<sip:alice@demo.test>;tag=af");
		CHECK(!strstr(fix.pbx[0].req, "Identity"));
		CHECK(!strstr(fix.pbx[0].req, "boss"));
		CHECK(!strstr(fix.pbx[0].req, "+4930999"));
	}
	stop(&fix);
}

static void what_its_own_policy_shows_it_is_shown(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		call(&fix, "7200");
		REQUIRE(request(&fix, &fix.pbx[2], "INVITE"));
		CHECK_STR(header(fix.pbx[2].req, "From", val),
			  "<sip:+4930123@mask.test>;tag=af");
		CHECK_STR(header(fix.pbx[2].req, "P-Asserted-Identity", val),
			  "<sip:+4930123@mask.test>");
	}
	stop(&fix);
}

/* A number that may be shown is not his for that. */
static void what_he_claims_is_not_asserted(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		call(&fix, "6300");
		REQUIRE(request(&fix, &fix.pbx[2], "INVITE"));
		CHECK_STR(header(fix.pbx[2].req, "From", val),
			  "<sip:+49301@listed.test>;tag=af");
		CHECK(!strstr(fix.pbx[2].req, "Identity"));
	}
	stop(&fix);
}

static void who_wants_to_be_nobody_is_nobody_there(void)
{
	static const char *const to[] = {"7123", "7200", "7bob"};
	struct fixture fix;
	char val[256];

	for (unsigned i = 0; i < COUNTOF(to); i++) {
		struct ua *const who[] = {&fix.pbx[0], &fix.pbx[2], &fix.bob};

		if (!begin(&fix)) {
			stop(&fix);
			return;
		}
		call_lines(&fix, to[i], "Privacy: id\r\n");
		if (CHECK(request(&fix, who[i], "INVITE"))) {
			CHECK(strstr(header(who[i]->req, "From", val),
				     "anonymous.invalid"));
			CHECK(!strstr(who[i]->req, "Identity"));
			CHECK(!strstr(who[i]->req, "alice"));
		}
		stop(&fix);
	}
}

static void put_of_pbx_to(struct fixture *fix, const char *callee,
			  const char *lines)
{
	put(fix, &fix->pbx[1], 0,
	    "INVITE sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp%s;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: \"X\" <sip:+4989@10.0.0.1>;tag=pf\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: pbx-%s\r\n"
	    "CSeq: 1 INVITE\r\nContact: <sip:pbx@127.0.0.1:%u>\r\n%s"
	    "Content-Type: application/sdp\r\n"
	    "Content-Length: 5\r\n\r\nv=0\r\n",
	    callee, sa_port(&fix->pbx[1].addr), callee, callee, callee,
	    sa_port(&fix->pbx[1].addr), lines);
}

static void put_of_pbx(struct fixture *fix, const char *lines)
{
	put_of_pbx_to(fix, "7bob", lines);
}

/* It may be trusted at home. */
static void the_word_of_a_pbx_ends_at_its_tenant(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		put_of_pbx(&fix,
			   "P-Asserted-Identity: <sip:+4989@10.0.0.1>\r\n"
			   "History-Info: <sip:1@10.0.0.1>;index=1\r\n");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		CHECK_STR(header(fix.bob.req, "From", val),
			  "\"X\" <sip:+4989@branch.test>;tag=pf");
		CHECK(!strstr(fix.bob.req, "10.0.0.1"));
		CHECK(!strstr(fix.bob.req, "Identity"));
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.pbx[1]), 200);
		CHECK(!strstr(fix.pbx[1].resp, "Identity"));
	}
	stop(&fix);
}

/* --- limits --------------------------------------------------------------------- */

static void it_is_one_of_the_calls_of_both(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX];

	if (begin(&fix) && talks(&fix, invite, resp)) {
		CHECK_INT(number_of(&fix, "cb:{m:branch}:calls"), 1);
		/* branch has one call at most */
		put_of_pbx(&fix, "");
		CHECK_INT(answer(&fix, &fix.pbx[1]), 503);
		CHECK(strstr(fix.pbx[1].resp, "text=\"call-limit\""));
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		check_nothing_left(&fix);
		CHECK_INT(number_of(&fix, "cb:{m:branch}:calls"), 0);
		CHECK_INT(number_of(&fix, "cb:{a:branch/bob}:places"), 0);
	}
	stop(&fix);
}

/* Three may come at once; refused at one number, it is at all. */
static void it_is_one_call_there_whatever_is_tried(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX];

	if (begin(&fix) && talks(&fix, invite, resp)) {
		put_of_pbx_to(&fix, "7400", "");
		CHECK_INT(answer(&fix, &fix.pbx[1]), 503);
		CHECK(strstr(fix.pbx[1].resp, "text=\"call-limit\""));
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_of_pbx(&fix, "");
		CHECK(request(&fix, &fix.bob, "INVITE"));
	}
	stop(&fix);
}

static void it_does_not_go_round_for_ever(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		call(&fix, "79");
		CHECK_INT(answer(&fix, &fix.alice), 482);
		CHECK_INT(fix.alice.requests, 0);
	}
	stop(&fix);
}

/* --- who takes its place ---------------------------------------------------------- */

/* An INVITE of a user of branch from the desk; all: with %s for more lines. */
static int desk_asks(struct fixture *fix, const char *user,
		     const char *secret, const char *replaces)
{
	static unsigned cseq;
	char all[1024], auth[1024];
	const char *uri = "sip:123@branch.test";

	snprintf(all, sizeof(all),
		 "INVITE %s SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKd%%u;rport\r\n"
		 "Max-Forwards: 70\r\nFrom: <sip:%s@branch.test>;tag=df\r\n"
		 "To: <%s>\r\nCall-ID: desk-1\r\nCSeq: %%u INVITE\r\n"
		 "Contact: <sip:%s@127.0.0.1:%u>\r\nReplaces: %s\r\n%%s"
		 "Content-Type: application/sdp\r\n"
		 "Content-Length: 5\r\n\r\nv=0\r\n",
		 uri, sa_port(&fix->desk.addr), user, uri, user,
		 sa_port(&fix->desk.addr), replaces);
	++cseq;
	fix->desk.code = 0;
	put(fix, &fix->desk, 1, all, cseq, cseq, "");
	CHECK_INT(answer(fix, &fix->desk), 407);
	credentials(&fix->desk, "INVITE", uri, secret, auth);
	++cseq;
	fix->desk.code = 0;
	put(fix, &fix->desk, 1, all, cseq, cseq, auth);
	return redis_test_until(fix->wheel, 300, has_code, &fix->desk)
		       ? fix->desk.code
		       : 0;
}

/* What dialog-info of the PBX there tells of a call gives nobody there its
 * place: not even who has the caller's name. */
static void nobody_there_takes_the_place_of_who_calls(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		call(&fix, "7123");
		REQUIRE(request(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		fix.pbx[0].requests = 0;
		CHECK_INT(desk_asks(&fix, "alice", "alice-there",
				    "call-1;to-tag=bt;from-tag=af"),
			  403);
		CHECK_INT(desk_asks(&fix, "bob", "bob-secret",
				    "call-1;to-tag=bt;from-tag=af"),
			  403);
		put_in_dialog(&fix, fix.alice.resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		ua_answers(&fix, &fix.pbx[0], 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		/* it has just ended */
		CHECK_INT(desk_asks(&fix, "bob", "bob-secret",
				    "call-1;to-tag=bt;from-tag=af"),
			  603);
		check_nothing_left(&fix);
	}
	stop(&fix);
}

/* Another telephone of his. */
static void who_was_called_may_take_his_own_place(void)
{
	struct fixture fix;
	char invite[TEXT_MAX], resp[TEXT_MAX], val[128];

	if (begin(&fix) &&
	    CHECK_INT(register_user(&fix, &fix.alice, 0, "alice-secret"),
		      200) &&
	    talks(&fix, invite, resp)) {
		CHECK_INT(desk_asks(&fix, "alice", "alice-there",
				    "call-1;to-tag=af;from-tag=bt"),
			  403);
		fix.alice.requests = 0;
		(void)desk_asks(&fix, "bob", "bob-secret",
				"call-1;to-tag=af;from-tag=bt");
		CHECK(!strncmp(fix.alice.req, "INVITE", 6));
		CHECK_STR(header(fix.alice.req, "Replaces", val),
			  "call-1;to-tag=af;from-tag=bt");
	}
	stop(&fix);
}

/* --- who is called sends it on ------------------------------------------------------ */

/* By the routes of his tenant, as one of its users. */
static void who_is_called_may_send_it_on(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		call(&fix, "7bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 302, "Contact: <sip:123@branch.test>\r\n");
		REQUIRE(request(&fix, &fix.pbx[0], "INVITE"));
		CHECK(strstr(fix.pbx[0].req, "INVITE sip:123@pbx.test "));
		CHECK_STR(header(fix.pbx[0].req, "From", val),
			  "<sip:alice@demo.test>;tag=af");
		CHECK(strstr(header(fix.pbx[0].req, "Diversion", val),
			     "<sip:bob@branch.test>"));
		CHECK(!strstr(fix.pbx[0].req, "Identity"));
		ua_answers(&fix, &fix.pbx[0], 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_INT(number_of(&fix, "cb:{m:branch}:calls"), 1);
		CHECK_INT(number_of(&fix, "cb:{m:branch/pbx}:calls"), 1);
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_user_of_another_tenant_rings_and_talks),
	  TEST(who_was_called_may_hang_up),
	  TEST(it_is_noted_at_the_user_who_was_called),
	  TEST(nobody_is_transferred_from_tenant_to_tenant),
	  TEST(killed_while_ringing_nobody_rings_for_ever),
	  TEST(a_message_gets_there_and_what_is_kept_does_not),
	  TEST(of_users_in_redis_those_of_that_tenant_are_called),
	  TEST(a_pbx_there_has_the_media_that_is_agreed_with_it),
	  TEST(he_keeps_the_domain_of_his_tenant),
	  TEST(a_number_that_is_nobody_elses_can_be_called_back),
	  TEST(a_pbx_there_is_not_told_that_we_know_him),
	  TEST(what_its_own_policy_shows_it_is_shown),
	  TEST(what_he_claims_is_not_asserted),
	  TEST(who_wants_to_be_nobody_is_nobody_there),
	  TEST(the_word_of_a_pbx_ends_at_its_tenant),
	  TEST(it_is_one_of_the_calls_of_both),
	  TEST(it_is_one_call_there_whatever_is_tried),
	  TEST(it_does_not_go_round_for_ever),
	  TEST(nobody_there_takes_the_place_of_who_calls),
	  TEST(who_was_called_may_take_his_own_place),
	  TEST(who_is_called_may_send_it_on))
