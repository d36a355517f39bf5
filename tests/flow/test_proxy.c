/*
 * test_proxy.c  Two sigd workers in one process: real sockets, real Redis,
 *               and mediad played by the test
 *
 * What a worker answers must not depend on which one is asked: most cases
 * send the second request of a dialog to the other worker.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/auth/guess.h"
#include "sigd/proxy/invite/invite.h"
#include "tests/lib/proxy_bed.h"

/* --- cases ------------------------------------------------------------------------------ */

static void a_user_registers_with_the_right_password(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.alice, 0, "alice-secret"),
			  200);
		CHECK(strstr(fix.alice.resp, "expires=300"));
		CHECK_INT(busy(&fix), 0);
	}
	stop(&fix);
}

static void a_user_has_as_many_devices_as_allowed(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.alice, 0, "one-secret"),
			  200);
		CHECK_INT(register_lines(&fix, &fix.bob, "one-secret",
					 "Contact: <sip:one@127.0.0.1:9>\r\n"),
			  403);
		CHECK(strstr(fix.bob.resp, "binding-limit"));
		/* the other way round: the limit is that user's own */
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 "Contact: <sip:bob@127.0.0.1:9>\r\n"),
			  200);
	}
	stop(&fix);
}

/* RFC 5626 section 6, RFC 3261 10.3 step 2 */
static void the_answer_tells_what_extensions_count(void)
{
	static const char contact[] =
		"Contact: <sip:bob@127.0.0.1:9>;reg-id=1"
		";+sip.instance=\"<urn:uuid:1>\"\r\n";
	struct fixture fix;
	char lines[400];

	if (start(&fix)) {
		snprintf(lines, sizeof(lines), "Supported: outbound\r\n%s",
			 contact);
		CHECK_INT(register_lines(&fix, &fix.bob, "bob-secret", lines),
			  200);
		CHECK(strstr(fix.bob.resp, "\r\nRequire: outbound\r\n"));
		CHECK_INT(register_lines(&fix, &fix.desk, "bob-secret",
					 contact),
			  200);
		CHECK(!strstr(fix.desk.resp, "Require"));
		snprintf(lines, sizeof(lines), "Require: gruu, x\r\n%s",
			 contact);
		CHECK_INT(register_lines(&fix, &fix.alice, "alice-secret",
					 lines),
			  420);
		CHECK(strstr(fix.alice.resp, "\r\nUnsupported: gruu, x\r\n"));
	}
	stop(&fix);
}

static void a_wrong_password_and_an_unknown_user_look_the_same(void)
{
	static const char why[] =
		"\r\nReason: cordboard;text=\"auth-failed\"\r\n";
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.alice, 0, "alice-wrong"),
			  401);
		CHECK(strstr(fix.alice.resp, why) != NULL);
		CHECK_INT(register_user(&fix, &fix.bob, 1, "mallory-x"), 401);
		CHECK(strstr(fix.bob.resp, why) != NULL);
		CHECK(!strstr(fix.bob.resp, "stale"));
	}
	stop(&fix);
}

