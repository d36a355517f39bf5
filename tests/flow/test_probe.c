/*
 * test_probe.c  OPTIONS to PBXs: who is down, what calls make of it, and
 *               OPTIONS to us
 *
 * Two workers; pbx[0] and pbx[1] are probed, pbx[2] is not.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/route_conn.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/upstream/probe_state.h"
#include "sigd/upstream/upstream.h"
#include "tests/lib/proxy_bed.h"

struct stage {
	struct fixture fix;
	struct upstream *upstreams[WORKERS];
};

static void routes_of(const struct fixture *fix, char *text, size_t size,
		      const char *two)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', domain: "
		 "pbx.test, from_user: gate, answer_within: 150ms, probe: "
		 "50ms}\n"
		 "%s"
		 "      three: {kind: trunk, address: '127.0.0.1:%u', probe: "
		 "0s}\n"
		 "      hq: {kind: inbound, username: office, password: x, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connections: [one, three]}, failover: {unhealthy: last}}\n"
		 "      - {name: last, match: {callee: '2.*'}, to: "
		 "{connection: one}, failover: {unhealthy: last}}\n"
		 "      - {name: one, match: {callee: '1.*'}, to: "
		 "{connection: one}}\n",
		 sa_port(&fix->pbx[0].addr), two,
		 sa_port(&fix->pbx[2].addr));
}

static void routes_one(const struct fixture *fix, char *text, size_t size)
{
	routes_of(fix, text, size, "");
}

/* The first worker probes; the second would, and learns. */
static bool begin(struct stage *st)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_one};

	memset(st, 0, sizeof(*st));
	if (!start_cfg(&st->fix, &cfg))
		return false;
	CHECK(!upstream_alloc(&st->upstreams[0], st->fix.nodes[0].proxy));
	if (!expect(&st->fix, &st->fix.pbx[0], "OPTIONS"))
		return false;
	return CHECK(!upstream_alloc(&st->upstreams[1],
				     st->fix.nodes[1].proxy));
}

static void end(struct stage *st)
{
	for (unsigned i = 0; i < WORKERS; i++)
		mem_deref(st->upstreams[i]);
	stop(&st->fix);
}

