/*
 * test_upstream.c  Registrations at a PBX: made, challenged, refreshed, taken
 *                  over, given up; and the calls that come by them
 *
 * Two workers; pbx[0] is the registrar.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/upstream/trunk_state.h"
#include "sigd/upstream/upstream.h"
#include "tests/lib/proxy_bed.h"

#define CHALLENGE                                                            \
	"WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\"" \
	"\r\nContent-Length: 0\r\n"
#define GRANTED(s)                                                           \
	"Contact: <sip:other@127.0.0.1:9>;expires=99, "                      \
	"<sip:demo.pbx@127.0.0.1:9>;expires=" s "\r\nContent-Length: 0\r\n"

struct stage {
	struct fixture fix;
	struct upstream *upstreams[WORKERS];
};

static void routes_text(const struct fixture *fix, char *text, size_t size,
			const char *connections)
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
		 "      other: {kind: trunk, address: '192.0.2.1', probe: 0s}\n%s",
		 connections);
	(void)fix;
}

static void routes_with(const struct fixture *fix, char *text, size_t size)
{
	char pbx[256];

	snprintf(pbx, sizeof(pbx),
		 "      pbx: {kind: register, address: '127.0.0.1:%u', "
		 "domain: pbx.test, username: gate, probe: 0s, password: hush, "
		 "expires: 10m}\n",
		 sa_port(&fix->pbx[0].addr));
	routes_text(fix, text, size, pbx);
}

static bool begin(struct stage *st)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_with};

	memset(st, 0, sizeof(*st));
	if (!start_cfg(&st->fix, &cfg))
		return false;
	CHECK(!upstream_alloc(&st->upstreams[0], st->fix.nodes[0].proxy));
	/* the other one comes when the first has its leases */
	return expect(&st->fix, &st->fix.pbx[0], "REGISTER") &&
	       CHECK(!upstream_alloc(&st->upstreams[1],
				     st->fix.nodes[1].proxy));
}

static void end(struct stage *st)
{
	mem_deref(st->upstreams[0]);
	mem_deref(st->upstreams[1]);
	stop(&st->fix);
}

static void says(struct stage *st, int code, const char *extra)
{
	ua_answers(&st->fix, &st->fix.pbx[0], code, extra);
}

static const char *req(const struct stage *st)
{
	return st->fix.pbx[0].req;
}

/* --- what is known of it ----------------------------------------------------------- */

struct known {
	bool done, there;
	struct trunk_state state;
};

static void on_known(int err, const struct redis_val *val, void *arg)
{
	struct known *known = arg;
	struct pl text;

	known->done = true;
	if (err || val->type != REDIS_STR)
		return;
	text = (struct pl){val->str, val->len};
	known->there = !trunk_state_parse(&known->state, &text);
}

static bool is_known(void *arg)
{
	return ((struct known *)arg)->done;
}

static struct known known(struct stage *st)
{
	struct redis_link *link = st->fix.nodes[0].redis;
	struct known known = {.done = false};
	char key[32];

	snprintf(key, sizeof(key), "cb:{u:%u}:reg",
		 hash_joaat_str("demo/pbx") % UPSTREAM_SHARDS);

	const struct redis_arg ask[] = {redis_str("HGET"), redis_str(key),
					redis_str("demo/pbx")};

	CHECK(!redis_link_send(link, ask, 3, on_known, &known));
	CHECK(redis_test_until(st->fix.wheel, 5000, is_known, &known));
	return known;
}

struct until {
	struct stage *st;
	uint64_t accepted, refused;
};

static bool counted(void *arg)
{
	const struct until *until = arg;
	uint64_t accepted = 0, refused = 0;

	for (unsigned i = 0; i < WORKERS; i++) {
		const struct upstream *up = until->st->upstreams[i];

		if (!up)
			continue;
		accepted += upstream_counts(up)->accepted;
		refused += upstream_counts(up)->refused;
	}
	return accepted >= until->accepted && refused >= until->refused;
}

static bool has_accepted(struct stage *st, uint64_t n)
{
	struct until until = {st, n, 0};

	return redis_test_until(st->fix.wheel, 5000, counted, &until);
}

