/*
 * test_when_entry.c  One line of a schedule
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/when/civil.h"
#include "routing/when/when_entry.h"
#include "tests/lib/test.h"

static char why[300];

/* 2026-11-16 is a Monday: 0 is Sunday, the day before */
static bool weekly(const char *text, unsigned weekday, unsigned h, unsigned m)
{
	struct when_entry entry;

	if (!when_weekly_read(&entry, text, why, sizeof(why))) {
		CHECK(false);
		return false;
	}
	return when_entry_has(&entry, civil_to_day(2026, 11, 15 + weekday),
			      h * 60 + m);
}

static bool dates(const char *text, int64_t day, unsigned h, unsigned m)
{
	struct when_entry entry;

	if (!when_dates_read(&entry, text, why, sizeof(why))) {
		CHECK(false);
		return false;
	}
	return when_entry_has(&entry, day, h * 60 + m);
}

static void hours_of_a_week(void)
{
	CHECK(weekly("mon-fri 08:00-18:00", 1, 8, 0));
	CHECK(weekly("mon-fri 08:00-18:00", 5, 17, 59));
	CHECK(!weekly("mon-fri 08:00-18:00", 5, 18, 0));
	CHECK(!weekly("mon-fri 08:00-18:00", 1, 7, 59));
	CHECK(!weekly("mon-fri 08:00-18:00", 6, 12, 0));
	CHECK(weekly("MON,wed-thu 8:00-12:00, 13:00-24:00", 4, 23, 59));
	CHECK(!weekly("mon,wed-thu 8:00-12:00,13:00-24:00", 4, 12, 30));
	CHECK(!weekly("mon,wed-thu 8:00-12:00,13:00-24:00", 2, 9, 0));
	CHECK(weekly("sat,sun", 0, 0, 0));
	CHECK(weekly("sat-mon", 1, 23, 59));
	CHECK(!weekly("sat-mon", 2, 0, 0));
}

static void hours_over_midnight_belong_to_their_first_day(void)
{
	CHECK(weekly("fri 22:00-06:00", 5, 22, 0));
	CHECK(weekly("fri 22:00-06:00", 6, 5, 59));
	CHECK(!weekly("fri 22:00-06:00", 6, 6, 0));
	CHECK(!weekly("fri 22:00-06:00", 5, 5, 0));
	CHECK(weekly("daily 22:00-06:00", 0, 3, 0));
	/* from the week before */
	CHECK(weekly("sat 22:00-06:00", 0, 3, 0));
	CHECK(dates("2026-12-31 22:00-02:00", civil_to_day(2027, 1, 1), 1, 0));
	CHECK(!dates("2026-12-31 22:00-02:00", civil_to_day(2026, 12, 31), 1,
		     0));
}

static void dates_and_their_ranges(void)
{
	const int64_t eve = civil_to_day(2026, 12, 24);

	CHECK(dates("2026-12-24", eve, 0, 0));
	CHECK(!dates("2026-12-24", eve + 1, 0, 0));
	CHECK(dates("2026-12-24 12:00-24:00", eve, 12, 0));
	CHECK(!dates("2026-12-24 12:00-24:00", eve, 11, 59));
	CHECK(dates("2026-12-24..2027-01-06", eve + 13, 23, 59));
	CHECK(!dates("2026-12-24..2027-01-06", eve + 14, 0, 0));
	CHECK(!dates("2025-12-24", eve, 0, 0));
}

static void dates_of_every_year(void)
{
	CHECK(dates("12-25", civil_to_day(2026, 12, 25), 0, 0));
	CHECK(dates("12-25", civil_to_day(2031, 12, 25), 0, 0));
	CHECK(!dates("12-25", civil_to_day(2026, 12, 26), 0, 0));
	CHECK(dates("12-24..01-06", civil_to_day(2027, 1, 6), 0, 0));
	CHECK(dates("12-24..01-06", civil_to_day(2026, 12, 24), 0, 0));
	CHECK(!dates("12-24..01-06", civil_to_day(2027, 1, 7), 0, 0));
	CHECK(dates("02-29", civil_to_day(2028, 2, 29), 0, 0));
	CHECK(dates("04-01..09-30 10:00-11:00", civil_to_day(2026, 6, 1), 10,
		    0));
}

static void what_is_no_line_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"mon-fry 08:00-18:00",
		"mon 8-18",
		"mon 08:00-08:00",
		"mon 24:00-08:00",
		"mon 08:60-09:00",
		"mon 08:00-24:01",
		"mon 08:00",
		"mon08:00-09:00",
		"mon, 08:00-09:00",
		"mon 08:00-09:00,",
		"mon 08:00-09:00 x",
		"monday",
		"mon-",
		"08:00-09:00",
		"mon 1:00-2:00,3:00-4:00,5:00-6:00,7:00-8:00,9:00-10:00,"
		"11:00-12:00,13:00-14:00",
	};
	static const char *const bad_dates[] = {
		"",
		"2026-02-29",
		"2026-13-01",
		"2026-00-01",
		"2026-1-1",
		"26-12-24",
		"2026-12-24-2026-12-26",
		"2026-12-24..12-26",
		"2026-12-26..2026-12-24",
		"12-24..2026-12-26",
		"02-30",
		"2026-12-24 8",
		"mon 08:00-09:00",
		"2026-12-2408:00-09:00",
	};
	struct when_entry entry;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!when_weekly_read(&entry, bad[i], why, sizeof(why)));
	CHECK(strstr(why, "days with times, like \"mon-fri 08:00"));
	for (size_t i = 0; i < sizeof(bad_dates) / sizeof(bad_dates[0]); i++)
		CHECK(!when_dates_read(&entry, bad_dates[i], why, sizeof(why)));
	CHECK(strstr(why, "a date with or without times, like"));
}

TEST_MAIN(TEST(hours_of_a_week),
	  TEST(hours_over_midnight_belong_to_their_first_day),
	  TEST(dates_and_their_ranges), TEST(dates_of_every_year),
	  TEST(what_is_no_line_is_refused))
