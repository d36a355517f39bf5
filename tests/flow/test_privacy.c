/*
 * test_privacy.c  Who speaks, in all methods and answers: by whose word, as
 *                 what, and who is told
 *
 * alice asks. pbx[0] is trusted, pbx[1] is not, pbx[2] is and knows
 * Remote-Party-ID alone. More connections to pbx[0] show callers otherwise.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

static void routes_privacy(const struct fixture *fix, char *text, size_t size)
{
	const unsigned port = sa_port(&fix->pbx[0].addr);

	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret, display: 'Alice \"A\"', "
		 "numbers: ['+49305', '+49301']}\n"
		 "      bob: {password: bob-secret}\n"
		 "    connections:\n"
		 "      own: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, trusted: true, probe: 0s}\n"
		 "      far: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "far.test, probe: 0s}\n"
		 "      old: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "old.test, trusted: true, probe: 0s, caller_id: {header: "
		 "remote-party-id}}\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', domain: p, "
		 "trusted: true, probe: 0s, caller_id: {show: number, number: "
		 "'+49300', display: none}}\n"
		 "      his: {kind: trunk, address: '127.0.0.1:%u', domain: p, "
		 "trusted: true, probe: 0s, caller_id: {show: user, number: "
		 "'+49300', allowed: ['+49301'], display: user, header: "
		 "p-preferred-identity}}\n"
		 "      nobody: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "p, trusted: true, probe: 0s, caller_id: {show: anonymous}}\n"
		 "    routes:\n"
		 "      - {name: own, match: {method: [INVITE, MESSAGE, "
		 "SUBSCRIBE, PUBLISH, REFER, INFO], callee: '1.*'}, to: "
		 "{connection: own}}\n"
		 "      - {name: far, match: {method: [INVITE, MESSAGE, "
		 "SUBSCRIBE, PUBLISH, REFER, INFO], callee: '2.*'}, to: "
		 "{connection: far}}\n"
		 "      - {name: old, match: {callee: '3.*'}, to: "
		 "{connection: old}}\n"
		 "      - {name: one, match: {callee: '4.*'}, to: "
		 "{connection: one}}\n"
		 "      - {name: his, match: {callee: '5.*'}, to: "
		 "{connection: his}}\n"
		 "      - {name: nobody, match: {callee: '6.*'}, to: "
		 "{connection: nobody}}\n"
		 "      - {name: on, match: {from: [own, far, old], callee: "
		 "'99.*'}, to: {connection: own}}\n",
		 port, sa_port(&fix->pbx[1].addr), sa_port(&fix->pbx[2].addr),
		 port, port, port);
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_privacy};

	return start_cfg(fix, &cfg);
}

/* --- what is sent ----------------------------------------------------------------- */

static void put_alice(struct fixture *fix, const char *method, const char *to,
		      unsigned cseq, const char *lines)
{
	const unsigned port = sa_port(&fix->alice.addr);

	put(fix, &fix->alice, 0,
	    "%s sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%s%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: \"Al\" <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: %s-1\r\n"
	    "CSeq: %u %s\r\nContact: <sip:alice@127.0.0.1:%u>\r\n%s"
	    "Event: dialog\r\nContent-Length: 0\r\n\r\n",
	    method, to, port, method, to, cseq, to, method, cseq, method, port,
	    lines);
}

/* ... challenged, and again. */
static bool ask(struct fixture *fix, const char *method, const char *to,
		const char *lines, struct ua *who)
{
	char uri[64], auth[1024], all[2048];

	put_alice(fix, method, to, 1, lines);
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, method, uri, "alice-secret", auth);
	snprintf(all, sizeof(all), "%s%s", lines, auth);
	put_alice(fix, method, to, 2, all);
	return CHECK(expect(fix, who, method));
}

static void from_is(const struct ua *ua, const char *uri)
{
	char val[256];

	header(ua->req, "From", val);
	val[strcspn(val, ";")] = '\0';
	CHECK_STR(val, uri);
}

static void header_is(const char *text, const char *name, const char *expected)
{
	char val[512];

	CHECK_STR(header(text, name, val), expected);
}

#define ANONYMOUS "\"Anonymous\" <sip:anonymous@anonymous.invalid>"
#define LIES                                            \
	"P-Asserted-Identity: <sip:boss@demo.test>\r\n" \
	"P-Preferred-Identity: <sip:boss@demo.test>\r\n" \
	"Remote-Party-ID: <sip:boss@demo.test>\r\n"     \
	"X-Cordboard-User: boss\r\n"

