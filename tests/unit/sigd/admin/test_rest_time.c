/*
 * test_rest_time.c  A time as it is told
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <time.h>
#include <re.h>

#include "sigd/admin/rest_priv.h"
#include "tests/lib/test.h"

enum { DAY_S = 86400, DAYS = 365 * 530 };

static bool is_told(uint64_t unix_ms, const char *want)
{
	struct mbuf *mb = mbuf_alloc(64);
	struct jsonw json;
	bool is;

	jsonw_init(&json, mb);
	rest_time(&json, NULL, unix_ms);
	is = !jsonw_done(&json) && mb->end == strlen(want) &&
	     !memcmp(mb->buf, want, mb->end);
	mem_deref(mb);
	return is;
}

static void a_time_is_utc_with_milliseconds(void)
{
	CHECK(is_told(0, "null"));
	CHECK(is_told(1, "\"1970-01-01T00:00:00.001Z\""));
	CHECK(is_told(1709251199999, "\"2024-02-29T23:59:59.999Z\""));
	CHECK(is_told(1763700000123, "\"2025-11-21T04:40:00.123Z\""));
}

/* Until 2499: a round of the calendar, and more. */
static void each_day_is_that_of_the_c_library(void)
{
	char want[64];
	struct tm tm;

	for (time_t day = 0; day < DAYS; day++) {
		const time_t s = day * DAY_S + DAY_S - 1;

		gmtime_r(&s, &tm);
		strftime(want, sizeof(want), "\"%Y-%m-%dT%H:%M:%S.000Z\"",
			 &tm);
		if (!CHECK(is_told((uint64_t)s * 1000, want)))
			re_printf("# %s\n", want);
	}
}

TEST_MAIN(TEST(a_time_is_utc_with_milliseconds),
	  TEST(each_day_is_that_of_the_c_library))
