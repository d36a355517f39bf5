/*
 * test_methods.c  What is no call: MESSAGE, SUBSCRIBE, NOTIFY, PUBLISH, REFER,
 *                 OPTIONS, INFO, between users and PBXs
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

static void routes_methods(const struct fixture *fix, char *text, size_t size)
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
		 "      one: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, username: gate, password: hush, realm: pbx, "
		 "answer_within: 200ms, probe: 0s}\n"
		 "      two: {kind: trunk, address: '127.0.0.1:%u', "
		 "answer_within: 200ms, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: dial, match: {method: [REFER], callee: "
		 "'5.*'}, to: {connection: one}}\n"
		 "      - {name: state, match: {method: [SUBSCRIBE, PUBLISH], "
		 "from: users, callee: 'alice'}, to: {connection: one}}\n"
		 "      - {name: echo, match: {callee: echo}, to: "
		 "{service: echo}}\n"
		 "      - {name: both, match: {callee: '0.*'}, to: "
		 "{connections: [two, one]}}\n"
		 "      - {name: out, match: {callee: '[56].*'}, to: "
		 "{connection: one}}\n",
		 sa_port(&fix->pbx[0].addr), sa_port(&fix->pbx[1].addr));
}

static bool begin_t1(struct fixture *fix, uint32_t t1)
{
	const struct fixture_cfg cfg = {.t1 = t1, .routes = routes_methods};

	return start_cfg(fix, &cfg);
}

static bool begin(struct fixture *fix)
{
	return begin_t1(fix, 500);
}

/* --- what is sent ----------------------------------------------------------------- */

/* alice's, outside dialogs. */
static void put_alice(struct fixture *fix, const char *method, const char *to,
		      unsigned cseq, const char *lines, const char *body)
{
	const unsigned port = sa_port(&fix->alice.addr);

	put(fix, &fix->alice, 0,
	    "%s sip:%s@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%s%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: <sip:%s@demo.test>\r\nCall-ID: sub-1\r\n"
	    "CSeq: %u %s\r\nContact: <sip:alice@127.0.0.1:%u>\r\n%s"
	    "Content-Length: %zu\r\n\r\n%s",
	    method, to, port, method, to, cseq, to, cseq, method, port, lines,
	    strlen(body), body);
}

/* ... challenged, and again; no answer is waited for. */
static void ask_body(struct fixture *fix, const char *method, const char *to,
		     const char *lines, const char *body)
{
	char uri[64], auth[1024], all[2048];

	put_alice(fix, method, to, 1, lines, body);
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, method, uri, "alice-secret", auth);
	snprintf(all, sizeof(all), "%s%s", lines, auth);
	put_alice(fix, method, to, 2, all, body);
}

static void ask(struct fixture *fix, const char *method, const char *to,
		const char *lines)
{
	ask_body(fix, method, to, lines, "");
}

/* Of a PBX, outside dialogs. */
static void put_pbx(struct fixture *fix, const char *method, const char *uri,
		    const char *lines, const char *body)
{
	struct ua *ua = &fix->pbx[0];

	put(fix, ua, 0,
	    "%s %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp%s;rport\r\n"
	    "Max-Forwards: 70\r\n"
	    "From: \"Carl\" <sip:+49@10.0.0.1>;tag=pf\r\n"
	    "To: <sip:bob@10.0.0.2>\r\nCall-ID: pbx-1\r\nCSeq: 7 %s\r\n"
	    "Contact: <sip:c@10.0.0.1:5060>\r\n%s"
	    "Content-Length: %zu\r\n\r\n%s",
	    method, uri, sa_port(&ua->addr), method, method, lines,
	    strlen(body), body);
}

static const char *body_of(const char *text)
{
	const char *p = strstr(text, "\r\n\r\n");

	return p ? p + 4 : "";
}

