/*
 * test_media_pace.c  When a worker waits for more packets
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/wheel.h"
#include "mediad/media_pace.h"
#include "tests/lib/test.h"

enum {
	WAIT_US = 700
};

static uint32_t now_us; /* as the loop was told last */
static unsigned told;

static void on_set(uint32_t us)
{
	now_us = us;
	++told;
}

static uint64_t on_count(void *arg)
{
	return *(uint64_t *)arg;
}

struct bed {
	struct wheel *wheel;
	struct media_pace *pace;
	uint64_t now_ms, packets;
};

static bool bed_open(struct bed *bed, uint32_t wait_us)
{
	struct media_pace_params params = {.wait_us = wait_us,
					   .counth = on_count,
					   .seth = on_set,
					   .arg = &bed->packets};

	*bed = (struct bed){.now_ms = 1000, .packets = 1000000};
	now_us = told = 0;
	if (wheel_alloc(&bed->wheel, bed->now_ms))
		return false;
	params.wheel = bed->wheel;
	return !media_pace_alloc(&bed->pace, &params);
}

static void bed_close(struct bed *bed)
{
	mem_deref(bed->pace);
	mem_deref(bed->wheel);
}

/* So many packets a second, for a second. */
static void run(struct bed *bed, unsigned rate)
{
	for (unsigned i = 0; i < 100; i++) {
		bed->packets += rate / 100;
		bed->now_ms += 10;
		wheel_advance(bed->wheel, bed->now_ms);
	}
}

static void few_packets_are_served_at_once(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, WAIT_US));
	run(&bed, 0);
	run(&bed, MEDIA_PACE_ON - 100);
	CHECK_INT(told, 0);
	bed_close(&bed);
	CHECK_INT(told, 0);
}

static void many_wait_until_they_are_few_again(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, WAIT_US));
	run(&bed, MEDIA_PACE_ON);
	CHECK_INT(now_us, WAIT_US);
	CHECK_INT(told, 1);
	run(&bed, MEDIA_PACE_OFF); /* not to and fro */
	CHECK_INT(told, 1);
	run(&bed, MEDIA_PACE_OFF - 100);
	CHECK_INT(now_us, 0);
	CHECK_INT(told, 2);
	bed_close(&bed);
}

static void its_end_is_the_end_of_waiting(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, WAIT_US));
	run(&bed, 50000);
	CHECK_INT(now_us, WAIT_US);
	bed_close(&bed);
	CHECK_INT(now_us, 0);
}

static void without_a_wait_nothing_is_looked_at(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, 0));
	run(&bed, 50000);
	CHECK_INT(told, 0);
	bed_close(&bed);
}

static void alloc_survives_a_lack_of_memory(void)
{
	struct bed bed;

	if (bed_open(&bed, WAIT_US))
		run(&bed, 50000);
	bed_close(&bed);
}

TEST_MAIN(TEST(few_packets_are_served_at_once),
	  TEST(many_wait_until_they_are_few_again),
	  TEST(its_end_is_the_end_of_waiting),
	  TEST(without_a_wait_nothing_is_looked_at),
	  TEST_OOM(alloc_survives_a_lack_of_memory))
