/*
 * test_proxy_ways.c  A PBX with several addresses: its name's SRV records say
 *                    in which order they are asked (RFC 3263)
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/conn/way_health.h"
#include "tests/lib/mock_dns.h"
#include "tests/lib/proxy_bed.h"

#define PBX_2XX                              \
	"Contact: <sip:pbx@127.0.0.1:1>\r\n" \
	"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"

static void routes_ways(const struct fixture *fix, char *text, size_t size)
{
	(void)fix;
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "    connections:\n"
		 "      pbx: {kind: trunk, address: pbx.test, "
		 "username: gate, password: hush, "
		 "answer_within: 200ms, probe: 0s}\n"
		 "      gone: {kind: trunk, address: gone.test, probe: 0s}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connections: [gone, pbx]}}\n");
}

struct ways {
	struct fixture fix;
	struct mock_dns dns;
};

/* The first two PBXs are to be asked first and second, the third is of no
 * interest. */
static struct ways *begin(void)
{
	struct ways *ways = mem_zalloc(sizeof(*ways), NULL);
	struct fixture_cfg cfg = {.t1 = 500, .routes = routes_ways};
	struct fixture *fix = &ways->fix;
	struct mock_dns *dns = &ways->dns;

	cfg.dns = dns;
	CHECK(start_cfg(fix, &cfg));
	mock_dns_addr(dns, "a.test", "127.0.0.1", 60);
	for (unsigned i = 0; i < 2; i++)
		mock_dns_srv(dns, "_sip._udp.pbx.test",
			     (unsigned[]){10 + i, 1,
					  sa_port(&fix->pbx[i].addr)},
			     "a.test");
	return ways;
}

/* A second call, behind the first. */
static void call_again(struct fixture *fix, const char *to)
{
	char uri[64], auth[1024];

	put_ack_407(fix, &fix->alice, to, 2);
	fix->alice.code = 0;
	put_invite(fix, &fix->alice, to, 3, "");
	CHECK_INT(answer(fix, &fix->alice), 407);
	snprintf(uri, sizeof(uri), "sip:%s@demo.test", to);
	credentials(&fix->alice, "INVITE", uri, "alice-secret", auth);
	put_ack_407(fix, &fix->alice, to, 3);
	fix->alice.code = 0;
	put_invite(fix, &fix->alice, to, 4, auth);
}

static void end(struct ways *ways)
{
	mock_dns_close(&ways->dns);
	stop(&ways->fix);
	mem_deref(ways);
}

static void a_503_goes_to_the_next_address(void)
{
	struct ways *ways = begin();
	struct fixture *fix = &ways->fix;

	call(fix, "0123");
	REQUIRE(expect(fix, &fix->pbx[0], "INVITE sip:0123@pbx.test SIP"));
	ua_answers(fix, &fix->pbx[0], 503, "Retry-After: 99\r\n");
	REQUIRE(expect(fix, &fix->pbx[1], "INVITE sip:0123@pbx.test SIP"));
	CHECK(fix->media.leg[2].dropped);
	ua_answers(fix, &fix->pbx[1], 200, PBX_2XX);
	CHECK_INT(answer(fix, &fix->alice), 200);
	CHECK_STR(fix->pbx[0].seen, "INVACK");
	CHECK(way_is_bad(fix->nodes[0].proxy->ways, &fix->pbx[0].addr,
			 wheel_now(fix->wheel) + 90000));
	end(ways);
}

static void a_silence_goes_to_the_next_address_and_is_remembered(void)
{
	struct ways *ways = begin();
	struct fixture *fix = &ways->fix;

	call(fix, "0123");
	REQUIRE(expect(fix, &fix->pbx[0], "INVITE"));
	REQUIRE(expect(fix, &fix->pbx[1], "INVITE"));
	ua_answers(fix, &fix->pbx[1], 486, "");
	CHECK_INT(answer(fix, &fix->alice), 486);
	fix->pbx[0].seen[0] = fix->pbx[1].seen[0] = '\0';
	call_again(fix, "0123");
	REQUIRE(expect(fix, &fix->pbx[1], "INVITE"));
	CHECK_STR(fix->pbx[0].seen, "");
	/* it answers late: it is well */
	ua_answers(fix, &fix->pbx[0], 486, "");
	ua_answers(fix, &fix->pbx[1], 486, "");
	CHECK_INT(answer(fix, &fix->alice), 486);
	CHECK(!way_is_bad(fix->nodes[0].proxy->ways, &fix->pbx[0].addr,
			  wheel_now(fix->wheel)));
	end(ways);
}

static void a_refusal_is_that_of_all_its_addresses(void)
{
	struct ways *ways = begin();
	struct fixture *fix = &ways->fix;

	call(fix, "0123");
	REQUIRE(expect(fix, &fix->pbx[0], "INVITE"));
	ua_answers(fix, &fix->pbx[0], 500, "");
	CHECK_INT(answer(fix, &fix->alice), 500);
	CHECK_STR(fix->pbx[1].seen, "");
	end(ways);
}

static void a_dead_server_of_names_ends_no_call_twice(void)
{
	struct ways *ways = begin();
	struct fixture *fix = &ways->fix;

	ways->dns.silent = true;
	call(fix, "0123");
	CHECK_INT(answer(fix, &fix->alice), 500);
	CHECK_STR(fix->pbx[0].seen, "");
	end(ways);
}

TEST_MAIN(TEST(a_503_goes_to_the_next_address),
	  TEST(a_silence_goes_to_the_next_address_and_is_remembered),
	  TEST(a_refusal_is_that_of_all_its_addresses),
	  TEST(a_dead_server_of_names_ends_no_call_twice))
