/*
 * test_replaces.c  One call takes the place of another (RFC 3891)
 *
 * alice talks to bob, who has two devices, and with PBX one, which called her.
 * Each request comes to the worker that did not see the one before.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

#define NEAR_2XX                                                              \
	"Contact: <sip:x@127.0.0.1:2>\r\nContent-Type: application/sdp\r\n"   \
	"Content-Length: 5\r\n\r\nv=0\r\n"

/* As many calls as there are: the tenant, bob, PBX one. */
static const char *const none_more[] = {"max_calls: 2", "max_calls: 1",
					"max_calls: 1"};
static const char *const any[] = {"max_calls: 0", "max_calls: 0",
				  "max_calls: 0"};

static void routes_print(const struct fixture *fix, char *text, size_t size,
			 const char *const limits[3])
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    %s\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret, %s}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', %s, "
		 "probe: 0s}\n"
		 "      two: {kind: trunk, address: '127.0.0.1:%u', probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: two, match: {from: [one], callee: '02.*'}, to: "
		 "{connection: two}}\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connection: one}}\n"
		 "  other:\n"
		 "    domains: [\"other.test\"]\n"
		 "    realm: other\n"
		 "    connections:\n"
		 "      three: {kind: trunk, address: '127.0.0.1:%u', "
		 "probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: back, match: {from: [three]}, to: {connection: three}}\n",
		 limits[0], limits[1], sa_port(&fix->pbx[0].addr), limits[2],
		 sa_port(&fix->pbx[1].addr), sa_port(&fix->pbx[2].addr));
}

static void routes_replaces(const struct fixture *fix, char *text, size_t size)
{
	routes_print(fix, text, size, any);
}

static void routes_full(const struct fixture *fix, char *text, size_t size)
{
	routes_print(fix, text, size, none_more);
}

struct place {
	bool is_full; /* there may be no more calls than there are */
	struct fixture fix;
	char bob_invite[TEXT_MAX]; /* of call-1, as bob got it */
	char alice_invite[TEXT_MAX]; /* of call-2, as alice got it */
	char alice_2xx[TEXT_MAX];    /* of call-1 */
};

/* alice calls bob: his phone answers, his desk does not. */
static bool talk_bob(struct place *at)
{
	struct fixture *fix = &at->fix;

	fix->desk.tag = "dt";
	if (!CHECK_INT(register_user(fix, &fix->alice, 1, "alice-secret"),
		       200) ||
	    !CHECK_INT(register_user(fix, &fix->desk, 1, "bob-secret"), 200))
		return false;
	/* another device of his */
	if (!CHECK_INT(register_lines(fix, &fix->bob, "bob-secret",
				      "Contact: <sip:bob@127.0.0.2:5>\r\n"
				      "Expires: 300\r\n"),
		       200))
		return false;
	call(fix, "bob");
	if (!CHECK(expect(fix, &fix->bob, "INVITE")) ||
	    !CHECK(expect(fix, &fix->desk, "INVITE")))
		return false;
	strcpy(at->bob_invite, fix->bob.req);
	ua_answers(fix, &fix->desk, 180, NEAR_2XX);
	return CHECK(rings(fix, &fix->alice));
}

static bool talk_up(struct place *at)
{
	const struct fixture_cfg cfg = {
		.t1 = 500,
		.routes = at->is_full ? routes_full : routes_replaces};
	struct fixture *fix = &at->fix;

	if (!start_cfg(fix, &cfg) || !talk_bob(at))
		return false;
	ua_answers(fix, &fix->bob, 200, NEAR_2XX);
	if (!CHECK_INT(answer(fix, &fix->alice), 200))
		return false;
	strcpy(at->alice_2xx, fix->alice.resp);
	put_in_dialog(fix, at->alice_2xx, "ACK", 2, 1);
	CHECK(expect(fix, &fix->bob, "ACK"));
	CHECK(expect(fix, &fix->desk, "CANCEL"));
	ua_answers(fix, &fix->desk, 200, "");
	fix->desk.seen[0] = '\0';
	fix->desk.requests = 0;
	return true;
}

