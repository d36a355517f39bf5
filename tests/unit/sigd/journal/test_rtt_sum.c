/*
 * test_rtt_sum.c  Least, mean, 95th percentile and most of many minutes
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/countof.h"
#include "sigd/journal/rtt_sum.h"
#include "tests/lib/test.h"

static struct rtt_row row(uint32_t minute, uint32_t us)
{
	return (struct rtt_row){.kind = RTT_OPTIONS, .minute = minute,
				.min_us = us, .mean_us = us, .max_us = us,
				.count = 1};
}

static void one_of_twenty_is_beyond_the_percentile(void)
{
	struct rtt_row rows[20];
	struct rtt_sum sum;

	for (uint32_t i = 0; i < COUNTOF(rows); i++)
		rows[i] = row(100 + i, 1000 * (20 - i));
	CHECK(!rtt_sum_of(&sum, rows, COUNTOF(rows), RTT_OPTIONS, 0));
	CHECK_INT(sum.count, 20);
	CHECK_INT(sum.min_us, 1000);
	CHECK_INT(sum.mean_us, 10500);
	CHECK_INT(sum.p95_us, 19000);
	CHECK_INT(sum.max_us, 20000);
}

static void a_minute_with_one_slow_one_is_not_slow(void)
{
	/* 58 at 1 ms, one of 100 */
	const struct rtt_row rows[] = {
		{.kind = RTT_OPTIONS, .minute = 5, .min_us = 1000,
		 .mean_us = (58 * 1000 + 100000) / 59, .max_us = 100000,
		 .count = 59}};
	struct rtt_sum sum;

	CHECK(!rtt_sum_of(&sum, rows, COUNTOF(rows), RTT_OPTIONS, 0));
	CHECK_INT(sum.p95_us / 100, 9);
	CHECK_INT(sum.max_us, 100000);
}

static void other_kinds_and_older_minutes_do_not_count(void)
{
	struct rtt_row rows[] = {row(10, 9000), row(20, 2000), row(21, 4000)};
	struct rtt_sum sum;

	rows[2].kind = RTT_RTCP;
	CHECK(!rtt_sum_of(&sum, rows, COUNTOF(rows), RTT_OPTIONS, 11));
	CHECK_INT(sum.count, 1);
	CHECK_INT(sum.p95_us, 2000);
	CHECK(!rtt_sum_of(&sum, rows, COUNTOF(rows), RTT_REGISTER, 0));
	CHECK_INT(sum.count, 0);
	CHECK_INT(sum.min_us, 0);
	CHECK(!rtt_sum_of(&sum, NULL, 0, RTT_OPTIONS, 0));
	CHECK_INT(sum.count, 0);
}

static void what_was_cut_off_does_no_harm(void)
{
	const struct rtt_row rows[] = {
		{.kind = RTT_OPTIONS, .minute = 5, .min_us = 6553500,
		 .mean_us = 6553500, .max_us = 6553500, .count = 65535},
		{.kind = RTT_OPTIONS, .minute = 6, .min_us = 0, .mean_us = 0,
		 .max_us = 100, .count = 3}};
	struct rtt_sum sum;

	CHECK(!rtt_sum_of(&sum, rows, COUNTOF(rows), RTT_OPTIONS, 0));
	CHECK_INT(sum.p95_us, 6553500);
	CHECK_INT(sum.min_us, 0);
	CHECK_INT(sum.count, 65538);
}

TEST_MAIN(TEST(one_of_twenty_is_beyond_the_percentile),
	  TEST(a_minute_with_one_slow_one_is_not_slow),
	  TEST(other_kinds_and_older_minutes_do_not_count),
	  TEST(what_was_cut_off_does_no_harm))
