/*
 * test_rest_cursor.c  Cursors and times, as whoever asks sends them
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/countof.h"
#include "sigd/admin/rest_cursor.h"
#include "tests/lib/test.h"

static void what_was_written_is_read(void)
{
	const uint64_t nums[][REST_CURSOR_NUMS] = {
		{0, 0, 0, 0},
		{1, 22, 333, 4444},
		{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

	for (size_t i = 0; i < COUNTOF(nums); i++) {
		for (size_t n = 1; n <= REST_CURSOR_NUMS; n++) {
			uint64_t read[REST_CURSOR_NUMS] = {9, 9, 9, 9};
			char text[REST_CURSOR_MAX + 1];

			rest_cursor_write(text, nums[i], n);
			CHECK(rest_cursor_read(read, n, text));
			CHECK(!memcmp(read, nums[i], n * sizeof(read[0])));
			CHECK(!rest_cursor_read(read, n % 4 + 1, text));
		}
	}
}

static void what_is_no_cursor_is_refused(void)
{
	static const char *const wrong[] = {
		"",    "-",    "1",     "1-",   "-1",     "1-2-",
		"1-2-3", "1--2", " 1-2",  "1-2 ", "+1-2",   "1-x",
		"01-2",  "1-00", "0x1-2", "1_2",  "1-2%00", "1-\xff",
		"18446744073709551616-1", "99999999999999999999-1",
		"1-100000000000000000000"};
	uint64_t nums[2];

	for (size_t i = 0; i < COUNTOF(wrong); i++)
		CHECK(!rest_cursor_read(nums, 2, wrong[i]));
}

static void times_are_read_to_the_millisecond(void)
{
	uint64_t ms;

	CHECK(rest_cursor_time(&ms, "2026-11-22T10:00:00Z"));
	CHECK_INT(ms, 1795341600000);
	CHECK(rest_cursor_time(&ms, "2026-11-22T10:00:00.07Z"));
	CHECK_INT(ms, 1795341600070);
	CHECK(rest_cursor_time(&ms, "2026-11-22T11:00:00.1239+01:00"));
	CHECK_INT(ms, 1795341600123);
	CHECK(!rest_cursor_time(&ms, "2026-11-22"));
	CHECK(!rest_cursor_time(&ms, "yesterday"));
	CHECK(!rest_cursor_time(&ms, ""));
}

TEST_MAIN(TEST(what_was_written_is_read), TEST(what_is_no_cursor_is_refused),
	  TEST(times_are_read_to_the_millisecond))