/* An INVITE of a PBX. */
static void pbx_invites(struct place *at, unsigned nr, const char *to,
			const char *callid, const char *lines)
{
	struct ua *ua = &at->fix.pbx[nr];
	static unsigned branch;

	++branch;
	put(&at->fix, ua, branch % 2,
	    "INVITE sip:%s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:4930@10.0.0.1>;tag=pf\r\n"
	    "To: <sip:%s>\r\nCall-ID: %s\r\nCSeq: 7 INVITE\r\n"
	    "Contact: <sip:c@127.0.0.1:%u>\r\n%s"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    to, sa_port(&ua->addr), branch, to, callid, sa_port(&ua->addr),
	    lines, strlen(SDP_OFFER), SDP_OFFER);
}

/* PBX one calls alice, who answers. */
static bool talk_both(struct place *at)
{
	struct fixture *fix = &at->fix;

	if (!talk_up(at))
		return false;
	pbx_invites(at, 0, "alice@demo.test", "call-2", "");
	if (!CHECK(expect(fix, &fix->alice, "INVITE")))
		return false;
	strcpy(at->alice_invite, fix->alice.req);
	fix->alice.tag = "at";
	ua_answers(fix, &fix->alice, 200, NEAR_2XX);
	return CHECK_INT(answer(fix, &fix->pbx[0]), 200);
}

/* alice has PBX one call somebody. */
static bool refers(struct place *at, const char *to)
{
	char rr[512], contact[512], from[512], near[512];
	struct fixture *fix = &at->fix;

	header(at->alice_invite, "Record-Route", rr);
	header(at->alice_invite, "Contact", contact);
	header(at->alice_invite, "To", from);
	header(at->alice_invite, "From", near);
	contact[strcspn(contact, ">")] = '\0';
	put(fix, &fix->alice, 1,
	    "REFER %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKrf%u;rport\r\n"
	    "Route: %s\r\nMax-Forwards: 70\r\nFrom: %s;tag=at\r\nTo: %s\r\n"
	    "Call-ID: call-2\r\nCSeq: 1 REFER\r\n"
	    "Contact: <sip:alice@127.0.0.1:%u>\r\nRefer-To: <%s>\r\n"
	    "Content-Length: 0\r\n\r\n",
	    contact + 1, sa_port(&fix->alice.addr),
	    (unsigned)strlen(to), rr, from, near, sa_port(&fix->alice.addr),
	    to);
	return CHECK(expect(fix, &fix->pbx[0], "REFER"));
}

#define OF_BOB "Replaces: call-1;to-tag=bt;from-tag=af"
#define IN_URI "?Replaces=call-1%3Bto-tag%3Dbt%3Bfrom-tag%3Daf"

static void who_was_referred_takes_the_place(void)
{
	char val[512], rr[512], contact[512];
	struct place at = {.is_full = false};
	struct fixture *fix = &at.fix;

	if (talk_both(&at) && refers(&at, "sip:bob@demo.test" IN_URI)) {
		CHECK(strstr(header(fix->pbx[0].req, "Refer-To", val),
			     IN_URI) != NULL);
		ua_answers(fix, &fix->pbx[0], 202, "");
		/* whatever number the PBX dials, it is bob's phone */
		pbx_invites(&at, 0, "4711@demo.test", "call-3",
			    "Require: replaces\r\n" OF_BOB "\r\n");
		REQUIRE(expect(fix, &fix->bob, "INVITE"));
		CHECK_STR(header(fix->bob.req, "Replaces", val),
			  OF_BOB + 10);
		CHECK_STR(header(fix->bob.req, "Require", val), "replaces");
		CHECK_STR(header(fix->bob.req, "Call-ID", val), "call-3");
		ua_answers(fix, &fix->bob, 200, NEAR_2XX);
		CHECK_INT(answer(fix, &fix->pbx[0]), 200);
		CHECK_STR(fix->desk.seen, "");
		/* bob ends the other one himself */
		header(at.bob_invite, "Record-Route", rr);
		header(at.bob_invite, "Contact", contact);
		contact[strcspn(contact, ">")] = '\0';
		fix->alice.requests = 0;
		put(fix, &fix->bob, 0,
		    "BYE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;"
		    "branch=z9hG4bKbb;rport\r\nRoute: %s\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:bob@demo.test>;tag=bt\r\n"
		    "To: <sip:alice@demo.test>;tag=af\r\nCall-ID: call-1\r\n"
		    "CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
		    contact + 1, sa_port(&fix->bob.addr), rr);
		CHECK(expect(fix, &fix->alice, "BYE"));
		CHECK_STR(header(fix->alice.req, "Call-ID", val), "call-1");
		ua_answers(fix, &fix->alice, 200, "");
		CHECK_INT(answer(fix, &fix->bob), 200);
	}
	stop(fix);
}

