/*
 * test_hiding.c  What one side of a call learns of where the other one is:
 *                nothing
 *
 * Every message of a whole call is looked at. The addresses 10.x are those of
 * one side's own network; 127.0.0.1 is where all are in a test.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

static void routes_hiding(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "    connections:\n"
		 "      pbx: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '1.*'}, to: "
		 "{connection: pbx}}\n",
		 sa_port(&fix->pbx[0].addr));
}

static bool tells(const char *text)
{
	return strstr(text, "10.0.") != NULL;
}

static unsigned vias(const char *text)
{
	unsigned n = 0;

	for (; (text = strstr(text, "\r\nVia: ")); text++)
		n++;
	return n;
}

/* A request of alice from behind a proxy of her own. */
static void put_hidden(struct fixture *fix, const char *auth, unsigned cseq)
{
	put(fix, &fix->alice, 0,
	    "INVITE sip:100@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKh%u;rport\r\n"
	    "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKx\r\n"
	    "Record-Route: <sip:10.0.0.3;lr>\r\n"
	    "Max-Forwards: 60\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:100@demo.test>\r\nCall-ID: call-1\r\n"
	    "CSeq: %u INVITE\r\nContact: <sip:alice@10.0.0.4:5>\r\n%s"
	    "Route: <sip:10.0.0.5;lr>\r\n"
	    "Path: <sip:10.0.0.6;lr>\r\n"
	    "Content-Type: application/sdp\r\n\r\n"
	    "v=0\r\no=- 1 1 IN IP4 10.0.0.7\r\nc=IN IP4 10.0.0.7\r\n",
	    sa_port(&fix->alice.addr), cseq, cseq, auth);
}

static bool hidden_call(struct fixture *fix)
{
	char auth[1024];

	put_hidden(fix, "", 1);
	CHECK_INT(answer(fix, &fix->alice), 407);
	credentials(&fix->alice, "INVITE", "sip:100@demo.test", "alice-secret",
		    auth);
	put_hidden(fix, auth, 2);
	return CHECK(expect(fix, &fix->pbx[0], "INVITE"));
}

#define PBX_HIDES                                                  \
	"Contact: <sip:100@10.0.1.1:5062>\r\n"                     \
	"Service-Route: <sip:10.0.1.3;lr>\r\n"                     \
	"Path: <sip:10.0.1.3;lr>\r\n"                              \
	"P-Asserted-Identity: <sip:x@10.0.1.4>\r\n"                \
	"Remote-Party-ID: <sip:x@10.0.1.4>\r\n"                    \
	"Content-Type: application/sdp\r\nContent-Length: 45\r\n"  \
	"\r\nv=0\r\no=- 1 1 IN IP4 10.0.1.5\r\nc=IN IP4 10.0.1.5\r\n"

static void neither_side_learns_where_the_other_one_is(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_hiding};
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start_cfg(&fix, &cfg) && hidden_call(&fix)) {
		CHECK(!tells(fix.pbx[0].req));
		CHECK_INT(vias(fix.pbx[0].req), 1);
		/* a proxy of the PBX stands before it */
		fix.pbx[0].before = "Record-Route: <sip:10.0.1.2;lr>\r\n";
		ua_answers(&fix, &fix.pbx[0], 180,
			   "Contact: <sip:100@10.0.1.1>\r\n");
		CHECK(rings(&fix, &fix.alice));
		CHECK(!strstr(fix.alice.prov, "10.0.1."));
		ua_answers(&fix, &fix.pbx[0], 200, PBX_HIDES);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(!strstr(fix.alice.resp, "10.0.1."));
		strcpy(resp, fix.alice.resp);
		put_in_dialog(&fix, resp, "ACK", 2, 1);
		CHECK(expect(&fix, &fix.pbx[0], "ACK"));
		CHECK(!strstr(fix.pbx[0].req, "10.0.0."));
		put_in_dialog_extra(&fix, resp, "BYE", 3, 1,
				    "Reason: SIP;cause=200\r\n");
		CHECK(expect(&fix, &fix.pbx[0], "BYE"));
		CHECK(!strstr(fix.pbx[0].req, "10.0.0."));
		CHECK_INT(vias(fix.pbx[0].req), 1);
		/* why it ends goes on */
		CHECK(strstr(fix.pbx[0].req, "\r\nReason: SIP;cause=200\r\n"));
		ua_answers(&fix, &fix.pbx[0], 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(!strstr(fix.alice.resp, "10.0.1."));
	}
	stop(&fix);
}

static void a_refusal_tells_nothing_either(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_hiding};
	struct fixture fix;

	if (start_cfg(&fix, &cfg) && hidden_call(&fix)) {
		ua_answers(&fix, &fix.pbx[0], 404,
			   "Contact: <sip:100@10.0.1.1>\r\n"
			   "Record-Route: <sip:10.0.1.2;lr>\r\n"
			   "Path: <sip:10.0.1.3;lr>\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 404);
		CHECK(!strstr(fix.alice.resp, "10.0.1."));
	}
	stop(&fix);
}

#define SECRET "Authorization: Bearer sesame.open.now\r\n"

static bool is_told(const struct ua *ua)
{
	return strstr(ua->req, "sesame") || strstr(ua->req, "Authorization");
}

/* Whoever has a token of a user is that user. */
static void credentials_are_for_us_alone(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_hiding};
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start_cfg(&fix, &cfg)) {
		call_lines(&fix, "100", SECRET);
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK(!is_told(&fix.pbx[0]));
		ua_answers(&fix, &fix.pbx[0], 200, PBX_HIDES);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		strcpy(resp, fix.alice.resp);
		put_in_dialog_extra(&fix, resp, "ACK", 2, 1, SECRET);
		CHECK(expect(&fix, &fix.pbx[0], "ACK"));
		CHECK(!is_told(&fix.pbx[0]));
		put_in_dialog_with(&fix, resp, "INVITE", 3, 1, SECRET,
				   "v=0\r\n");
		CHECK(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK(!is_told(&fix.pbx[0]));
		ua_answers(&fix, &fix.pbx[0], 200, PBX_HIDES);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		put_in_dialog_extra(&fix, resp, "INFO", 4, 1, SECRET);
		CHECK(expect(&fix, &fix.pbx[0], "INFO"));
		CHECK(!is_told(&fix.pbx[0]));
	}
	stop(&fix);
}

TEST_MAIN(TEST(neither_side_learns_where_the_other_one_is),
	  TEST(a_refusal_tells_nothing_either),
	  TEST(credentials_are_for_us_alone))