static bool has_refused(struct stage *st, uint64_t n)
{
	struct until until = {st, 0, n};

	return redis_test_until(st->fix.wheel, 5000, counted, &until);
}

/* --- the registration ------------------------------------------------------------------ */

static void a_registration_answers_the_challenge_and_is_kept(void)
{
	char val[1024], callid[256];
	struct stage st;
	struct known k;

	if (begin(&st)) {
		CHECK(!strncmp(req(&st), "REGISTER sip:pbx.test SIP/2.0\r\n",
			       31));
		CHECK_STR(header(req(&st), "To", val), "<sip:gate@pbx.test>");
		CHECK(!strncmp(header(req(&st), "From", val),
			       "<sip:gate@pbx.test>;tag=", 24));
		CHECK_STR(header(req(&st), "Contact", val),
			  "<sip:demo.pbx@127.0.0.1:9>");
		CHECK_STR(header(req(&st), "Expires", val), "600");
		CHECK_STR(header(req(&st), "CSeq", val), "1 REGISTER");
		CHECK_STR(header(req(&st), "Authorization", val), "");
		header(req(&st), "Call-ID", callid);
		CHECK_INT(known(&st).state.phase, TRUNK_TRYING);

		says(&st, 401, CHALLENGE);
		REQUIRE(expect(&st.fix, &st.fix.pbx[0], "REGISTER"));
		CHECK_STR(header(req(&st), "CSeq", val), "2 REGISTER");
		CHECK_STR(header(req(&st), "Call-ID", val), callid);
		header(req(&st), "Authorization", val);
		CHECK(strstr(val, "username=\"gate\"") &&
		      strstr(val, "uri=\"sip:pbx.test\""));
		says(&st, 200, GRANTED("300"));
		CHECK(has_accepted(&st, 1));
		k = known(&st);
		CHECK(k.there);
		CHECK_INT(k.state.phase, TRUNK_REGISTERED);
		CHECK(k.state.ends_ms > proxy_unix_ms() + 290000 &&
		      k.state.ends_ms <= proxy_unix_ms() + 300000);
		CHECK_INT(k.state.cseq, 2);
		CHECK_STR(k.state.callid, callid);
	}
	end(&st);
}

static void a_wrong_password_is_said_and_not_tried_at_once(void)
{
	struct stage st;
	struct known k;

	if (begin(&st)) {
		says(&st, 401, CHALLENGE);
		REQUIRE(expect(&st.fix, &st.fix.pbx[0], "REGISTER"));
		says(&st, 401, CHALLENGE);
		CHECK(has_refused(&st, 1));
		k = known(&st);
		CHECK_INT(k.state.phase, TRUNK_FAILED);
		CHECK_INT(k.state.code, 401);
		CHECK_STR(k.state.why, "username or password is wrong");
		st.fix.pbx[0].requests = 0;
		pass(&st.fix, 300);
		CHECK_INT(st.fix.pbx[0].requests, 0);
	}
	end(&st);
}

static void one_that_is_too_brief_is_asked_for_longer(void)
{
	char val[256];
	struct stage st;

	if (begin(&st)) {
		says(&st, 423, "Min-Expires: 1800\r\nContent-Length: 0\r\n");
		REQUIRE(expect(&st.fix, &st.fix.pbx[0], "REGISTER"));
		CHECK_STR(header(req(&st), "Expires", val), "1800");
		/* once, not for ever */
		says(&st, 423, "Min-Expires: 3600\r\nContent-Length: 0\r\n");
		CHECK(has_refused(&st, 1));
	}
	end(&st);
}

static void a_refusal_is_told_with_its_phrase(void)
{
	struct stage st;
	struct known k;

	if (begin(&st)) {
		says(&st, 403, "Content-Length: 0\r\n");
		CHECK(has_refused(&st, 1));
		k = known(&st);
		CHECK_INT(k.state.code, 403);
		CHECK_STR(k.state.why, "X");
	}
	end(&st);
}

