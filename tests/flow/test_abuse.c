/*
 * test_abuse.c  What a request may not do: choose its way, leave the tenant, go
 *               round in circles, have others hear from us
 *
 * alice is a user, pbx[0] her connection, pbx[2] a stranger.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_bed.h"

static void routes_abuse(const struct fixture *fix, char *text, size_t size)
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
		 "      pbx: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: pbx, match: {callee: '1.*'}, to: {connection: "
		 "pbx}}\n",
		 sa_port(&fix->pbx[0].addr));
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_abuse};

	return start_cfg(fix, &cfg);
}

struct asked {
	const char *method, *uri, *via, *lines;
	unsigned cseq, hops;
};

static void put_asked(struct fixture *fix, const struct asked *asked,
		      const char *auth)
{
	put(fix, &fix->alice, 0,
	    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKx%u;rport\r\n"
	    "Max-Forwards: %u\r\nFrom: <sip:alice@demo.test>;tag=af\r\n"
	    "To: <%s>\r\nCall-ID: x-1\r\nCSeq: %u %s\r\n%s%s"
	    "Content-Length: 0\r\n\r\n",
	    asked->method, asked->uri, asked->via ? asked->via : "10.9.9.9",
	    asked->cseq, asked->hops, asked->uri, asked->cseq, asked->method,
	    asked->lines, auth);
}

/* ... challenged, and again: no answer is waited for. */
static void ask(struct fixture *fix, struct asked asked)
{
	char auth[1024];

	asked.cseq = 1;
	put_asked(fix, &asked, "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	credentials(&fix->alice, asked.method, asked.uri, "alice-secret", auth);
	asked.cseq = 2;
	put_asked(fix, &asked, auth);
}

static unsigned heard(const struct ua *ua)
{
	return (unsigned)ua->requests + (ua->code != 0) + (unsigned)ua->provs;
}

/* Threats row 24: a preloaded Route is no order (RFC 3261 16.4). */
static void only_the_table_chooses_the_way(void)
{
	static const char *const methods[] = {"MESSAGE", "INVITE"};
	struct fixture fix;
	char lines[128];

	for (unsigned i = 0; i < COUNTOF(methods); i++) {
		if (begin(&fix)) {
			snprintf(lines, sizeof(lines),
				 "Route: <sip:127.0.0.1:%u;lr>\r\n"
				 "Contact: <sip:alice@10.9.9.9>\r\n",
				 sa_port(&fix.pbx[2].addr));
			ask(&fix, (struct asked){.method = methods[i],
						 .uri = "sip:100@demo.test",
						 .lines = lines,
						 .hops = 70});
			CHECK(expect(&fix, &fix.pbx[0], methods[i]));
			CHECK(!strstr(fix.pbx[0].req, "\r\nRoute:"));
			CHECK_INT(heard(&fix.pbx[2]), 0);
		}
		stop(&fix);
	}
}

/* Row 24: we are no relay. */
static void what_is_not_the_tenants_goes_nowhere(void)
{
	struct fixture fix;
	char uri[64];

	if (begin(&fix)) {
		struct asked asked = {.method = "INVITE", .uri = uri,
				      .lines = "Contact: <sip:a@10.9.9.9>\r\n",
				      .cseq = 1, .hops = 70};

		snprintf(uri, sizeof(uri), "sip:100@127.0.0.1:%u",
			 sa_port(&fix.pbx[2].addr));
		put_asked(&fix, &asked, "");
		CHECK_INT(answer(&fix, &fix.alice), 404);
		asked.uri = "sip:100@other.test";
		asked.cseq = 2;
		put_asked(&fix, &asked, "");
		CHECK_INT(answer(&fix, &fix.alice), 404);
		CHECK_INT(heard(&fix.pbx[2]), 0);
		CHECK_INT(heard(&fix.pbx[0]), 0);
	}
	stop(&fix);
}

/* Row 24: RFC 3261 16.3 step 3. */
static void hops_have_an_end(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		ask(&fix, (struct asked){.method = "MESSAGE",
					 .uri = "sip:100@demo.test",
					 .lines = "", .hops = 1});
		CHECK(expect(&fix, &fix.pbx[0], "MESSAGE"));
		CHECK(strstr(fix.pbx[0].req, "\r\nMax-Forwards: 0\r\n"));
		fix.pbx[0].requests = 0;
		put_asked(&fix,
			  &(struct asked){.method = "MESSAGE",
					  .uri = "sip:100@demo.test",
					  .lines = "", .cseq = 7, .hops = 0},
			  "");
		CHECK_INT(answer(&fix, &fix.alice), 483);
		CHECK_INT(heard(&fix.pbx[0]), 0);
	}
	stop(&fix);
}

