/*
 * test_hunt.c  Long hunts, loops, and media workers that refuse
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/invite/invite_priv.h"
#include "tests/lib/talk_bed.h"

#define CONTACT(name) "Contact: <sip:" name "@127.0.0.1:1>\r\n"

enum {
	CONNECTIONS = 8
};

/* Eight ways to the same PBX; and bob's devices. */
static void routes_long(const struct fixture *fix, char *text, size_t size)
{
	size_t n = (size_t)snprintf(
		text, size,
		"tenants:\n"
		"  demo:\n"
		"    domains: [\"demo.test\"]\n"
		"    realm: cordboard\n"
		"    users:\n"
		"      alice: {password: alice-secret}\n"
		"      bob: {password: bob-secret, numbers: ['77']}\n"
		"    connections:\n");

	for (unsigned i = 1; i <= CONNECTIONS; i++)
		n += (size_t)snprintf(text + n, size - n,
				      "      c%u: {kind: trunk, address: "
				      "'127.0.0.1:%u', probe: 0s}\n",
				      i, sa_port(&fix->pbx[0].addr));
	n += (size_t)snprintf(text + n, size - n,
			      "    routes:\n"
			      "      - {name: echo, match: {callee: '^echo$'}, "
			      "to: {service: echo}}\n"
			      "      - {name: round, match: {callee: '0.*', "
			      "from: c1}, to: {connection: c2}}\n"
			      "      - {name: out, match: {callee: '0.*'}, to: "
			      "{connections: [c1");
	for (unsigned i = 2; i <= CONNECTIONS; i++)
		n += (size_t)snprintf(text + n, size - n, ", c%u", i);
	(void)snprintf(text + n, size - n, "]}}\n");
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_long};

	return start_cfg(fix, &cfg);
}

/* --- how long a hunt may be ------------------------------------------------------ */

/* As after many tries. */
static void use_up_legs(const struct fixture *fix)
{
	const struct proxy *px = fix->nodes[0].proxy;
	struct le *le = list_head(&px->invites);
	struct invite *inv = le ? le->data : NULL;

	REQUIRE(inv != NULL);
	inv->leg = 14;
}

static void a_hunt_may_be_longer_than_there_are_legs(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		call(&fix, "0123");
		for (unsigned i = 1; i < CONNECTIONS; i++) {
			REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
			if (i == 1)
				use_up_legs(&fix);
			ua_answers(&fix, &fix.pbx[0], 503, "");
		}
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		/* 2, then 15, 16, and from 2 on */
		CHECK(strstr(fix.pbx[0].req, "s=leg 6"));
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_INT(fix.media.leg[1].peer, 6);
	}
	stop(&fix);
}

/* --- loops ------------------------------------------------------------------------ */

/* What the PBX got comes back from it, with its Via above. */
static void put_back(struct fixture *fix, const char *to, unsigned cseq)
{
	struct ua *ua = &fix->pbx[0];
	char via[1024];

	header(ua->req, "Via", via);
	put(fix, ua, 1,
	    "INVITE sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKb%u;rport\r\n"
	    "Via: %s\r\nMax-Forwards: 60\r\n"
	    "From: <sip:alice@127.0.0.1>;tag=af\r\nTo: <sip:%s@127.0.0.1>\r\n"
	    "Call-ID: call-1\r\nCSeq: %u INVITE\r\nContact: <sip:x@h>\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n",
	    to, sa_port(&ua->addr), cseq, via, to, cseq);
}

/* RFC 5393 4.2 */
static void what_comes_back_with_the_same_question_is_482(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		/* now it is asked by a connection: another question */
		put_back(&fix, "0123", 2);
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		put_back(&fix, "0123", 3);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 482);
	}
	stop(&fix);
}

static void a_spiral_is_none(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		put_back(&fix, "77", 2);
		CHECK(expect(&fix, &fix.bob, "INVITE"));
	}
	stop(&fix);
}

static void who_calls_itself_does_not_ring(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.alice, 0, "alice-secret"),
			  200);
		call(&fix, "alice");
		CHECK_INT(answer(&fix, &fix.alice), 482);
		CHECK_STR(fix.alice.seen, "");
	}
	stop(&fix);
}

static bool put_bob(struct fixture *fix, const char *line)
{
	char auth[1024];

	put_invite(fix, &fix->alice, "bob", 1, "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	credentials(&fix->alice, "INVITE", "sip:bob@demo.test", "alice-secret",
		    auth);
	put_ack_407(fix, &fix->alice, "bob", 1);
	strcat(auth, line);
	put_invite(fix, &fix->alice, "bob", 2, auth);
	return true;
}