/* One that takes the place of another is not one more. */
static void a_place_is_taken_where_there_is_no_other(void)
{
	struct place at = {.is_full = true};
	struct fixture *fix = &at.fix;

	if (talk_both(&at) && refers(&at, "sip:bob@demo.test" IN_URI)) {
		ua_answers(fix, &fix->pbx[0], 202, "");
		/* one more is too many */
		pbx_invites(&at, 0, "bob@demo.test", "call-4", "");
		CHECK_INT(answer(fix, &fix->pbx[0]), 503);
		pbx_invites(&at, 0, "bob@demo.test", "call-3", OF_BOB "\r\n");
		REQUIRE(expect(fix, &fix->bob, "INVITE"));
		ua_answers(fix, &fix->bob, 200, NEAR_2XX);
		CHECK_INT(answer(fix, &fix->pbx[0]), 200);
	}
	stop(fix);
}

/* A telephone that does not know Replaces takes it for one more call. */
static void who_does_not_end_the_former_call_has_it_ended(void)
{
	char val[512];
	struct place at = {.is_full = false};
	struct fixture *fix = &at.fix;

	if (talk_both(&at) && refers(&at, "sip:bob@demo.test" IN_URI)) {
		ua_answers(fix, &fix->pbx[0], 202, "");
		pbx_invites(&at, 0, "bob@demo.test", "call-3", OF_BOB "\r\n");
		REQUIRE(expect(fix, &fix->bob, "INVITE"));
		ua_answers(fix, &fix->bob, 200, NEAR_2XX);
		CHECK_INT(answer(fix, &fix->pbx[0]), 200);
		fix->alice.requests = fix->bob.requests = 0;
		pass(fix, 2000);
		CHECK_INT(fix->alice.requests, 0);
		CHECK(expect(fix, &fix->alice, "BYE"));
		CHECK_STR(header(fix->alice.req, "Call-ID", val), "call-1");
		CHECK(strstr(header(fix->alice.req, "Reason", val),
			     "replaced") != NULL);
		CHECK(expect(fix, &fix->bob, "BYE"));
		CHECK_STR(header(fix->bob.req, "Call-ID", val), "call-1");
	}
	stop(fix);
}

static void nobody_else_may(void)
{
	struct place at = {.is_full = false};
	struct fixture *fix = &at.fix;

	if (talk_both(&at)) {
		pbx_invites(&at, 0, "bob@demo.test", "call-3", OF_BOB "\r\n");
		CHECK_INT(answer(fix, &fix->pbx[0]), 403);
		/* one that was referred gives nothing to others */
		REQUIRE(refers(&at, "sip:bob@demo.test" IN_URI));
		pbx_invites(&at, 1, "bob@demo.test", "call-4", OF_BOB "\r\n");
		CHECK_INT(answer(fix, &fix->pbx[1]), 403);
		/* another tenant knows no such dialog */
		pbx_invites(&at, 2, "bob@other.test", "call-5",
			    OF_BOB "\r\n");
		CHECK(expect(fix, &fix->pbx[2], "INVITE"));
		CHECK(!strstr(fix->bob.req, "call-5"));
	}
	stop(fix);
}

/* RFC 3891 3. */
static void a_dialog_that_is_not_there_or_not_as_it_should(void)
{
	static const struct {
		const char *lines;
		int code;
	} refused[] = {
		{"Replaces: call-1;to-tag=xx;from-tag=af\r\n", 481},
		{"Replaces: call-9;to-tag=bt;from-tag=af\r\n", 481},
		{OF_BOB ";early-only\r\n", 486},
		{"Replaces: call-1;to-tag=bt\r\n", 400},
		{OF_BOB "\r\n" OF_BOB "\r\n", 400},
		{OF_BOB "\r\nJoin: call-1;to-tag=bt;from-tag=af\r\n", 400},
		{"Join: call-1;to-tag=bt;from-tag=af\r\n", 420},
	};
	char val[512];
	struct place at = {.is_full = false};
	struct fixture *fix = &at.fix;

	if (talk_both(&at) && refers(&at, "sip:bob@demo.test" IN_URI)) {
		fix->bob.seen[0] = '\0';
		for (unsigned i = 0; i < COUNTOF(refused); i++) {
			char callid[32];

			snprintf(callid, sizeof(callid), "call-x%u", i);
			pbx_invites(&at, 0, "bob@demo.test", callid,
				    refused[i].lines);
			if (!CHECK_INT(answer(fix, &fix->pbx[0]),
				       refused[i].code))
				re_printf("# %s\n", refused[i].lines);
		}
		CHECK_STR(header(fix->pbx[0].resp, "Unsupported", val), "join");
		CHECK_STR(fix->bob.seen, "");
		/* what we never saw a PBX may know */
		pbx_invites(&at, 0, "0200@demo.test", "call-y",
			    "Replaces: far;to-tag=1;from-tag=2\r\n");
		CHECK(expect(fix, &fix->pbx[1], "INVITE"));
		CHECK_STR(header(fix->pbx[1].req, "Replaces", val),
			  "far;to-tag=1;from-tag=2");
	}
	stop(fix);
}