/* Row 25: an answer goes to the source of what it answers (RFC 3581), and a
 * call to the flow that was registered over, whatever Via and Contact name. */
static void via_and_contact_name_nobody_elses_address(void)
{
	struct fixture fix;
	char victim[64], lines[256], auth[1024];

	if (begin(&fix)) {
		struct asked asked = {.method = "REGISTER",
				      .uri = "sip:alice@demo.test",
				      .via = victim, .lines = lines,
				      .cseq = 1, .hops = 70};

		snprintf(victim, sizeof(victim), "127.0.0.1:%u",
			 sa_port(&fix.pbx[2].addr));
		snprintf(lines, sizeof(lines),
			 "Contact: <sip:alice@%s>;expires=60\r\n", victim);
		put_asked(&fix, &asked, "");
		CHECK_INT(answer(&fix, &fix.alice), 401);
		credentials(&fix.alice, "REGISTER", asked.uri, "alice-secret",
			    auth);
		asked.cseq = 2;
		put_asked(&fix, &asked, auth);
		CHECK_INT(answer(&fix, &fix.alice), 200);

		put(&fix, &fix.pbx[0], 1,
		    "MESSAGE sip:alice@demo.test SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP %s;branch=z9hG4bKv;rport\r\n"
		    "Max-Forwards: 70\r\nFrom: <sip:1@pbx.test>;tag=1\r\n"
		    "To: <sip:alice@demo.test>\r\nCall-ID: v-1\r\n"
		    "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
		    victim);
		CHECK(expect(&fix, &fix.alice, "MESSAGE"));
		ua_answers(&fix, &fix.alice, 200, "");
		CHECK_INT(answer(&fix, &fix.pbx[0]), 200);
		CHECK_INT(heard(&fix.pbx[2]), 0);
	}
	stop(&fix);
}

/* Row 22: what is of no dialog ends none. */
static void strangers_end_nothing(void)
{
	static const char *const methods[] = {"BYE", "CANCEL", "UPDATE",
					      "PRACK"};
	struct fixture fix;
	char resp[TEXT_MAX];

	if (begin(&fix) && talk(&fix, resp)) {
		fix.bob.requests = fix.alice.requests = 0;
		for (unsigned i = 0; i < COUNTOF(methods); i++) {
			put(&fix, &fix.pbx[2], i & 1,
			    "%s sip:bob@demo.test SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKs%u;"
			    "rport\r\nMax-Forwards: 70\r\n"
			    "From: <sip:alice@demo.test>;tag=af\r\n"
			    "To: <sip:bob@demo.test>;tag=bt\r\n"
			    "Call-ID: call-1\r\nCSeq: 99 %s\r\n"
			    "Content-Length: 0\r\n\r\n",
			    methods[i], sa_port(&fix.pbx[2].addr), i,
			    methods[i]);
			if (!CHECK_INT(answer(&fix, &fix.pbx[2]), 481))
				re_printf("# %s\n", methods[i]);
		}
		CHECK_INT(fix.bob.requests, 0);
		CHECK_INT(fix.alice.requests, 0);
	}
	stop(&fix);
}

/* --- what costs us, and others --------------------------------------------- */

/* Whoever sends so, and what came of it. */
struct flood {
	struct fixture *fix;
	size_t in, out;
	unsigned answers;
};

