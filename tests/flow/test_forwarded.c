/*
 * test_forwarded.c  Devices that register at their tenant's PBX, through us
 *
 * The PBX is played: it challenges, binds, calls. bob is the device; alice is
 * nobody to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

#define DEVICE                                       \
	"Contact: <sip:bob@10.0.0.5:5062;ob>;expires=600" \
	";+sip.instance=\"<urn:uuid:1>\";reg-id=1;audio\r\n"
#define PASSWORD                                                   \
	"Authorization: Digest username=\"bob\", realm=\"pbx.test\", " \
	"nonce=\"n\", uri=\"sip:demo.test\", response=\"r\"\r\n"

static void routes_forwarded(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    registration: forwarded\n"
		 "    registrar: pbx\n"
		 "    connections:\n"
		 "      pbx: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, username: gate, password: hush, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: echo, match: {from: users, callee: echo}, "
		 "to: {service: echo}}\n"
		 "  other:\n"
		 "    domains: [\"other.test\"]\n"
		 "    realm: other\n"
		 "    users: {alice: {password: alice-secret}}\n"
		 "    connections:\n"
		 "      spy: {kind: trunk, address: '127.0.0.1:%u', "
		 "probe: 0s}\n",
		 sa_port(&fix->pbx[0].addr), sa_port(&fix->pbx[1].addr));
}

static bool start_forwarded(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_forwarded};

	return start_cfg(fix, &cfg);
}

static void pbx_says(struct fixture *fix, int code, const char *extra)
{
	ua_answers(fix, &fix->pbx[0], code, extra);
}

/* bob's REGISTER; what the PBX got is in its req. */
static void asks(struct fixture *fix, unsigned cseq, const char *lines)
{
	put_register_lines(fix, &fix->bob, "bob", cseq, lines);
	CHECK(expect(fix, &fix->pbx[0], "REGISTER"));
}

/* The Contact that it was shown, with this time; room: 1100. */
static const char *echo_contact(const struct fixture *fix, char *line,
				const char *expires)
{
	char val[1024];

	header(fix->pbx[0].req, "Contact", val);
	val[strcspn(val, ">")] = '\0';
	snprintf(line, 1100, "Contact: <sip:9@10.1.1.1>;expires=50\r\n"
			     "Contact: %s>;expires=%s\r\n",
		 val, expires);
	return line;
}

static bool bind_bob(struct fixture *fix, unsigned cseq)
{
	char line[1100];

	asks(fix, cseq, DEVICE PASSWORD);
	pbx_says(fix, 200, echo_contact(fix, line, "120"));
	return CHECK_INT(answer(fix, &fix->bob), 200);
}

/* --- REGISTER -------------------------------------------------------------- */

static void a_pbx_challenges_and_binds_the_device_itself(void)
{
	struct fixture fix;
	const char *req = fix.pbx[0].req;
	char val[1024], path[1024], line[1100];

	if (start_forwarded(&fix)) {
		asks(&fix, 1, DEVICE);
		CHECK(!strncmp(req, "REGISTER sip:pbx.test SIP/2.0\r\n", 31));
		CHECK_STR(header(req, "From", val), "<sip:bob@pbx.test>;tag=f");
		CHECK_STR(header(req, "To", val), "<sip:bob@pbx.test>");
		CHECK(!strstr(req, "10.0.0.5") && !strstr(req, "reg-id"));
		CHECK(strstr(req, ";+sip.instance=\"<urn:uuid:1>\";audio"));
		CHECK(strstr(req, "\r\nSupported: path\r\n"));
		header(req, "Path", path);
		CHECK(strstr(path, ";lr>"));
		header(req, "Contact", val);
		/* one token in both */
		CHECK(!strncmp(val, path, strcspn(val, "@")));
		pbx_says(&fix, 401, "WWW-Authenticate: Digest "
				    "realm=\"pbx.test\", nonce=\"n\"\r\n");
		CHECK_INT(answer(&fix, &fix.bob), 401);
		CHECK(strstr(fix.bob.resp, "realm=\"pbx.test\""));
		CHECK_STR(header(fix.bob.resp, "To", val),
			  "<sip:bob@demo.test>;tag=bt");

		asks(&fix, 2, DEVICE PASSWORD);
		CHECK(strstr(req, PASSWORD));
		pbx_says(&fix, 200, echo_contact(&fix, line, "120"));
		CHECK_INT(answer(&fix, &fix.bob), 200);
		CHECK_STR(header(fix.bob.resp, "Contact", val),
			  "<sip:bob@10.0.0.5:5062;ob>;expires=120");
		CHECK(!strstr(fix.bob.resp, "10.1.1.1"));
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
	}
	stop(&fix);
}

