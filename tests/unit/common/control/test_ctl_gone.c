/*
 * test_ctl_gone.c  Who is gone, and what it is told when it is back: over real
 *                  Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/control/ctl_gone.h"
#include "common/control/ctl_moved.h"
#include "common/control/ctl_node.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

#define S1 "00000000000000a1"
#define S2 "00000000000000a2"

struct fixture {
	struct redis_bed bed;
	struct ctl_gone *gone;
	struct ctl_moved *ask;
	unsigned said;
	char who[32];
	char told[128];
	bool all, leaves; /* in the first call */
	unsigned moved;
};

static void on_gone(const char *addr, void *arg)
{
	struct fixture *fix = arg;

	fix->said++;
	str_ncpy(fix->who, addr, sizeof(fix->who));
}

static bool was_said(void *arg)
{
	return ((struct fixture *)arg)->said > 0;
}

static bool start(struct fixture *fix, uint32_t steady_ms)
{
	struct ctl_gone_params params = {.steady_ms = steady_ms,
					 .goneh = on_gone,
					 .arg = fix};

	memset(fix, 0, sizeof(*fix));
	if (!redis_bed_start(&fix->bed))
		return false;
	params.link = fix->bed.link;
	params.wheel = fix->bed.wheel;
	CHECK(!ctl_gone_alloc(&fix->gone, &params));
	return true;
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->ask);
	mem_deref(fix->gone);
	redis_bed_stop(&fix->bed);
}

static void who_has_no_heartbeat_is_gone(void)
{
	struct fixture fix;

	if (start(&fix, 100)) {
		redis_bed_say(&fix.bed, "SADD cb:media m1/2");
		CHECK(redis_test_until(fix.bed.wheel, 5000, was_said, &fix));
		CHECK_STR(fix.who, "m1/2");
		/* again and again, until somebody has seen to it */
		fix.said = 0;
		CHECK(redis_test_until(fix.bed.wheel, 3000, was_said, &fix));
		ctl_gone_bury(fix.gone, "m1/2");
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(redis_bed_say(&fix.bed, "SCARD cb:media").num, 0);
		fix.said = 0;
		redis_bed_idle(&fix.bed, 1500);
		CHECK_INT(fix.said, 0);
	}
	stop(&fix);
}

/* Before its hash expires. */
static void a_heartbeat_of_three_seconds_ago_is_too_old(void)
{
	struct fixture fix;

	if (start(&fix, 100)) {
		redis_bed_say(&fix.bed, "SADD cb:media m1/2");
		redis_bed_say(&fix.bed, "SET cb:{n:m1/2}:media x PX 3500");
		CHECK(!redis_test_until(fix.bed.wheel, 2500, was_said, &fix));
		CHECK(redis_test_until(fix.bed.wheel, 2500, was_said, &fix));
	}
	stop(&fix);
}

/* It may just have come back without its data. */
static void nobody_is_gone_before_redis_has_been_there_for_a_while(void)
{
	struct fixture fix;

	if (start(&fix, 4000)) {
		redis_bed_say(&fix.bed, "SADD cb:media m1/2");
		CHECK(!redis_test_until(fix.bed.wheel, 3000, was_said, &fix));
		CHECK(redis_test_until(fix.bed.wheel, 4000, was_said, &fix));
	}
	stop(&fix);
}

static void on_session(const char *session, void *arg)
{
	struct fixture *fix = arg;

	if (session) {
		strcat(fix->told, session);
		if (fix->leaves)
			fix->ask = mem_deref(fix->ask);
		return;
	}
	fix->all = true;
	fix->ask = mem_deref(fix->ask);
}

static bool has_all(void *arg)
{
	return ((struct fixture *)arg)->all;
}

static void who_is_back_is_told_what_was_moved_once(void)
{
	struct fixture fix;

	if (start(&fix, 100)) {
		ctl_gone_fence(fix.bed.link, "m1/2", S1);
		redis_bed_say(&fix.bed, "SADD cb:{n:m1/2}:moved nonsense");
		CHECK(!ctl_moved_ask(&fix.ask, fix.bed.link, fix.bed.wheel,
				     "m1/2", on_session, &fix));
		CHECK(redis_test_until(fix.bed.wheel, 3000, has_all, &fix));
		CHECK_STR(fix.told, S1);
		redis_bed_idle(&fix.bed, 50);
		CHECK_INT(
			redis_bed_say(&fix.bed, "EXISTS cb:{n:m1/2}:moved").num,
			0);
		fix.all = false;
		CHECK(!ctl_moved_ask(&fix.ask, fix.bed.link, fix.bed.wheel,
				     "m1/2", on_session, &fix));
		CHECK(redis_test_until(fix.bed.wheel, 3000, has_all, &fix));
		CHECK_STR(fix.told, S1);
	}
	stop(&fix);
}

static bool was_told(void *arg)
{
	return ((struct fixture *)arg)->told[0];
}

static void who_has_not_let_go_of_it_is_told_again(void)
{
	struct fixture fix;

	if (start(&fix, 100)) {
		ctl_gone_fence(fix.bed.link, "m1/2", S1);
		fix.leaves = true;
		CHECK(!ctl_moved_ask(&fix.ask, fix.bed.link, fix.bed.wheel,
				     "m1/2", on_session, &fix));
		CHECK(redis_test_until(fix.bed.wheel, 3000, was_told, &fix));
		redis_bed_idle(&fix.bed, 50);
		CHECK(!fix.all);
		CHECK_INT(
			redis_bed_say(&fix.bed, "EXISTS cb:{n:m1/2}:moved").num,
			1);
		fix.leaves = false;
		CHECK(!ctl_moved_ask(&fix.ask, fix.bed.link, fix.bed.wheel,
				     "m1/2", on_session, &fix));
		CHECK(redis_test_until(fix.bed.wheel, 3000, has_all, &fix));
		CHECK_STR(fix.told, S1 S1);
	}
	stop(&fix);
}

static void on_beat(struct ctl_node *node, void *arg)
{
	(void)node;
	(void)arg;
}

static void on_moved(void *arg)
{
	((struct fixture *)arg)->moved++;
}

static bool was_moved(void *arg)
{
	return ((struct fixture *)arg)->moved > 0;
}

static void a_heartbeat_says_that_there_is_something(void)
{
	struct ctl_beat *beat = NULL;
	struct fixture fix;

	if (start(&fix, 100)) {
		const struct ctl_peer peer = {.addr = "m1/2",
					      .epoch = 7,
					      .link = fix.bed.link,
					      .cfg = &fix.bed.cfg,
					      .wheel = fix.bed.wheel};

		CHECK(!ctl_beat_alloc(&beat, &peer, on_beat, &fix));
		ctl_beat_on_moved(beat, on_moved);
		redis_bed_idle(&fix.bed, 1300);
		CHECK_INT(fix.moved, 0);
		ctl_gone_fence(fix.bed.link, "m1/2", S2);
		CHECK(redis_test_until(fix.bed.wheel, 3000, was_moved, &fix));
		CHECK_INT(fix.said, 0);
		mem_deref(beat);
	}
	stop(&fix);
}

TEST_MAIN(TEST(who_has_no_heartbeat_is_gone),
	  TEST(a_heartbeat_of_three_seconds_ago_is_too_old),
	  TEST(nobody_is_gone_before_redis_has_been_there_for_a_while),
	  TEST(who_is_back_is_told_what_was_moved_once),
	  TEST(who_has_not_let_go_of_it_is_told_again),
	  TEST(a_heartbeat_says_that_there_is_something))
