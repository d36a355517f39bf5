/*
 * test_breaker.c  When a circuit breaker breaks
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/guard/breaker.h"
#include "tests/lib/test.h"

static const struct breaker_limits in_a_row = {.failures = 3,
					       .window_ms = 1000};
static const struct breaker_limits by_rate = {
	.percent = 50, .tries = 10, .window_ms = 1000};

static void failures_in_a_row_break(void)
{
	struct breaker b = {.row = 0};

	CHECK(!breaker_failed(&b, &in_a_row, 5));
	CHECK(!breaker_failed(&b, &in_a_row, 6));
	CHECK(breaker_failed(&b, &in_a_row, 7));
	/* and from then on it is counted anew */
	CHECK(!breaker_failed(&b, &in_a_row, 8));
}

static void an_answer_ends_the_row(void)
{
	struct breaker b = {.row = 0};

	for (unsigned i = 0; i < 100; i++) {
		CHECK(!breaker_failed(&b, &in_a_row, i));
		CHECK(!breaker_failed(&b, &in_a_row, i));
		breaker_answered(&b, &in_a_row, i);
	}
}

static void a_row_has_no_end_of_time(void)
{
	struct breaker b = {.row = 0};

	CHECK(!breaker_failed(&b, &in_a_row, 0));
	CHECK(!breaker_failed(&b, &in_a_row, 1000000));
	CHECK(breaker_failed(&b, &in_a_row, 9000000));
}

static void half_of_enough_break(void)
{
	struct breaker b = {.row = 0};

	for (unsigned i = 0; i < 5; i++) {
		breaker_answered(&b, &by_rate, 100 + i);
		CHECK(breaker_failed(&b, &by_rate, 100 + i) == (i == 4));
	}
}

static void few_tell_nothing(void)
{
	struct breaker b = {.row = 0};

	for (unsigned i = 0; i < 9; i++)
		CHECK(!breaker_failed(&b, &by_rate, 100));
	CHECK(breaker_failed(&b, &by_rate, 100));
}

static void what_is_long_ago_is_forgotten(void)
{
	struct breaker b = {.row = 0};

	for (unsigned i = 0; i < 9; i++)
		CHECK(!breaker_failed(&b, &by_rate, 100));
	for (unsigned i = 0; i < 9; i++)
		CHECK(!breaker_failed(&b, &by_rate, 1200));
	/* the last half still counts */
	CHECK(breaker_failed(&b, &by_rate, 1600));
}

static void a_clock_that_goes_back_harms_nothing(void)
{
	struct breaker b = {.row = 0};

	for (unsigned i = 0; i < 9; i++)
		CHECK(!breaker_failed(&b, &by_rate, 10000 - i * 1000));
	CHECK(breaker_failed(&b, &by_rate, 0));
}

static void nothing_breaks_when_nothing_is_asked_for(void)
{
	static const struct breaker_limits none = {.window_ms = 0};
	struct breaker b = {.row = 0};

	for (unsigned i = 0; i < 1000; i++)
		CHECK(!breaker_failed(&b, &none, i));
}

static void trials_that_fail_make_it_wait_longer(void)
{
	CHECK_INT(breaker_open_ms(1000, 0), 1000);
	CHECK_INT(breaker_open_ms(1000, 1), 2000);
	CHECK_INT(breaker_open_ms(1000, 4), 16000);
	CHECK_INT(breaker_open_ms(1000, 5), 16000);
	CHECK_INT(breaker_open_ms(1000, UINT32_MAX), 16000);
	CHECK_INT(breaker_open_ms(UINT32_MAX, 4), 600000);
}

TEST_MAIN(TEST(failures_in_a_row_break), TEST(an_answer_ends_the_row),
	  TEST(a_row_has_no_end_of_time), TEST(half_of_enough_break),
	  TEST(few_tell_nothing), TEST(what_is_long_ago_is_forgotten),
	  TEST(a_clock_that_goes_back_harms_nothing),
	  TEST(nothing_breaks_when_nothing_is_asked_for),
	  TEST(trials_that_fail_make_it_wait_longer))
