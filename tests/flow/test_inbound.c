/*
 * test_inbound.c  PBXs that register with us: who they are, the calls to them
 *                 and from them
 *
 * Two workers; pbx[0] is the PBX, and pbx[1] is it again at another port, or
 * somebody else.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

#define PBX_2XX                                                              \
	"Contact: <sip:pbx@127.0.0.1:1>\r\n"                                 \
	"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"

static void routes_inbound(const struct fixture *fix, char *text, size_t size)
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
		 "      hq: {kind: inbound, username: office, password: "
		 "office-secret}\n"
		 "      far: {kind: inbound, username: branch, password: "
		 "branch-secret, sources: [192.0.2.0/24]}\n"
		 "      near: {kind: inbound, username: trusted, password: "
		 "trusted-secret, domain: near.test, sources: [127.0.0.2]}\n"
		 "      last: {kind: trunk, address: '127.0.0.1:%u', probe: "
		 "0s}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connections: [hq, last]}}\n",
		 sa_port(&fix->pbx[2].addr));
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_inbound};

	return start_cfg(fix, &cfg);
}

static int pbx_registers(struct fixture *fix)
{
	return register_user(fix, &fix->pbx[0], 1, "office-secret");
}

/* From the PBX as one of its phones; bob has 77. */
static void put_call(struct fixture *fix, struct ua *ua, const char *from,
		     unsigned cseq, const char *auth)
{
	put(fix, ua, 0,
	    "INVITE sip:77@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:%s>;tag=pf\r\n"
	    "To: <sip:77@demo.test>\r\nCall-ID: pbx-1\r\n"
	    "CSeq: %u INVITE\r\nContact: <sip:pbx@127.0.0.1:%u>\r\n%s"
	    "Content-Type: application/sdp\r\n"
	    "Content-Length: 5\r\n\r\nv=0\r\n",
	    sa_port(&ua->addr), cseq, from, cseq, sa_port(&ua->addr), auth);
}

static void put_call_with(struct fixture *fix, struct ua *ua,
			  const char *from, const char *password)
{
	char auth[1024];

	put_call(fix, ua, from, 1, "");
	CHECK_INT(answer(fix, ua), 407);
	credentials(ua, "INVITE", "sip:77@demo.test", password, auth);
	put_call(fix, ua, from, 2, auth);
}

/* --- registered ------------------------------------------------------------------ */

static void a_pbx_registers_and_is_listed_by_itself(void)
{
	struct fixture fix;
	char val[1024], want[128];

	if (begin(&fix)) {
		CHECK_INT(pbx_registers(&fix), 200);
		snprintf(want, sizeof(want),
			 "<sip:office@127.0.0.1:%u>;expires=300",
			 sa_port(&fix.pbx[0].addr));
		CHECK_STR(header(fix.pbx[0].resp, "Contact", val), want);
		/* no user is called so */
		call(&fix, "office");
		CHECK_INT(answer(&fix, &fix.alice), 404);
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

static void a_wrong_password_registers_nothing(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.pbx[0], 0, "office-wrong"),
			  401);
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[2], "INVITE"));
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

/* RFC 3261 10.3 step 5: in its own name alone. */
static void nobody_registers_in_its_name(void)
{
	struct fixture fix;
	char auth[1024];

	if (begin(&fix)) {
		put_register(&fix, &fix.alice, 0, "office", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		credentials(&fix.alice, "REGISTER", "sip:demo.test",
			    "alice-secret", auth);
		put_register(&fix, &fix.alice, 0, "office", 2, auth);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		put_register(&fix, &fix.pbx[0], 0, "alice", 1, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 401);
		credentials(&fix.pbx[0], "REGISTER", "sip:demo.test",
			    "office-secret", auth);
		put_register(&fix, &fix.pbx[0], 0, "alice", 2, auth);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 403);
	}
	stop(&fix);
}