static void reload(struct stage *st, const char *two)
{
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	char text[4096];

	routes_of(&st->fix, text, sizeof(text), two);
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

/* Until worker nr takes it for down, or for up. */
struct wait {
	struct stage *st;
	unsigned nr;
	bool down;
};

static bool is_so(void *arg)
{
	const struct wait *wait = arg;
	const struct proxy *px = wait->st->fix.nodes[wait->nr].proxy;
	struct pl id = PL("demo"), name = PL("one");
	const struct route_tenant *tenant =
		route_tenant_by_id(wait->st->fix.routes, &id);

	return health_down(px->health,
			   route_connection_find(tenant, &name)) ==
	       wait->down;
}

static bool becomes(struct stage *st, unsigned nr, bool down)
{
	struct wait wait = {st, nr, down};

	return redis_test_until(st->fix.wheel, 8000, is_so, &wait);
}

/* Answers each OPTIONS, for so long. */
struct answering {
	struct stage *st;
	unsigned seen;
	int code;
	unsigned until; /* so many */
};

static bool answers(void *arg)
{
	struct answering *a = arg;
	struct ua *pbx = &a->st->fix.pbx[0];

	if (pbx->requests) {
		pbx->requests = 0;
		a->seen++;
		ua_answers(&a->st->fix, pbx, a->code,
			   "Content-Length: 0\r\n");
	}
	return a->seen >= a->until;
}

static bool pbx_answers(struct stage *st, int code, unsigned times)
{
	struct answering a = {.st = st, .code = code, .until = times};

	return redis_test_until(st->fix.wheel, 8000, answers, &a);
}

struct known {
	bool done, there;
	struct probe_state state;
};

static void on_known(int err, const struct redis_val *val, void *arg)
{
	struct known *known = arg;
	struct pl text;

	known->done = true;
	if (err || val->type != REDIS_STR)
		return;
	text = (struct pl){val->str, val->len};
	known->there = !probe_state_parse(&known->state, &text);
}

static bool is_known(void *arg)
{
	return ((struct known *)arg)->done;
}

static struct known known(struct stage *st, const char *name)
{
	struct known known = {.done = false};
	char key[32];

	snprintf(key, sizeof(key), "cb:{u:%u}:health",
		 hash_joaat_str(name) % UPSTREAM_SHARDS);

	const struct redis_arg ask[] = {redis_str("HGET"), redis_str(key),
					redis_str(name)};

	CHECK(!redis_link_send(st->fix.nodes[0].redis, ask, 3, on_known,
			       &known));
	CHECK(redis_test_until(st->fix.wheel, 5000, is_known, &known));
	return known;
}

/* --- probes ------------------------------------------------------------------------ */

static void a_connection_is_asked_again_and_again(void)
{
	struct stage st;
	const char *req = st.fix.pbx[0].req;
	char val[1024], callid[256];
	struct known k;

	if (begin(&st)) {
		CHECK(!strncmp(req, "OPTIONS sip:pbx.test SIP/2.0\r\n", 30));
		CHECK(!strncmp(header(req, "From", val),
			       "<sip:gate@pbx.test>;tag=", 24));
		CHECK_STR(header(req, "To", val), "<sip:pbx.test>");
		CHECK_STR(header(req, "Contact", val),
			  "<sip:demo.one@127.0.0.1:9>");
		CHECK_STR(header(req, "Accept", val), "application/sdp");
		CHECK_STR(header(req, "Content-Length", val), "0");
		header(req, "Call-ID", callid);
		CHECK(pbx_answers(&st, 200, 4));
		CHECK(strcmp(header(req, "Call-ID", val), callid));
		pass(&st.fix, 10);
		k = known(&st, "demo/one");
		CHECK(k.there);
		CHECK_INT(k.state.phase, PROBE_UP);
		CHECK_INT(k.state.code, 200);
		/* the others are not */
		CHECK_STR(st.fix.pbx[2].seen, "");
		CHECK(!known(&st, "demo/three").there);
		CHECK(!known(&st, "demo/hq").there);
		CHECK_INT(upstream_counts(st.upstreams[0])->probes.kept, 1);
		CHECK_INT(upstream_counts(st.upstreams[1])->probes.kept, 0);
	}
	end(&st);
}

static void who_does_not_answer_is_down_for_all_workers(void)
{
	struct stage st;
	struct known k;

	if (begin(&st)) {
		CHECK(pbx_answers(&st, 200, 1));
		CHECK(becomes(&st, 1, true));
		CHECK(becomes(&st, 0, true));
		k = known(&st, "demo/one");
		CHECK_INT(k.state.phase, PROBE_DOWN);
		CHECK_STR(k.state.why, "no answer");
		CHECK_INT(upstream_counts(st.upstreams[0])->probes.down, 1);
		CHECK(upstream_counts(st.upstreams[0])->probes.failed >= 2);

		/* one answer of any kind; the first may come too late */
		CHECK(pbx_answers(&st, 404, 2));
		pass(&st.fix, 10);
		CHECK_INT(known(&st, "demo/one").state.phase, PROBE_UP);
		CHECK_INT(upstream_counts(st.upstreams[0])->probes.down, 0);
	}
	end(&st);
}

static void who_says_that_it_cannot_is_down(void)
{
	struct stage st;
	struct known k;

	if (begin(&st)) {
		CHECK(pbx_answers(&st, 503, 3));
		pass(&st.fix, 10);
		k = known(&st, "demo/one");
		CHECK_INT(k.state.phase, PROBE_DOWN);
		CHECK_INT(k.state.code, 503);
	}
	end(&st);
}

static bool has_failed(void *arg)
{
	return upstream_counts(arg)->probes.failed > 0;
}

static void who_takes_over_knows_what_was_known(void)
{
	struct stage st;
	struct known before, after;

	if (begin(&st)) {
		CHECK(becomes(&st, 0, true));
		before = known(&st, "demo/one");
		st.upstreams[0] = mem_deref(st.upstreams[0]);
		REQUIRE(redis_test_until(st.fix.wheel, 8000, has_failed,
					 st.upstreams[1]));
		after = known(&st, "demo/one");
		CHECK_INT(after.state.phase, PROBE_DOWN);
		CHECK(after.state.since_ms == before.state.since_ms);
		CHECK(after.state.last_ms > before.state.last_ms);
		CHECK_INT(upstream_counts(st.upstreams[1])->probes.down, 1);
	}
	end(&st);
}

static void what_is_new_is_probed_what_is_gone_forgotten(void)
{
	struct stage st;
	char two[256];

	if (begin(&st)) {
		snprintf(two, sizeof(two),
			 "      two: {kind: register, address: "
			 "'127.0.0.1:%u', username: u, password: p, probe: "
			 "50ms, answer_within: 100ms}\n",
			 sa_port(&st.fix.pbx[1].addr));
		reload(&st, two);
		REQUIRE(expect(&st.fix, &st.fix.pbx[1], "OPTIONS sip:127"));
		CHECK(strstr(st.fix.pbx[1].req, "\r\nFrom: <sip:u@127.0.0.1>"));
		pass(&st.fix, 400);
		CHECK(known(&st, "demo/two").there);
		reload(&st, "");
		CHECK(!known(&st, "demo/two").there);
		st.fix.pbx[1].seen[0] = '\0';
		pass(&st.fix, 200);
		CHECK(!strstr(st.fix.pbx[1].seen, "OPT"));
		CHECK_INT(upstream_counts(st.upstreams[0])->probes.kept +
				  upstream_counts(st.upstreams[1])->probes.kept,
			  1);
	}
	end(&st);
}

/* --- calls -------------------------------------------------------------------------- */

static void a_call_passes_by_who_is_down(void)
{
	struct stage st;

	if (begin(&st)) {
		CHECK(becomes(&st, 0, true));
		st.fix.pbx[0].seen[0] = '\0';
		call(&st.fix, "0123");
		REQUIRE(expect(&st.fix, &st.fix.pbx[2], "INVITE"));
		CHECK(!strstr(st.fix.pbx[0].seen, "INV"));
		/* it comes last, but it comes */
		ua_answers(&st.fix, &st.fix.pbx[2], 503, "");
		CHECK(expect(&st.fix, &st.fix.pbx[0], "INVITE"));
	}
	end(&st);
}

static void when_there_is_nothing_else_it_is_503(void)
{
	struct stage st;
	char val[64];

	if (begin(&st)) {
		CHECK(becomes(&st, 0, true));
		st.fix.pbx[0].seen[0] = '\0';
		call(&st.fix, "1");
		CHECK_INT(answer(&st.fix, &st.fix.alice), 503);
		CHECK_STR(header(st.fix.alice.resp, "Retry-After", val), "30");
		CHECK(!strstr(st.fix.pbx[0].seen, "INV"));
	}
	end(&st);
}

static void if_that_is_wanted_it_is_tried(void)
{
	struct stage st;

	if (begin(&st)) {
		CHECK(becomes(&st, 0, true));
		call(&st.fix, "2");
		CHECK(expect(&st.fix, &st.fix.pbx[0], "INVITE"));
	}
	end(&st);
}

/* --- OPTIONS to us --------------------------------------------------------------------- */

static void anybody_may_ask_whether_we_are_there(void)
{
	struct stage st;
	char val[1024];

	if (begin(&st)) {
		for (unsigned i = 0; i < 2; i++) {
			struct ua *ua = i ? &st.fix.pbx[0] : &st.fix.alice;

			put(&st.fix, ua, 0,
			    "OPTIONS sip:nobody@demo.test SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKo;"
			    "rport\r\nMax-Forwards: 0\r\n"
			    "From: <sip:x@x.test>;tag=1\r\n"
			    "To: <sip:nobody@demo.test>\r\nCall-ID: o%u\r\n"
			    "CSeq: 1 OPTIONS\r\n\r\n",
			    sa_port(&ua->addr), i);
			CHECK_INT(answer(&st.fix, ua), 200);
			CHECK(strstr(header(ua->resp, "Allow", val),
				     "INVITE, ACK, BYE, CANCEL, OPTIONS"));
			CHECK_STR(header(ua->resp, "Accept", val),
				  "application/sdp");
			CHECK_STR(header(ua->resp, "Supported", val),
				  "100rel, outbound, replaces, timer");
			CHECK(strstr(header(ua->resp, "To", val), ";tag="));
		}
	}
	end(&st);
}

static void what_nobody_knows_is_told(void)
{
	static const char *const methods[] = {"FOO", "invite"};
	struct stage st;
	char val[1024];

	if (begin(&st)) {
		for (unsigned i = 0; i < COUNTOF(methods); i++) {
			struct ua *pbx = &st.fix.pbx[2];

			put(&st.fix, pbx, 0,
			    "%s sip:alice@demo.test SIP/2.0\r\n"
			    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKm%u;"
			    "rport\r\nMax-Forwards: 70\r\n"
			    "From: <sip:x@demo.test>;tag=1\r\n"
			    "To: <sip:alice@demo.test>\r\nCall-ID: m%u\r\n"
			    "CSeq: 1 %s\r\n\r\n",
			    methods[i], sa_port(&pbx->addr), i, i,
			    methods[i]);
			CHECK_INT(answer(&st.fix, pbx), 501);
			CHECK(strstr(header(pbx->resp, "Allow", val),
				     "INVITE"));
		}
	}
	end(&st);
}

TEST_MAIN(TEST(a_connection_is_asked_again_and_again),
	  TEST(who_does_not_answer_is_down_for_all_workers),
	  TEST(who_says_that_it_cannot_is_down),
	  TEST(who_takes_over_knows_what_was_known),
	  TEST(what_is_new_is_probed_what_is_gone_forgotten),
	  TEST(a_call_passes_by_who_is_down),
	  TEST(when_there_is_nothing_else_it_is_503),
	  TEST(if_that_is_wanted_it_is_tried),
	  TEST(anybody_may_ask_whether_we_are_there),
	  TEST(what_nobody_knows_is_told))
