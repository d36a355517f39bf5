/*
 * test_share.c  Shares of a rate, and tokens at it
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/guard/share.h"
#include "tests/lib/test.h"

static void who_is_alone_has_it_all(void)
{
	const uint64_t wanted[] = {500};

	CHECK_INT(share_of(10000, wanted, 1, 0), 10000);
	CHECK_INT(share_of(10000, wanted, 0, 0), 10000);
}

static void who_wants_little_leaves_the_rest(void)
{
	const uint64_t wanted[] = {1000, 90000, 90000};

	CHECK_INT(share_of(10000, wanted, 3, 0), 1000);
	CHECK_INT(share_of(10000, wanted, 3, 1), 4500);
	CHECK_INT(share_of(10000, wanted, 3, 2), 4500);
}

static void what_nobody_wants_is_shared_out(void)
{
	const uint64_t wanted[] = {0, 1000};

	CHECK_INT(share_of(10000, wanted, 2, 0), 4500);
	CHECK_INT(share_of(10000, wanted, 2, 1), 5500);
}

/* However many want however much: all is given, and no more. */
static void the_shares_are_the_whole(void)
{
	uint64_t wanted[SHARE_MAX];
	uint32_t state = 7;

	for (unsigned round = 0; round < 2000; round++) {
		const size_t n = 1 + round % 20;
		const uint64_t rate = 1000 * (1 + round % 50);
		uint64_t sum = 0;

		for (size_t i = 0; i < n; i++) {
			state = state * 1664525u + 1013904223u;
			wanted[i] = (state >> 16) % 4 * (state >> 20) % 9000;
		}
		for (size_t i = 0; i < n; i++)
			sum += share_of(rate, wanted, n, i);
		CHECK(sum <= rate && sum + n >= rate);
	}
}

static unsigned taken(struct share_bucket *bucket, uint64_t rate,
		      uint64_t from_ms, uint64_t ms)
{
	unsigned n = 0;

	for (uint64_t now = from_ms; now < from_ms + ms; now++)
		n += share_take(bucket, rate, now);
	return n;
}

static void as_many_as_the_rate_says(void)
{
	struct share_bucket b = {.tokens = 0};

	/* half a second's worth at once, then at the rate */
	CHECK_INT(taken(&b, 20000, 5, 1), 1);
	CHECK(taken(&b, 20000, 6, 10000) >= 200);
	CHECK(taken(&b, 20000, 10006, 10000) <= 201);
}

static void less_than_one_a_second_is_one_now_and_then(void)
{
	struct share_bucket b = {.tokens = 0};

	CHECK(share_take(&b, 250, 0));
	CHECK(!share_take(&b, 250, 3999));
	CHECK(share_take(&b, 250, 4000));
	CHECK(!share_take(&b, 0, 1000000) || !share_take(&b, 0, 2000000));
}

TEST_MAIN(TEST(who_is_alone_has_it_all),
	  TEST(who_wants_little_leaves_the_rest),
	  TEST(what_nobody_wants_is_shared_out),
	  TEST(the_shares_are_the_whole), TEST(as_many_as_the_rate_says),
	  TEST(less_than_one_a_second_is_one_now_and_then))