static void a_dialog_that_has_ended_is_declined(void)
{
	struct place at = {.is_full = false};
	struct fixture *fix = &at.fix;

	if (talk_both(&at) && refers(&at, "sip:bob@demo.test" IN_URI)) {
		put_in_dialog(fix, at.alice_2xx, "BYE", 3, 0);
		CHECK(expect(fix, &fix->bob, "BYE"));
		ua_answers(fix, &fix->bob, 200, "");
		CHECK_INT(answer(fix, &fix->alice), 200);
		pbx_invites(&at, 0, "bob@demo.test", "call-3", OF_BOB "\r\n");
		CHECK_INT(answer(fix, &fix->pbx[0]), 603);
	}
	stop(fix);
}

/* Who was called has a dialog before there is an answer, but it is not its own
 * to give away; who calls may have it taken over. */
static void before_an_answer_only_who_calls_has_a_place(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_replaces};
	char val[512], uri[64] = "sip:alice@demo.test", auth[1024], all[1200];
	struct place at = {.is_full = false};
	struct fixture *fix = &at.fix;

	memset(&at, 0, sizeof(at));
	REQUIRE(start_cfg(fix, &cfg));
	if (talk_bob(&at)) {
		ua_answers(fix, &fix->bob, 180,
			   "Contact: <sip:x@127.0.0.1:2>\r\n");
		CHECK(rings(fix, &fix->alice));
		/* bob's desk picks it up: it calls alice instead */
		snprintf(all, sizeof(all),
			 "INVITE %s SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKd%%u;"
			 "rport\r\nMax-Forwards: 70\r\n"
			 "From: <sip:bob@demo.test>;tag=df\r\nTo: <%s>\r\n"
			 "Call-ID: call-7\r\nCSeq: %%u INVITE\r\n"
			 "Contact: <sip:bob@127.0.0.1:%u>\r\n"
			 "Replaces: call-1;to-tag=%%s;early-only\r\n%%s"
			 "Content-Length: 0\r\n\r\n",
			 uri, sa_port(&fix->desk.addr), uri,
			 sa_port(&fix->desk.addr));
		fix->desk.code = 0;
		put(fix, &fix->desk, 0, all, 1, 1, "af;from-tag=bt", "");
		CHECK_INT(answer(fix, &fix->desk), 407);
		credentials(&fix->desk, "INVITE", uri, "bob-secret", auth);
		fix->alice.requests = 0;
		put(fix, &fix->desk, 0, all, 2, 2, "af;from-tag=bt", auth);
		CHECK(expect(fix, &fix->alice, "INVITE"));
		CHECK_STR(header(fix->alice.req, "Call-ID", val), "call-7");
		put(fix, &fix->desk, 0, all, 3, 3, "bt;from-tag=af", "");
		CHECK_INT(answer(fix, &fix->desk), 407);
		credentials(&fix->desk, "INVITE", uri, "bob-secret", auth);
		put(fix, &fix->desk, 0, all, 4, 4, "bt;from-tag=af", auth);
		CHECK_INT(answer(fix, &fix->desk), 481);
	}
	stop(fix);
}

TEST_MAIN(TEST(a_place_is_taken_where_there_is_no_other),
	  TEST(who_was_referred_takes_the_place),
	  TEST(who_does_not_end_the_former_call_has_it_ended),
	  TEST(nobody_else_may),
	  TEST(a_dialog_that_is_not_there_or_not_as_it_should),
	  TEST(a_dialog_that_has_ended_is_declined),
	  TEST(before_an_answer_only_who_calls_has_a_place))
