/*
 * test_call_rtt.c  Round trips of media, in the logs of who talks, while they do
 *
 * Two workers, as in test_proxy.c; what mediad would tell stands in Redis.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/journal/rtt_fold.h"
#include "tests/lib/proxy_look.h"

enum {
	RTT_MS = 60,
	SLOW_MS = 200, /* one look, not two, where a machine stands still a while */
};

static bool talk_watched(struct fixture *fix, char *resp, uint32_t rtt_ms)
{
	const struct fixture_cfg cfg = {.t1 = 100, .rtt = rtt_ms};

	if (!start_cfg(fix, &cfg) || !talk(fix, resp))
		return false;
	put_in_dialog(fix, resp, "ACK", 2, 0);
	return CHECK(expect(fix, &fix->bob, "ACK"));
}

/* What RTCP says of both legs, in us; 0: nothing. */
static void sheet(struct fixture *fix, const char *state, unsigned caller,
		  unsigned callee)
{
	char script[640];
	struct look look;

	snprintf(script, sizeof(script),
		 "local k = redis.call('KEYS', 'cb:{c:?}:rec:*')[1] "
		 "local leg = redis.call('HGET', k, 'leg') "
		 "local m = string.gsub(k, ':rec:', ':media:') "
		 "return redis.call('HSET', m, 'state', '%s', "
		 "'leg.1', 'profile=rtp rtt-us=%u', "
		 "'leg.' .. leg, 'profile=rtp rtt-us=%u')",
		 state, caller, callee);
	(void)ask_redis(fix, &look, script);
}

/* Of alice "a:demo/alice", of a connection "i:demo/one". */
static int64_t rows_of(struct fixture *fix, const char *tag)
{
	char script[128];
	struct look look;

	snprintf(script, sizeof(script),
		 "return redis.call('LLEN', 'cb:{%s}:rtt')", tag);
	(void)ask_redis(fix, &look, script);
	return look.num;
}

static int64_t rows(struct fixture *fix, const char *user)
{
	char tag[64];

	snprintf(tag, sizeof(tag), "a:demo/%s", user);
	return rows_of(fix, tag);
}

/* The latest one's mean. */
static uint32_t mean_us(struct fixture *fix, const char *user)
{
	char script[256];
	uint8_t buf[RTT_ROW_LEN];
	struct rtt_row row = {.mean_us = 0};
	struct look look;

	/* binary: as hex */
	snprintf(script, sizeof(script),
		 "return (string.gsub(redis.call('LINDEX', "
		 "'cb:{a:demo/%s}:rtt', -1), '.', function(c) "
		 "return string.format('%%02x', string.byte(c)) end))",
		 user);
	(void)ask_redis(fix, &look, script);
	look.text[2 * RTT_ROW_LEN] = '\0';
	CHECK(!str_hex(buf, sizeof(buf), look.text));
	CHECK(!rtt_row_unpack(&row, buf, sizeof(buf)));
	CHECK_INT(row.kind, RTT_RTCP);
	return row.mean_us;
}

static bool wait_rows(struct fixture *fix, const char *user, int64_t n)
{
	for (unsigned i = 0; i < 200; i++) {
		if (rows(fix, user) >= n)
			return true;
		pass(fix, 20);
	}
	return false;
}

static void both_sides_have_theirs_while_they_talk(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;

	if (talk_watched(&fix, resp, RTT_MS)) {
		sheet(&fix, "up", 20000, 0);
		CHECK(wait_rows(&fix, "alice", 1));
		CHECK_INT(mean_us(&fix, "alice"), 20000);
		CHECK_INT(rows(&fix, "bob"), 0);
		sheet(&fix, "up", 30000, 50000);
		CHECK(wait_rows(&fix, "bob", 2));
		CHECK(wait_rows(&fix, "alice", 3));
		CHECK_INT(mean_us(&fix, "alice"), 30000);
		CHECK_INT(mean_us(&fix, "bob"), 50000);
	}
	stop(&fix);
}

static void what_has_ended_is_looked_at_no_more(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	int64_t n;

	if (talk_watched(&fix, resp, SLOW_MS)) {
		/* on its way to another media worker */
		sheet(&fix, "ended", 20000, 20000);
		pass(&fix, SLOW_MS + SLOW_MS / 2);
		CHECK_INT(rows(&fix, "alice"), 0);
		sheet(&fix, "up", 20000, 20000);
		CHECK(wait_rows(&fix, "alice", 1));
		sheet(&fix, "ended", 40000, 20000);
		pass(&fix, 4 * SLOW_MS);
		n = rows(&fix, "alice");
		/* the end tells what was said last */
		put_in_dialog(&fix, resp, "BYE", 3, 0);
		REQUIRE(expect(&fix, &fix.bob, "BYE"));
		bob_answers(&fix, 200, "");
		CHECK(wait_rows(&fix, "alice", n + 1));
		CHECK_INT(mean_us(&fix, "alice"), 40000);
		check_nothing_left(&fix);
		pass(&fix, 3 * SLOW_MS);
		CHECK_INT(rows(&fix, "alice"), n + 1);
	}
	stop(&fix);
}

static void routes_pbx(const struct fixture *fix, char *text, size_t size)
{
	snprintf(text, size,
		 "tenants:\n"
		 "  demo:\n"
		 "    domains: [\"demo.test\"]\n"
		 "    realm: cordboard\n"
		 "    users:\n"
		 "      alice: {password: alice-secret}\n"
		 "    connections:\n"
		 "      one: {kind: trunk, address: '127.0.0.1:%u', probe: "
		 "0s}\n"
		 "    routes:\n"
		 "      - {name: out, match: {callee: '0.*'}, to: {connection: "
		 "one}}\n",
		 sa_port(&fix->pbx[0].addr));
}

/* A PBX has many: a row for each look at each call would fill its list. */
static void those_of_a_connection_are_summed_up(void)
{
	const struct fixture_cfg cfg = {.t1 = 500, .rtt = RTT_MS,
					.routes = routes_pbx};
	struct fixture fix;

	if (start_cfg(&fix, &cfg)) {
		call(&fix, "0123");
		REQUIRE(expect(&fix, &fix.pbx[0], "INVITE"));
		ua_answers(&fix, &fix.pbx[0], 200,
			   "Contact: <sip:pbx@127.0.0.1:1>\r\n"
			   "Content-Type: application/sdp\r\n"
			   "Content-Length: 5\r\n\r\nv=0\r\n");
		CHECK_INT(answer(&fix, &fix.alice), 200);
		sheet(&fix, "up", 20000, 40000);
		CHECK(wait_rows(&fix, "alice", 6));
		/* the first at once; the others when the minute is over */
		CHECK(rows_of(&fix, "i:demo/one") >= 1);
		CHECK(rows_of(&fix, "i:demo/one") <= 2);
	}
	stop(&fix);
}

TEST_MAIN(TEST(both_sides_have_theirs_while_they_talk),
	  TEST(what_has_ended_is_looked_at_no_more),
	  TEST(those_of_a_connection_are_summed_up))
