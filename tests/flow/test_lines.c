/*
 * test_lines.c  Lines: a user's own registration at a PBX, held while a device
 *               of the user is registered here
 *
 * Two workers; the second keeps the registrations. pbx[0] is the PBX, bob has
 * the line 300 there.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/upstream/upstream.h"
#include "tests/lib/proxy_bed.h"

#define CHALLENGE                                                            \
	"WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\"" \
	"\r\nContent-Length: 0\r\n"
#define PROXY_CHALLENGE                                                     \
	"Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n2\", "          \
	"qop=\"auth\"\r\nContent-Length: 0\r\n"
#define DONE "Expires: 300\r\nContent-Length: 0\r\n"
#define PBX_2XX                              \
	"Contact: <sip:pbx@127.0.0.1:1>\r\n" \
	"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"

struct stage {
	struct fixture fix;
	struct upstream *upstream;
};

static const char *when = "devices";

static void routes_lines(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret, upstream: {connection: "
		 "pbx, username: '300', password: hush, register: %s}}\n"
		 "      bob: {password: bob-secret}\n"
		 "    connections:\n"
		 "      pbx: {kind: register, address: '127.0.0.1:%u', "
		 "domain: pbx.test, probe: 0s, expires: 10m, answer_within: "
		 "300ms}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '0.*'}, to: {connection: "
		 "pbx}}\n",
		 when, sa_port(&fix->pbx[0].addr));
}

static bool begin(struct stage *st)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_lines};

	memset(st, 0, sizeof(*st));
	return start_cfg(&st->fix, &cfg) &&
	       CHECK(!upstream_alloc(&st->upstream,
				     st->fix.nodes[1].proxy));
}

static void end(struct stage *st)
{
	mem_deref(st->upstream);
	stop(&st->fix);
	when = "devices";
}

static bool has_accepted(void *arg)
{
	const struct stage *st = arg;

	return upstream_counts(st->upstream)->accepted > 0;
}

static bool keeps_none(void *arg)
{
	const struct stage *st = arg;

	return !upstream_counts(st->upstream)->kept;
}

static void unregister(struct fixture *fix, struct ua *ua)
{
	const char lines[] = "Contact: *\r\nExpires: 0\r\n";
	char auth[1024], all[2048];

	put_register_lines(fix, ua, "alice", 11, lines);
	CHECK_INT(answer(fix, ua), 401);
	credentials(ua, "REGISTER", "sip:demo.test", "alice-secret", auth);
	snprintf(all, sizeof(all), "%s%s", lines, auth);
	put_register_lines(fix, ua, "alice", 12, all);
	CHECK_INT(answer(fix, ua), 200);
}

/* The line is registered, with its own login. */
static bool line_up(struct stage *st)
{
	struct fixture *fix = &st->fix;
	struct ua *pbx = &fix->pbx[0];

	if (!CHECK(expect(fix, pbx, "REGISTER sip:pbx.test SIP/2.0")))
		return false;
	ua_answers(fix, pbx, 401, CHALLENGE);
	if (!CHECK(expect(fix, pbx, "REGISTER")))
		return false;
	ua_answers(fix, pbx, 200, DONE);
	return CHECK(redis_test_until(fix->wheel, 5000, has_accepted, st));
}

static void a_device_that_registers_brings_its_line_up_and_takes_it_down(void)
{
	struct stage st;
	struct ua *pbx = &st.fix.pbx[0];
	char val[1024];

	if (begin(&st)) {
		pass(&st.fix, 700);
		CHECK_STR(pbx->seen, "");
		CHECK_INT(register_user(&st.fix, &st.fix.alice, 0,
					"alice-secret"),
			  200);
		REQUIRE(line_up(&st));
		CHECK_STR(header(pbx->req, "To", val), "<sip:300@pbx.test>");
		CHECK_STR(header(pbx->req, "Contact", val),
			  "<sip:demo.pbx.alice@127.0.0.1:9>");
		header(pbx->req, "Authorization", val);
		CHECK(strstr(val, "username=\"300\""));
		CHECK_INT(upstream_counts(st.upstream)->kept, 1);
		CHECK_INT(upstream_counts(st.upstream)->registered, 1);

		unregister(&st.fix, &st.fix.alice);
		REQUIRE(expect(&st.fix, pbx, "REGISTER"));
		CHECK_STR(header(pbx->req, "Expires", val), "0");
		ua_answers(&st.fix, pbx, 401, CHALLENGE);
		REQUIRE(expect(&st.fix, pbx, "REGISTER"));
		CHECK_STR(header(pbx->req, "Expires", val), "0");
		CHECK(*header(pbx->req, "Authorization", val));
		ua_answers(&st.fix, pbx, 200, "");
		CHECK(redis_test_until(st.fix.wheel, 5000, keeps_none, &st));
	}
	end(&st);
}

static void a_line_may_be_up_whoever_is_there(void)
{
	struct stage st;

	when = "always";
	if (begin(&st))
		REQUIRE(line_up(&st));
	end(&st);
}

static void a_worker_that_takes_over_keeps_the_line(void)
{
	struct stage st;
	char val[1024], callid[256];

	if (begin(&st)) {
		CHECK_INT(register_user(&st.fix, &st.fix.alice, 0,
					"alice-secret"),
			  200);
		REQUIRE(line_up(&st));
		header(st.fix.pbx[0].req, "Call-ID", callid);
		st.upstream = mem_deref(st.upstream);
		CHECK(!upstream_alloc(&st.upstream, st.fix.nodes[0].proxy));
		/* in force: nothing is to be done but to know it */
		for (unsigned i = 0; i < 60 && keeps_none(&st); i++)
			pass(&st.fix, 100);
		CHECK_INT(upstream_counts(st.upstream)->registered, 1);
		unregister(&st.fix, &st.fix.alice);
		REQUIRE(expect(&st.fix, &st.fix.pbx[0], "REGISTER"));
		CHECK_STR(header(st.fix.pbx[0].req, "Call-ID", val), callid);
		CHECK_STR(header(st.fix.pbx[0].req, "Expires", val), "0");
	}
	end(&st);
}

