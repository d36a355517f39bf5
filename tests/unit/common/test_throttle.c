/*
 * test_throttle.c  Guessing becomes slow, and only for who guesses
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/throttle.h"
#include "tests/lib/test.h"

static struct sa from(const char *addr)
{
	struct sa sa;

	CHECK(!sa_set_str(&sa, addr, 4711));
	return sa;
}

static void wait_doubles_after_the_free_failures(void)
{
	static const uint64_t waits[] = {1000,  2000,  4000,  8000,
					 16000, 32000, 60000, 60000};
	struct sa sa = from("192.0.2.1");
	struct throttle *t = NULL;
	uint64_t now = 5;

	REQUIRE(!throttle_alloc(&t, 4));
	for (int i = 0; i < THROTTLE_FREE; i++) {
		throttle_failed(t, &sa, now);
		CHECK_INT(throttle_wait(t, &sa, now), 0);
	}
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		throttle_failed(t, &sa, now);
		CHECK_INT(throttle_wait(t, &sa, now), waits[i]);
		CHECK_INT(throttle_wait(t, &sa, now + waits[i] - 1), 1);
		now += waits[i];
		CHECK_INT(throttle_wait(t, &sa, now), 0);
	}
	mem_deref(t);
}

static void others_are_not_held_up(void)
{
	struct sa a = from("192.0.2.1"), b = from("192.0.2.2");
	struct throttle *t = NULL;

	REQUIRE(!throttle_alloc(&t, 4));
	for (int i = 0; i < 10; i++)
		throttle_failed(t, &a, 1);
	CHECK(throttle_wait(t, &a, 1) > 0);
	CHECK_INT(throttle_wait(t, &b, 1), 0);
	mem_deref(t);
}

static void ipv6_source_is_its_network(void)
{
	struct sa a = from("2001:db8:1:2::1"), b = from("2001:db8:1:2:ffff::9");
	struct sa c = from("2001:db8:1:3::1");
	struct throttle *t = NULL;

	REQUIRE(!throttle_alloc(&t, 4));
	for (int i = 0; i < 10; i++)
		throttle_failed(t, &a, 1);
	CHECK(throttle_wait(t, &b, 1) > 0);
	CHECK_INT(throttle_wait(t, &c, 1), 0);
	mem_deref(t);
}

static void success_and_long_quiet_clear_the_count(void)
{
	struct sa sa = from("192.0.2.1");
	struct throttle *t = NULL;

	REQUIRE(!throttle_alloc(&t, 4));
	for (int i = 0; i < 6; i++)
		throttle_failed(t, &sa, 1);
	throttle_passed(t, &sa);
	CHECK_INT(throttle_wait(t, &sa, 1), 0);
	for (int i = 0; i < 5; i++)
		throttle_failed(t, &sa, 1);
	CHECK_INT(throttle_wait(t, &sa, 1), 0);
	throttle_failed(t, &sa, 1 + THROTTLE_FORGET_MS + 1);
	CHECK_INT(throttle_wait(t, &sa, 2 + THROTTLE_FORGET_MS), 0);
	mem_deref(t);
}

static void full_table_forgets_the_quietest(void)
{
	struct sa a = from("192.0.2.1"), b = from("192.0.2.2");
	struct sa c = from("192.0.2.3");
	struct throttle *t = NULL;

	REQUIRE(!throttle_alloc(&t, 2));
	for (int i = 0; i < 6; i++)
		throttle_failed(t, &a, 10);
	for (int i = 0; i < 6; i++)
		throttle_failed(t, &b, 11);
	throttle_failed(t, &c, 12);
	CHECK_INT(throttle_wait(t, &a, 12), 0);
	CHECK(throttle_wait(t, &b, 12) > 0);
	mem_deref(t);
}

TEST_MAIN(TEST_OOM(wait_doubles_after_the_free_failures),
	  TEST(others_are_not_held_up), TEST(ipv6_source_is_its_network),
	  TEST(success_and_long_quiet_clear_the_count),
	  TEST(full_table_forgets_the_quietest))
