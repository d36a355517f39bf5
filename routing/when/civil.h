/*
 * civil.h  Days and their dates (proleptic Gregorian calendar)
 *
 * Pure. A day is counted from 1970-01-01.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHEN_CIVIL_H
#define ROUTING_WHEN_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CIVIL_DAY = 86400 /* seconds */
};

struct civil {
	int64_t year;
	unsigned month, day; /* 1..12, 1..31 */
};

int64_t civil_to_day(int64_t year, unsigned month, unsigned day);
struct civil civil_from_day(int64_t day);
/* 0 is Sunday. */
unsigned civil_weekday(int64_t day);
bool civil_leap_year(int64_t year);
unsigned civil_month_days(int64_t year, unsigned month);

/* a / b, rounded down also below 0. */
int64_t civil_div(int64_t a, int64_t b);

#endif