/* RFC 5393 5.3 */
static void breadth_is_shared_out(void)
{
	struct fixture fix;
	char val[64];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-secret"), 200);
		put_bob(&fix, "Max-Breadth: 9\r\n");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		REQUIRE(expect(&fix, &fix.desk, "INVITE"));
		CHECK_STR(header(fix.bob.req, "Max-Breadth", val), "4");
		CHECK_STR(header(fix.desk.req, "Max-Breadth", val), "4");
	}
	stop(&fix);
}

static void without_breadth_nobody_rings(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		put_bob(&fix, "Max-Breadth: 0\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 440);
		CHECK_STR(fix.bob.seen, "");
	}
	stop(&fix);
}

/* --- diversions and reasons ------------------------------------------------------ */

static void a_device_may_divert_where_its_user_may_call(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		call(&fix, "bob");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 302,
			    "Contact: <sip:0456@example.net>\r\n"
			    "Contact: <sip:echo@demo.test>\r\n"
			    "Contact: <sip:0456@demo.test>;q=0.5\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE sip:0456@127."));
		/* and is told (RFC 5806, RFC 7044) */
		CHECK_STR(header(fix.pbx[0].req, "Diversion", val),
			  "<sip:bob@demo.test>;reason=deflection;counter=1");
		CHECK_STR(header(fix.pbx[0].req, "History-Info", val),
			  "<sip:bob@demo.test?Reason=SIP%3Bcause%3D302>;"
			  "index=1");
		CHECK(strstr(fix.pbx[0].req,
			     "\r\nHistory-Info: <sip:0456@demo.test>;"
			     "index=1.1;mp=1\r\n") != NULL);
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_INT(fix.media.leg[1].peer, 3);
	}
	stop(&fix);
}

/* Each asks the table: a device that names thousands would stop a worker. */
static void of_a_diversion_ten_contacts_are_read(void)
{
	static const char ten[] = "Contact: a:1,a:2,a:3,a:4,a:5,a:6,a:7,a:8\r\n"
				  "Contact: <sip:echo@demo.test>\r\n"
				  "Contact: <sip:0456@demo.test>";
	struct fixture fix;

	for (unsigned more = 0; more < 2; more++) {
		char lines[256];

		if (begin(&fix)) {
			CHECK_INT(register_user(&fix, &fix.bob, 1,
						"bob-secret"),
				  200);
			call(&fix, "bob");
			REQUIRE(expect(&fix, &fix.bob, "INVITE"));
			snprintf(lines, sizeof(lines), "%s%s\r\n",
				 more ? "Contact: a:0\r\n" : "", ten);
			bob_answers(&fix, 302, lines);
			if (more)
				CHECK_INT(answer(&fix, &fix.alice), 480);
			else
				REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		}
		stop(&fix);
	}
}

/* RFC 3323 */
static void a_diversion_of_who_is_nobody_is_not_told(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		call_lines(&fix, "bob", "Privacy: history\r\n");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 302, "Contact: <sip:0456@demo.test>\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE sip:0456@127."));
		CHECK(!strstr(fix.pbx[0].req, "bob"));
	}
	stop(&fix);
}

/* Two devices of bob: one is busy, the other one sends the call elsewhere. */
static void divert_and_busy(bool busy_first)
{
	struct fixture fix;
	struct ua *first, *second;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 "Contact: <sip:bob@127.0.0.2:5>\r\n"
					 "Expires: 300\r\n"),
			  200);
		call(&fix, "bob");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		REQUIRE(expect(&fix, &fix.desk, "INVITE"));
		first = busy_first ? &fix.bob : &fix.desk;
		second = busy_first ? &fix.desk : &fix.bob;
		ua_answers(&fix, first, busy_first ? 486 : 302,
			   "Contact: <sip:0456@demo.test>\r\n");
		CHECK(expect(&fix, first, "ACK"));
		ua_answers(&fix, second, busy_first ? 302 : 486,
			   "Contact: <sip:0456@demo.test>\r\n");
		CHECK(expect(&fix, &fix.pbx[0], "INVITE sip:0456@127."));
	}
	stop(&fix);
}

static void a_device_that_is_busy_stops_no_diversion(void)
{
	divert_and_busy(true);
	divert_and_busy(false);
}

/* What comes back through somebody who makes a new call of it, again and
 * again: no Via, no Call-ID shows that. */
