/*
 * test_conn_calls.c  A connection has no more calls at once than it may
 *
 * alice and bob call; pbx[0] takes one call, pbx[1] any number, pbx[2] one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/bob_calls.h"

#define PBX_2XX                                                              \
	"Contact: <sip:pbx@127.0.0.1:1>\r\n"                                 \
	"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"

static void routes_limited(const struct fixture *fix, char *text, size_t size)
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
		 "      one: {kind: trunk, address: '127.0.0.1:%u', max_calls: "
		 "1, probe: 0s, answer_within: 300ms}\n"
		 "      two: {kind: trunk, address: '127.0.0.1:%u', probe: "
		 "0s}\n"
		 "      hq: {kind: inbound, username: office, password: "
		 "office-secret, max_calls: 1}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connections: [one, two]}}\n"
		 "      - {name: one, match: {callee: '1.*'}, to: "
		 "{connection: one}}\n"
		 "      - {name: hq, match: {callee: '2.*'}, to: "
		 "{connections: [hq, two]}}\n",
		 sa_port(&fix->pbx[0].addr), sa_port(&fix->pbx[1].addr));
}

static bool begin(struct fixture *fix)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_limited};

	return start_cfg(fix, &cfg);
}

static bool alice_talks(struct fixture *fix, const char *to)
{
	call(fix, to);
	if (!CHECK(expect(fix, &fix->pbx[0], "INVITE")))
		return false;
	ua_answers(fix, &fix->pbx[0], 200, PBX_2XX);
	return CHECK_INT(answer(fix, &fix->alice), 200);
}

/* --- out ------------------------------------------------------------------------ */

static void over_the_limit_the_next_is_asked(void)
{
	struct fixture fix;

	if (begin(&fix) && alice_talks(&fix, "0123")) {
		fix.pbx[0].seen[0] = '\0';
		bob_calls(&fix, "0123", 2);
		CHECK(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

static void over_the_limit_of_all_it_is_503_with_its_reason(void)
{
	struct fixture fix;

	if (begin(&fix) && alice_talks(&fix, "1")) {
		bob_calls(&fix, "1", 2);
		CHECK_INT(answer(&fix, &fix.bob), 503);
		CHECK(strstr(fix.bob.resp, "text=\"call-limit\""));
	}
	stop(&fix);
}

static void a_call_that_ends_makes_room(void)
{
	struct fixture fix;
	char resp[TEXT_MAX];

	if (begin(&fix) && alice_talks(&fix, "1")) {
		strcpy(resp, fix.alice.resp);
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		ua_answers(&fix, &fix.pbx[0], 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		bob_calls(&fix, "1", 2);
		CHECK(expect(&fix, &fix.pbx[0], "INVITE"));
	}
	stop(&fix);
}

static void a_try_that_fails_makes_room(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		call(&fix, "1");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 486, "");
		CHECK_INT(answer(&fix, &fix.alice), 486);
		bob_calls(&fix, "1", 2);
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		/* silent: over, whatever becomes of its transaction */
		CHECK_INT(answer(&fix, &fix.bob), 408);
		bob_calls(&fix, "1", 4);
		CHECK(expect(&fix, &fix.pbx[0], "INVITE"));
	}
	stop(&fix);
}

static void a_call_given_up_makes_room(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		call(&fix, "1");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		put_cancel(&fix, "1", "i", 2);
		CHECK(redis_test_until(fix.wheel, 5000, is_terminated,
				       &fix.alice));
		bob_calls(&fix, "1", 2);
		CHECK(expect(&fix, &fix.pbx[0], "INVITE"));
	}
	stop(&fix);
}

static void one_that_is_not_there_takes_no_room(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		/* not registered */
		call(&fix, "2");
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		CHECK_INT(register_user(&fix, &fix.pbx[2], 1,
					"office-secret"),
			  200);
		bob_calls(&fix, "2", 2);
		CHECK(expect(&fix, &fix.pbx[2], "INVITE"));
	}
	stop(&fix);
}

/* --- in -------------------------------------------------------------------------- */

static void put_in(struct fixture *fix, unsigned nr)
{
	put(fix, &fix->pbx[0], 0,
	    "INVITE sip:77@demo.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKp%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:+49@demo.test>;tag=pf%u\r\n"
	    "To: <sip:77@demo.test>\r\nCall-ID: pbx-%u\r\n"
	    "CSeq: 1 INVITE\r\nContact: <sip:pbx@127.0.0.1:%u>\r\n"
	    "Content-Type: application/sdp\r\n"
	    "Content-Length: 5\r\n\r\nv=0\r\n",
	    sa_port(&fix->pbx[0].addr), nr, nr, nr,
	    sa_port(&fix->pbx[0].addr));
}