static void what_a_pbx_refuses_the_device_hears(void)
{
	struct fixture fix;
	char val[64];

	if (start_forwarded(&fix)) {
		asks(&fix, 1, DEVICE);
		pbx_says(&fix, 423, "Min-Expires: 900\r\n");
		CHECK_INT(answer(&fix, &fix.bob), 423);
		CHECK_STR(header(fix.bob.resp, "Min-Expires", val), "900");
		asks(&fix, 2, DEVICE PASSWORD);
		pbx_says(&fix, 403, "");
		CHECK_INT(answer(&fix, &fix.bob), 403);
		/* nothing of it is bound */
		put(&fix, &fix.bob, 1,
		    "INVITE sip:echo@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKe;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:bob@demo.test>;tag=1\r\n"
		    "To: <sip:echo@demo.test>\r\nCall-ID: e\r\n"
		    "CSeq: 1 INVITE\r\nContact: <sip:bob@10.0.0.5>\r\n\r\n",
		    sa_port(&fix.bob.addr));
		CHECK_INT(answer(&fix, &fix.bob), 403);
	}
	stop(&fix);
}

static void nobody_registers_another_one(void)
{
	struct fixture fix;

	if (start_forwarded(&fix)) {
		put(&fix, &fix.bob, 0,
		    "REGISTER sip:demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKe;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:bob@demo.test>;tag=1\r\n"
		    "To: <sip:carol@demo.test>\r\nCall-ID: e\r\n"
		    "CSeq: 1 REGISTER\r\n" DEVICE "\r\n",
		    sa_port(&fix.bob.addr));
		CHECK_INT(answer(&fix, &fix.bob), 403);
		CHECK_INT(fix.pbx[0].requests, 0);
	}
	stop(&fix);
}

static void a_device_goes_with_expires_0_or_a_star(void)
{
	struct fixture fix;
	char val[1024];

	if (start_forwarded(&fix) && bind_bob(&fix, 1)) {
		asks(&fix, 2, "Contact: *\r\nExpires: 0\r\n");
		CHECK_STR(header(fix.pbx[0].req, "Contact", val), "*");
		pbx_says(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.bob), 200);
		CHECK_STR(header(fix.bob.resp, "Contact", val), "");
		bind_bob(&fix, 3);
		asks(&fix, 4,
		     "Contact: <sip:bob@10.0.0.5:5062>;expires=0"
		     ";+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n");
		CHECK(strstr(fix.pbx[0].req, ";expires=0"));
		pbx_says(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.bob), 200);
		CHECK_STR(header(fix.bob.resp, "Contact", val), "");
	}
	stop(&fix);
}

static void guessing_at_a_pbx_is_slow_as_well(void)
{
	struct fixture fix;
	unsigned i = 0;

	if (start_forwarded(&fix)) {
		while (i++ < 11) {
			asks(&fix, i, DEVICE PASSWORD);
			pbx_says(&fix, 401, "WWW-Authenticate: Digest realm="
					    "\"pbx.test\", nonce=\"n\"\r\n");
			CHECK_INT(answer(&fix, &fix.bob), 401);
		}
		put_register_lines(&fix, &fix.bob, "bob", i, DEVICE PASSWORD);
		CHECK_INT(answer(&fix, &fix.bob), 403);
		CHECK(strstr(fix.bob.resp, "auth-locked"));
	}
	stop(&fix);
}

/* --- calls ------------------------------------------------------------------- */