static void guessing_a_password_is_slow(void)
{
	struct fixture fix;
	char auth[1024];
	unsigned i = 1;

	if (start(&fix)) {
		put_register(&fix, &fix.alice, 0, "alice", i, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		while (i <= GUESS_FREE + 1) {
			credentials(&fix.alice, "REGISTER", "sip:demo.test",
				    "alice-wrong", auth);
			put_register(&fix, &fix.alice, 0, "alice", ++i, auth);
			CHECK_INT(answer(&fix, &fix.alice), 401);
		}
		/* not even the right one is told from the others */
		credentials(&fix.alice, "REGISTER", "sip:demo.test",
			    "alice-secret", auth);
		put_register(&fix, &fix.alice, 0, "alice", ++i, auth);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK(strstr(fix.alice.resp, "auth-locked"));
		CHECK_INT(proxy_counts(fix.nodes[0].proxy)->auth_locked, 1);
		CHECK_INT(register_user(&fix, &fix.bob, 0, "bob-secret"),
			  200);
	}
	stop(&fix);
}

/* RFC 3261 18.2.2: without rport an answer goes to the port that the Via
 * names, at the address that the request came from, whatever host the Via
 * claims. */
static void without_rport_an_answer_goes_to_the_port_of_the_via(void)
{
	struct fixture fix;

	if (start(&fix)) {
		put(&fix, &fix.alice, 0,
		    "OPTIONS sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 192.0.2.9:%u;branch=z9hG4bKo\r\n"
		    "From: <sip:x@demo.test>;tag=1\r\nTo: <sip:demo.test>\r\n"
		    "Call-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n",
		    sa_port(&fix.bob.addr));
		CHECK_INT(answer(&fix, &fix.bob), 200);
		CHECK(strstr(fix.bob.resp, ";received=127.0.0.1"));
		CHECK_INT(fix.alice.code, 0);
		/* one that is malformed, too */
		fix.bob.code = 0;
		put(&fix, &fix.alice, 0,
		    "OPTIONS sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 192.0.2.9:%u;branch=z9hG4bKp\r\n"
		    "From: <sip:x@demo.test>;tag=1\r\n"
		    "Call-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n",
		    sa_port(&fix.bob.addr));
		CHECK_INT(answer(&fix, &fix.bob), 400);
		CHECK(strstr(fix.bob.resp, ";received=127.0.0.1"));
	}
	stop(&fix);
}

/* 5 s, and up to as much again: those who were refused together do not come
 * back together. */
static bool retry_after_is_sane(const char *resp)
{
	char val[64];
	const int seconds = atoi(header(resp, "Retry-After", val));

	return seconds >= 5 && seconds <= 10;
}

static void a_full_worker_says_when_to_come_again(void)
{
	struct fixture fix;

	if (start_room(&fix, 500, 0, 1)) {
		/* its 200 is kept, to be said again */
		CHECK_INT(register_user(&fix, &fix.alice, 0, "alice-secret"),
			  200);
		put_register(&fix, &fix.bob, 0, "bob", 1, "");
		CHECK_INT(answer(&fix, &fix.bob), 503);
		CHECK(retry_after_is_sane(fix.bob.resp));
	}
	stop(&fix);
}

/* All of it: what was sampled says so until it is over. */
static void overload(struct fixture *fix, bool on)
{
	struct load_sample sample = {.now_us = 1};

	for (unsigned i = 0; i < 100; i++) {
		sample.now_us += LOAD_SAMPLE_MS * 1000;
		sample.cpu_us += LOAD_SAMPLE_MS * LOAD_LAG_OWN;
		sample.lag_ms = on ? 10 * LOAD_LAG_HIGH_MS : 0;
		proxy_sample(fix->nodes[0].proxy, &sample);
	}
}

static void under_overload_calls_end_and_new_ones_come_later(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix)) {
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		overload(&fix, true);
		put_register(&fix, &fix.bob, 0, "bob", 1, "");
		CHECK_INT(answer(&fix, &fix.bob), 503);
		CHECK(retry_after_is_sane(fix.bob.resp));
		CHECK(strstr(fix.bob.resp, "text=\"overload\""));
		CHECK_INT(gate_counts(proxy_gate(fix.nodes[0].proxy))->overload,
			  1);
		/* it costs nothing more: neither transaction nor password */
		CHECK_INT(busy(&fix), 0);
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		overload(&fix, false);
		put_register(&fix, &fix.bob, 0, "bob", 2, "");
		CHECK_INT(answer(&fix, &fix.bob), 401);
	}
	stop(&fix);
}

