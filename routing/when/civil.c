/*
 * civil.c  Days and their dates (proleptic Gregorian calendar)
 *
 * Years are counted from March on: then the day that comes and goes is the
 * last one, and the days before each month are a straight line.
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/when/civil.h"

enum {
	ERA_YEARS = 400,
	ERA_DAYS = 146097,   /* of 400 years */
	EPOCH_DAYS = 719468, /* from 0000-03-01 to 1970-01-01 */
};

int64_t civil_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static unsigned days_before(unsigned month_from_march)
{
	return (153 * month_from_march + 2) / 5;
}

int64_t civil_to_day(int64_t year, unsigned month, unsigned day)
{
	const unsigned from_march = (month + 9) % 12;
	int64_t era, y;

	year -= month <= 2;
	era = civil_div(year, ERA_YEARS);
	y = year - era * ERA_YEARS;
	return era * ERA_DAYS + y * 365 + y / 4 - y / 100 +
	       days_before(from_march) + day - 1 - EPOCH_DAYS;
}

struct civil civil_from_day(int64_t day)
{
	const int64_t days = day + EPOCH_DAYS;
	const int64_t era = civil_div(days, ERA_DAYS);
	const unsigned in_era = (unsigned)(days - era * ERA_DAYS);
	const unsigned year =
		(in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) /
		365;
	const unsigned in_year = in_era - (year * 365 + year / 4 - year / 100);
	const unsigned from_march = (5 * in_year + 2) / 153;
	struct civil civil;

	civil.day = in_year - days_before(from_march) + 1;
	civil.month = from_march < 10 ? from_march + 3 : from_march - 9;
	civil.year = era * ERA_YEARS + year + (civil.month <= 2);
	return civil;
}

unsigned civil_weekday(int64_t day)
{
	/* 1970-01-01 was a Thursday */
	const int64_t d = day + 4;

	return (unsigned)(d - 7 * civil_div(d, 7));
}

bool civil_leap_year(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned civil_month_days(int64_t year, unsigned month)
{
	if (month == 2)
		return civil_leap_year(year) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}
