/*
 * test_pace.c  Calls begin one after the other, not too many in a second
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/countof.h"
#include "common/wheel.h"
#include "sigd/proxy/move/pace.h"
#include "tests/lib/test.h"

enum {
	ITEMS = 800,   /* 5 ms each */
	MANY = 2000,   /* as many as a worker has by default */
	TOO_MANY = 3000
};

struct bed {
	struct wheel *wheel;
	struct pace *pace;
	uint64_t now_ms;
	unsigned begun, ended, disorder, gaps[16];
	uint64_t last_ms, last_deadline;
};

static void on_turn(const struct pace_item *item, void *arg)
{
	struct bed *bed = arg;
	uint64_t gap = bed->now_ms - bed->last_ms;

	/* the first one was due before the wheel could turn: the gap behind it
	 * may be shorter by that ms */
	if (bed->begun++ > 1)
		bed->gaps[gap < COUNTOF(bed->gaps) ? gap : 0]++;
	bed->disorder += item->deadline < bed->last_deadline;
	bed->last_deadline = item->deadline;
	bed->last_ms = bed->now_ms;
}

static void on_end(void *arg)
{
	struct bed *bed = arg;

	bed->ended++;
	bed->pace = mem_deref(bed->pace);
}

static void bed_open(struct bed *bed, unsigned items)
{
	struct pace_params p = {.h = on_turn, .endh = on_end, .arg = bed};
	struct pace_item item = {.call = "c", .session = "s"};

	*bed = (struct bed){.now_ms = 1000};
	CHECK_INT(wheel_alloc(&bed->wheel, bed->now_ms), 0);
	p.wheel = bed->wheel;
	CHECK_INT(pace_alloc(&bed->pace, &p), 0);
	for (unsigned i = 0; i < items; i++) {
		item.deadline = (i * 7919) % 1009;
		CHECK_INT(pace_add(bed->pace, &item), 0);
	}
}

static void run(struct bed *bed, unsigned ms)
{
	for (unsigned i = 0; i < ms; i++)
		wheel_advance(bed->wheel, ++bed->now_ms);
}

static void bed_close(struct bed *bed)
{
	mem_deref(bed->pace);
	CHECK_INT(wheel_count(bed->wheel), 0);
	mem_deref(bed->wheel);
}

/* How long until the last one begins, ms. */
static unsigned lasts(struct bed *bed, unsigned items, unsigned in_a_second)
{
	unsigned before = 0;

	bed_open(bed, items);
	pace_run(bed->pace);
	for (unsigned s = 0; s < 10 && bed->pace; s++) {
		run(bed, 1000);
		CHECK(bed->begun - before <= in_a_second + in_a_second / 10);
		before = bed->begun;
	}
	CHECK_INT(bed->begun, items);
	CHECK_INT(bed->ended, 1);
	CHECK_INT(bed->disorder, 0);
	return (unsigned)(bed->last_ms - 1000);
}

static void one_begins_every_5_ms_or_so(void)
{
	struct bed bed;
	unsigned spread = 0, ms = lasts(&bed, ITEMS, 200);

	CHECK(ms > 3700 && ms < 4300);
	/* no two keep step */
	CHECK_INT(bed.gaps[0] + bed.gaps[1] + bed.gaps[9], 0);
	for (unsigned i = 0; i < COUNTOF(bed.gaps); i++)
		spread += bed.gaps[i] > ITEMS / 10;
	CHECK(spread >= 4);
	bed_close(&bed);
}

static void two_thousand_begin_within_4_s(void)
{
	struct bed bed;
	unsigned ms = lasts(&bed, MANY, 500);

	CHECK(ms > 3700 && ms < 4300);
	bed_close(&bed);
}

static void more_take_longer_but_come_no_faster(void)
{
	struct bed bed;
	unsigned ms = lasts(&bed, TOO_MANY, 500);

	CHECK(ms > 5700 && ms < 6300);
	bed_close(&bed);
}

static void few_take_5_ms_each_too(void)
{
	struct bed bed;
	unsigned ms = lasts(&bed, 20, 200);

	CHECK(ms > 40 && ms < 150);
	bed_close(&bed);
}

/* The loop comes late, now and then: that is made up for. Not so when it has
 * stood still. */
static void a_late_loop_costs_no_time_and_a_frozen_one_makes_no_burst(void)
{
	struct bed bed;
	unsigned before;

	bed_open(&bed, MANY);
	pace_run(bed.pace);
	for (unsigned i = 0; i < 800; i++) {
		bed.now_ms += 3;
		for (unsigned turn = 0; turn < 2; turn++)
			wheel_advance(bed.wheel, bed.now_ms);
	}
	CHECK(bed.begun > 1100 && bed.begun < 1300);
	before = bed.begun;
	bed.now_ms += 1000;
	run(&bed, 40);
	CHECK(bed.begun - before > 20 && bed.begun - before < 40);
	bed_close(&bed);
}

static void what_was_cleared_does_not_begin(void)
{
	struct bed bed;
	const struct pace_item item = {.call = "c", .session = "s"};

	bed_open(&bed, 10);
	pace_clear(bed.pace);
	CHECK_INT(pace_add(bed.pace, &item), 0);
	pace_run(bed.pace);
	run(&bed, 100);
	CHECK_INT(bed.begun, 1);
	CHECK_INT(bed.ended, 1);
	bed_close(&bed);
}

static void none_ends_at_once_but_later(void)
{
	struct bed bed;

	bed_open(&bed, 0);
	pace_run(bed.pace);
	CHECK_INT(bed.ended, 0);
	run(&bed, 1);
	CHECK_INT(bed.ended, 1);
	bed_close(&bed);
}

static void what_waits_is_let_go_with_it(void)
{
	struct bed bed;

	bed_open(&bed, 10);
	pace_run(bed.pace);
	run(&bed, 1);
	CHECK_INT(bed.begun, 1);
	bed_close(&bed);
}

TEST_MAIN(TEST(one_begins_every_5_ms_or_so),
	  TEST(two_thousand_begin_within_4_s),
	  TEST(more_take_longer_but_come_no_faster),
	  TEST(few_take_5_ms_each_too),
	  TEST(a_late_loop_costs_no_time_and_a_frozen_one_makes_no_burst),
	  TEST(what_was_cleared_does_not_begin),
	  TEST(none_ends_at_once_but_later),
	  TEST(what_waits_is_let_go_with_it))