static void flood_put(struct flood *flood, const char *method, unsigned nr)
{
	struct fixture *fix = flood->fix;
	char text[512];

	snprintf(text, sizeof(text),
		 "%s sip:bob@demo.test SIP/2.0\r\n"
		 "Via: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKf%u;rport\r\n"
		 "From: <sip:x@demo.test>;tag=f\r\n"
		 "To: <sip:bob@demo.test>;tag=t\r\n"
		 "Call-ID: f%u\r\nCSeq: 1 %s\r\n\r\n",
		 method, nr, nr, method);
	put(fix, &fix->pbx[2], 0, "%s", text);
	flood->in += strlen(text);
	pass(fix, 1);
	if (fix->pbx[2].code) {
		flood->out += strlen(fix->pbx[2].resp);
		++flood->answers;
		fix->pbx[2].code = 0;
	}
}

static bool holds_none(void *arg)
{
	struct txn_stats stats;

	proxy_txn_stats(((struct fixture *)arg)->nodes[0].proxy, &stats);
	return !stats.servers;
}

struct held {
	struct proxy *px;
	size_t servers; /* before */
};

static bool holds_no_more(void *arg)
{
	const struct held *held = arg;
	struct txn_stats stats;

	proxy_txn_stats(held->px, &stats);
	return stats.servers <= held->servers;
}

static bool has_answer(void *arg)
{
	return ((struct ua *)arg)->code != 0;
}

static void registers(struct fixture *fix)
{
	struct asked asked = {.method = "REGISTER",
			      .uri = "sip:alice@demo.test",
			      .lines = "Contact: <sip:alice@10.1.1.1>\r\n",
			      .cseq = 901, .hops = 70};
	char auth[1024];

	put_asked(fix, &asked, "");
	CHECK_INT(answer(fix, &fix->alice), 401);
	credentials(&fix->alice, "REGISTER", asked.uri, "alice-secret", auth);
	asked.cseq = 902;
	put_asked(fix, &asked, auth);
	CHECK_INT(answer(fix, &fix->alice), 200);
}

/* A tag is easily made up: it opens no gate, holds no transaction, and has
 * nobody else hear more from us than was sent. */
static void strays_cost_nothing(void)
{
	static const char *const methods[] = {"INVITE", "BYE", "UPDATE",
					      "CANCEL", "INFO", "MESSAGE"};
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_abuse,
					.txns = 64};
	struct fixture fix;
	struct flood flood = {.fix = &fix};

	if (start_cfg(&fix, &cfg)) {
		for (unsigned i = 0; i < 120; i++)
			flood_put(&flood, methods[i % COUNTOF(methods)], i);
		CHECK(flood.out <= flood.in);
		CHECK(flood.answers <= 120);
		CHECK(redis_test_until(fix.wheel, 200, holds_none, &fix));
		registers(&fix);
	}
	stop(&fix);
}

/* RFC 3261 26.3.2.4: no state for who has shown nothing. */
static void who_has_shown_nothing_is_answered_once(void)
{
	static const char *const uris[] = {"sip:100@demo.test",
					   "sip:100@other.test"};
	struct txn_stats stats;
	struct fixture fix;

	if (begin(&fix)) {
		for (unsigned i = 0; i < COUNTOF(uris); i++) {
			struct asked asked = {
				.method = "INVITE", .uri = uris[i],
				.lines = "Contact: <sip:a@10.9.9.9>\r\n",
				.cseq = 1 + i, .hops = 70};

			put_asked(&fix, &asked, "");
			CHECK_INT(answer(&fix, &fix.alice), i ? 404 : 407);
			CHECK(redis_test_until(fix.wheel, 200, holds_none, &fix));
			/* what is asked again is answered again */
			put_asked(&fix, &asked, "");
			CHECK_INT(answer(&fix, &fix.alice), i ? 404 : 407);
			CHECK(redis_test_until(fix.wheel, 200, holds_none, &fix));
		}
		proxy_txn_stats(fix.nodes[0].proxy, &stats);
		CHECK_INT(stats.repeated_out, 0);
	}
	stop(&fix);
}