/* --- requests that are no calls ------------------------------------------------------ */

static const char *const methods[] = {"MESSAGE", "SUBSCRIBE", "PUBLISH",
				      "REFER", "INFO"};
#define REFER_TO "Refer-To: <sip:101@demo.test>\r\n"

static void all_methods_tell_who_is_trusted_who_asks(void)
{
	struct fixture fix;

	for (unsigned i = 0; i < COUNTOF(methods); i++) {
		if (begin(&fix) && ask(&fix, methods[i], "100", LIES REFER_TO,
				       &fix.pbx[0])) {
			header_is(fix.pbx[0].req, "P-Asserted-Identity",
				  "<sip:alice@pbx.test>");
			CHECK(!strstr(fix.pbx[0].req, "boss"));
		}
		stop(&fix);
	}
}

static void all_methods_tell_others_nothing(void)
{
	struct fixture fix;

	for (unsigned i = 0; i < COUNTOF(methods); i++) {
		if (begin(&fix) && ask(&fix, methods[i], "200", LIES REFER_TO,
				       &fix.pbx[1])) {
			CHECK(!strstr(fix.pbx[1].req, "boss"));
			CHECK(!strcasestr(fix.pbx[1].req, "identity"));
		}
		stop(&fix);
	}
}

static void all_methods_keep_who_wants_to_be_nobody(void)
{
	struct fixture fix;

	for (unsigned i = 0; i < COUNTOF(methods); i++) {
		if (begin(&fix) &&
		    ask(&fix, methods[i], "200",
			"Privacy: user;id\r\nUser-Agent: alice's\r\n"
			"Reply-To: <sip:alice@demo.test>\r\n" REFER_TO,
			&fix.pbx[1])) {
			from_is(&fix.pbx[1], ANONYMOUS);
			CHECK(!strstr(fix.pbx[1].req, "alice"));
		}
		stop(&fix);
	}
	if (begin(&fix) &&
	    ask(&fix, "MESSAGE", "100", "Privacy: id\r\n", &fix.pbx[0])) {
		from_is(&fix.pbx[0], ANONYMOUS);
		header_is(fix.pbx[0].req, "P-Asserted-Identity",
			  "<sip:alice@pbx.test>");
	}
	stop(&fix);
}