static void a_nonce_is_of_no_use_to_another_source(void)
{
	struct fixture fix;
	char auth[1024];

	if (start(&fix)) {
		put_register(&fix, &fix.alice, 0, "alice", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		credentials(&fix.alice, "REGISTER", "sip:demo.test",
			    "alice-secret", auth);
		put_register(&fix, &fix.bob, 1, "alice", 2, auth);
		CHECK_INT(answer(&fix, &fix.bob), 401);
		CHECK(strstr(fix.bob.resp, "stale=true"));
	}
	stop(&fix);
}

static void echo_is_answered_and_ended_through_another_worker(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix)) {
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, sdp_answer));
		strcpy(resp, fix.alice.resp);
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
		/* again: the call is not there any more */
		put_in_dialog(&fix, resp, "BYE", 4, 0);
		CHECK_INT(answer(&fix, &fix.alice), 481);
		CHECK(redis_test_until(fix.wheel, 10000, is_idle, &fix));
	}
	stop(&fix);
}

static void a_cookie_of_another_dialog_is_refused(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], *p;

	if (start(&fix)) {
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		p = strstr(resp, "\r\nContact: <sip:");
		REQUIRE(p);
		p[20] = p[20] == 'A' ? 'B' : 'A';
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&fix);
}

static void an_unknown_number_is_not_found(void)
{
	struct fixture fix;

	if (start(&fix)) {
		call(&fix, "nobody");
		CHECK_INT(answer(&fix, &fix.alice), 404);
		CHECK(strstr(fix.alice.resp,
			     "\r\nReason: cordboard;text=\"no-route\"\r\n") !=
		      NULL);
		CHECK_INT(fix.media.asked[CTL_LEG_REMOTE], 0);
	}
	stop(&fix);
}