static void who_may_come_from_elsewhere_alone_is_refused(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.pbx[0], 0,
					"branch-secret"),
			  403);
		put_call_with(&fix, &fix.pbx[0], "+4930@demo.test",
			      "branch-secret");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 403);
	}
	stop(&fix);
}

/* --- calls to it ------------------------------------------------------------------ */

static void a_call_goes_where_it_has_registered(void)
{
	struct fixture fix;
	char val[1024], want[128];
	const char *req = fix.pbx[0].req;

	if (begin(&fix)) {
		CHECK_INT(pbx_registers(&fix), 200);
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		snprintf(want, sizeof(want),
			 "INVITE sip:0123@127.0.0.1:%u SIP/2.0\r\n",
			 sa_port(&fix.pbx[0].addr));
		CHECK(!strncmp(req, want, strlen(want)));
		CHECK_STR(header(req, "To", val), "<sip:0123@demo.test>");
		CHECK_INT(fix.media.leg[2].profile, CTL_RTP);
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_in_dialog(&fix, fix.alice.resp, "BYE", 3, 0);
		CHECK(expect(&fix, &fix.pbx[0], "BYE"));
	}
	stop(&fix);
}

static void it_may_redirect_to_another_number_of_its_own(void)
{
	struct fixture fix;
	char contact[128], want[128];

	if (begin(&fix)) {
		CHECK_INT(pbx_registers(&fix), 200);
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		snprintf(contact, sizeof(contact),
			 "Contact: <sip:0456@127.0.0.1:%u>\r\n",
			 sa_port(&fix.pbx[0].addr));
		ua_answers(&fix, &fix.pbx[0], 302, contact);
		snprintf(want, sizeof(want), "INVITE sip:0456@127.0.0.1:%u",
			 sa_port(&fix.pbx[0].addr));
		CHECK(expect(&fix, &fix.pbx[0], want));
	}
	stop(&fix);
}

static void one_that_has_not_registered_is_passed_over(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[2], "INVITE"));
		ua_answers(&fix, &fix.pbx[2], 503, "");
		CHECK_INT(answer(&fix, &fix.alice), 500);
	}
	stop(&fix);
}

static void it_is_where_it_registered_last(void)
{
	struct fixture fix;
	char lines[128], val[1024];

	if (begin(&fix)) {
		CHECK_INT(pbx_registers(&fix), 200);
		/* for a shorter time, and without taking the first back */
		snprintf(lines, sizeof(lines),
			 "Contact: <sip:office@127.0.0.1:%u>\r\nExpires: "
			 "60\r\n",
			 sa_port(&fix.pbx[1].addr));
		CHECK_INT(register_lines(&fix, &fix.pbx[1], "office-secret",
					 lines),
			  200);
		CHECK(strstr(header(fix.pbx[1].resp, "Contact", val),
			     ";expires=60"));
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

static void what_unregisters_is_called_no_more(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(pbx_registers(&fix), 200);
		CHECK_INT(register_lines(&fix, &fix.pbx[0], "office-secret",
					 "Contact: *\r\nExpires: 0\r\n"),
			  200);
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[2], "INVITE"));
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

/* The life of all bindings, as if it were over. */
static void bindings_expire(struct fixture *fix)
{
	const struct redis_arg expire[] = {
		redis_str("PEXPIRE"), redis_str("cb:{i:demo/hq}:bind"),
		redis_str("1")};

	CHECK(!redis_link_send(fix->nodes[0].redis, expire, 3, NULL, NULL));
	pass(fix, 20);
}

static void a_registration_that_lapsed_is_called_no_more(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(pbx_registers(&fix), 200);
		bindings_expire(&fix);
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[2], "INVITE"));
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

/* --- calls from it ------------------------------------------------------------------ */