/* What refreshes a subscription need not say it again. */
static void a_subscription_stays_anonymous(void)
{
	char to[512], contact[512], rr[1024];
	struct fixture fix;

	if (begin(&fix) && ask(&fix, "SUBSCRIBE", "200", "Privacy: id\r\n",
			       &fix.pbx[1])) {
		ua_answers(&fix, &fix.pbx[1], 200,
			   "Contact: <sip:n@127.0.0.1:1>\r\nExpires: 90\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		header(fix.alice.resp, "To", to);
		header(fix.alice.resp, "Contact", contact);
		header(fix.alice.resp, "Record-Route", rr);
		contact[strcspn(contact, ">")] = '\0';
		fix.pbx[1].requests = 0;
		put(&fix, &fix.alice, 1,
		    "SUBSCRIBE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;"
		    "branch=z9hG4bKre;rport\r\nMax-Forwards: 70\r\nRoute: %s\r\n"
		    "From: <sip:alice@demo.test>;tag=af\r\nTo: %s\r\n"
		    "Call-ID: SUBSCRIBE-1\r\nCSeq: 3 SUBSCRIBE\r\nEvent: "
		    "dialog\r\nContact: <sip:x@127.0.0.1:1>\r\n\r\n",
		    contact + 1, sa_port(&fix.alice.addr), rr, to);
		if (CHECK(expect(&fix, &fix.pbx[1], "SUBSCRIBE")))
			from_is(&fix.pbx[1], ANONYMOUS);
		CHECK(!strstr(fix.pbx[1].req, "alice"));
	}
	stop(&fix);
}

/* A request of a PBX to bob, or to another PBX. */
static bool pbx_asks(struct fixture *fix, unsigned nr, const char *to,
		     const char *lines, struct ua *who)
{
	struct ua *ua = &fix->pbx[nr];

	CHECK_INT(register_user(fix, &fix->bob, 1, "bob-secret"), 200);
	put(fix, ua, 0,
	    "MESSAGE sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp;rport\r\n"
	    "%sMax-Forwards: 70\r\nFrom: <sip:+49@there.test>;tag=pf\r\n"
	    "To: <sip:bob@demo.test>\r\nCall-ID: p-1\r\nCSeq: 7 MESSAGE\r\n"
	    "Content-Length: 0\r\n\r\n",
	    to, sa_port(&ua->addr), lines);
	return CHECK(expect(fix, who, "MESSAGE"));
}

#define BOSS "P-Asserted-Identity: \"Boss\" <sip:+491@pbx.test>\r\n"
#define PARTY(privacy)                                             \
	"Remote-Party-ID: \"Boss\" <sip:+491@old.test>;party=calling;" \
	"screen=yes;privacy=" privacy "\r\n"

static void what_a_connection_says_goes_on_when_it_is_trusted(void)
{
	struct fixture fix;

	if (begin(&fix) &&
	    pbx_asks(&fix, 0, "bob", BOSS PARTY("off"), &fix.bob)) {
		header_is(fix.bob.req, "P-Asserted-Identity",
			  "\"Boss\" <sip:+491@pbx.test>");
		CHECK(!strstr(fix.bob.req, "Remote-Party"));
	}
	stop(&fix);
	if (begin(&fix) &&
	    pbx_asks(&fix, 0, "bob", BOSS "Privacy: id\r\n", &fix.bob))
		CHECK(!strstr(fix.bob.req, "+491"));
	stop(&fix);
	if (begin(&fix) &&
	    pbx_asks(&fix, 1, "bob", BOSS PARTY("off"), &fix.bob))
		CHECK(!strstr(fix.bob.req, "+491"));
	stop(&fix);
}

static void one_that_knows_remote_party_id_alone_is_understood(void)
{
	struct fixture fix;

	if (begin(&fix) && pbx_asks(&fix, 2, "bob", PARTY("off"), &fix.bob))
		header_is(fix.bob.req, "P-Asserted-Identity",
			  "\"Boss\" <sip:+491@old.test>");
	stop(&fix);
	/* RFC 3323 in other words: From, too */
	if (begin(&fix) && pbx_asks(&fix, 2, "bob", PARTY("full"), &fix.bob)) {
		CHECK(!strstr(fix.bob.req, "+49"));
		from_is(&fix.bob, ANONYMOUS);
	}
	stop(&fix);
	if (begin(&fix) && pbx_asks(&fix, 2, "99", PARTY("off"), &fix.pbx[0]))
		header_is(fix.pbx[0].req, "P-Asserted-Identity",
			  "\"Boss\" <sip:+491@old.test>");
	stop(&fix);
}

static void one_that_knows_remote_party_id_alone_is_told_in_it(void)
{
	struct fixture fix;

	if (begin(&fix) && ask(&fix, "MESSAGE", "300", "", &fix.pbx[2])) {
		header_is(fix.pbx[2].req, "Remote-Party-ID",
			  "<sip:alice@old.test>;party=calling;screen=yes;"
			  "privacy=off");
		CHECK(!strstr(fix.pbx[2].req, "Asserted"));
	}
	stop(&fix);
	if (begin(&fix) &&
	    ask(&fix, "MESSAGE", "300", "Privacy: id\r\n", &fix.pbx[2]))
		header_is(fix.pbx[2].req, "Remote-Party-ID",
			  "<sip:alice@old.test>;party=calling;screen=yes;"
			  "privacy=full");
	stop(&fix);
}

/* --- whom a connection is shown -------------------------------------------------------- */

static bool calls(struct fixture *fix, const char *to, const char *lines,
		  struct ua *who)
{
	call_lines(fix, to, lines);
	return CHECK(expect(fix, who, "INVITE"));
}

static void a_connection_may_be_shown_one_number(void)
{
	struct fixture fix;

	if (begin(&fix) && ask(&fix, "MESSAGE", "400", "", &fix.pbx[0])) {
		from_is(&fix.pbx[0], "<sip:+49300@p>");
		header_is(fix.pbx[0].req, "P-Asserted-Identity",
			  "<sip:+49300@p>");
	}
	stop(&fix);
	if (begin(&fix) && calls(&fix, "400", "", &fix.pbx[0]))
		from_is(&fix.pbx[0], "<sip:+49300@p>");
	stop(&fix);
}

static void a_connection_may_be_shown_the_users_number(void)
{
	struct fixture fix;

	if (begin(&fix) && calls(&fix, "500", "", &fix.pbx[0])) {
		from_is(&fix.pbx[0], "\"Alice \\\"A\\\"\" <sip:+49301@p>");
		header_is(fix.pbx[0].req, "P-Preferred-Identity",
			  "\"Alice \\\"A\\\"\" <sip:+49301@p>");
		CHECK(!strstr(fix.pbx[0].req, "Asserted"));
	}
	stop(&fix);
	/* hers, but this carrier would not have it */
	if (begin(&fix) && calls(&fix, "500",
				 "P-Preferred-Identity: <sip:+49305@x>\r\n",
				 &fix.pbx[0]))
		CHECK(!strstr(fix.pbx[0].req, "+49305"));
	stop(&fix);
	if (begin(&fix) && calls(&fix, "100",
				 "P-Preferred-Identity: <tel:+49305>\r\n",
				 &fix.pbx[0]))
		header_is(fix.pbx[0].req, "P-Asserted-Identity",
			  "<sip:+49305@pbx.test>");
	stop(&fix);
}

static void a_connection_may_be_shown_nobody(void)
{
	struct fixture fix;

	if (begin(&fix) && calls(&fix, "600", "", &fix.pbx[0])) {
		from_is(&fix.pbx[0], ANONYMOUS);
		header_is(fix.pbx[0].req, "Privacy", "id");
		header_is(fix.pbx[0].req, "P-Asserted-Identity",
			  "<sip:+49305@p>");
	}
	stop(&fix);
}

/* --- answers ---------------------------------------------------------------------------- */

static void who_answered_is_told_as_who_calls_is(void)
{
	struct fixture fix;

	/* a trunk's word goes on to the user, but for what is private */
	if (begin(&fix) && ask(&fix, "MESSAGE", "100", "", &fix.pbx[0])) {
		ua_answers(&fix, &fix.pbx[0], 200,
			   BOSS "X-Cordboard-Node: a\r\nServer: s\r\n"
				"Reason: SIP;cause=200\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		header_is(fix.alice.resp, "P-Asserted-Identity",
			  "\"Boss\" <sip:+491@pbx.test>");
		header_is(fix.alice.resp, "Reason", "SIP;cause=200");
		CHECK(!strcasestr(fix.alice.resp, "X-Cordboard"));
	}
	stop(&fix);
	if (begin(&fix) && ask(&fix, "MESSAGE", "100", "", &fix.pbx[0])) {
		ua_answers(&fix, &fix.pbx[0], 200,
			   BOSS "Privacy: id;user\r\nServer: boss\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(!strstr(fix.alice.resp, "+491"));
		CHECK(!strstr(fix.alice.resp, "boss"));
	}
	stop(&fix);
	if (begin(&fix) && ask(&fix, "MESSAGE", "200", "", &fix.pbx[1])) {
		ua_answers(&fix, &fix.pbx[1], 200, BOSS PARTY("off"));
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(!strstr(fix.alice.resp, "+491"));
	}
	stop(&fix);
}

static void a_trunk_is_told_which_user_answered(void)
{
	struct fixture fix;

	if (begin(&fix) && pbx_asks(&fix, 0, "bob", "", &fix.bob)) {
		bob_answers(&fix, 200, LIES "Supported: from-change, x\r\n");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		header_is(fix.pbx[0].resp, "P-Asserted-Identity",
			  "<sip:bob@pbx.test>");
		header_is(fix.pbx[0].resp, "Supported", "x");
		CHECK(!strstr(fix.pbx[0].resp, "boss"));
	}
	stop(&fix);
	if (begin(&fix) && pbx_asks(&fix, 2, "bob", "", &fix.bob)) {
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[2]), 200);
		header_is(fix.pbx[2].resp, "Remote-Party-ID",
			  "<sip:bob@old.test>;party=called;screen=yes;"
			  "privacy=off");
	}
	stop(&fix);
	if (begin(&fix) && pbx_asks(&fix, 1, "bob", "", &fix.bob)) {
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[1]), 200);
		CHECK(!strstr(fix.pbx[1].resp, "Asserted"));
	}
	stop(&fix);
}