/* Behind the 503, which is repeated. */
static bool is_busy(void *arg)
{
	return ((struct ua *)arg)->code == 486;
}

static void calls_that_come_in_count(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(register_user(&fix, &fix.bob, 1, "bob-secret"),
			  200);
		put_in(&fix, 1);
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		put_in(&fix, 2);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 503);
		CHECK(strstr(fix.pbx[0].resp, "text=\"call-limit\""));
		CHECK(strstr(fix.pbx[0].resp, "Retry-After: "));
		call(&fix, "0123");
		CHECK(expect(&fix, &fix.pbx[1], "INVITE"));
		/* bob is busy: the PBX may call again */
		bob_answers(&fix, 486, "");
		CHECK(redis_test_until(fix.wheel, 5000, is_busy, &fix.pbx[0]));
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		put_in(&fix, 3);
		CHECK(expect(&fix, &fix.bob, "INVITE"));
	}
	stop(&fix);
}

/* --- leases ------------------------------------------------------------------------ */

struct score {
	bool done;
	uint64_t ms;
};

static void on_score(int err, const struct redis_val *val, void *arg)
{
	struct score *score = arg;

	score->done = true;
	if (!err && val->type == REDIS_ARRAY && val->len == 2)
		score->ms = strtoull(val->el[1].str, NULL, 10);
}

static bool is_done(void *arg)
{
	return ((struct score *)arg)->done;
}

/* When the first place of a set ends; 0: there is none. */
static uint64_t place_of(struct fixture *fix, const char *key)
{
	const struct redis_arg ask[] = {redis_str("ZRANGE"), redis_str(key),
					redis_str("0"), redis_str("0"),
					redis_str("WITHSCORES")};
	struct score score = {.done = false};

	CHECK(!redis_link_send(fix->nodes[0].redis, ask, 5, on_score, &score));
	CHECK(redis_test_until(fix->wheel, 5000, is_done, &score));
	return score.ms;
}

static uint64_t place_ends(struct fixture *fix)
{
	return place_of(fix, "cb:{m:demo/one}:calls");
}

static void another_has_it(struct fixture *fix, uint64_t until_ms)
{
	struct score score = {.done = false};
	char text[24];

	re_snprintf(text, sizeof(text), "%llu", until_ms);

	const struct redis_arg add[] = {
		redis_str("ZADD"), redis_str("cb:{m:demo/one}:calls"),
		redis_str(text), redis_str("00000000000000aa")};

	CHECK(!redis_link_send(fix->nodes[0].redis, add, 4, on_score, &score));
	CHECK(redis_test_until(fix->wheel, 5000, is_done, &score));
}

/* Of a call whose worker died, say. */
static void a_place_whose_time_is_over_is_free(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		/* as long as it is not over it is taken */
		another_has_it(&fix, proxy_unix_ms() + 60000);
		call(&fix, "1");
		CHECK_INT(answer(&fix, &fix.alice), 503);
		another_has_it(&fix, proxy_unix_ms() - 1);
		bob_calls(&fix, "1", 2);
		CHECK(expect(&fix, &fix.pbx[0], "INVITE"));
	}
	stop(&fix);
}

/* Should the worker die, the place of a set-up is free soon, that of a call
 * when its record ends. */
static void a_place_ends_by_itself(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK(!place_ends(&fix));
		call(&fix, "1");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK(place_ends(&fix) > proxy_unix_ms() + 200000);
		CHECK(place_ends(&fix) < proxy_unix_ms() + 300000);
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(place_ends(&fix) > proxy_unix_ms() + 43000000);
	}
	stop(&fix);
}

/* --- a tenant, and how many a second --------------------------------------------- */

static void routes_tenant(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    max_calls: 1\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "      bob: {password: bob-secret, numbers: ['77']}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', probe: "
		 "0s}\n"
		 "    routes:\n"
		 "      - {name: one, match: {callee: '1.*'}, to: "
		 "{connection: one}}\n",
		 sa_port(&fix->pbx[0].addr));
}