static void its_call_shows_the_password_and_may_be_anybodys(void)
{
	struct fixture fix;
	char val[1024];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		/* it need not have registered, nor speak of our domain */
		put_call_with(&fix, &fix.pbx[0], "+4930@10.1.2.3",
			      "office-secret");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		CHECK_STR(header(fix.bob.req, "From", val),
			  "<sip:+4930@demo.test>;tag=pf");
		CHECK(!strstr(fix.bob.req, "Proxy-Authorization"));
		CHECK_INT(fix.media.leg[1].profile, CTL_RTP);
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		CHECK_STR(header(fix.pbx[0].resp, "From", val),
			  "<sip:+4930@10.1.2.3>;tag=pf");
	}
	stop(&fix);
}

/* Where it is registered from proves nothing: it may be a whole office. */
static void its_call_without_the_password_is_challenged(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(pbx_registers(&fix), 200);
		put_call(&fix, &fix.pbx[0], "+4930@demo.test", 1, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 407);
		put_call_with(&fix, &fix.pbx[1], "+4930@demo.test",
			      "office-wrong");
		CHECK_INT(answer(&fix, &fix.pbx[1]), 407);
	}
	stop(&fix);
}

static void a_user_does_not_call_as_somebody_elses(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		put_call_with(&fix, &fix.pbx[1], "alice@10.1.2.3",
			      "alice-secret");
		CHECK_INT(answer(&fix, &fix.pbx[1]), 403);
		put_call_with(&fix, &fix.pbx[1], "+4930@demo.test",
			      "alice-secret");
		CHECK_INT(answer(&fix, &fix.pbx[1]), 403);
	}
	stop(&fix);
}

static void a_repeated_use_of_its_nonce_is_stale(void)
{
	struct fixture fix;
	char auth[1024];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		put_call(&fix, &fix.pbx[0], "+4930@demo.test", 1, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 407);
		credentials(&fix.pbx[0], "INVITE", "sip:77@demo.test",
			    "office-secret", auth);
		put_call(&fix, &fix.pbx[0], "+4930@demo.test", 2, auth);
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		put_call(&fix, &fix.pbx[0], "+4930@demo.test", 3, auth);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 407);
		CHECK(strstr(fix.pbx[0].resp, "stale=true"));
	}
	stop(&fix);
}

/* 127.0.0.2, which is within `sources` of near. */
static void move(struct ua *ua)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);

	ua_close(ua);
	memset(ua, 0, sizeof(*ua));
	ua->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	CHECK(!bind(ua->fd, (struct sockaddr *)&in, sizeof(in)));
	CHECK(!getsockname(ua->fd, (struct sockaddr *)&in, &len));
	sa_set_in(&ua->addr, INADDR_LOOPBACK + 1, ntohs(in.sin_port));
	CHECK(!loop_watch_alloc(&ua->watch, ua->fd, LOOP_READ, on_readable,
				ua));
}

static void from_its_sources_it_calls_without_a_password(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		move(&fix.pbx[1]);
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		put_call(&fix, &fix.pbx[1], "+4930@10.1.2.3", 1, "");
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		/* but registers with it */
		CHECK_INT(register_user(&fix, &fix.pbx[1], 0,
					"trusted-wrong"),
			  401);
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_pbx_registers_and_is_listed_by_itself),
	  TEST(a_wrong_password_registers_nothing),
	  TEST(nobody_registers_in_its_name),
	  TEST(who_may_come_from_elsewhere_alone_is_refused),
	  TEST(a_call_goes_where_it_has_registered),
	  TEST(it_may_redirect_to_another_number_of_its_own),
	  TEST(one_that_has_not_registered_is_passed_over),
	  TEST(it_is_where_it_registered_last),
	  TEST(what_unregisters_is_called_no_more),
	  TEST(a_registration_that_lapsed_is_called_no_more),
	  TEST(its_call_shows_the_password_and_may_be_anybodys),
	  TEST(its_call_without_the_password_is_challenged),
	  TEST(from_its_sources_it_calls_without_a_password),
	  TEST(a_user_does_not_call_as_somebody_elses),
	  TEST(a_repeated_use_of_its_nonce_is_stale))