/* The PBX calls what it has bound, through another worker. route: lines. */
static void pbx_calls(struct fixture *fix, unsigned nr, const char *uri,
		      const char *route)
{
	struct ua *ua = &fix->pbx[nr];

	put(fix, ua, 1,
	    "INVITE %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp%u;rport\r\n"
	    "%sMax-Forwards: 70\r\n"
	    "From: \"Carl\" <sip:200@pbx.test>;tag=pf\r\n"
	    "To: <sip:bob@pbx.test>\r\nCall-ID: call-p\r\nCSeq: 7 INVITE\r\n"
	    "Contact: <sip:200@127.0.0.1:%u>\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    uri, sa_port(&ua->addr), nr, route, sa_port(&ua->addr),
	    strlen(SDP_OFFER), SDP_OFFER);
}

/* The URI in the angles of that header. */
static const char *uri_of(const char *req, const char *name, char *val)
{
	header(req, name, val);
	memmove(val, val + 1, strlen(val));
	val[strcspn(val, ">")] = '\0';
	return val;
}

static void a_pbx_calls_the_contact_that_it_has(void)
{
	struct fixture fix;
	char uri[1024], val[1024];

	if (start_forwarded(&fix) && bind_bob(&fix, 1)) {
		uri_of(fix.pbx[0].req, "Contact", uri);
		pbx_calls(&fix, 0, uri, "");
		CHECK(expect(&fix, &fix.bob, "INVITE"));
		CHECK(!strncmp(fix.bob.req,
			       "INVITE sip:bob@10.0.0.5:5062;ob SIP/2.0\r\n",
			       41));
		CHECK_STR(header(fix.bob.req, "From", val),
			  "\"Carl\" <sip:200@demo.test>;tag=pf");
		bob_answers(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		CHECK(!strstr(fix.pbx[0].resp, "10.0.0.5"));
	}
	stop(&fix);
}

static void a_path_alone_leads_to_the_device(void)
{
	struct fixture fix;
	char uri[1024], route[1100];

	if (start_forwarded(&fix) && bind_bob(&fix, 1)) {
		uri_of(fix.pbx[0].req, "Path", uri);
		snprintf(route, sizeof(route), "Route: <%s>\r\n", uri);
		pbx_calls(&fix, 0, "sip:bob@127.0.0.1", route);
		CHECK(expect(&fix, &fix.bob, "INVITE"));
	}
	stop(&fix);
}

static void a_contact_is_worth_nothing_from_elsewhere(void)
{
	struct fixture fix;
	char uri[1024];

	if (start_forwarded(&fix) && bind_bob(&fix, 1)) {
		uri_of(fix.pbx[0].req, "Contact", uri);
		pbx_calls(&fix, 1, uri, "");
		CHECK_INT(answer(&fix, &fix.pbx[1]), 404);
		CHECK_INT(fix.bob.requests, 0);
	}
	stop(&fix);
}

static void a_device_that_has_gone_is_480(void)
{
	struct fixture fix;
	char uri[1024];

	if (start_forwarded(&fix) && bind_bob(&fix, 1)) {
		uri_of(fix.pbx[0].req, "Contact", uri);
		asks(&fix, 2, "Contact: *\r\nExpires: 0\r\n");
		pbx_says(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.bob), 200);
		pbx_calls(&fix, 0, uri, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 480);
	}
	stop(&fix);
}

static void bob_calls(struct fixture *fix, const char *to, unsigned cseq,
		      const char *lines)
{
	put(fix, &fix->bob, 0,
	    "INVITE sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKb%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:bob@demo.test>;tag=bf\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: call-b\r\n"
	    "CSeq: %u INVITE\r\nContact: <sip:bob@127.0.0.1:%u>\r\n%s"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    to, sa_port(&fix->bob.addr), cseq, to, cseq,
	    sa_port(&fix->bob.addr), lines, strlen(SDP_OFFER), SDP_OFFER);
}

#define PROXY_PASSWORD                                                   \
	"Proxy-Authorization: Digest username=\"bob\", realm=\"pbx.test\", " \
	"nonce=\"m\", uri=\"sip:300@demo.test\", response=\"r\"\r\n"