static unsigned times(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* A request within the dialog that was made by a message that this one got:
 * the 2xx to its SUBSCRIBE, or a SUBSCRIBE. */
struct within {
	struct ua *ua;
	unsigned worker;
	const char *made; /* the message that made it */
	const char *tag;  /* of ours, if To has none yet; NULL: we made it */
	const char *method;
	unsigned cseq;
	const char *lines;
};

static void put_within(struct fixture *fix, const struct within *in)
{
	char from[512], to[512], contact[512], rr[1024], callid[128];
	const char *me = in->tag ? "To" : "From";
	const char *far = in->tag ? "From" : "To";

	header(in->made, me, from);
	header(in->made, far, to);
	header(in->made, "Contact", contact);
	header(in->made, "Record-Route", rr);
	header(in->made, "Call-ID", callid);
	contact[strcspn(contact, ">")] = '\0';
	put(fix, in->ua, in->worker,
	    "%s %s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s%u%s;rport\r\n"
	    "Max-Forwards: 70\r\nRoute: %s\r\nFrom: %s%s%s\r\nTo: %s\r\n"
	    "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:me@127.0.0.1:%u>\r\n"
	    "%sContent-Length: 0\r\n\r\n",
	    in->method, *contact == '<' ? contact + 1 : contact,
	    sa_port(&in->ua->addr), in->method, in->cseq,
	    in->tag ? in->tag : "", rr, from,
	    in->tag && *in->tag ? ";tag=" : "", in->tag ? in->tag : "", to, callid, in->cseq, in->method,
	    sa_port(&in->ua->addr), in->lines ? in->lines : "");
}

#define SUB_LINES "Event: dialog\r\nExpires: 600\r\n"
#define SUB_2XX                                     \
	"Contact: <sip:blf@127.0.0.1:1;x=y>\r\n"    \
	"Expires: 500\r\n"
#define NOTIFY_LINES "Event: dialog\r\nSubscription-State: active\r\n"

/* alice has subscribed at the PBX: what made the dialogs. */
struct sub {
	char request[TEXT_MAX]; /* as the PBX got it */
	char answer[TEXT_MAX];  /* as alice got it */
};

static bool subscribed(struct fixture *fix, struct sub *sub)
{
	ask(fix, "SUBSCRIBE", "600", SUB_LINES);
	if (!CHECK(expect(fix, &fix->pbx[0], "SUBSCRIBE")))
		return false;
	strcpy(sub->request, fix->pbx[0].req);
	ua_answers(fix, &fix->pbx[0], 200, SUB_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	strcpy(sub->answer, fix->alice.resp);
	return true;
}

static void pbx_notifies(struct fixture *fix, const struct sub *sub,
			 const char *tag, unsigned cseq, unsigned worker)
{
	const struct within in = {.ua = &fix->pbx[0],
				  .worker = worker,
				  .made = sub->request,
				  .tag = tag,
				  .method = "NOTIFY",
				  .cseq = cseq,
				  .lines = NOTIFY_LINES};

	put_within(fix, &in);
}

static void alice_refreshes(struct fixture *fix, const char *made,
			    unsigned cseq, unsigned worker)
{
	const struct within in = {.ua = &fix->alice,
				  .worker = worker,
				  .made = made,
				  .method = "SUBSCRIBE",
				  .cseq = cseq,
				  .lines = SUB_LINES};

	put_within(fix, &in);
}

/* --- who may ----------------------------------------------------------------------- */

/* Threats row 22. */
static void without_credentials_nothing_is_served(void)
{
	static const struct {
		const char *method;
		int code;
	} rows[] = {
		{"MESSAGE", 407}, {"SUBSCRIBE", 407}, {"PUBLISH", 407},
		{"NOTIFY", 407},  {"REFER", 407},     {"INFO", 407},
		{"OPTIONS", 407}, {"UPDATE", 481},    {"PRACK", 481},
		{"BYE", 481},	  {"FOO", 501},
	};
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		for (unsigned i = 0; i < COUNTOF(rows); i++) {
			put_alice(&fix, rows[i].method, "bob", 1, "", "");
			if (!CHECK_INT(answer(&fix, &fix.alice), rows[i].code))
				re_printf("# %s\n", rows[i].method);
			if (rows[i].code == 501)
				CHECK(strstr(header(fix.alice.resp, "Allow",
						    val),
					     "PUBLISH"));
		}
		CHECK_INT(fix.bob.requests, 0);
	}
	stop(&fix);
}

static void a_name_of_another_is_refused(void)
{
	struct fixture fix;
	char auth[1024];

	if (begin(&fix)) {
		put_alice(&fix, "MESSAGE", "bob", 1, "", "hi");
		CHECK_INT(answer(&fix, &fix.alice), 407);
		/* bob's password under alice's name */
		credentials(&fix.alice, "MESSAGE", "sip:bob@demo.test",
			    "bob-secret", auth);
		put_alice(&fix, "MESSAGE", "bob", 2, auth, "hi");
		CHECK_INT(answer(&fix, &fix.alice), 403);
	}
	stop(&fix);
}

/* --- to devices ---------------------------------------------------------------------- */

static void a_message_reaches_all_devices(void)
{
	struct fixture fix;
	char val[1024];
	const char *req = fix.bob.req;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-secret"), 200);
		ask_body(&fix, "MESSAGE", "bob", "Content-Type: text/plain\r\n",
			 "hello");
		REQUIRE(expect(&fix, &fix.bob, "MESSAGE"));
		REQUIRE(expect(&fix, &fix.desk, "MESSAGE"));
		CHECK_STR(body_of(req), "hello");
		CHECK_STR(header(req, "Content-Type", val), "text/plain");
		CHECK_STR(header(req, "From", val),
			  "<sip:alice@demo.test>;tag=af");
		CHECK_STR(header(req, "CSeq", val), "2 MESSAGE");
		CHECK_STR(header(req, "Max-Forwards", val), "69");
		CHECK(!strstr(req, "Authorization"));
		CHECK(!strstr(req, "\r\nContact") && !strstr(req, "Route"));
		CHECK_INT(times(req, "\r\nVia: "), 1);

		/* the first 2xx is the answer */
		ua_answers(&fix, &fix.bob, 486, "");
		round_trip(&fix, &fix.bob, 1);
		CHECK_INT(fix.alice.code, 0);
		ua_answers(&fix, &fix.desk, 202, "");
		CHECK_INT(answer(&fix, &fix.alice), 202);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		CHECK_INT(proxy_counts(fix.nodes[0].proxy)
				  ->relayed[PROXY_MESSAGE]
				  .passed,
			  1);
	}
	stop(&fix);
}