/* A call that is over: resp is its 2xx. */
static bool is_over(struct fixture *fix, char *resp)
{
	if (!talk(fix, resp))
		return false;
	put_in_dialog(fix, resp, "ACK", 2, 0);
	if (!CHECK(expect(fix, &fix->bob, "ACK")))
		return false;
	put_in_dialog(fix, resp, "BYE", 3, 0);
	if (!CHECK(expect(fix, &fix->bob, "BYE")))
		return false;
	ua_answers(fix, &fix->bob, 200, "");
	fix->bob.requests = 0;
	return CHECK_INT(answer(fix, &fix->alice), 200);
}

/* What was sealed for a dialog is good for ever: it makes us repeat nothing to
 * a source that may be forged. */
static void of_a_call_that_is_over_nothing_is_kept(void)
{
	struct fixture fix;
	struct txn_stats stats;
	struct held held;
	char resp[TEXT_MAX];

	if (begin(&fix) && is_over(&fix, resp)) {
		held.px = fix.nodes[1].proxy;
		proxy_txn_stats(held.px, &stats);
		held.servers = stats.servers;
		put_in_dialog_body(&fix, resp, "INVITE", 4, 1, SDP_OFFER);
		CHECK_INT(answer(&fix, &fix.alice), 481);
		CHECK(redis_test_until(fix.wheel, 200, holds_no_more, &held));
		CHECK_INT(fix.bob.requests, 0);
	}
	stop(&fix);
}

/* ... while a refusal within one that is up is repeated until its ACK, as ever
 * (RFC 3261 17.2.1). */
static void within_a_call_a_refusal_is_repeated(void)
{
	const struct fixture_cfg cfg = {.t1 = 20, .routes = routes_abuse};
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start_cfg(&fix, &cfg) && talk(&fix, resp)) {
		put_in_dialog(&fix, resp, "ACK", 2, 0);
		CHECK(expect(&fix, &fix.bob, "ACK"));
		put_in_dialog_body(&fix, resp, "INVITE", 4, 1, SDP_OFFER);
		CHECK(expect(&fix, &fix.bob, "INVITE"));
		ua_answers(&fix, &fix.bob, 488, "");
		CHECK_INT(answer(&fix, &fix.alice), 488);
		fix.alice.code = 0; /* and its repetition */
		CHECK_INT(answer(&fix, &fix.alice), 488);
	}
	stop(&fix);
}

/* How many of n such requests of that call had an answer, at one worker. */
static unsigned answered(struct fixture *fix, const char *resp,
			 const char *method, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++) {
		fix->alice.code = 0;
		put_in_dialog(fix, resp, method, 10 + i, 1);
		(void)redis_test_until(fix->wheel, 20, has_answer,
				       &fix->alice);
		sum += fix->alice.code != 0;
	}
	return sum;
}

/* Who has what was sealed for a call asks no more often than a call does. */
static void one_call_is_not_asked_for_ever(void)
{
	/* nothing that goes to bob is repeated meanwhile */
	const struct fixture_cfg cfg = {.t1 = 10000, .routes = routes_abuse};
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start_cfg(&fix, &cfg) && is_over(&fix, resp)) {
		/* as many as come at once, and as many refusals */
		CHECK(answered(&fix, resp, "UPDATE", 1200) < 1150);
		/* that it ends is heard all the same, not for ever either */
		CHECK(answered(&fix, resp, "BYE", 40) < 30);
		CHECK(fix.bob.requests > 0);
		CHECK(fix.bob.requests < 15);
	}
	stop(&fix);
}

TEST_MAIN(TEST(only_the_table_chooses_the_way),
	  TEST(what_is_not_the_tenants_goes_nowhere), TEST(hops_have_an_end),
	  TEST(via_and_contact_name_nobody_elses_address),
	  TEST(strangers_end_nothing), TEST(strays_cost_nothing),
	  TEST(who_has_shown_nothing_is_answered_once),
	  TEST(of_a_call_that_is_over_nothing_is_kept),
	  TEST(within_a_call_a_refusal_is_repeated),
	  TEST(one_call_is_not_asked_for_ever))