static void a_user_without_device_is_unavailable(void)
{
	struct fixture fix;

	if (start(&fix)) {
		call(&fix, "bob");
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

static void without_mediad_a_call_is_503_with_retry_after(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.media.away = true;
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(retry_after_is_sane(fix.alice.resp));
	}
	stop(&fix);
}

static void an_offer_that_mediad_refuses_is_488(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.media.refuse = STATUS_NOT_ACCEPTABLE;
		call(&fix, "echo");
		CHECK_INT(answer(&fix, &fix.alice), 488);
		CHECK(redis_test_until(fix.wheel, 10000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

/* An INVITE of alice with her password, and these lines. */
static int call_with(struct fixture *fix, const char *type, const char *lines)
{
	struct ua *ua = &fix->alice;
	char auth[1024];

	put_invite(fix, ua, "echo", 1, "");
	CHECK_INT(answer(fix, ua), 407);
	credentials(ua, "INVITE", "sip:echo@demo.test", "alice-secret", auth);
	put_ack_407(fix, ua, "echo", 1);
	put(fix, ua, 0,
	    "INVITE sip:echo@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKi2;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:echo@demo.test>\r\nCall-ID: call-1\r\n"
	    "CSeq: 2 INVITE\r\nContact: <sip:alice@127.0.0.1:%u>\r\n%s%s"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
	    sa_port(&ua->addr), sa_port(&ua->addr), auth, lines, type,
	    strlen(SDP_OFFER), SDP_OFFER);
	return answer(fix, ua);
}

/* RFC 3261, 8.2.2.3 */
static void what_a_caller_requires_in_vain_is_named(void)
{
	struct fixture fix;
	char val[1024];

	if (start(&fix)) {
		CHECK_INT(call_with(&fix, "application/sdp",
				    "Require: 100rel, x-magic\r\n"),
			  420);
		CHECK_STR(header(fix.alice.resp, "Unsupported", val),
			  "x-magic");
	}
	stop(&fix);
}

/* RFC 3261, 8.2.3 */
static void a_body_that_is_no_sdp_is_415(void)
{
	static const char *const odd[][2] = {
		{"multipart/mixed;boundary=x", ""},
		{"application/sdp", "Content-Encoding: gzip\r\n"},
	};
	struct fixture fix;
	char val[1024];

	for (unsigned i = 0; i < COUNTOF(odd); i++) {
		if (start(&fix)) {
			CHECK_INT(call_with(&fix, odd[i][0], odd[i][1]), 415);
			CHECK_STR(header(fix.alice.resp, "Accept", val),
				  "application/sdp, multipart/mixed");
			CHECK_INT(fix.media.asked[CTL_LEG_REMOTE], 0);
		}
		stop(&fix);
	}
	if (start(&fix))
		CHECK_INT(call_with(&fix, "Application/SDP ;charset=utf-8",
				    "Content-Encoding: identity\r\n"),
			  200);
	stop(&fix);
}

static void a_user_at_another_worker_is_called(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE sip:bob@127.0.0.1"));
		CHECK(strstr(fix.bob.req, sdp_answer));
		CHECK(!strstr(fix.bob.req, "Authorization"));
		CHECK(!strstr(fix.bob.req, "sip:alice@127.0.0.1"));
		CHECK(strstr(fix.bob.req, "Max-Forwards: 69"));
		CHECK(strstr(fix.bob.req, "\r\nSupported: timer\r\n"));
		CHECK(strstr(fix.bob.req, "\r\nSupported: 100rel, replaces\r\n"));
		bob_answers(&fix, 180, "");
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(!strstr(fix.alice.resp, "sip:bob@127.0.0.1:1"));
		strcpy(resp, fix.alice.resp);

		put_in_dialog(&fix, resp, "ACK", 2, 1);
		CHECK(request(&fix, &fix.bob, "ACK sip:bob@127.0.0.1:1"));
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(request(&fix, &fix.bob, "BYE sip:bob@127.0.0.1:1"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 10000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

/* Who speaks SIP over UDP knows no ICE and no DTLS. */
static void a_telephone_over_udp_has_plain_rtp(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (start(&fix) && talk(&fix, resp)) {
		CHECK_INT(fix.media.leg[1].profile, CTL_RTP);
		CHECK_INT(fix.media.leg[2].profile, CTL_RTP);
		CHECK_INT(fix.media.leg[2].source, CTL_STRICT);
	}
	stop(&fix);
}

static void a_busy_user_is_busy(void)
{
	struct fixture fix;

	/* with timers of 64 * 500 ms: none may be waited for */
	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 486, "");
		CHECK_INT(answer(&fix, &fix.alice), 486);
		CHECK(request(&fix, &fix.bob, "ACK"));
	}
	stop(&fix);
}

static void a_cancelled_call_ends_on_both_sides(void)
{
	struct fixture fix;

	/* with timers of 64 * 500 ms: none may be waited for */
	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		put_cancel(&fix, "bob", "i", 2);
		/* that of the CANCEL, and at once that of the INVITE */
		if (answer(&fix, &fix.alice) == 200) {
			fix.alice.code = 0;
			(void)answer(&fix, &fix.alice);
		}
		CHECK_INT(fix.alice.code, 487);
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		bob_answers(&fix, 200, "");
		memcpy(strstr(fix.bob.req, "CSeq: "), "CSeq: 2 INVITE", 14);
		bob_answers(&fix, 487, "");
		CHECK(request(&fix, &fix.bob, "ACK"));
	}
	stop(&fix);
}

static void with_redis_stopped_a_dialog_goes_on_from_hints(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		redis_server_kill(&fix.server);
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_down,
				       fix.nodes[1].redis));
		CHECK(redis_test_until(fix.wheel, 5000, redis_test_is_down,
				       fix.nodes[0].redis));
		put_in_dialog(&fix, resp, "ACK", 2, 1);
		CHECK(request(&fix, &fix.bob, "ACK sip:bob@127.0.0.1:1"));
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(request(&fix, &fix.bob, "BYE sip:bob@127.0.0.1:1"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);

		/* new work is refused, and told when to come back */
		put_register(&fix, &fix.alice, 0, "alice", 9, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		{
			char auth[1024];

			credentials(&fix.alice, "REGISTER", "sip:demo.test",
				    "alice-secret", auth);
			put_register(&fix, &fix.alice, 0, "alice", 10, auth);
		}
		CHECK_INT(answer(&fix, &fix.alice), 503);
		CHECK(retry_after_is_sane(fix.alice.resp));
	}
	stop(&fix);
}

static void a_cancel_while_the_nonce_is_counted_ends_the_call(void)
{
	struct fixture fix;

	if (start(&fix)) {
		/* both are read before Redis has answered */
		call(&fix, "echo");
		put_cancel(&fix, "echo", "i", 2);
		CHECK(redis_test_until(fix.wheel, 5000, is_terminated,
				       &fix.alice));
		CHECK_INT(fix.media.asked[CTL_LEG_REMOTE], 0);
	}
	stop(&fix);
}

static void a_repeated_2xx_goes_on_to_the_caller(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		fix.alice.code = 0;
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(fix.alice.resp, resp);
	}
	stop(&fix);
}

static void a_2xx_after_we_gave_up_is_acknowledged_and_ended(void)
{
	struct fixture fix;

	if (start_with(&fix, 100, 100)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		/* Timer C */
		CHECK_INT(answer(&fix, &fix.alice), 480);
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		as_invite(&fix.bob, 2);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK(request(&fix, &fix.bob, "ACK") ||
		      !strncmp(fix.bob.req, "BYE", 3));
		round_trip(&fix, &fix.bob, 1);
		CHECK(strstr(fix.bob.seen, "ACKBYE"));
	}
	stop(&fix);
}

static void a_decline_speaks_for_all_devices(void)
{
	struct fixture fix;

	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		REQUIRE(request(&fix, &fix.desk, "INVITE"));
		ua_answers(&fix, &fix.desk, 180, "");
		bob_answers(&fix, 603, "");
		REQUIRE(request(&fix, &fix.desk, "CANCEL"));
		as_invite(&fix.desk, 2);
		ua_answers(&fix, &fix.desk, 487, "");
		CHECK_INT(answer(&fix, &fix.alice), 603);
	}
	stop(&fix);
}

static void a_device_without_offer_yet_does_not_ring_after_the_answer(void)
{
	struct fixture fix;
	struct ua *first, *other;

	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-secret"),
			  200);
		fix.media.slow_leg = 3;
		call(&fix, "bob");
		/* either is the first of the list */
		while (!fix.bob.requests && !fix.desk.requests &&
		       redis_test_until(fix.wheel, 20, has_request, &fix.bob))
			;
		CHECK(fix.bob.requests || fix.desk.requests ||
		      redis_test_until(fix.wheel, 50, has_request, &fix.desk));
		first = fix.bob.requests ? &fix.bob : &fix.desk;
		other = fix.bob.requests ? &fix.desk : &fix.bob;
		ua_answers(&fix, first, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 5000, nothing_asked, &fix));
		round_trip(&fix, other, 1);
		round_trip(&fix, other, 0);
		CHECK_STR(other->seen, "");
	}
	stop(&fix);
}

