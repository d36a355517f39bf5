/*
 * test_lease.c  At most one holds a lease, and knows when it does not
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/lease.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

struct holder {
	struct lease *lease;
	int gained, lost;
	uint64_t fence;
	bool let_go; /* when told anything */
};

static void on_lease(bool held, uint64_t fence, void *arg)
{
	struct holder *holder = arg;

	if (held)
		holder->gained++;
	else
		holder->lost++;
	holder->fence = fence;
	if (holder->let_go)
		holder->lease = mem_deref(holder->lease);
}

static bool is_held(void *arg)
{
	return ((struct holder *)arg)->gained > 0;
}

static bool is_lost(void *arg)
{
	return ((struct holder *)arg)->lost > 0;
}

static void ask(struct redis_bed *bed, struct holder *holder, uint32_t ttl_ms,
		bool wait)
{
	struct lease_params params = {.link = bed->link,
				      .wheel = bed->wheel,
				      .stem = "cb:{c:1}",
				      .owner = "a1/1/7",
				      .ttl_ms = ttl_ms,
				      .wait = wait};

	memset(holder, 0, sizeof(*holder));
	CHECK(!lease_alloc(&holder->lease, &params, on_lease, holder));
}

static bool wait_held(struct redis_bed *bed, struct holder *holder)
{
	return redis_test_until(bed->wheel, 5000, is_held, holder);
}

static bool wait_lost(struct redis_bed *bed, struct holder *holder)
{
	return redis_test_until(bed->wheel, 5000, is_lost, holder);
}

static void the_second_one_is_refused(void)
{
	struct redis_bed bed;
	struct holder a, b;

	if (redis_bed_start(&bed)) {
		ask(&bed, &a, 1000, false);
		CHECK(wait_held(&bed, &a));
		CHECK(lease_held(a.lease));
		ask(&bed, &b, 1000, false); /* of the same owner */
		CHECK(wait_lost(&bed, &b));
		CHECK_INT(b.gained, 0);
		CHECK(!lease_held(b.lease));
		mem_deref(a.lease);
		mem_deref(b.lease);
	}
	redis_bed_stop(&bed);
}

static void it_is_kept_far_beyond_its_time(void)
{
	struct redis_bed bed;
	struct holder a, b;

	if (redis_bed_start(&bed)) {
		ask(&bed, &a, 300, true);
		CHECK(wait_held(&bed, &a));
		ask(&bed, &b, 300, true);
		redis_bed_idle(&bed, 1000);
		CHECK_INT(a.lost, 0);
		CHECK_INT(b.gained, 0);
		mem_deref(a.lease);
		mem_deref(b.lease);
	}
	redis_bed_stop(&bed);
}

static void given_back_it_goes_to_who_waits_with_a_higher_fence(void)
{
	struct redis_bed bed;
	struct holder a, b;
	uint64_t fence;

	if (redis_bed_start(&bed)) {
		ask(&bed, &a, 600, true);
		CHECK(wait_held(&bed, &a));
		fence = a.fence;
		CHECK(fence > 0 && lease_fence(a.lease) == fence);
		ask(&bed, &b, 600, true);
		redis_bed_idle(&bed, 50);
		mem_deref(a.lease);
		CHECK(wait_held(&bed, &b));
		CHECK(b.fence > fence);
		mem_deref(b.lease);
		redis_bed_idle(&bed, 20);
		CHECK_INT(redis_bed_say(&bed, "EXISTS cb:{c:1}:lease").num, 0);
		CHECK(redis_bed_say(&bed, "PTTL cb:{c:1}:fence").num > 0);
	}
	redis_bed_stop(&bed);
}

static void who_cannot_renew_knows_before_redis_gives_it_away(void)
{
	struct redis_bed bed;
	struct holder a;
	uint64_t begin;

	if (redis_bed_start(&bed)) {
		ask(&bed, &a, 900, true);
		CHECK(wait_held(&bed, &a));
		begin = loop_now_ms();
		redis_server_freeze(&bed.server);
		CHECK(wait_lost(&bed, &a));
		CHECK(loop_now_ms() - begin <= 950);
		redis_server_thaw(&bed.server);
		mem_deref(a.lease);
	}
	redis_bed_stop(&bed);
}

static void one_taken_away_is_noticed(void)
{
	struct redis_bed bed;
	struct holder a;

	if (redis_bed_start(&bed)) {
		ask(&bed, &a, 300, false);
		CHECK(wait_held(&bed, &a));
		redis_bed_say(&bed, "SET cb:{c:1}:lease other");
		CHECK(wait_lost(&bed, &a));
		mem_deref(a.lease); /* and leaves the other's alone */
		redis_bed_idle(&bed, 20);
		CHECK_INT(redis_bed_say(&bed, "EXISTS cb:{c:1}:lease").num, 1);
	}
	redis_bed_stop(&bed);
}

static void one_of_two_has_it_after_the_data_was_lost(void)
{
	struct redis_bed bed;
	struct holder a, b;

	if (redis_bed_start(&bed)) {
		ask(&bed, &a, 400, true);
		CHECK(wait_held(&bed, &a));
		ask(&bed, &b, 400, true);
		redis_bed_restart(&bed);
		redis_bed_idle(&bed, 50);
		for (int i = 0; i < 20; i++) {
			redis_bed_idle(&bed, 50);
			CHECK(!lease_held(a.lease) || !lease_held(b.lease));
		}
		CHECK(lease_held(a.lease) != lease_held(b.lease));
		mem_deref(a.lease);
		mem_deref(b.lease);
	}
	redis_bed_stop(&bed);
}

static void without_redis_a_single_try_fails_and_waiting_waits(void)
{
	struct redis_bed bed;
	struct holder a, b;

	if (redis_bed_start(&bed)) {
		redis_server_kill(&bed.server);
		CHECK(redis_test_until(bed.wheel, 3000, redis_test_is_down,
				       bed.link));
		ask(&bed, &a, 300, false);
		ask(&bed, &b, 300, true);
		CHECK(wait_lost(&bed, &a));
		CHECK(redis_server_start(&bed.server));
		CHECK(wait_held(&bed, &b));
		CHECK_INT(b.lost, 0);
		mem_deref(a.lease);
		mem_deref(b.lease);
	}
	redis_bed_stop(&bed);
}

static void it_may_be_freed_when_told(void)
{
	struct redis_bed bed;
	struct holder a;

	if (redis_bed_start(&bed)) {
		ask(&bed, &a, 300, true);
		a.let_go = true;
		CHECK(wait_held(&bed, &a));
		redis_bed_idle(&bed, 20);
		CHECK_INT(redis_bed_say(&bed, "EXISTS cb:{c:1}:lease").num, 0);
	}
	redis_bed_stop(&bed);
}

static void a_time_too_short_is_refused(void)
{
	struct lease_params params = {.stem = "x", .owner = "y", .ttl_ms = 99};
	struct lease *lease = NULL;

	CHECK_INT(lease_alloc(&lease, &params, on_lease, NULL), EINVAL);
}

TEST_MAIN(TEST(the_second_one_is_refused), TEST(it_is_kept_far_beyond_its_time),
	  TEST(given_back_it_goes_to_who_waits_with_a_higher_fence),
	  TEST(who_cannot_renew_knows_before_redis_gives_it_away),
	  TEST(one_taken_away_is_noticed),
	  TEST(one_of_two_has_it_after_the_data_was_lost),
	  TEST(without_redis_a_single_try_fails_and_waiting_waits),
	  TEST(it_may_be_freed_when_told), TEST(a_time_too_short_is_refused))
