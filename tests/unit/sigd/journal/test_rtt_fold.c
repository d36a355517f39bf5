/*
 * test_rtt_fold.c  Round trips by the minute
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/journal/rtt_fold.h"
#include "tests/lib/test.h"

enum { MINUTE = 60000 };

static void the_first_is_told_at_once_and_then_each_minute(void)
{
	struct rtt_fold fold = {.begun = false};
	struct rtt_row row;

	CHECK(rtt_fold_add(&fold, &row, 10 * MINUTE, 5000));
	CHECK_INT(row.minute, 10);
	CHECK_INT(row.mean_us, 5000);
	CHECK_INT(row.count, 1);

	CHECK(!rtt_fold_add(&fold, &row, 10 * MINUTE + 1, 1000));
	CHECK(!rtt_fold_add(&fold, &row, 10 * MINUTE + 2, 3000));
	CHECK(rtt_fold_add(&fold, &row, 11 * MINUTE, 9000));
	CHECK_INT(row.minute, 10);
	CHECK_INT(row.min_us, 1000);
	CHECK_INT(row.mean_us, 2000);
	CHECK_INT(row.max_us, 3000);
	CHECK_INT(row.count, 2);

	CHECK(rtt_fold_end(&fold, &row));
	CHECK_INT(row.minute, 11);
	CHECK_INT(row.count, 1);
	CHECK(!rtt_fold_end(&fold, &row));
	/* the one behind an end begins no new first */
	CHECK(!rtt_fold_add(&fold, &row, 12 * MINUTE, 1));
}

static void rows_of_a_minute_add_up(void)
{
	struct rtt_row a = {.min_us = 10, .mean_us = 10, .max_us = 10,
			    .count = 1};
	const struct rtt_row b = {.min_us = 20, .mean_us = 40, .max_us = 60,
				  .count = 2};

	rtt_row_add(&a, &b);
	CHECK_INT(a.min_us, 10);
	CHECK_INT(a.mean_us, 30);
	CHECK_INT(a.max_us, 60);
	CHECK_INT(a.count, 3);
}

static void a_row_goes_there_and_back(void)
{
	const struct rtt_row row = {.kind = RTT_OPTIONS,
				    .device = 0xfedcba98,
				    .minute = 29395000,
				    .min_us = 100,
				    .mean_us = 12300,
				    .max_us = 6553500,
				    .count = 9};
	struct rtt_row back;
	uint8_t buf[RTT_ROW_LEN];

	rtt_row_pack(buf, &row);
	REQUIRE(!rtt_row_unpack(&back, buf, sizeof(buf)));
	CHECK(!memcmp(&row, &back, sizeof(row)));
}

static void what_is_too_long_is_cut(void)
{
	const struct rtt_row row = {.min_us = 1, .mean_us = UINT32_MAX,
				    .max_us = UINT32_MAX, .count = 100000};
	struct rtt_row back;
	uint8_t buf[RTT_ROW_LEN];

	rtt_row_pack(buf, &row);
	REQUIRE(!rtt_row_unpack(&back, buf, sizeof(buf)));
	CHECK_INT(back.min_us, 0);
	CHECK_INT(back.max_us, 6553500);
	CHECK_INT(back.count, 65535);
}

static void what_is_no_row_is_refused(void)
{
	const struct rtt_row good = {.mean_us = 200, .max_us = 300, .count = 1};
	struct rtt_row row;
	uint8_t buf[RTT_ROW_LEN];

	rtt_row_pack(buf, &good);
	CHECK(!rtt_row_unpack(&row, buf, sizeof(buf)));
	CHECK(rtt_row_unpack(&row, buf, sizeof(buf) - 1));
	buf[0] = 2;
	CHECK(rtt_row_unpack(&row, buf, sizeof(buf)));
	buf[0] = 1;
	buf[1] = RTT_KINDS;
	CHECK(rtt_row_unpack(&row, buf, sizeof(buf)));
	buf[1] = 0;
	buf[17] = 0; /* none at all */
	CHECK(rtt_row_unpack(&row, buf, sizeof(buf)));
	buf[17] = 1;
	buf[10] = 1; /* the least is more than the mean */
	CHECK(rtt_row_unpack(&row, buf, sizeof(buf)));
	CHECK(!rtt_kind_name(RTT_KINDS));
}

TEST_MAIN(TEST(the_first_is_told_at_once_and_then_each_minute),
	  TEST(rows_of_a_minute_add_up),
	  TEST(a_row_goes_there_and_back),
	  TEST(what_is_too_long_is_cut),
	  TEST(what_is_no_row_is_refused))