static void a_challenge_of_a_device_is_not_passed_on(void)
{
	struct fixture fix;

	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 407, "");
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

/* Topology: neither side sees the other's way. */
static void the_way_of_a_request_is_not_told(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], via[1024];
	const char *p;

	if (start(&fix) && talk(&fix, resp)) {
		p = strstr(fix.bob.req, "\r\nVia: ");
		CHECK(p && !strstr(p + 4, "\r\nVia: "));
		CHECK(strstr(header(resp, "Via", via), "z9hG4bKi2;received="));
		CHECK(strstr(resp, "\r\nCSeq: 2 INVITE\r\n"));
		CHECK(strstr(resp, "From: <sip:alice@demo.test>;tag=af\r\n"));
		CHECK(strstr(resp, "To: <sip:bob@demo.test>;tag=bt\r\n"));
	}
	stop(&fix);
}

static void media_is_never_described_past_mediad(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		put_in_dialog_body(&fix, resp, "ACK", 2, 1, SDP_OFFER);
		CHECK(request(&fix, &fix.bob, "ACK"));
		CHECK(!strstr(fix.bob.req, "v=0"));
		/* the offer is ours, whoever makes it */
		put_in_dialog(&fix, resp, "INVITE", 3, 0);
		CHECK(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, sdp_answer));
	}
	stop(&fix);
}