static void who_takes_over_goes_on_with_the_next_cseq(void)
{
	char val[256], callid[256];
	struct stage st;

	if (begin(&st)) {
		header(req(&st), "Call-ID", callid);
		says(&st, 200, GRANTED("10"));
		CHECK(has_accepted(&st, 1));
		CHECK_INT(upstream_counts(st.upstreams[0])->kept, 1);
		CHECK_INT(upstream_counts(st.upstreams[1])->kept, 0);
		st.upstreams[0] = mem_deref(st.upstreams[0]);
		st.fix.pbx[0].requests = 0;
		REQUIRE(expect(&st.fix, &st.fix.pbx[0], "REGISTER"));
		CHECK_STR(header(req(&st), "Call-ID", val), callid);
		CHECK_STR(header(req(&st), "CSeq", val), "2 REGISTER");
		CHECK_STR(header(req(&st), "Contact", val),
			  "<sip:demo.pbx@127.0.0.1:9>");
		CHECK_STR(header(req(&st), "Expires", val), "600");
		says(&st, 200, GRANTED("300"));
		CHECK(has_accepted(&st, 1));
		CHECK_INT(upstream_counts(st.upstreams[1])->registered, 1);
	}
	end(&st);
}

static void routes_reload(struct stage *st, const char *connections)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	char text[4096];

	routes_text(&st->fix, text, sizeof(text), connections);
	CHECK(!cfg_errors_alloc(&errs));
	CHECK(!route_table_parse(&table, "routing.yaml", text, strlen(text),
				 errs));
	mem_deref(errs);
	for (unsigned i = 0; i < WORKERS; i++) {
		proxy_routes_set(st->fix.nodes[i].proxy, table);
		upstream_reload(st->upstreams[i]);
	}
	mem_deref(st->fix.routes);
	st->fix.routes = table;
}

static void a_connection_that_is_taken_away_unregisters(void)
{
	char val[256];
	struct stage st;

	if (begin(&st)) {
		says(&st, 200, GRANTED("300"));
		CHECK(has_accepted(&st, 1));
		st.fix.pbx[0].requests = 0;
		routes_reload(&st, "");
		REQUIRE(expect(&st.fix, &st.fix.pbx[0], "REGISTER"));
		CHECK_STR(header(req(&st), "Expires", val), "0");
		CHECK(!known(&st).there);
		CHECK_INT(upstream_counts(st.upstreams[0])->kept, 0);
	}
	end(&st);
}

static void a_connection_that_changes_registers_anew(void)
{
	char val[256], pbx[256];
	struct stage st;

	if (begin(&st)) {
		says(&st, 200, GRANTED("300"));
		CHECK(has_accepted(&st, 1));
		st.fix.pbx[0].requests = 0;
		snprintf(pbx, sizeof(pbx),
			 "      pbx: {kind: register, address: "
			 "'127.0.0.1:%u', domain: pbx.test, username: other, "
			 "probe: 0s, password: hush}\n",
			 sa_port(&st.fix.pbx[0].addr));
		routes_reload(&st, pbx);
		REQUIRE(expect(&st.fix, &st.fix.pbx[0], "REGISTER"));
		CHECK_STR(header(req(&st), "To", val), "<sip:other@pbx.test>");
	}
	end(&st);
}

/* Whoever answers what was given up must find nobody. */
static void a_register_under_way_at_a_reload_is_given_up(void)
{
	char pbx[256], first[TEXT_MAX], then[TEXT_MAX];
	struct stage st;

	if (begin(&st)) {
		memcpy(first, req(&st), sizeof(first));
		snprintf(pbx, sizeof(pbx),
			 "      pbx: {kind: register, address: "
			 "'127.0.0.1:%u', domain: pbx.test, username: other, "
			 "probe: 0s, password: hush}\n",
			 sa_port(&st.fix.pbx[0].addr));
		routes_reload(&st, pbx);
		while (!strstr(req(&st), "\r\nTo: <sip:other@pbx.test>"))
			REQUIRE(expect(&st.fix, &st.fix.pbx[0], "REGISTER"));
		memcpy(then, req(&st), sizeof(then));
		memcpy(st.fix.pbx[0].req, first, sizeof(first));
		says(&st, 200, GRANTED("300"));
		pass(&st.fix, 100);
		CHECK_INT(upstream_counts(st.upstreams[0])->accepted, 0);
		routes_reload(&st, "");
		memcpy(st.fix.pbx[0].req, then, sizeof(then));
		says(&st, 200, GRANTED("300"));
		pass(&st.fix, 100);
		CHECK_INT(upstream_counts(st.upstreams[0])->accepted, 0);
	}
	end(&st);
}

