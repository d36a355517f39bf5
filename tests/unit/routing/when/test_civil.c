/*
 * test_civil.c  Days and their dates
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>
#include <re.h>

#include "routing/when/civil.h"
#include "tests/lib/test.h"

static void days_of_note(void)
{
	CHECK_INT(civil_to_day(1970, 1, 1), 0);
	CHECK_INT(civil_to_day(2000, 2, 29), 11016);
	CHECK_INT(civil_to_day(1969, 12, 31), -1);
	CHECK_INT(civil_weekday(0), 4);
	CHECK_INT(civil_weekday(-1), 3);
	CHECK_INT(civil_weekday(-5), 6);
	CHECK_INT(civil_month_days(2024, 2), 29);
	CHECK_INT(civil_month_days(2100, 2), 28);
	CHECK_INT(civil_month_days(2000, 2), 29);
	CHECK_INT(civil_month_days(2026, 11), 30);
	CHECK_INT(civil_div(-1, 86400), -1);
	CHECK_INT(civil_div(86400, 86400), 1);
}

static void agrees_with_the_c_library(void)
{
	size_t wrong = 0;

	for (int64_t day = -200000; day < 400000; day += 7) {
		const struct civil civil = civil_from_day(day);
		const time_t t = (time_t)day * CIVIL_DAY;
		struct tm tm;

		gmtime_r(&t, &tm);
		wrong +=
			civil.year != tm.tm_year + 1900 ||
			civil.month != (unsigned)tm.tm_mon + 1 ||
			civil.day != (unsigned)tm.tm_mday ||
			civil_weekday(day) != (unsigned)tm.tm_wday ||
			civil_to_day(civil.year, civil.month, civil.day) != day;
	}
	CHECK_INT(wrong, 0);
}

TEST_MAIN(TEST(days_of_note), TEST(agrees_with_the_c_library))