static void an_offer_in_a_dialog_is_answered_by_mediad(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		put_in_dialog_body(&fix, resp, "INVITE", 3, 1, SDP_OFFER);
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		CHECK(strstr(fix.bob.req, sdp_answer));
		bob_answers(&fix, 183, BOB_2XX);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, sdp_answer));
		/* lost: it is repeated, and goes on again */
		fix.alice.code = 0;
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(strstr(fix.alice.resp, sdp_answer));
	}
	stop(&fix);
}

static void an_answer_that_mediad_refuses_is_acknowledged(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		put_in_dialog_body(&fix, resp, "INVITE", 3, 1, SDP_OFFER);
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		fix.media.refuse = STATUS_NOT_ACCEPTABLE;
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 488);
		CHECK(request(&fix, &fix.bob, "ACK sip:bob@127.0.0.1:1"));
	}
	stop(&fix);
}

static void an_invite_in_a_dialog_can_be_cancelled(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], invite[TEXT_MAX];

	if (start_t1(&fix, 500) && talk(&fix, resp)) {
		put_in_dialog_body(&fix, resp, "INVITE", 3, 0, SDP_OFFER);
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		strcpy(invite, fix.bob.req);
		put_cancel(&fix, "bob", "INVITE", 3);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		fix.alice.code = 0;
		REQUIRE(request(&fix, &fix.bob, "CANCEL"));
		strcpy(fix.bob.req, invite);
		bob_answers(&fix, 487, "");
		CHECK_INT(answer(&fix, &fix.alice), 487);
	}
	stop(&fix);
}

static void another_tag_is_another_dialog(void)
{
	struct fixture fix;
	char resp[TEXT_MAX], *p;

	if (start(&fix) && talk(&fix, resp)) {
		p = strstr(resp, ";tag=bt");
		REQUIRE(p);
		memcpy(p, ";tag=xx", 7);
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 481);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&fix);
}

static void a_name_at_another_domain_is_somebody_else(void)
{
	struct fixture fix;
	char *p;

	if (start(&fix)) {
		put(&fix, &fix.alice, 0,
		    "REGISTER sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKo;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=f\r\n"
		    "To: <sip:alice@other.test>\r\nCall-ID: o\r\n"
		    "CSeq: 1 REGISTER\r\n\r\n", sa_port(&fix.alice.addr));
		CHECK_INT(answer(&fix, &fix.alice), 404);
		put(&fix, &fix.alice, 0,
		    "INVITE sip:bob@other.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=f\r\n"
		    "To: <sip:bob@other.test>\r\nCall-ID: p\r\n"
		    "CSeq: 1 INVITE\r\n\r\n", sa_port(&fix.alice.addr));
		CHECK_INT(answer(&fix, &fix.alice), 404);
		/* and a number is of no domain */
		put(&fix, &fix.alice, 0,
		    "INVITE sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKq;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <tel:+491234>;tag=f\r\n"
		    "To: <tel:+49567>\r\nCall-ID: q\r\n"
		    "CSeq: 1 INVITE\r\n\r\n", sa_port(&fix.alice.addr));
		CHECK_INT(answer(&fix, &fix.alice), 404);
		p = strstr(fix.alice.resp, "Proxy-Authenticate");
		CHECK(!p);
	}
	stop(&fix);
}