/* --- within calls ---------------------------------------------------------------------------- */

static bool call_up(struct fixture *fix, const char *to, const char *lines,
		    struct ua *who, char *resp)
{
	if (!calls(fix, to, lines, who))
		return false;
	ua_answers(fix, who, 200, BOB_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(resp, fix->alice.resp);
	who->requests = 0;
	return true;
}

/* alice's, whose From has another user meanwhile (RFC 4916). */
static bool within(struct fixture *fix, const char *resp, const char *method,
		   const char *lines, struct ua *who)
{
	char to[512], contact[512], rr[1024], route[1100] = "";

	header(resp, "To", to);
	header(resp, "Contact", contact);
	if (*header(resp, "Record-Route", rr))
		snprintf(route, sizeof(route), "Route: %s\r\n", rr);
	contact[strcspn(contact, ">")] = '\0';
	put(fix, &fix->alice, 1,
	    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKw;"
	    "rport\r\nMax-Forwards: 70\r\n%sFrom: \"Boss\" <sip:boss@demo.test>"
	    ";tag=af\r\nTo: %s\r\nCall-ID: call-1\r\nCSeq: 9 %s\r\n"
	    "Contact: <sip:alice@127.0.0.1:%u>\r\n"
	    "Supported: timer, from-change\r\n%sContent-Length: 0\r\n\r\n",
	    method, contact + 1, sa_port(&fix->alice.addr), route, to, method,
	    sa_port(&fix->alice.addr), lines);
	return CHECK(expect(fix, who, method));
}

static void within_a_call_who_is_trusted_is_told_and_from_stays(void)
{
	static const char *const kinds[] = {"UPDATE", "MESSAGE", "BYE"};
	char resp[TEXT_MAX];
	struct fixture fix;

	for (unsigned i = 0; i < COUNTOF(kinds); i++) {
		if (begin(&fix) &&
		    call_up(&fix, "100", "", &fix.pbx[0], resp) &&
		    within(&fix, resp, kinds[i], LIES "Reason: Q.850;cause=16\r\n",
			   &fix.pbx[0])) {
			header_is(fix.pbx[0].req, "P-Asserted-Identity",
				  "<sip:alice@pbx.test>");
			header_is(fix.pbx[0].req, "From",
				  "\"Boss\" <sip:alice@pbx.test>;tag=af");
			header_is(fix.pbx[0].req, "Supported", "timer");
			header_is(fix.pbx[0].req, "Reason", "Q.850;cause=16");
			CHECK(!strstr(fix.pbx[0].req, "boss"));
		}
		stop(&fix);
	}
}

static void between_devices_from_stays_too(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (begin(&fix) && talk(&fix, resp) &&
	    within(&fix, resp, "MESSAGE", LIES, &fix.bob)) {
		CHECK(!strstr(fix.bob.req, "boss"));
		header_is(fix.bob.req, "From",
			  "\"Boss\" <sip:alice@demo.test>;tag=af");
	}
	stop(&fix);
}

static void a_call_stays_anonymous_and_shows_its_number(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (begin(&fix) &&
	    call_up(&fix, "100", "Privacy: id\r\n", &fix.pbx[0], resp) &&
	    within(&fix, resp, "UPDATE", "", &fix.pbx[0]))
		header_is(fix.pbx[0].req, "From", ANONYMOUS ";tag=af");
	stop(&fix);
	if (begin(&fix) && call_up(&fix, "400", "", &fix.pbx[0], resp) &&
	    within(&fix, resp, "UPDATE", "", &fix.pbx[0])) {
		header_is(fix.pbx[0].req, "From", "<sip:+49300@p>;tag=af");
		header_is(fix.pbx[0].req, "P-Asserted-Identity",
			  "<sip:+49300@p>");
	}
	stop(&fix);
}

/* --- Referred-By, Diversion, History-Info --------------------------------------------------- */

static void who_refers_is_who_sends_the_refer(void)
{
	struct fixture fix;

	if (begin(&fix) && ask(&fix, "REFER", "100",
			       REFER_TO "Referred-By: <sip:alice@demo.test>\r\n",
			       &fix.pbx[0]))
		header_is(fix.pbx[0].req, "Referred-By",
			  "<sip:alice@pbx.test>");
	stop(&fix);
	if (begin(&fix) && ask(&fix, "REFER", "100",
			       REFER_TO "Referred-By: <sip:boss@demo.test>\r\n",
			       &fix.pbx[0]))
		CHECK(!strstr(fix.pbx[0].req, "Referred-By"));
	stop(&fix);
	if (begin(&fix) && ask(&fix, "REFER", "200",
			       REFER_TO "Privacy: id\r\n"
					"b: <sip:alice@demo.test>\r\n",
			       &fix.pbx[1]))
		CHECK(!strstr(fix.pbx[1].req, "alice"));
	stop(&fix);
	if (begin(&fix) && calls(&fix, "100",
				 "Referred-By: <sip:alice@demo.test>\r\n",
				 &fix.pbx[0]))
		CHECK(!strstr(fix.pbx[0].req, "Referred-By"));
	stop(&fix);
}

static void who_refers_is_the_word_of_who_is_trusted(void)
{
	struct fixture fix;

	if (begin(&fix) && pbx_asks(&fix, 0, "bob",
				    "Referred-By: <sip:+491@pbx.test>\r\n",
				    &fix.bob))
		header_is(fix.bob.req, "Referred-By", "<sip:+491@pbx.test>");
	stop(&fix);
	if (begin(&fix) && pbx_asks(&fix, 1, "bob",
				    "Referred-By: <sip:+491@pbx.test>\r\n",
				    &fix.bob))
		CHECK(!strstr(fix.bob.req, "Referred-By"));
	stop(&fix);
}

#define HISTORY                                                         \
	"Diversion: <sip:+491@a>;privacy=full, <sip:+492@a>;reason=x\r\n" \
	"Diversion: <sip:+493@a>;privacy=off\r\n"                        \
	"History-Info: <sip:+494@a?Privacy=history>;index=1, "           \
	"<sip:+495@a>;index=2\r\n"

static void a_calls_history_goes_on_but_for_what_is_private(void)
{
	struct fixture fix;

	if (begin(&fix) && pbx_asks(&fix, 0, "bob", HISTORY, &fix.bob)) {
		CHECK(!strstr(fix.bob.req, "+491"));
		CHECK(strstr(fix.bob.req, "+492") &&
		      strstr(fix.bob.req, "+493"));
		CHECK(!strstr(fix.bob.req, "+494"));
		CHECK(strstr(fix.bob.req, "+495"));
	}
	stop(&fix);
	if (begin(&fix) && pbx_asks(&fix, 0, "bob",
				    HISTORY "Privacy: history\r\n", &fix.bob)) {
		CHECK(!strstr(fix.bob.req, "Diversion"));
		CHECK(!strstr(fix.bob.req, "History-Info"));
	}
	stop(&fix);
	/* who is trusted keeps it as it shall be kept */
	if (begin(&fix) &&
	    pbx_asks(&fix, 2, "99", HISTORY "Privacy: history\r\n",
		     &fix.pbx[0]))
		CHECK(strstr(fix.pbx[0].req, "+491") &&
		      strstr(fix.pbx[0].req, "+494"));
	stop(&fix);
}

static void a_history_of_any_length_is_bounded(void)
{
	char lines[1200] = "Diversion: <sip:+491@a>;privacy=full";
	struct fixture fix;

	for (int i = 0; i < 40; i++)
		strcat(lines, ",<sip:+491@a>;privacy=x");
	strcat(lines, "\r\n");
	if (begin(&fix) && pbx_asks(&fix, 0, "bob", lines, &fix.bob))
		CHECK(!strstr(fix.bob.req, "Diversion"));
	stop(&fix);
}

TEST_MAIN(TEST(all_methods_tell_who_is_trusted_who_asks),
	  TEST(all_methods_tell_others_nothing),
	  TEST(all_methods_keep_who_wants_to_be_nobody),
	  TEST(a_subscription_stays_anonymous),
	  TEST(what_a_connection_says_goes_on_when_it_is_trusted),
	  TEST(one_that_knows_remote_party_id_alone_is_understood),
	  TEST(one_that_knows_remote_party_id_alone_is_told_in_it),
	  TEST(a_connection_may_be_shown_one_number),
	  TEST(a_connection_may_be_shown_the_users_number),
	  TEST(a_connection_may_be_shown_nobody),
	  TEST(who_answered_is_told_as_who_calls_is),
	  TEST(a_trunk_is_told_which_user_answered),
	  TEST(within_a_call_who_is_trusted_is_told_and_from_stays),
	  TEST(between_devices_from_stays_too),
	  TEST(a_call_stays_anonymous_and_shows_its_number),
	  TEST(who_refers_is_who_sends_the_refer),
	  TEST(who_refers_is_the_word_of_who_is_trusted),
	  TEST(a_calls_history_goes_on_but_for_what_is_private),
	  TEST(a_history_of_any_length_is_bounded))