/* --- calls by it --------------------------------------------------------------------------- */

static void pbx_calls(struct stage *st)
{
	put(&st->fix, &st->fix.pbx[0], 0,
	    "INVITE sip:demo.pbx@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKin;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:+4930@demo.test>;tag=f\r\n"
	    "To: <sip:77@pbx.test>\r\nCall-ID: in-1\r\n"
	    "CSeq: 1 INVITE\r\nContact: <sip:pbx@127.0.0.1:%u>\r\n"
	    "Content-Type: application/sdp\r\n"
	    "Content-Length: 5\r\n\r\nv=0\r\n",
	    sa_port(&st->fix.pbx[0].addr), sa_port(&st->fix.pbx[0].addr));
}

static void a_call_to_our_contact_reaches_the_number_in_to(void)
{
	struct stage st;
	char val[1024];

	if (begin(&st)) {
		says(&st, 200, GRANTED("300"));
		CHECK(has_accepted(&st, 1));
		CHECK_INT(register_user(&st.fix, &st.fix.bob, 1, "bob-secret"),
			  200);
		pbx_calls(&st);
		REQUIRE(expect(&st.fix, &st.fix.bob, "INVITE"));
		CHECK(strstr(header(st.fix.bob.req, "From", val), "+4930"));
	}
	end(&st);
}

/* Our Contact is no secret: what counts is where the call comes from. */
static void a_call_to_our_contact_from_elsewhere_is_challenged(void)
{
	struct stage st;
	char pbx[256];

	if (begin(&st)) {
		snprintf(pbx, sizeof(pbx),
			 "      pbx: {kind: register, address: "
			 "'127.0.0.1:%u', username: gate, probe: 0s, password: hush, "
			 "sources: [192.0.2.0/24]}\n",
			 sa_port(&st.fix.pbx[0].addr));
		routes_reload(&st, pbx);
		pbx_calls(&st);
		CHECK_INT(answer(&st.fix, &st.fix.pbx[0]), 407);
	}
	end(&st);
}

/* Who may call as one connection does not speak for another by its Contact. */
static void a_contact_of_another_connection_is_no_pass(void)
{
	char pbx[512];
	struct stage st;

	if (begin(&st)) {
		CHECK_INT(register_user(&st.fix, &st.fix.bob, 1, "bob-secret"),
			  200);
		snprintf(pbx, sizeof(pbx),
			 "      pbx: {kind: register, address: 192.0.2.9, "
			 "username: gate, probe: 0s, password: hush}\n"
			 "      cheap: {kind: trunk, address: '127.0.0.1:%u'}\n"
			 "    routes:\n"
			 "      - {name: trusted, match: {from: [pbx]}, "
			 "to: {service: echo}}\n"
			 "      - {name: rest, to: {reject: {code: 606}}}\n",
			 sa_port(&st.fix.pbx[0].addr));
		routes_reload(&st, pbx);
		pbx_calls(&st);
		CHECK_INT(answer(&st.fix, &st.fix.pbx[0]), 606);
	}
	end(&st);
}

TEST_MAIN(TEST(a_contact_of_another_connection_is_no_pass),
	  TEST(a_registration_answers_the_challenge_and_is_kept),
	  TEST(a_wrong_password_is_said_and_not_tried_at_once),
	  TEST(one_that_is_too_brief_is_asked_for_longer),
	  TEST(a_refusal_is_told_with_its_phrase),
	  TEST(who_takes_over_goes_on_with_the_next_cseq),
	  TEST(a_connection_that_is_taken_away_unregisters),
	  TEST(a_connection_that_changes_registers_anew),
	  TEST(a_register_under_way_at_a_reload_is_given_up),
	  TEST(a_call_to_our_contact_reaches_the_number_in_to),
	  TEST(a_call_to_our_contact_from_elsewhere_is_challenged))