static void a_caller_that_vanishes_stops_the_ringing(void)
{
	struct fixture fix;
	struct flow_id flow;

	if (start_t1(&fix, 500) && ring(&fix)) {
		flow = flow_of(&fix.alice, 0);
		invite_flow_gone(fix.nodes[0].proxy, &flow);
		CHECK(request(&fix, &fix.bob, "CANCEL"));
		CHECK(redis_test_until(fix.wheel, 5000, nothing_asked, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 1);
	}
	stop(&fix);
}

static void a_device_that_vanishes_is_unavailable_at_once(void)
{
	struct fixture fix;
	struct flow_id flow;

	if (start_t1(&fix, 500) && ring(&fix)) {
		flow = flow_of(&fix.bob, 1);
		invite_flow_gone(fix.nodes[0].proxy, &flow);
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

static void an_invite_that_another_worker_cannot_send_is_over(void)
{
	struct fixture fix;
	struct proxy *px;

	if (start_t1(&fix, 500) && ring(&fix)) {
		px = fix.nodes[0].proxy;
		proxy_send_failed(px->branch_num + 1, ENOTCONN, px);
		CHECK_INT(list_count(&px->invites), 1);
		proxy_send_failed(px->branch_num, ENOTCONN, px);
		CHECK_INT(answer(&fix, &fix.alice), 480);
	}
	stop(&fix);
}

static void a_session_is_dropped_though_its_worker_began_anew(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		fix.media.drop = STATUS_STALE_EPOCH;
		put_in_dialog(&fix, resp, "BYE", 3, 1);
		CHECK(request(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 10000, is_idle, &fix));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 2);
	}
	stop(&fix);
}

/* --- media lost --------------------------------------------------------------- */

struct loss {
	char call[17];
	char ended[17]; /* its token, once it has ended */
};

static void on_keys(int err, const struct redis_val *val, void *arg)
{
	struct loss *loss = arg;

	if (!err && val->type == REDIS_ARRAY && val->len == 1 &&
	    val->el[0].len > 16)
		str_ncpy(loss->call, val->el[0].str + val->el[0].len - 16,
			 sizeof(loss->call));
}

static bool has_call(void *arg)
{
	return ((struct loss *)arg)->call[0];
}

static bool has_ended(void *arg)
{
	return ((struct loss *)arg)->ended[0];
}

static void on_loss_ended(const char *token, void *arg)
{
	struct loss *loss = arg;

	CHECK(!has_ended(loss));
	str_ncpy(loss->ended, token, sizeof(loss->ended));
}

static void lose_media(struct fixture *fix, struct loss *loss)
{
	const struct proxy_loss what = {.call = loss->call,
					.reason = STATUS_MEDIA_LOST,
					.token = "7-1",
					.endedh = on_loss_ended,
					.arg = loss};

	proxy_media_lost(fix->nodes[1].proxy, &what);
}

/* Until then it is another worker's, should this one die. */
static void lost_media_is_confirmed_when_the_call_has_ended(void)
{
	const struct redis_arg keys[] = {redis_str("KEYS"),
					 redis_str("cb:{c:?}:rec:*")};
	struct loss loss = {.call = ""};
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start(&fix) && talk(&fix, resp)) {
		CHECK(!redis_link_send(fix.nodes[0].redis, keys, 2, on_keys,
				       &loss));
		CHECK(redis_test_until(fix.wheel, 5000, has_call, &loss));
		fix.media.drop = STATUS_STALE_EPOCH;
		lose_media(&fix, &loss);
		CHECK(request(&fix, &fix.bob, "BYE"));
		CHECK(!has_ended(&loss));
		bob_answers(&fix, 200, "");
		CHECK(redis_test_until(fix.wheel, 10000, has_ended, &loss));
		CHECK_STR(loss.ended, "7-1");
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 2);
		/* again: there is nothing to end */
		loss.ended[0] = '\0';
		lose_media(&fix, &loss);
		CHECK(redis_test_until(fix.wheel, 10000, has_ended, &loss));
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 2);
	}
	stop(&fix);
}

