/*
 * test_patience.c  A time that others have, without our own pauses
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/patience.h"
#include "tests/lib/test.h"

static void on_over(void *arg)
{
	++*(unsigned *)arg;
}

struct bed {
	struct wheel *wheel;
	struct patience patience;
	unsigned over;
};

static bool make(struct bed *bed, uint64_t ms)
{
	*bed = (struct bed){.over = 0};
	if (wheel_alloc(&bed->wheel, 1000))
		return false;

	patience_start(&bed->patience, bed->wheel, ms, on_over, &bed->over);
	return true;
}

static void drop(struct bed *bed)
{
	patience_stop(&bed->patience);
	mem_deref(bed->wheel);
}

/* As a loop does that is never late. */
static void run(struct bed *bed, uint64_t from_ms, uint64_t to_ms)
{
	for (uint64_t now = from_ms; now <= to_ms; now++)
		wheel_advance(bed->wheel, now);
}

static void its_time_is_over_once(void)
{
	struct bed bed;

	REQUIRE(make(&bed, 2000));
	run(&bed, 1000, 2999);
	CHECK_INT(bed.over, 0);
	CHECK(patience_waits(&bed.patience));
	wheel_advance(bed.wheel, 3000);
	CHECK_INT(bed.over, 1);
	CHECK(!patience_waits(&bed.patience));
	wheel_advance(bed.wheel, 100000);
	CHECK_INT(bed.over, 1);
	drop(&bed);
}

/* A loop with enough to do is late each time by a little. */
static void what_is_late_by_little_counts(void)
{
	struct bed bed;

	REQUIRE(make(&bed, 2000));
	for (uint64_t now = 1000; now < 3000; now += 90)
		wheel_advance(bed.wheel, now);
	CHECK_INT(bed.over, 0);
	wheel_advance(bed.wheel, 3090);
	CHECK_INT(bed.over, 1);
	drop(&bed);
}

/* Wherever in it. */
static void a_pause_of_ours_is_given_back(void)
{
	for (uint64_t at = 1000; at < 3000; at += 130) {
		struct bed bed;

		REQUIRE(make(&bed, 2000));
		run(&bed, 1000, at);
		run(&bed, at + 1500, 2999 + 1500);
		CHECK_INT(bed.over, 0);
		run(&bed, 3000 + 1500, 3000 + 1500 + PATIENCE_SLICE_MS);
		CHECK_INT(bed.over, 1);
		drop(&bed);
	}
}

static void after_a_long_one_it_has_its_time(void)
{
	struct bed bed;

	REQUIRE(make(&bed, 2000));
	wheel_advance(bed.wheel, 1000000);
	CHECK_INT(bed.over, 0);
	run(&bed, 1000000, 1000000 + 2000);
	CHECK_INT(bed.over, 1);
	drop(&bed);
}

/* Else who never gets its time would wait for ever. */
static void of_many_two_seconds(void)
{
	struct bed bed;
	uint64_t now = 1000;

	REQUIRE(make(&bed, 2000));
	while (now < 100000 && !bed.over)
		wheel_advance(bed.wheel, now += 600);
	CHECK_INT(bed.over, 1);
	CHECK(now >= 1000 + 2000 + PATIENCE_MORE_MS);
	CHECK(now <= 1000 + 2000 + 2 * PATIENCE_MORE_MS + 600);
	drop(&bed);
}

static void who_is_stopped_is_told_nothing(void)
{
	struct bed bed;

	REQUIRE(make(&bed, 100));
	wheel_advance(bed.wheel, 1500); /* late: it waits again */
	patience_stop(&bed.patience);
	CHECK(!patience_waits(&bed.patience));
	wheel_advance(bed.wheel, 100000);
	CHECK_INT(bed.over, 0);
	drop(&bed);
}

TEST_MAIN(TEST(its_time_is_over_once), TEST(what_is_late_by_little_counts),
	  TEST(a_pause_of_ours_is_given_back), TEST(after_a_long_one_it_has_its_time),
	  TEST(of_many_two_seconds),
	  TEST(who_is_stopped_is_told_nothing))