static void the_best_refusal_is_passed_on(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		CHECK_INT(register_user(&fix, &fix.desk, 1, "bob-secret"), 200);
		ask(&fix, "SUBSCRIBE", "bob", SUB_LINES);
		REQUIRE(expect(&fix, &fix.bob, "SUBSCRIBE"));
		REQUIRE(expect(&fix, &fix.desk, "SUBSCRIBE"));
		ua_answers(&fix, &fix.bob, 480, "");
		ua_answers(&fix, &fix.desk, 489, "Allow-Events: talk\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 489);
		CHECK_STR(header(fix.alice.resp, "Allow-Events", val), "talk");
		CHECK_INT(proxy_counts(fix.nodes[0].proxy)
				  ->relayed[PROXY_SUBSCRIBE]
				  .refused,
			  1);
	}
	stop(&fix);
}

static void nobody_there_is_480(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "bob", "");
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK(strstr(fix.alice.resp, "not-registered"));
	}
	stop(&fix);
}

static void a_service_is_only_for_calls(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "echo", "");
		CHECK_INT(answer(&fix, &fix.alice), 405);
	}
	stop(&fix);
}

static void what_a_device_can_do_is_asked_of_it(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		ask(&fix, "OPTIONS", "bob", "");
		REQUIRE(expect(&fix, &fix.bob, "OPTIONS"));
		/* but not where its media would be */
		ua_answers(&fix, &fix.bob, 200,
			   "Allow: INVITE\r\nContact: <sip:bob@10.9.9.9>\r\n"
			   "Content-Type: application/sdp\r\n"
			   "Content-Length: 5\r\n\r\nv=0\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "Allow", val), "INVITE");
		CHECK_STR(body_of(fix.alice.resp), "");
		CHECK(!strstr(fix.alice.resp, "10.9.9.9"));
	}
	stop(&fix);
}

static void a_body_over_the_limit_is_413(void)
{
	struct fixture fix;
	char *text;

	if (begin(&fix)) {
		struct ua *pbx = &fix.pbx[0];

		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		text = mem_zalloc(40000, NULL);
		REQUIRE(text);
		snprintf(text, 40000,
			 "MESSAGE sip:bob@demo.test SIP/2.0\r\n"
			 "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKb;rport"
			 "\r\nMax-Forwards: 70\r\nFrom: <sip:c@x>;tag=1\r\n"
			 "To: <sip:bob@demo.test>\r\nCall-ID: big\r\n"
			 "CSeq: 1 MESSAGE\r\nContent-Length: 33000\r\n\r\n",
			 sa_port(&pbx->addr));
		memset(text + strlen(text), 'x', 33000);
		CHECK(sendto(pbx->fd, text, strlen(text), 0,
			     &fix.nodes[0].addr.u.sa,
			     fix.nodes[0].addr.len) > 0);
		CHECK_INT(answer(&fix, pbx), 413);
		CHECK_INT(fix.bob.requests, 0);
		mem_deref(text);
	}
	stop(&fix);
}

/* --- to connections -------------------------------------------------------------------- */

#define CHALLENGE "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\"\r\n"

static void a_challenge_of_the_pbx_is_answered(void)
{
	struct fixture fix;
	char val[1024];
	const char *req = fix.pbx[0].req;

	if (begin(&fix)) {
		ask_body(&fix, "MESSAGE", "600", "Content-Type: text/plain\r\n",
			 "hello");
		REQUIRE(expect(&fix, &fix.pbx[0], "MESSAGE"));
		CHECK(!strncmp(req, "MESSAGE sip:600@pbx.test SIP/2.0\r\n", 34));
		CHECK_STR(header(req, "From", val),
			  "<sip:alice@pbx.test>;tag=af");
		CHECK_STR(header(req, "To", val), "<sip:600@pbx.test>");
		CHECK_STR(header(req, "CSeq", val), "16 MESSAGE");
		CHECK(!strstr(req, "Authorization") && !strstr(req, "alice@1"));
		ua_answers(&fix, &fix.pbx[0], 401, CHALLENGE);

		REQUIRE(expect(&fix, &fix.pbx[0], "MESSAGE"));
		CHECK_STR(header(req, "CSeq", val), "17 MESSAGE");
		CHECK(strstr(header(req, "Authorization", val),
			     "username=\"gate\""));
		CHECK_STR(body_of(req), "hello");
		ua_answers(&fix, &fix.pbx[0], 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "CSeq", val), "2 MESSAGE");
		CHECK_STR(header(fix.alice.resp, "To", val),
			  "<sip:600@demo.test>;tag=bt");
	}
	stop(&fix);
}