static void what_was_diverted_too_often_stays(void)
{
	static const struct {
		const char *lines;
		bool goes;
	} calls[] = {
		{"Diversion: <sip:1@a.test>;counter=4\r\n", true},
		{"Diversion: <sip:1@a.test>;counter=5\r\n", false},
		{"Diversion: <sip:1@a.test>, <sip:2@a.test>;counter=x,"
		 "<sip:3@a.test>;counter=3\r\n", false},
	};
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		for (unsigned i = 0; i < COUNTOF(calls); i++) {
			struct ua *ua = &fix.pbx[0];

			put(&fix, ua, 0,
			    "INVITE sip:bob@demo.test SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKd%u;"
			    "rport\r\nMax-Forwards: 70\r\n"
			    "From: <sip:5@10.0.0.1>;tag=pf\r\n"
			    "To: <sip:bob@demo.test>\r\nCall-ID: call-d%u\r\n"
			    "CSeq: 7 INVITE\r\nContact: <sip:c@127.0.0.1:%u>\r\n"
			    "%sContent-Length: 0\r\n\r\n",
			    sa_port(&ua->addr), i, i, sa_port(&ua->addr),
			    calls[i].lines);
			REQUIRE(expect(&fix, &fix.bob, "INVITE"));
			fix.bob.requests = 0;
			bob_answers(&fix, 302,
				    "Contact: <sip:77@demo.test>\r\n");
			if (calls[i].goes) {
				CHECK(expect(&fix, &fix.bob, "INVITE"));
				bob_answers(&fix, 486, "");
				CHECK_INT(answer(&fix, ua), 486);
			} else {
				CHECK_INT(answer(&fix, ua), 480);
			}
		}
	}
	stop(&fix);
}

static void a_device_diverts_to_nowhere_else(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		call(&fix, "bob");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 302, "Contact: <sip:0456@example.net>\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK(!strstr(fix.alice.resp, "example.net"));
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

static void two_that_divert_to_each_other_have_an_end(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		call(&fix, "bob");
		for (unsigned i = 0; i < 4; i++) {
			REQUIRE(expect(&fix, &fix.bob, "INVITE"));
			bob_answers(&fix, 302,
				    "Contact: <sip:77@demo.test>\r\n");
		}
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

/* RFC 3326 */
static void the_reason_of_a_cancel_goes_on(void)
{
	struct talk talk;
	struct fixture *fix = &talk.fix;
	char val[256];

	if (talk_rings(&talk)) {
		put(fix, &fix->alice, 0,
		    "CANCEL sip:0123@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKi2;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
		    "To: <sip:0123@demo.test>\r\nCall-ID: call-1\r\n"
		    "CSeq: 2 CANCEL\r\n"
		    "Reason: SIP;cause=200;text=\"elsewhere\"\r\n\r\n",
		    sa_port(&fix->alice.addr));
		REQUIRE(expect(fix, talk.far, "CANCEL"));
		CHECK_STR(header(talk.far->req, "Reason", val),
			  "SIP;cause=200;text=\"elsewhere\"");
	}
	stop(fix);
}

/* --- media workers ------------------------------------------------------------------ */

static void a_media_worker_that_drains_is_left_for_another(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		fix.media.refuse = STATUS_DRAINING;
		fix.media.spare = true;
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK(strstr(fix.pbx[0].req, "s=leg 2"));
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(fix.pbx[0].seen, "INV");
	}
	stop(&fix);
}

static void so_it_is_for_a_service(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		fix.media.refuse = STATUS_DRAINING;
		fix.media.spare = true;
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void without_another_one_it_is_503(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		fix.media.refuse = STATUS_DRAINING;
		call(&fix, "0123");
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_hunt_may_be_longer_than_there_are_legs),
	  TEST(what_comes_back_with_the_same_question_is_482),
	  TEST(a_spiral_is_none), TEST(who_calls_itself_does_not_ring),
	  TEST(breadth_is_shared_out), TEST(without_breadth_nobody_rings),
	  TEST(a_device_may_divert_where_its_user_may_call),
	  TEST(of_a_diversion_ten_contacts_are_read),
	  TEST(a_diversion_of_who_is_nobody_is_not_told),
	  TEST(a_device_that_is_busy_stops_no_diversion),
	  TEST(what_was_diverted_too_often_stays),
	  TEST(a_device_diverts_to_nowhere_else),
	  TEST(two_that_divert_to_each_other_have_an_end),
	  TEST(the_reason_of_a_cancel_goes_on),
	  TEST(a_media_worker_that_drains_is_left_for_another),
	  TEST(so_it_is_for_a_service), TEST(without_another_one_it_is_503))
