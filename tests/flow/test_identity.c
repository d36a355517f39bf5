/*
 * test_identity.c  Who calls, by whose word, and who is told
 *
 * alice calls; pbx[0] is trusted, pbx[1] is not.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

static void routes_identity(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret}\n"
		 "    connections:\n"
		 "      own: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, trusted: true, probe: 0s}\n"
		 "      far: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "far.test, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: own, match: {callee: '1.*'}, to: "
		 "{connection: own}}\n"
		 "      - {name: far, match: {callee: '2.*'}, to: "
		 "{connection: far}}\n",
		 sa_port(&fix->pbx[0].addr), sa_port(&fix->pbx[1].addr));
}

static bool start_identity(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_identity};

	return start_cfg(fix, &cfg);
}

/* alice calls with these lines; what who gets is in its req. */
static bool calls(struct fixture *fix, const char *to, const char *lines,
		  struct ua *who)
{
	char auth[1024], all[3000], uri[64];

	put_invite(fix, &fix->alice, to, 1, lines);
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, "INVITE", uri, "alice-secret", auth);
	put_ack_407(fix, &fix->alice, to, 1);
	snprintf(all, sizeof(all), "%s%s", lines, auth);
	put_invite(fix, &fix->alice, to, 2, all);
	return CHECK(request(fix, who, "INVITE"));
}

#define LIES                                                      \
	"P-Asserted-Identity: <sip:boss@demo.test>\r\n"           \
	"P-Preferred-Identity: <sip:boss@demo.test>\r\n"          \
	"Remote-Party-ID: <sip:boss@demo.test>\r\n"               \
	"p-asserted-identity : \"B\" <sip:boss@demo.test>\r\n"    \
	"P-ASSERTED-IDENTITY\t:\r\n <sip:boss@demo.test>\r\n"      \
	"X-Cordboard-Tenant: other\r\nx-cordboard-user:boss\r\n"

/* Threats: header smuggling past filters (CVE-2020-28361), and identity. */
static void what_a_user_says_of_himself_does_not_count(void)
{
	struct fixture fix;

	if (start_identity(&fix)) {
		if (calls(&fix, "200", LIES, &fix.pbx[1])) {
			CHECK(!strstr(fix.pbx[1].req, "boss"));
			CHECK(!strcasestr(fix.pbx[1].req, "identity"));
			CHECK(!strcasestr(fix.pbx[1].req, "x-cordboard"));
			CHECK(!strstr(fix.pbx[1].req, "other"));
		}
	}
	stop(&fix);
}

static void a_space_before_the_colon_hides_nothing(void)
{
	struct fixture fix;

	/* of a header that we know it is read over (RFC 3261 7.3.1), of others
	 * refused: who reads them next may know them by another name */
	if (start_identity(&fix)) {
		put_invite(&fix, &fix.alice, "200", 1,
			   "X-Cordboard-User : boss\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 400);
		CHECK_INT(fix.pbx[1].requests, 0);
	}
	stop(&fix);
}

static void who_is_trusted_is_told_who_calls(void)
{
	struct fixture fix;
	char val[256];

	if (start_identity(&fix)) {
		if (calls(&fix, "100", LIES, &fix.pbx[0]))
			CHECK_STR(header(fix.pbx[0].req, "P-Asserted-Identity",
					 val),
				  "<sip:alice@pbx.test>");
		CHECK(!strstr(fix.pbx[0].req, "boss"));
	}
	stop(&fix);
}

/* RFC 3323, RFC 3325 section 7 */
static void who_wants_privacy_is_anonymous(void)
{
	struct fixture fix;
	char val[256];

	if (start_identity(&fix)) {
		calls(&fix, "200", "Privacy: critical; id\r\n", &fix.pbx[1]);
		CHECK_STR(header(fix.pbx[1].req, "From", val),
			  "\"Anonymous\" <sip:anonymous@anonymous.invalid>"
			  ";tag=af");
		CHECK(!strstr(fix.pbx[1].req, "alice"));
		CHECK(strstr(fix.pbx[1].req, "\r\nPrivacy: "));
	}
	stop(&fix);
	if (start_identity(&fix)) {
		calls(&fix, "100", "Privacy: id\r\n", &fix.pbx[0]);
		CHECK(strstr(fix.pbx[0].req, "From: \"Anonymous\""));
		CHECK_STR(header(fix.pbx[0].req, "P-Asserted-Identity", val),
			  "<sip:alice@pbx.test>");
	}
	stop(&fix);
	if (start_identity(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		calls(&fix, "bob", "Privacy: user\r\n", &fix.bob);
		CHECK(!strstr(fix.bob.req, "alice"));
		bob_answers(&fix, 200, BOB_2XX);
		fix.alice.code = 0;
		CHECK_INT(answer(&fix, &fix.alice), 200);
		/* its own dialog is as it was */
		CHECK_STR(header(fix.alice.resp, "From", val),
			  "<sip:alice@demo.test>;tag=af");
	}
	stop(&fix);
	if (start_identity(&fix)) {
		calls(&fix, "200", "Privacy: none\r\n", &fix.pbx[1]);
		CHECK_STR(header(fix.pbx[1].req, "From", val),
			  "<sip:alice@far.test>;tag=af");
	}
	stop(&fix);
}

/* A call of a PBX to bob. */
static bool pbx_calls(struct fixture *fix, unsigned nr, const char *lines)
{
	struct ua *ua = &fix->pbx[nr];

	CHECK_INT(register_user(fix, &fix->bob, 1, "bob-secret"), 200);
	put(fix, ua, 0,
	    "INVITE sip:bob@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp;rport\r\n"
	    "%sMax-Forwards: 70\r\nFrom: <sip:+49@pbx.test>;tag=pf\r\n"
	    "To: <sip:bob@demo.test>\r\nCall-ID: call-p\r\nCSeq: 7 INVITE\r\n"
	    "Contact: <sip:c@127.0.0.1:%u>\r\n"
	    "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	    sa_port(&ua->addr), lines, sa_port(&ua->addr), strlen(SDP_OFFER),
	    SDP_OFFER);
	return CHECK(request(fix, &fix->bob, "INVITE"));
}

#define BOSS "P-Asserted-Identity: \"Boss\" <sip:+491@pbx.test>\r\n"

static void a_connection_is_believed_when_it_is_trusted(void)
{
	struct fixture fix;
	char val[256];

	if (start_identity(&fix)) {
		if (pbx_calls(&fix, 0, BOSS))
			CHECK_STR(header(fix.bob.req, "P-Asserted-Identity",
					 val),
				  "\"Boss\" <sip:+491@pbx.test>");
	}
	stop(&fix);
	if (start_identity(&fix)) {
		pbx_calls(&fix, 0, BOSS "Privacy: id\r\n");
		CHECK(!strstr(fix.bob.req, "+491"));
	}
	stop(&fix);
	if (start_identity(&fix)) {
		pbx_calls(&fix, 1, BOSS);
		CHECK(!strstr(fix.bob.req, "+491"));
	}
	stop(&fix);
}

TEST_MAIN(TEST(what_a_user_says_of_himself_does_not_count),
	  TEST(a_space_before_the_colon_hides_nothing),
	  TEST(who_is_trusted_is_told_who_calls),
	  TEST(who_wants_privacy_is_anonymous),
	  TEST(a_connection_is_believed_when_it_is_trusted))