static void a_user_calls_as_whom_the_pbx_knows(void)
{
	struct stage st;
	struct ua *pbx = &st.fix.pbx[0];
	char val[1024];

	if (begin(&st)) {
		call(&st.fix, "0123");
		REQUIRE(expect(&st.fix, pbx, "INVITE"));
		CHECK_STR(header(pbx->req, "From", val),
			  "<sip:300@pbx.test>;tag=af");
		ua_answers(&st.fix, pbx, 407, PROXY_CHALLENGE);
		REQUIRE(expect(&st.fix, pbx, "INVITE"));
		header(pbx->req, "Proxy-Authorization", val);
		CHECK(strstr(val, "username=\"300\""));
		ua_answers(&st.fix, pbx, 200, PBX_2XX);
		CHECK_INT(answer(&st.fix, &st.fix.alice), 200);
	}
	end(&st);
}

static void put_message(struct fixture *fix, unsigned cseq, const char *auth)
{
	put(fix, &fix->alice, 0,
	    "MESSAGE sip:0123@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKm%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=mf\r\n"
	    "To: <sip:0123@demo.test>\r\nCall-ID: msg-1\r\n"
	    "CSeq: %u MESSAGE\r\n%sContent-Length: 0\r\n\r\n",
	    sa_port(&fix->alice.addr), cseq, cseq, auth);
}

static void message_goes(struct stage *st, const char *route)
{
	struct ua *pbx = &st->fix.pbx[0];
	char auth[1024], val[256];

	put_message(&st->fix, 1, "");
	CHECK_INT(answer(&st->fix, &st->fix.alice), 407);
	credentials(&st->fix.alice, "MESSAGE", "sip:0123@demo.test",
		    "alice-secret", auth);
	put_message(&st->fix, 2, auth);
	REQUIRE(expect(&st->fix, pbx, "MESSAGE"));
	CHECK_STR(header(pbx->req, "Route", val), route);
	ua_answers(&st->fix, pbx, 200, "");
	CHECK_INT(answer(&st->fix, &st->fix.alice), 200);
}

/* RFC 3608: what the registrar said is on the way of the user's calls. */
static void a_call_goes_by_the_service_route_of_its_line(void)
{
	struct stage st;
	struct ua *pbx = &st.fix.pbx[0];
	char val[1024];

	if (begin(&st)) {
		CHECK_INT(register_user(&st.fix, &st.fix.alice, 0,
					"alice-secret"),
			  200);
		REQUIRE(expect(&st.fix, pbx, "REGISTER"));
		CHECK_STR(header(pbx->req, "Supported", val), "path");
		ua_answers(&st.fix, pbx, 200,
			   "Service-Route: <sip:p1.test;lr>, <sip:p2.test;lr>"
			   "\r\n" DONE);
		CHECK(redis_test_until(st.fix.wheel, 5000, has_accepted, &st));
		call(&st.fix, "0123");
		REQUIRE(expect(&st.fix, pbx, "INVITE"));
		CHECK_STR(header(pbx->req, "Route", val),
			  "<sip:p1.test;lr>, <sip:p2.test;lr>");
		ua_answers(&st.fix, pbx, 486, "");
		CHECK_INT(answer(&st.fix, &st.fix.alice), 486);
		/* ... and of all else that is no call */
		message_goes(&st, "<sip:p1.test;lr>, <sip:p2.test;lr>");
		/* the next answer has none */
		unregister(&st.fix, &st.fix.alice);
		REQUIRE(expect(&st.fix, pbx, "REGISTER"));
		ua_answers(&st.fix, pbx, 200, "");
		CHECK(redis_test_until(st.fix.wheel, 5000, keeps_none, &st));
	}
	end(&st);
}

static void a_call_by_the_line_rings_its_user(void)
{
	struct stage st;
	struct ua *pbx = &st.fix.pbx[0];

	if (begin(&st)) {
		CHECK_INT(register_user(&st.fix, &st.fix.alice, 0,
					"alice-secret"),
			  200);
		put(&st.fix, pbx, 0,
		    "INVITE sip:demo.pbx.alice@127.0.0.1:9 SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:444@pbx.test>;tag=pf\r\n"
		    "To: <sip:300@pbx.test>\r\nCall-ID: call-p\r\n"
		    "CSeq: 7 INVITE\r\nContact: <sip:c@127.0.0.1:%u>\r\n"
		    "Content-Type: application/sdp\r\n"
		    "Content-Length: 5\r\n\r\nv=0\r\n",
		    sa_port(&pbx->addr), sa_port(&pbx->addr));
		REQUIRE(expect(&st.fix, &st.fix.alice, "INVITE"));
		CHECK(strstr(st.fix.alice.req, "From: <sip:444@demo.test>"));
	}
	end(&st);
}

TEST_MAIN(TEST(a_device_that_registers_brings_its_line_up_and_takes_it_down),
	  TEST(a_line_may_be_up_whoever_is_there),
	  TEST(a_worker_that_takes_over_keeps_the_line),
	  TEST(a_user_calls_as_whom_the_pbx_knows),
	  TEST(a_call_goes_by_the_service_route_of_its_line),
	  TEST(a_call_by_the_line_rings_its_user))