static void a_device_answers_the_challenge_of_its_pbx(void)
{
	struct fixture fix;
	char val[1024];

	if (start_forwarded(&fix) && bind_bob(&fix, 1)) {
		bob_calls(&fix, "300", 1, "");
		CHECK(expect(&fix, &fix.pbx[0], "INVITE sip:300@pbx.test"));
		CHECK_STR(header(fix.pbx[0].req, "From", val),
			  "<sip:bob@pbx.test>;tag=bf");
		pbx_says(&fix, 407, "Proxy-Authenticate: Digest "
				    "realm=\"pbx.test\", nonce=\"m\"\r\n");
		CHECK_INT(answer(&fix, &fix.bob), 407);
		CHECK(strstr(fix.bob.resp, "nonce=\"m\""));
		bob_calls(&fix, "300", 2, PROXY_PASSWORD);
		CHECK(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK(strstr(fix.pbx[0].req, PROXY_PASSWORD));
		CHECK(!strstr(fix.pbx[0].req, "gate"));
		pbx_says(&fix, 200, BOB_2XX);
		CHECK_INT(answer(&fix, &fix.bob), 200);
	}
	stop(&fix);
}

/* Who is not bound over that flow is nobody. */
static void only_a_bound_flow_may_call(void)
{
	struct fixture fix;

	if (start_forwarded(&fix) && bind_bob(&fix, 1)) {
		put_invite(&fix, &fix.alice, "300", 1, "");
		CHECK_INT(answer(&fix, &fix.alice), 403);
		put(&fix, &fix.alice, 0,
		    "INVITE sip:300@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKe;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:bob@demo.test>;tag=1\r\n"
		    "To: <sip:300@demo.test>\r\nCall-ID: e\r\n"
		    "CSeq: 1 INVITE\r\nContact: <sip:bob@10.0.0.5>\r\n\r\n",
		    sa_port(&fix.alice.addr));
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK_INT(fix.pbx[0].requests, 0);
	}
	stop(&fix);
}

/* Whether it is there, and that there is voicemail, is the device's. */
static void what_is_no_call_reaches_the_device_as_well(void)
{
	static const char *const rows[][2] = {
		{"OPTIONS", ""},
		{"NOTIFY", "Event: message-summary\r\nSubscription-State: "
			   "active\r\n"},
		{"MESSAGE", ""},
	};
	struct fixture fix;
	char uri[1024];

	if (start_forwarded(&fix) && bind_bob(&fix, 1)) {
		struct ua *ua = &fix.pbx[0];

		uri_of(ua->req, "Contact", uri);
		for (unsigned i = 0; i < COUNTOF(rows); i++) {
			put(&fix, ua, 1,
			    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP "
			    "127.0.0.1:%u;branch=z9hG4bKm%u;rport\r\n"
			    "Max-Forwards: 70\r\n"
			    "From: <sip:200@pbx.test>;tag=pf\r\n"
			    "To: <sip:bob@pbx.test>\r\nCall-ID: m%u\r\n"
			    "CSeq: 7 %s\r\n%s\r\n",
			    rows[i][0], uri, sa_port(&ua->addr), i, i,
			    rows[i][0], rows[i][1]);
			REQUIRE(expect(&fix, &fix.bob, rows[i][0]));
			CHECK(strstr(fix.bob.req, " sip:bob@10.0.0.5:5062;ob "));
			bob_answers(&fix, 200, "");
			CHECK_INT(answer(&fix, ua), 200);
		}
	}
	stop(&fix);
}

TEST_MAIN(TEST(a_pbx_challenges_and_binds_the_device_itself),
	  TEST(what_a_pbx_refuses_the_device_hears),
	  TEST(nobody_registers_another_one),
	  TEST(a_device_goes_with_expires_0_or_a_star),
	  TEST(guessing_at_a_pbx_is_slow_as_well),
	  TEST(a_pbx_calls_the_contact_that_it_has),
	  TEST(a_path_alone_leads_to_the_device),
	  TEST(a_contact_is_worth_nothing_from_elsewhere),
	  TEST(a_device_that_has_gone_is_480),
	  TEST(a_device_answers_the_challenge_of_its_pbx),
	  TEST(only_a_bound_flow_may_call),
	  TEST(what_is_no_call_reaches_the_device_as_well))