static void a_tenant_has_no_more_than_it_may(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_tenant};
	struct fixture fix;
	char resp[TEXT_MAX];

	if (start_cfg(&fix, &cfg) && alice_talks(&fix, "1")) {
		strcpy(resp, fix.alice.resp);
		bob_calls(&fix, "1", 2);
		CHECK_INT(answer(&fix, &fix.bob), 503);
		CHECK(strstr(fix.bob.resp, "text=\"call-limit\""));
		CHECK(strstr(fix.bob.resp, "Retry-After: "));
		put_in(&fix, 1);
		CHECK_INT(answer(&fix, &fix.pbx[0]), 503);
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.pbx[0], "BYE"));
		ua_answers(&fix, &fix.pbx[0], 200, "");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(redis_test_until(fix.wheel, 5000, is_idle, &fix));
		bob_calls(&fix, "1", 4);
		CHECK(expect(&fix, &fix.pbx[0], "INVITE"));
	}
	stop(&fix);
}

static void the_place_of_a_tenant_lives_as_long_as_its_call(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_tenant};
	static const char key[] = "cb:{m:demo}:calls";
	struct fixture fix;

	if (start_cfg(&fix, &cfg)) {
		call(&fix, "1");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		CHECK(place_of(&fix, key) > proxy_unix_ms() + 200000);
		CHECK(place_of(&fix, key) < proxy_unix_ms() + 300000);
		ua_answers(&fix, &fix.pbx[0], 200, PBX_2XX);
		CHECK_INT(answer(&fix, &fix.alice), 200);
		CHECK(place_of(&fix, key) > proxy_unix_ms() + 43000000);
	}
	stop(&fix);
}

static void routes_rated(const struct fixture *fix, char *text, size_t size)
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
		 "      one: {kind: trunk, address: '127.0.0.1:%u', "
		 "calls_per_second: 1, probe: 0s}\n"
		 "      two: {kind: trunk, address: '127.0.0.1:%u', probe: "
		 "0s}\n"
		 "    routes:\n"
		 "      - {name: one, match: {callee: '1.*'}, to: "
		 "{connection: one}}\n"
		 "      - {name: back, match: {callee: '5.*'}, to: "
		 "{connections: [two, one]}, failover: {unhealthy: last}}\n"
		 "      - {name: out, match: {callee: '0.*'}, to: "
		 "{connections: [one, two]}}\n",
		 sa_port(&fix->pbx[0].addr), sa_port(&fix->pbx[1].addr));
}

/* Nor may what comes to it because another one has failed. */
static void failover_is_within_the_rate_too(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_rated};
	struct fixture fix;

	if (start_cfg(&fix, &cfg)) {
		/* bob's worker has half of it, until the other one is heard:
		 * that is one call */
		bob_calls(&fix, "5", 2);
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		ua_answers(&fix, &fix.pbx[1], 503, "");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 486, "");
		CHECK_INT(answer(&fix, &fix.bob), 486);
		fix.pbx[0].seen[0] = '\0';
		bob_calls(&fix, "5", 4);
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		ua_answers(&fix, &fix.pbx[1], 503, "");
		CHECK_INT(answer(&fix, &fix.bob), 503);
		CHECK_STR(fix.pbx[0].seen, "");
	}
	stop(&fix);
}

static void over_the_rate_the_next_is_asked(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .routes = routes_rated};
	struct fixture fix;

	if (start_cfg(&fix, &cfg)) {
		bob_calls(&fix, "0", 2);
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 486, "");
		CHECK_INT(answer(&fix, &fix.bob), 486);
		bob_calls(&fix, "0", 4);
		REQUIRE(expect(&fix, &fix.pbx[1], "INVITE"));
		ua_answers(&fix, &fix.pbx[1], 486, "");
		CHECK_INT(answer(&fix, &fix.bob), 486);
		bob_calls(&fix, "1", 6);
		CHECK_INT(answer(&fix, &fix.bob), 503);
		CHECK(strstr(fix.bob.resp, "text=\"rate-limited\""));
		CHECK(strstr(fix.bob.resp, "Retry-After: "));
		pass(&fix, 1100);
		bob_calls(&fix, "1", 8);
		CHECK(expect(&fix, &fix.pbx[0], "INVITE"));
	}
	stop(&fix);
}

TEST_MAIN(TEST(failover_is_within_the_rate_too),
	  TEST(a_place_whose_time_is_over_is_free),
	  TEST(the_place_of_a_tenant_lives_as_long_as_its_call),
	  TEST(a_tenant_has_no_more_than_it_may),
	  TEST(over_the_rate_the_next_is_asked),
	  TEST(over_the_limit_the_next_is_asked),
	  TEST(over_the_limit_of_all_it_is_503_with_its_reason),
	  TEST(a_call_that_ends_makes_room), TEST(a_try_that_fails_makes_room),
	  TEST(a_call_given_up_makes_room),
	  TEST(one_that_is_not_there_takes_no_room),
	  TEST(calls_that_come_in_count), TEST(a_place_ends_by_itself))
