/*
 * test_upstream_ways.c  A PBX with several addresses: registered at one that
 *                       answers, each of them probed; and one that registers
 *                       here, probed where it is
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/conn/health.h"
#include "sigd/upstream/upstream.h"
#include "tests/lib/proxy_bed.h"

#define CHALLENGE                                                            \
	"WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\"" \
	"\r\nContent-Length: 0\r\n"
#define DONE "Expires: 300\r\nContent-Length: 0\r\n"

struct stage {
	struct fixture fix;
	struct mock_dns dns;
	struct upstream *upstream;
};

static void routes_text(char *text, size_t size, const char *probe,
			const char *pbx)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "    connections:\n"
		 "      hq: {kind: inbound, username: office, password: "
		 "office-secret, answer_within: 150ms, probe: %s}\n%s",
		 probe, pbx);
}

static void routes_register(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	routes_text(text, size, "0s",
		    "      pbx: {kind: register, address: pbx.test, username: "
		    "gate, password: hush, answer_within: 200ms, probe: 0s}\n");
}

static void routes_probe(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	routes_text(text, size, "50ms",
		    "      pbx: {kind: trunk, address: pbx.test, "
		    "answer_within: 150ms, probe: 50ms}\n");
}

static struct stage *begin(void (*routes)(const struct fixture *fix,
					  char *text, size_t size))
{
	struct stage *st = mem_zalloc(sizeof(*st), NULL);
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes,
					.dns = &st->dns};

	CHECK(start_cfg(&st->fix, &cfg));
	mock_dns_addr(&st->dns, "a.test", "127.0.0.1", 60);
	for (unsigned i = 0; i < 2; i++)
		mock_dns_srv(&st->dns, "_sip._udp.pbx.test",
			     (unsigned[]){10 + i, 1,
					  sa_port(&st->fix.pbx[i].addr)},
			     "a.test");
	CHECK(!upstream_alloc(&st->upstream, st->fix.nodes[0].proxy));
	return st;
}

static void end(struct stage *st)
{
	mem_deref(st->upstream);
	stop(&st->fix);
	mock_dns_close(&st->dns);
	mem_deref(st);
}

/* --- registration ------------------------------------------------------------------- */

static bool has_accepted(void *arg)
{
	const struct stage *st = arg;

	return upstream_counts(st->upstream)->accepted > 0;
}

static void a_registrar_that_is_silent_gives_way_to_the_next(void)
{
	struct stage *st = begin(routes_register);
	struct fixture *fix = &st->fix;
	char val[1024];

	REQUIRE(expect(fix, &fix->pbx[0], "REGISTER sip:pbx.test SIP"));
	REQUIRE(expect(fix, &fix->pbx[1], "REGISTER sip:pbx.test SIP"));
	CHECK_STR(header(fix->pbx[1].req, "CSeq", val), "2 REGISTER");
	ua_answers(fix, &fix->pbx[1], 401, CHALLENGE);
	REQUIRE(expect(fix, &fix->pbx[1], "REGISTER"));
	CHECK(*header(fix->pbx[1].req, "Authorization", val));
	ua_answers(fix, &fix->pbx[1], 200, DONE);
	CHECK(redis_test_until(fix->wheel, 5000, has_accepted, st));
	CHECK_INT(upstream_counts(st->upstream)->refused, 0);
	end(st);
}

static void a_registrar_that_has_too_much_to_do_gives_way(void)
{
	struct stage *st = begin(routes_register);
	struct fixture *fix = &st->fix;

	REQUIRE(expect(fix, &fix->pbx[0], "REGISTER"));
	ua_answers(fix, &fix->pbx[0], 503, "Retry-After: 20\r\n");
	REQUIRE(expect(fix, &fix->pbx[1], "REGISTER"));
	ua_answers(fix, &fix->pbx[1], 200, DONE);
	CHECK(redis_test_until(fix->wheel, 5000, has_accepted, st));
	end(st);
}

/* --- probes ------------------------------------------------------------------------- */

static bool first_is_down(void *arg)
{
	struct stage *st = arg;
	const struct proxy *px = st->fix.nodes[1].proxy;
	struct pl id = PL("demo"), name = PL("pbx");
	const struct route_connection *conn = route_connection_find(
		route_tenant_by_id(st->fix.routes, &id), &name);

	if (st->fix.pbx[1].requests) {
		st->fix.pbx[1].requests = 0;
		ua_answers(&st->fix, &st->fix.pbx[1], 200, "");
	}
	return health_way_down(px->health, conn, &st->fix.pbx[0].addr) &&
	       !health_way_down(px->health, conn, &st->fix.pbx[1].addr) &&
	       !health_down(px->health, conn);
}

static void one_of_its_addresses_is_down_and_it_is_not(void)
{
	struct stage *st = begin(routes_probe);

	CHECK(redis_test_until(st->fix.wheel, 8000, first_is_down, st));
	CHECK_INT(upstream_counts(st->upstream)->probes.down, 0);
	end(st);
}

static void who_registers_here_is_probed_where_it_is(void)
{
	struct stage *st = begin(routes_probe);
	struct fixture *fix = &st->fix;
	struct ua *pbx = &fix->pbx[2];
	char want[64];

	pass(fix, 300);
	CHECK_STR(pbx->seen, "");
	CHECK_INT(register_user(fix, pbx, 1, "office-secret"), 200);
	REQUIRE(expect(fix, pbx, "OPTIONS"));
	snprintf(want, sizeof(want), "OPTIONS sip:127.0.0.1:%u SIP/2.0\r\n",
		 sa_port(&pbx->addr));
	CHECK(!strncmp(pbx->req, want, strlen(want)));
	ua_answers(fix, pbx, 200, "");
	/* and again, over the worker that it has registered with */
	REQUIRE(expect(fix, pbx, "OPTIONS"));
	end(st);
}

TEST_MAIN(TEST(a_registrar_that_is_silent_gives_way_to_the_next),
	  TEST(a_registrar_that_has_too_much_to_do_gives_way),
	  TEST(one_of_its_addresses_is_down_and_it_is_not),
	  TEST(who_registers_here_is_probed_where_it_is))
