/*
 * test_pauses.c  How long we stood still ourselves
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/pauses.h"
#include "tests/lib/test.h"

enum {
	BEGIN = 1000,
	SLICE = PAUSES_SLICE_MS,
	LATE = PAUSES_LATE_MS
};

struct bed {
	struct wheel *wheel;
	struct pauses pauses;
	unsigned slices;
};

static void on_slice(void *arg)
{
	struct bed *bed = arg;

	bed->slices++;
}

/* What somebody has waited for since BEGIN. */
static uint64_t waited(const struct bed *bed)
{
	const struct pauses_mark begin = {.ms = BEGIN};

	return pauses_waited(&bed->pauses, &begin);
}

static uint64_t total(const struct bed *bed)
{
	struct pauses_mark now;

	pauses_mark(&bed->pauses, &now);
	return now.total_ms;
}

static bool make(struct bed *bed)
{
	*bed = (struct bed){.slices = 0};
	if (wheel_alloc(&bed->wheel, BEGIN))
		return false;

	pauses_run(&bed->pauses, bed->wheel, on_slice, bed);
	return true;
}

static void drop(struct bed *bed)
{
	pauses_stop(&bed->pauses);
	mem_deref(bed->wheel);
}

/* As a loop does that is never late. */
static void run(struct bed *bed, uint64_t from_ms, uint64_t to_ms)
{
	for (uint64_t now = from_ms; now <= to_ms; now++)
		wheel_advance(bed->wheel, now);
}

static void a_slice_that_took_too_long_was_a_pause(void)
{
	CHECK_INT(pauses_of(SLICE, SLICE), 0);
	CHECK_INT(pauses_of(SLICE + LATE - 1, SLICE), 0);
	CHECK_INT(pauses_of(SLICE + LATE, SLICE), SLICE + LATE);
	CHECK_INT(pauses_of(5000, 10), 5000);
}

static void a_loop_in_time_has_none(void)
{
	struct bed bed;

	REQUIRE(make(&bed));
	run(&bed, BEGIN, BEGIN + 4 * SLICE);
	CHECK_INT(bed.slices, 4);
	CHECK_INT(total(&bed), 0);
	CHECK_INT(waited(&bed), 4 * SLICE);
	/* nor one that is always late, by little */
	for (uint64_t now = BEGIN + 4 * SLICE; now < 10000; now += LATE - 1)
		wheel_advance(bed.wheel, now);
	CHECK_INT(total(&bed), 0);
	pauses_stop(&bed.pauses);
	bed.slices = 0;
	wheel_advance(bed.wheel, 100000);
	CHECK_INT(bed.slices, 0);
	CHECK_INT(total(&bed), 0);
	drop(&bed);
}

/* Wherever in what is waited for, and also before the slice has ended. */
static void a_pause_is_not_the_time_of_others(void)
{
	for (uint64_t at = BEGIN; at < BEGIN + 2000; at += 130) {
		struct bed bed;
		uint64_t before;

		REQUIRE(make(&bed));
		run(&bed, BEGIN, at);
		wheel_advance(bed.wheel, at + 1500);
		before = waited(&bed);
		CHECK(before <= at - BEGIN);
		CHECK(before + SLICE >= at - BEGIN);
		run(&bed, at + 1500, at + 1600);
		CHECK_INT(waited(&bed), before + 100);
		drop(&bed);
	}
}

/* What was sent within the slice that became a pause. */
static void nobody_has_waited_for_less_than_nothing(void)
{
	struct pauses_mark since;
	struct bed bed;

	REQUIRE(make(&bed));
	run(&bed, BEGIN, BEGIN + SLICE - 10);
	pauses_mark(&bed.pauses, &since);
	wheel_advance(bed.wheel, BEGIN + SLICE + 300);
	CHECK_INT(pauses_waited(&bed.pauses, &since), 0);
	drop(&bed);
}

/* Who was asked behind it has had all of his time. */
static void a_pause_before_is_not_taken_off(void)
{
	struct pauses_mark since;
	struct bed bed;

	REQUIRE(make(&bed));
	wheel_advance(bed.wheel, BEGIN + 1500);
	pauses_mark(&bed.pauses, &since);
	CHECK_INT(since.total_ms, 1500);
	run(&bed, BEGIN + 1500, BEGIN + 2000);
	CHECK_INT(pauses_waited(&bed.pauses, &since), 500);
	drop(&bed);
}

static void a_long_one_is_taken_off_whole(void)
{
	struct bed bed;

	REQUIRE(make(&bed));
	wheel_advance(bed.wheel, BEGIN + 1000000);
	CHECK_INT(waited(&bed), 0);
	run(&bed, BEGIN + 1000000, BEGIN + 1000300);
	CHECK_INT(waited(&bed), 300);
	drop(&bed);
}

/* Else who never gets its processor would wait for ever. */
static void some_of_them_are_taken_off_at_most(void)
{
	for (uint64_t late = LATE; late < 3000; late += 100) {
		const uint64_t slice = SLICE + late;
		struct bed bed;
		uint64_t now = BEGIN;

		REQUIRE(make(&bed));
		while (waited(&bed) < 2000)
			wheel_advance(bed.wheel, now += slice);
		CHECK(now - BEGIN >= 2000 + PAUSES_MOST * slice);
		CHECK(now - BEGIN <= 2000 + (PAUSES_MOST + 1) * slice);
		drop(&bed);
	}
}

TEST_MAIN(TEST(a_slice_that_took_too_long_was_a_pause),
	  TEST(a_loop_in_time_has_none), TEST(a_pause_is_not_the_time_of_others),
	  TEST(nobody_has_waited_for_less_than_nothing),
	  TEST(a_pause_before_is_not_taken_off),
	  TEST(a_long_one_is_taken_off_whole),
	  TEST(some_of_them_are_taken_off_at_most))