static void wrong_credentials_are_our_matter(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "600", "");
		REQUIRE(expect(&fix, &fix.pbx[0], "MESSAGE"));
		ua_answers(&fix, &fix.pbx[0], 401, CHALLENGE);
		REQUIRE(expect(&fix, &fix.pbx[0], "MESSAGE"));
		ua_answers(&fix, &fix.pbx[0], 401, CHALLENGE);
		CHECK_INT(answer(&fix, &fix.alice), 480);
		CHECK(!strstr(fix.alice.resp, "Authenticate"));
	}
	stop(&fix);
}

static void the_next_connection_is_asked(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		/* two is silent */
		ask(&fix, "MESSAGE", "0123", "");
		REQUIRE(expect(&fix, &fix.pbx[1], "MESSAGE"));
		REQUIRE(expect(&fix, &fix.pbx[0], "MESSAGE"));
		ua_answers(&fix, &fix.pbx[0], 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void a_503_is_not_the_last_word(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		ask(&fix, "MESSAGE", "0123", "");
		REQUIRE(expect(&fix, &fix.pbx[1], "MESSAGE"));
		ua_answers(&fix, &fix.pbx[1], 503, "");
		REQUIRE(expect(&fix, &fix.pbx[0], "MESSAGE"));
		ua_answers(&fix, &fix.pbx[0], 503, "Retry-After: 9\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 500);
		CHECK(!strstr(fix.alice.resp, "Retry-After"));
	}
	stop(&fix);
}

/* RFC 5393: the PBX sends it back, with our Via below its own. */
static void what_comes_round_again_is_482(void)
{
	struct fixture fix;
	char via[1024], lines[1200];

	if (begin(&fix)) {
		put_pbx(&fix, "MESSAGE", "sip:bob@demo.test", "", "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 480);
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		put_pbx(&fix, "INFO", "sip:bob@demo.test", "", "");
		REQUIRE(expect(&fix, &fix.bob, "INFO"));
		header(fix.bob.req, "Max-Breadth", via);
		CHECK_STR(via, "60");
		header(fix.bob.req, "Via", via);
		snprintf(lines, sizeof(lines), "Via: %s\r\n", via);
		put_pbx(&fix, "OPTIONS", "sip:bob@demo.test", lines, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 482);
	}
	stop(&fix);
}

/* RFC 4320: too late for anybody. */
static void nothing_heard_is_no_answer(void)
{
	struct fixture fix;

	if (begin_t1(&fix, 10)) {
		ask(&fix, "MESSAGE", "600", "");
		REQUIRE(expect(&fix, &fix.pbx[0], "MESSAGE"));
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		CHECK_INT(fix.alice.code, 0);
	}
	stop(&fix);
}

static void what_publishes_keeps_its_tag(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		ask_body(&fix, "PUBLISH", "alice",
			 "Event: presence\r\nSIP-If-Match: old\r\n"
			 "Expires: 90\r\nContent-Type: application/pidf+xml"
			 "\r\n",
			 "<presence/>");
		REQUIRE(expect(&fix, &fix.pbx[0], "PUBLISH"));
		CHECK_STR(header(fix.pbx[0].req, "SIP-If-Match", val), "old");
		CHECK_STR(header(fix.pbx[0].req, "Event", val), "presence");
		CHECK_STR(body_of(fix.pbx[0].req), "<presence/>");
		ua_answers(&fix, &fix.pbx[0], 200,
			   "SIP-ETag: new\r\nExpires: 80\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK_STR(header(fix.alice.resp, "SIP-ETag", val), "new");
		CHECK_STR(header(fix.alice.resp, "Expires", val), "80");
		CHECK(!strstr(fix.alice.resp, "Record-Route"));
	}
	stop(&fix);
}

static void too_brief_says_how_long(void)
{
	struct fixture fix;
	char val[256];

	if (begin(&fix)) {
		ask(&fix, "SUBSCRIBE", "600", SUB_LINES);
		REQUIRE(expect(&fix, &fix.pbx[0], "SUBSCRIBE"));
		ua_answers(&fix, &fix.pbx[0], 423, "Min-Expires: 900\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 423);
		CHECK_STR(header(fix.alice.resp, "Min-Expires", val), "900");
	}
	stop(&fix);
}

/* A REFER outside dialogs: where a rule names it. */
static void who_is_to_call_for_others_is_policy(void)
{
	struct fixture fix;
	char val[1024];

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		ask(&fix, "REFER", "bob", "Refer-To: <sip:+900@demo.test>\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 403);
		ask(&fix, "REFER", "600", "Refer-To: <sip:+900@demo.test>\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK_INT(fix.bob.requests + fix.pbx[0].requests, 0);
		ask(&fix, "REFER", "500",
		    "Refer-To: <sip:512@demo.test;method=BYE?a=b>\r\n"
		    "Refer-Sub: false\r\n"
		    "Supported: norefersub\r\n");
		REQUIRE(expect(&fix, &fix.pbx[0], "REFER"));
		CHECK_STR(header(fix.pbx[0].req, "Refer-Sub", val), "false");
		CHECK_STR(header(fix.pbx[0].req, "Refer-To", val),
			  "<sip:512@pbx.test>");
		CHECK(strstr(fix.pbx[0].req, "norefersub"));
		ua_answers(&fix, &fix.pbx[0], 202, "Refer-Sub: false\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 202);
		CHECK_STR(header(fix.alice.resp, "Refer-Sub", val), "false");
	}
	stop(&fix);
}

/* What its sender could not call, nobody calls for it. */
static void a_refer_names_what_its_sender_may_call(void)
{
	static const struct {
		const char *to;
		int code;
	} rows[] = {
		{"sip:900@demo.test", 404},
		{"sip:512@elsewhere.test", 403},
		{"mailto:a@demo.test", 403},
		{"sip:demo.test", 403},
	};
	struct fixture fix;
	char lines[128], to[16];

	if (begin(&fix)) {
		for (unsigned i = 0; i < COUNTOF(rows); i++) {
			snprintf(lines, sizeof(lines), "Refer-To: <%s>\r\n",
				 rows[i].to);
			snprintf(to, sizeof(to), "50%u", i);
			ask(&fix, "REFER", to, lines);
			if (!CHECK_INT(answer(&fix, &fix.alice), rows[i].code))
				re_printf("# %s\n", rows[i].to);
		}
		CHECK_INT(fix.pbx[0].requests, 0);
	}
	stop(&fix);
}

/* --- from connections ---------------------------------------------------------------------- */

static void voicemail_is_told_to_all_devices(void)
{
	static const char mwi[] = "Messages-Waiting: yes\r\n"
				  "Message-Account: sip:bob@10.0.0.1\r\n"
				  "Voice-Message: 2/8 (0/2)\r\n";
	struct fixture fix;
	char val[1024];
	const char *req = fix.bob.req;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		put_pbx(&fix, "NOTIFY", "sip:bob@demo.test",
			"Event: message-summary\r\n"
			"Subscription-State: active\r\nContent-Type: "
			"application/simple-message-summary\r\n",
			mwi);
		REQUIRE(expect(&fix, &fix.bob, "NOTIFY"));
		CHECK_STR(body_of(req), mwi);
		CHECK_STR(header(req, "Event", val), "message-summary");
		CHECK_STR(header(req, "From", val),
			  "\"Carl\" <sip:+49@demo.test>;tag=pf");
		CHECK_STR(header(req, "To", val), "<sip:bob@demo.test>");
		CHECK_STR(header(req, "CSeq", val), "7 NOTIFY");
		CHECK(!strstr(header(req, "Contact", val), "10.0.0.1"));
		CHECK(strlen(val) > 0);
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
	}
	stop(&fix);
}

/* A PBX asks whether we are there by whatever name; whether somebody is, by
 * his. */
static void a_pbx_asks_for_us_or_for_a_user(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		put_pbx(&fix, "OPTIONS", "sip:ping@demo.test", "", "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		CHECK(strstr(fix.pbx[0].resp, "\r\nAllow: INVITE"));
	}
	stop(&fix);
	if (begin(&fix)) {
		put_pbx(&fix, "OPTIONS", "sip:bob@demo.test", "", "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 480);
	}
	stop(&fix);
}

static void a_pbx_watches_a_device(void)
{
	struct fixture fix;
	char made[TEXT_MAX], resp[TEXT_MAX], val[1024];
	const char *req = fix.bob.req;

	if (begin(&fix)) {
		struct within in = {.ua = &fix.bob,
				    .worker = 1,
				    .made = made,
				    .tag = "bt",
				    .method = "NOTIFY",
				    .cseq = 1,
				    .lines = NOTIFY_LINES};

		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"), 200);
		put_pbx(&fix, "SUBSCRIBE", "sip:bob@demo.test", SUB_LINES, "");
		REQUIRE(expect(&fix, &fix.bob, "SUBSCRIBE"));
		strcpy(made, req);
		CHECK(!strstr(made, "10.0.0.1"));
		CHECK_STR(header(made, "CSeq", val), "7 SUBSCRIBE");
		bob_answers(&fix, 200, "Contact: <sip:bob@127.0.0.1:1>\r\n");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		strcpy(resp, fix.pbx[0].resp);
		CHECK(!strstr(resp, "bob@127"));

		put_within(&fix, &in);
		REQUIRE(expect(&fix, &fix.pbx[0],
			       "NOTIFY sip:c@10.0.0.1:5060 "));
		CHECK_STR(header(fix.pbx[0].req, "To", val),
			  "\"Carl\" <sip:+49@pbx.test>;tag=pf");
		CHECK_STR(header(fix.pbx[0].req, "CSeq", val), "8 NOTIFY");
		ua_answers(&fix, &fix.pbx[0], 200, "");
		CHECK_INT(answer(&fix, &fix.bob), 200);

		in = (struct within){.ua = &fix.pbx[0],
				     .worker = 0,
				     .made = resp,
				     .method = "SUBSCRIBE",
				     .cseq = 8,
				     .lines = SUB_LINES};
		put_within(&fix, &in);
		REQUIRE(expect(&fix, &fix.bob,
			       "SUBSCRIBE sip:bob@127.0.0.1:1 "));
		CHECK_STR(header(req, "CSeq", val), "8 SUBSCRIBE");
		bob_answers(&fix, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
	}
	stop(&fix);
}

/* --- subscriptions ----------------------------------------------------------------------------- */

static void a_subscription_lives_at_any_worker(void)
{
	struct fixture fix;
	struct sub sub;
	char val[1024];
	const char *req = fix.pbx[0].req, *got = fix.alice.req;

	if (begin(&fix) && subscribed(&fix, &sub)) {
		CHECK_STR(header(sub.request, "Event", val), "dialog");
		CHECK_STR(header(sub.request, "Expires", val), "600");
		CHECK(!strstr(sub.request, "alice@1"));
		CHECK(strlen(header(sub.request, "Record-Route", val)) < 160);
		CHECK_STR(header(sub.answer, "Expires", val), "500");
		CHECK(!strstr(sub.answer, "blf@"));
		CHECK(strlen(header(sub.answer, "Record-Route", val)) < 160);

		for (unsigned i = 0; i < 4; i++) {
			pbx_notifies(&fix, &sub, "bt", 30 + i, i % 2);
			REQUIRE(expect(&fix, &fix.alice, "NOTIFY sip:alice@1"));
			CHECK_STR(header(got, "From", val),
				  "<sip:600@demo.test>;tag=bt");
			CHECK_STR(header(got, "To", val),
				  "<sip:alice@demo.test>;tag=af");
			CHECK_STR(header(got, "Subscription-State", val),
				  "active");
			CHECK(!strstr(got, "me@127"));
			ua_answers(&fix, &fix.alice, 200, "");
			CHECK_INT(answer(&fix, &fix.pbx[0]), 200);

			alice_refreshes(&fix, sub.answer, 3 + i, i % 2);
			REQUIRE(expect(&fix, &fix.pbx[0],
				       "SUBSCRIBE sip:blf@127.0.0.1:1;x=y "));
			CHECK_STR(header(req, "From", val),
				  "<sip:alice@pbx.test>;tag=af");
			CHECK_STR(header(req, "To", val),
				  "<sip:600@pbx.test>;tag=bt");
			/* each time it asks who that is */
			ua_answers(&fix, &fix.pbx[0], 401, CHALLENGE);
			REQUIRE(expect(&fix, &fix.pbx[0], "SUBSCRIBE"));
			snprintf(val, 512, "CSeq: %u SUBSCRIBE",
				 (3 + i) * 8 + 1);
			CHECK(strstr(req, val));
			CHECK(strstr(req, "\r\nAuthorization"));
			ua_answers(&fix, &fix.pbx[0], 200, SUB_2XX);
			CHECK_INT(answer(&fix, &fix.alice), 200);
		}
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
	}
	stop(&fix);
}

/* RFC 6665 4.4.1: each makes a dialog, whose route is in it. */
static void a_notify_before_the_200_makes_the_dialog(void)
{
	struct fixture fix;
	struct sub sub;
	char val[1024], first[TEXT_MAX];

	if (begin(&fix)) {
		ask(&fix, "SUBSCRIBE", "600", SUB_LINES);
		REQUIRE(expect(&fix, &fix.pbx[0], "SUBSCRIBE"));
		strcpy(sub.request, fix.pbx[0].req);
		for (unsigned i = 0; i < 2; i++) {
			const char *tag = i ? "fork2" : "fork1";

			pbx_notifies(&fix, &sub, tag, 1, 1);
			REQUIRE(expect(&fix, &fix.alice, "NOTIFY"));
			CHECK(strstr(header(fix.alice.req, "From", val), tag));
			if (!i)
				strcpy(first, fix.alice.req);
			ua_answers(&fix, &fix.alice, 200, "");
			CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		}
		strcpy(fix.pbx[0].req, sub.request);
		ua_answers(&fix, &fix.pbx[0], 200, SUB_2XX);
		fix.alice.code = 0;
		CHECK_INT(answer(&fix, &fix.alice), 200);
		/* alice speaks within the dialog that the NOTIFY made */
		const struct within in = {.ua = &fix.alice,
					  .worker = 1,
					  .made = first,
					  .tag = "",
					  .method = "SUBSCRIBE",
					  .cseq = 3,
					  .lines = SUB_LINES};
		put_within(&fix, &in);
		fix.alice.code = 0;
		REQUIRE(expect(&fix, &fix.pbx[0], "SUBSCRIBE sip:me@127.0.0.1"));
		CHECK(strstr(header(fix.pbx[0].req, "To", val), "tag=fork1"));
		ua_answers(&fix, &fix.pbx[0], 200, SUB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void every_device_that_takes_it_notifies(void)
{
	struct fixture fix;
	char made[2][TEXT_MAX], val[1024];

	if (begin(&fix)) {
		struct ua *ua[2] = {&fix.bob, &fix.desk};

		for (unsigned i = 0; i < 2; i++)
			CHECK_INT(register_user(&fix, ua[i], 1, "bob-secret"),
				  200);
		ask(&fix, "SUBSCRIBE", "bob", SUB_LINES);
		for (unsigned i = 0; i < 2; i++) {
			REQUIRE(expect(&fix, ua[i], "SUBSCRIBE"));
			strcpy(made[i], ua[i]->req);
			ua[i]->tag = i ? "desk" : "bob";
			ua_answers(&fix, ua[i], 200,
				   "Contact: <sip:b@127.0.0.1:1>\r\n");
		}
		CHECK_INT(answer(&fix, &fix.alice), 200);
		for (unsigned i = 0; i < 2; i++) {
			const struct within in = {.ua = ua[i],
						  .worker = 1,
						  .made = made[i],
						  .tag = ua[i]->tag,
						  .method = "NOTIFY",
						  .cseq = 1,
						  .lines = NOTIFY_LINES};

			put_within(&fix, &in);
			REQUIRE(expect(&fix, &fix.alice, "NOTIFY"));
			CHECK(strstr(header(fix.alice.req, "From", val),
				     ua[i]->tag));
			ua_answers(&fix, &fix.alice, 200, "");
			CHECK_INT(answer(&fix, ua[i]), 200);
		}
	}
	stop(&fix);
}

#define INSTANCE ";+sip.instance=\"<urn:uuid:1>\";reg-id=1"

static int register_instance(struct fixture *fix, struct ua *ua)
{
	char lines[256];

	snprintf(lines, sizeof(lines),
		 "Supported: outbound, path\r\n"
		 "Contact: <sip:alice@127.0.0.1:%u>" INSTANCE "\r\n",
		 sa_port(&ua->addr));
	return register_lines(fix, ua, "alice-secret", lines);
}

/* It has lost its connection, and registered again over another. */
static void a_device_that_moved_is_notified(void)
{
	struct fixture fix;
	struct sub sub;

	if (begin(&fix) &&
	    CHECK_INT(register_instance(&fix, &fix.alice), 200) &&
	    subscribed(&fix, &sub)) {
		CHECK_INT(register_instance(&fix, &fix.desk), 200);
		pbx_notifies(&fix, &sub, "bt", 2, 1);
		REQUIRE(expect(&fix, &fix.desk, "NOTIFY sip:alice@127"));
		CHECK_INT(fix.alice.requests, 0);
		ua_answers(&fix, &fix.desk, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
	}
	stop(&fix);
}

/* Both workers die; others, with other epochs, have their sockets. */
static void a_subscription_outlives_its_workers(void)
{
	struct fixture fix;
	struct sub sub;

	if (begin(&fix) && subscribed(&fix, &sub)) {
		for (unsigned i = 0; i < WORKERS; i++) {
			node_kill(&fix, i);
			close(fix.nodes[i].fd);
			node_open(&fix, i);
		}
		pbx_notifies(&fix, &sub, "bt", 2, 1);
		REQUIRE(expect(&fix, &fix.alice, "NOTIFY"));
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		alice_refreshes(&fix, sub.answer, 3, 1);
		REQUIRE(expect(&fix, &fix.pbx[0], "SUBSCRIBE"));
		ua_answers(&fix, &fix.pbx[0], 200, SUB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

static void with_redis_away_subscriptions_go_on(void)
{
	struct fixture fix;
	struct sub sub;

	if (begin(&fix) &&
	    CHECK_INT(register_instance(&fix, &fix.alice), 200) &&
	    subscribed(&fix, &sub)) {
		redis_server_kill(&fix.server);
		pass(&fix, 50);
		pbx_notifies(&fix, &sub, "bt", 2, 1);
		REQUIRE(expect(&fix, &fix.alice, "NOTIFY"));
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		alice_refreshes(&fix, sub.answer, 3, 1);
		REQUIRE(expect(&fix, &fix.pbx[0], "SUBSCRIBE"));
		ua_answers(&fix, &fix.pbx[0], 200, SUB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

/* What stands between the PBX and us is used, and not shown. */
static void proxies_of_the_pbx_are_hidden_and_used(void)
{
	struct fixture fix;
	struct sub sub;
	char val[1024];

	if (begin(&fix)) {
		fix.pbx[0].before = "Record-Route: <sip:k1@10.1.1.1;lr;r2=on>"
				    "\r\nRecord-Route: <sip:10.1.1.2;lr>\r\n";
		REQUIRE(subscribed(&fix, &sub));
		CHECK(!strstr(sub.answer, "10.1.1"));
		fix.pbx[0].before = NULL;

		/* nearest first: theirs turned round (RFC 3261 12.1.2) */
		char rr[3][1024], route[3100];
		const char *p;

		header(sub.answer, "Record-Route", val);
		REQUIRE(times(val, "<") == 3);
		p = val;
		for (unsigned i = 0; i < 3; i++) {
			p = strchr(p, '<');
			snprintf(rr[i], sizeof(rr[i]), "%.*s",
				 (int)strcspn(p, ">") + 1, p);
			p += strcspn(p, ">");
		}
		snprintf(route, sizeof(route), "%s, %s, %s", rr[2], rr[1],
			 rr[0]);
		/* as put_within() takes it */
		char made[TEXT_MAX];
		char to[512], contact[512];

		header(sub.answer, "To", to);
		header(sub.answer, "Contact", contact);
		snprintf(made, sizeof(made),
			 "SIP/2.0 200 OK\r\nFrom: <sip:alice@demo.test>;tag=af"
			 "\r\nTo: %s\r\nCall-ID: sub-1\r\nContact: %s\r\n"
			 "Record-Route: %s\r\n\r\n",
			 to, contact, route);
		alice_refreshes(&fix, made, 3, 1);
		REQUIRE(expect(&fix, &fix.pbx[0], "SUBSCRIBE sip:blf@"));
		CHECK_STR(header(fix.pbx[0].req, "Route", val),
			  "<sip:10.1.1.2;lr>, <sip:k1@10.1.1.1;lr;r2=on>");
		ua_answers(&fix, &fix.pbx[0], 200, SUB_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
	}
	stop(&fix);
}

/* --- what is not served ---------------------------------------------------------------------------- */

static void another_way_than_ours_is_refused(void)
{
	struct fixture fix;
	struct sub sub;
	char made[TEXT_MAX], val[1024];

	if (begin(&fix) && subscribed(&fix, &sub)) {
		/* a Route behind ours that we did not give */
		char *p;

		strcpy(made, sub.answer);
		header(sub.answer, "Record-Route", val);
		p = strstr(made, val);
		REQUIRE(p);
		snprintf(p + strlen(val), sizeof(made) - strlen(val) -
			 (size_t)(p - made), ", <sip:10.6.6.6;lr>%s",
			 strstr(sub.answer, val) + strlen(val));
		alice_refreshes(&fix, made, 3, 1);
		CHECK_INT(answer(&fix, &fix.alice), 403);

		/* a target that we did not give */
		strcpy(made, sub.answer);
		p = strstr(made, "\r\nContact: <sip:");
		REQUIRE(p);
		p[20] = p[20] == 'A' ? 'B' : 'A';
		alice_refreshes(&fix, made, 4, 1);
		CHECK_INT(answer(&fix, &fix.alice), 403);

		/* the other side's cookie */
		header(sub.request, "Record-Route", val);
		snprintf(made, sizeof(made), "\r\nRecord-Route: %s%s", val,
			 strstr(sub.answer, "\r\n"));
		alice_refreshes(&fix, made, 5, 1);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK(strstr(fix.alice.resp, "bad-"));

		/* a method that subscriptions do not have */
		const struct within in = {.ua = &fix.alice,
					  .worker = 1,
					  .made = sub.answer,
					  .method = "MESSAGE",
					  .cseq = 7};
		put_within(&fix, &in);
		CHECK_INT(answer(&fix, &fix.alice), 403);

		/* nobody's dialog */
		strcpy(made, sub.answer);
		p = strstr(made, "\r\nCall-ID: sub-1");
		REQUIRE(p);
		p[15] = '2';
		alice_refreshes(&fix, made, 6, 1);
		CHECK_INT(answer(&fix, &fix.alice), 403);
		CHECK_INT(fix.pbx[0].requests, 0);
	}
	stop(&fix);
}

static void without_redis_nothing_new_begins(void)
{
	struct fixture fix;
	char auth[1024];

	if (begin(&fix)) {
		put_alice(&fix, "SUBSCRIBE", "600", 1, SUB_LINES, "");
		CHECK_INT(answer(&fix, &fix.alice), 407);
		credentials(&fix.alice, "SUBSCRIBE", "sip:600@demo.test",
			    "alice-secret", auth);
		redis_server_kill(&fix.server);
		pass(&fix, 50);
		put_alice(&fix, "SUBSCRIBE", "600", 2, auth, "");
		CHECK_INT(answer(&fix, &fix.alice), 503);
	}
	stop(&fix);
}

TEST_MAIN(TEST(without_credentials_nothing_is_served),
	  TEST(a_name_of_another_is_refused),
	  TEST(a_message_reaches_all_devices),
	  TEST(the_best_refusal_is_passed_on), TEST(nobody_there_is_480),
	  TEST(a_service_is_only_for_calls),
	  TEST(what_a_device_can_do_is_asked_of_it),
	  TEST(a_body_over_the_limit_is_413),
	  TEST(a_challenge_of_the_pbx_is_answered),
	  TEST(wrong_credentials_are_our_matter),
	  TEST(the_next_connection_is_asked),
	  TEST(a_503_is_not_the_last_word),
	  TEST(what_comes_round_again_is_482), TEST(nothing_heard_is_no_answer),
	  TEST(what_publishes_keeps_its_tag), TEST(too_brief_says_how_long),
	  TEST(who_is_to_call_for_others_is_policy),
	  TEST(a_refer_names_what_its_sender_may_call),
	  TEST(voicemail_is_told_to_all_devices),
	  TEST(a_pbx_asks_for_us_or_for_a_user), TEST(a_pbx_watches_a_device),
	  TEST(a_subscription_lives_at_any_worker),
	  TEST(a_notify_before_the_200_makes_the_dialog),
	  TEST(every_device_that_takes_it_notifies),
	  TEST(a_device_that_moved_is_notified),
	  TEST(a_subscription_outlives_its_workers),
	  TEST(with_redis_away_subscriptions_go_on),
	  TEST(proxies_of_the_pbx_are_hidden_and_used),
	  TEST(another_way_than_ours_is_refused),
	  TEST(without_redis_nothing_new_begins))
