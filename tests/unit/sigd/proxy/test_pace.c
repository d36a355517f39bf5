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
	ITEMS = 1000
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

	if (bed->begun++)
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

static void no_more_than_so_many_begin_in_a_second(void)
{
	struct bed bed;
	unsigned before = 0, spread = 0;

	bed_open(&bed, ITEMS);
	pace_run(bed.pace);
	for (unsigned s = 0; s < 10 && bed.pace; s++) {
		run(&bed, 1000);
		CHECK(bed.begun - before <= PACE_PER_S + 1u);
		before = bed.begun;
	}
	CHECK_INT(bed.begun, ITEMS);
	CHECK_INT(bed.ended, 1);
	CHECK_INT(bed.disorder, 0);
	/* 5 ms on average, and no two in step */
	CHECK(bed.last_ms - 1000 > 4700 && bed.last_ms - 1000 < 5300);
	CHECK_INT(bed.gaps[0] + bed.gaps[1] + bed.gaps[2], 0);
	for (unsigned i = 0; i < COUNTOF(bed.gaps); i++)
		spread += bed.gaps[i] > ITEMS / 10;
	CHECK_INT((int)spread, PACE_MORE_MS + 1);
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

TEST_MAIN(TEST(no_more_than_so_many_begin_in_a_second),
	  TEST(none_ends_at_once_but_later),
	  TEST(what_waits_is_let_go_with_it))
