/*
 * test_move_many.c  A media worker with many calls is gone: in which order, how
 *                   often, and for how long they are moved
 *
 * Two workers of sigd, mediad is played. Of the many calls only one has sides,
 * the one whose turn comes last; the others are names in Redis.
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "tests/lib/proxy_look.h"

enum {
	T1 = 100,
	MANY = 1500, /* take 4 s */
	SOME = 100
};

/* It is on the list and has no heartbeat, but so many calls of shard 0. */
static bool media_dies(struct fixture *fix, unsigned ncalls)
{
	char script[1024];
	struct look look;

	snprintf(script, sizeof(script),
		 "local soon = redis.call('TIME')[1] + 60 "
		 "for i = 1, %u do "
		 "  local call = string.format('%%016x', i) "
		 "  redis.call('HSET', 'cb:{c:0}:rec:' .. call, 'state', 'up', "
		 "    'media', 'm1/1', 'session', call) "
		 "  redis.call('ZADD', 'cb:{c:0}:calls', soon, call) end "
		 "return redis.call('SADD', 'cb:media', 'm1/1')",
		 ncalls);
	(void)ask_redis(fix, &look, script);
	return CHECK_INT(look.num, 1);
}

static void heartbeat(struct fixture *fix)
{
	struct look look;

	(void)ask_redis(fix, &look,
			"redis.call('HSET', 'cb:{n:m1/1}:media', 'epoch', 1) "
			"return redis.call('PEXPIRE', 'cb:{n:m1/1}:media', "
			"3500)");
}

static bool is_seen_to(struct fixture *fix)
{
	for (unsigned i = 0; i < 400; i++) {
		if (number_of(fix, "cb:{n:m1/1}:gone:lease"))
			return true;
		pass(fix, 20);
	}
	return CHECK(false);
}

/* How many sessions are noted as another's, and how often one was noted. */
static int64_t fenced(struct fixture *fix)
{
	struct look look;

	(void)ask_redis(fix, &look,
			"return redis.call('SCARD', 'cb:{n:m1/1}:moved')");
	return look.num;
}

static int64_t fence_calls(struct fixture *fix)
{
	struct look look;

	(void)ask_redis(fix, &look,
			"local n = string.match(redis.call('INFO', "
			"  'commandstats'), 'cmdstat_sadd:calls=(%d+)') "
			"return tonumber(n or 0)");
	return look.num;
}

static bool talk_begin(struct fixture *fix, char *resp)
{
	const struct fixture_cfg cfg = {
		.t1 = T1, .takeover = 500, .grace = 3000};

	if (!start_cfg(fix, &cfg) || !talk(fix, resp))
		return false;
	put_in_dialog(fix, resp, "ACK", 2, 0);
	fix->media.spare = true;
	return CHECK(expect(fix, &fix->bob, "ACK"));
}

static void whose_turn_has_not_come_stays_when_the_worker_is_back(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	int64_t begun;

	if (talk_begin(&fix, resp) && media_dies(&fix, MANY) &&
	    is_seen_to(&fix)) {
		fix.bob.requests = 0;
		for (unsigned i = 0; i < 9; i++) {
			heartbeat(&fix);
			pass(&fix, 400);
		}
		begun = fenced(&fix);
		CHECK(begun > 0 && begun < MANY);
		for (unsigned i = 0; i < 5; i++) {
			heartbeat(&fix);
			pass(&fix, 400);
		}
		CHECK_INT(fenced(&fix), begun);
		CHECK(!fix.bob.requests);
		CHECK_INT(fix.media.asked[CTL_SESSION_DROP], 0);
	}
	stop(&fix);
}

/* Redis errs in the last shards, again and again. */
static void what_an_erring_look_has_found_is_not_found_twice(void)
{
	char resp[TEXT_MAX];
	struct fixture fix;
	struct look look;
	int64_t before;

	if (talk_begin(&fix, resp) && media_dies(&fix, SOME)) {
		(void)ask_redis(&fix, &look,
				"for _, k in ipairs({'cb:{c:e}:calls', "
				"  'cb:{c:f}:calls'}) do "
				"  redis.call('SET', k, 'x', 'NX') end return 1");
		REQUIRE(is_seen_to(&fix));
		pass(&fix, 2000);
		CHECK_INT(fenced(&fix), 0);
		before = fence_calls(&fix);
		(void)ask_redis(&fix, &look,
				"for _, k in ipairs({'cb:{c:e}:calls', "
				"  'cb:{c:f}:calls'}) do "
				"  if redis.call('TYPE', k).ok == 'string' then "
				"    redis.call('DEL', k) end end return 1");
		fix.bob.requests = 0;
		REQUIRE(expect(&fix, &fix.bob, "INVITE"));
		CHECK_INT(fenced(&fix), SOME + 1);
		CHECK_INT(fence_calls(&fix) - before, SOME + 1);
	}
	stop(&fix);
}

TEST_MAIN(TEST(whose_turn_has_not_come_stays_when_the_worker_is_back),
	  TEST(what_an_erring_look_has_found_is_not_found_twice))
