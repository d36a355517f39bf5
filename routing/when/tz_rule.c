/*
 * tz_rule.c  When summer time begins and ends, year by year
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/when/civil.h"
#include "routing/when/tz_rule.h"

enum {
	HOUR = 3600,
	NAME_MIN = 3,     /* letters (POSIX) */
	HOURS_MAX = 24,   /* of an offset */
	RULE_HOURS = 167, /* of a time in a rule (RFC 8536 section 3.3.1) */
};

struct reader {
	const char *p, *end;
};

static bool at(const struct reader *rd, char c)
{
	return rd->p < rd->end && *rd->p == c;
}

static bool take(struct reader *rd, char c)
{
	if (!at(rd, c))
		return false;
	++rd->p;
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool in_name(char c, bool quoted)
{
	return is_letter(c) ||
	       (quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
}

/* "CET", "<+1030>" */
static bool read_name(struct reader *rd)
{
	const bool quoted = take(rd, '<');
	const char *start = rd->p;

	while (rd->p < rd->end && in_name(*rd->p, quoted))
		++rd->p;
	if (rd->p - start < NAME_MIN)
		return false;
	return !quoted || take(rd, '>');
}

static bool read_number(struct reader *rd, unsigned max, unsigned *value)
{
	const char *start = rd->p;

	*value = 0;
	for (; rd->p < rd->end && *rd->p >= '0' && *rd->p <= '9'; rd->p++) {
		*value = *value * 10 + (unsigned)(*rd->p - '0');
		if (*value > max)
			return false;
	}
	return rd->p > start;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(struct reader *rd, unsigned max_hours, int32_t *seconds)
{
	const bool minus = take(rd, '-');
	unsigned h, m = 0, s = 0;

	if (!minus)
		(void)take(rd, '+');
	if (!read_number(rd, max_hours, &h))
		return false;
	if (take(rd, ':')) {
		if (!read_number(rd, 59, &m))
			return false;
		if (take(rd, ':') && !read_number(rd, 59, &s))
			return false;
	}
	*seconds = (int32_t)(h * HOUR + m * 60 + s) * (minus ? -1 : 1);
	return true;
}

static bool read_month(struct reader *rd, struct tz_day *day)
{
	day->kind = TZ_MONTH;
	return read_number(rd, 12, &day->month) && day->month &&
	       take(rd, '.') && read_number(rd, 5, &day->week) && day->week &&
	       take(rd, '.') && read_number(rd, 6, &day->day);
}

static bool read_day(struct reader *rd, struct tz_day *day)
{
	bool ok;

	day->time = 2 * HOUR;
	if (take(rd, 'M')) {
		ok = read_month(rd, day);
	} else if (take(rd, 'J')) {
		day->kind = TZ_JULIAN;
		ok = read_number(rd, 365, &day->day) && day->day;
	} else {
		day->kind = TZ_ZERO_DAY;
		ok = read_number(rd, 365, &day->day);
	}
	if (ok && take(rd, '/'))
		ok = read_time(rd, RULE_HOURS, &day->time);
	return ok;
}

static bool read_dst(struct reader *rd, struct tz_rule *rule)
{
	int32_t west;

	rule->has_dst = true;
	rule->dst = rule->std + HOUR;
	if (!read_name(rd))
		return false;
	if (!at(rd, ',')) {
		if (!read_time(rd, HOURS_MAX, &west))
			return false;
		rule->dst = -west;
	}
	/* without rules they would be those of whoever reads: refused */
	return take(rd, ',') && read_day(rd, &rule->begin) && take(rd, ',') &&
	       read_day(rd, &rule->end);
}

bool tz_rule_read(struct tz_rule *rule, const char *text, size_t len)
{
	struct reader rd = {text, text + len};
	int32_t west;

	memset(rule, 0, sizeof(*rule));
	if (!read_name(&rd) || !read_time(&rd, HOURS_MAX, &west))
		return false;
	rule->std = -west; /* POSIX counts to the west */
	if (rd.p < rd.end && !read_dst(&rd, rule))
		return false;
	return rd.p == rd.end;
}

/* The day in the year, counted from 1970-01-01. */
static int64_t day_in(const struct tz_day *day, int64_t year)
{
	const int64_t first = civil_to_day(year, 1, 1);
	unsigned to_weekday, date;

	if (day->kind == TZ_ZERO_DAY)
		return first + day->day;
	if (day->kind == TZ_JULIAN)
		return first + day->day - 1 +
		       (civil_leap_year(year) && day->day >= 60);
	to_weekday = (day->day + 7 -
		      civil_weekday(civil_to_day(year, day->month, 1))) %
		     7;
	date = 1 + to_weekday + (day->week - 1) * 7;
	while (date > civil_month_days(year, day->month))
		date -= 7;
	return civil_to_day(year, day->month, date);
}

/* A day's time in UTC, when the clocks before it are `offset` ahead. */
static int64_t moment(const struct tz_day *day, int64_t year, int32_t offset)
{
	return day_in(day, year) * CIVIL_DAY + day->time - offset;
}

int32_t tz_rule_offset(const struct tz_rule *rule, int64_t utc)
{
	int64_t begin, end, year;
	bool dst;

	if (!rule->has_dst)
		return rule->std;
	year = civil_from_day(civil_div(utc + rule->std, CIVIL_DAY)).year;
	begin = moment(&rule->begin, year, rule->std);
	end = moment(&rule->end, year, rule->dst);
	/* in the south summer goes over the end of the year */
	dst = begin < end ? utc >= begin && utc < end
			  : utc >= begin || utc < end;
	return dst ? rule->dst : rule->std;
}
