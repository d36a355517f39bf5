/*
 * test_publish.c  A worker's figures through Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/metric.h"
#include "common/publish.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

struct numbers {
	uint64_t calls;
	int64_t open;
};

static const struct metric_desc rows[] = {
	{METRIC_COUNTER, "t_calls_total", NULL, "Calls",
	 offsetof(struct numbers, calls), NULL},
	{METRIC_GAUGE, "t_open", NULL, "Open", offsetof(struct numbers, open),
	 NULL},
};

static void on_fill(void *arg)
{
	struct numbers *numbers = arg;

	++numbers->calls;
	numbers->open = -5;
}

static bool is_filled(void *arg)
{
	const struct numbers *numbers = arg;

	return numbers->calls > 41;
}

static void figures_cross_over_with_their_sign(void)
{
	struct numbers from = {.calls = 41}, to = {0};
	struct metric_set *set = NULL, *copy = NULL;
	struct publish *publish = NULL;
	struct redis_sync *sync = NULL;
	struct redis_bed bed;

	if (!redis_bed_start(&bed))
		return;
	CHECK(!metric_set_alloc(&set) && !metric_add(set, rows, 2, &from));
	CHECK(!metric_set_alloc(&copy) && !metric_add(copy, rows, 2, &to));
	CHECK(!redis_sync_alloc(&sync, &bed.cfg));
	CHECK_INT(publish_read(copy, sync, "mediad", "a1/1"), ENOENT);
	CHECK(!publish_alloc(&publish, "mediad", "a1/1", bed.link, bed.wheel,
			     set));
	publish_filler(publish, on_fill, &from);
	CHECK(redis_test_until(bed.wheel, 8000, is_filled, &from));
	/* behind it on the same link */
	CHECK_INT(redis_bed_say(&bed, "EXISTS cb:{n:a1/1}:figures:mediad").num,
		  1);
	CHECK_INT(publish_read(copy, sync, "mediad", "a1/1"), 0);
	CHECK_INT(to.calls, from.calls);
	CHECK_INT(to.open, -5);
	CHECK_INT(publish_read(copy, sync, "mediad", "a1/2"), ENOENT);
	mem_deref(publish);
	mem_deref(sync);
	mem_deref(set);
	mem_deref(copy);
	redis_bed_stop(&bed);
}

/* What stands there may be of another version, or of nobody. */
static void strange_fields_are_left_out(void)
{
	struct numbers to = {0};
	struct metric_set *copy = NULL;
	struct redis_sync *sync = NULL;
	struct redis_bed bed;

	if (!redis_bed_start(&bed))
		return;
	CHECK(!metric_set_alloc(&copy) && !metric_add(copy, rows, 2, &to));
	CHECK(!redis_sync_alloc(&sync, &bed.cfg));
	redis_bed_say(&bed, "HSET cb:{n:a1/1}:figures:mediad t_open 3 "
			    "t_calls_total x strange 9");
	CHECK_INT(publish_read(copy, sync, "mediad", "a1/1"), 0);
	CHECK_INT(to.open, 3);
	CHECK_INT(to.calls, 0);
	redis_bed_say(&bed, "SET cb:{n:a1/2}:figures:mediad 7");
	CHECK_INT(publish_read(copy, sync, "mediad", "a1/2"), ENOENT);
	mem_deref(sync);
	mem_deref(copy);
	redis_bed_stop(&bed);
}

TEST_MAIN(TEST(figures_cross_over_with_their_sign),
	  TEST(strange_fields_are_left_out))