static void a_number_of_any_bytes_is_only_a_number(void)
{
	static const char *const odd[] = {"%00", "echo%00", "%ff%fe", "e;c=%22"};
	struct fixture fix;

	for (unsigned i = 0; i < COUNTOF(odd); i++) {
		if (start(&fix)) {
			call(&fix, odd[i]);
			CHECK_INT(answer(&fix, &fix.alice), 404);
		}
		stop(&fix);
	}
}

static void what_is_under_way_ends_with_the_worker(void)
{
	struct fixture fix;

	/* the transport ends first: nothing may be sent through it */
	if (start_t1(&fix, 500)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		call(&fix, "bob");
		REQUIRE(request(&fix, &fix.bob, "INVITE"));
		bob_answers(&fix, 180, "");
		round_trip(&fix, &fix.bob, 1);
		CHECK_INT(busy(&fix), 1);
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_user_registers_with_the_right_password),
	  TEST(a_user_has_as_many_devices_as_allowed),
	  TEST(the_answer_tells_what_extensions_count),
	  TEST(a_wrong_password_and_an_unknown_user_look_the_same),
	  TEST(guessing_a_password_is_slow),
	  TEST(a_full_worker_says_when_to_come_again),
	  TEST(under_overload_calls_end_and_new_ones_come_later),
	  TEST(without_rport_an_answer_goes_to_the_port_of_the_via),
	  TEST(a_nonce_is_of_no_use_to_another_source),
	  TEST(echo_is_answered_and_ended_through_another_worker),
	  TEST(a_cookie_of_another_dialog_is_refused),
	  TEST(an_unknown_number_is_not_found),
	  TEST(a_user_without_device_is_unavailable),
	  TEST(without_mediad_a_call_is_503_with_retry_after),
	  TEST(an_offer_that_mediad_refuses_is_488),
	  TEST(what_a_caller_requires_in_vain_is_named),
	  TEST(a_body_that_is_no_sdp_is_415),
	  TEST(a_user_at_another_worker_is_called),
	  TEST(a_telephone_over_udp_has_plain_rtp),
	  TEST(a_busy_user_is_busy),
	  TEST(a_cancelled_call_ends_on_both_sides),
	  TEST(a_cancel_while_the_nonce_is_counted_ends_the_call),
	  TEST(a_repeated_2xx_goes_on_to_the_caller),
	  TEST(a_2xx_after_we_gave_up_is_acknowledged_and_ended),
	  TEST(a_decline_speaks_for_all_devices),
	  TEST(a_device_without_offer_yet_does_not_ring_after_the_answer),
	  TEST(a_challenge_of_a_device_is_not_passed_on),
	  TEST(the_way_of_a_request_is_not_told),
	  TEST(media_is_never_described_past_mediad),
	  TEST(an_offer_in_a_dialog_is_answered_by_mediad),
	  TEST(an_answer_that_mediad_refuses_is_acknowledged),
	  TEST(an_invite_in_a_dialog_can_be_cancelled),
	  TEST(another_tag_is_another_dialog),
	  TEST(a_name_at_another_domain_is_somebody_else),
	  TEST(what_is_under_way_ends_with_the_worker),
	  TEST(a_caller_that_vanishes_stops_the_ringing),
	  TEST(a_device_that_vanishes_is_unavailable_at_once),
	  TEST(an_invite_that_another_worker_cannot_send_is_over),
	  TEST(a_session_is_dropped_though_its_worker_began_anew),
	  TEST(lost_media_is_confirmed_when_the_call_has_ended),
	  TEST(a_number_of_any_bytes_is_only_a_number),
	  TEST(with_redis_stopped_a_dialog_goes_on_from_hints))
