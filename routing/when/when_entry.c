/*
 * when_entry.c  One line of a schedule
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "routing/when/civil.h"
#include "routing/when/when_entry.h"

enum {
	ALL_DAYS = 0x7f
};

static const char *const weekdays[] = {"sun", "mon", "tue", "wed",
				       "thu", "fri", "sat"};

static bool say(char *why, size_t size, const char *what)
{
	(void)snprintf(why, size, "%s", what);
	return false;
}

static bool take(const char **p, const char *text)
{
	const size_t len = strlen(text);

	if (strncmp(*p, text, len) != 0)
		return false;
	*p += len;
	return true;
}

/* Exactly so many digits. */
static bool take_digits(const char **p, unsigned digits, unsigned *value)
{
	*value = 0;
	while (digits--) {
		if (!isdigit((unsigned char)**p))
			return false;
		*value = *value * 10 + (unsigned)(*(*p)++ - '0');
	}
	return true;
}

static void skip_spaces(const char **p)
{
	*p += strspn(*p, " ");
}

/* --- times ----------------------------------------------------------------- */

/* 8:00, 08:00, 24:00 */
static bool take_time(const char **p, uint16_t *minutes)
{
	const unsigned digits = isdigit((unsigned char)(*p)[0]) &&
						isdigit((unsigned char)(*p)[1])
					? 2
					: 1;
	unsigned h, m;

	if (!take_digits(p, digits, &h) || !take(p, ":") ||
	    !take_digits(p, 2, &m) || m > 59 || h * 60 + m > WHEN_MINUTES)
		return false;
	*minutes = (uint16_t)(h * 60 + m);
	return true;
}

static bool take_span(const char **p, struct when_span *span)
{
	if (!take_time(p, &span->from) || !take(p, "-") ||
	    !take_time(p, &span->to))
		return false;
	if (span->from == WHEN_MINUTES || span->from == span->to)
		return false;
	if (span->to < span->from)
		span->to += WHEN_MINUTES;
	return true;
}

/* What stands behind the days: nothing, or times. */
static bool read_spans(struct when_entry *entry, const char *p)
{
	const bool space = *p == ' ';

	skip_spaces(&p);
	entry->nspans = 0;
	if (!*p) {
		entry->spans[entry->nspans++] =
			(struct when_span){0, WHEN_MINUTES};
		return true;
	}
	if (!space)
		return false;
	while (entry->nspans < WHEN_SPANS_MAX &&
	       take_span(&p, &entry->spans[entry->nspans])) {
		++entry->nspans;
		skip_spaces(&p);
		if (!*p)
			return true;
		if (!take(&p, ","))
			return false;
		skip_spaces(&p);
	}
	return false;
}

/* --- days ------------------------------------------------------------------- */

static bool take_weekday(const char **p, unsigned *day)
{
	for (*day = 0; *day < 7; ++*day) {
		if (!strncasecmp(*p, weekdays[*day], 3) &&
		    !isalpha((unsigned char)(*p)[3])) {
			*p += 3;
			return true;
		}
	}
	return false;
}

/* fri-mon goes over the end of the week. */
static bool take_weekdays(const char **p, uint8_t *days)
{
	unsigned first, last;

	if (!take_weekday(p, &first))
		return false;
	last = first;
	if (take(p, "-") && !take_weekday(p, &last))
		return false;
	for (;; first = (first + 1) % 7) {
		*days |= (uint8_t)(1u << first);
		if (first == last)
			return true;
	}
}

bool when_weekly_read(struct when_entry *entry, const char *text, char *why,
		      size_t size)
{
	static const char want[] =
		"days with times, like \"mon-fri 08:00-12:00,13:00-18:00\", "
		"\"sat,sun\" or \"daily 22:00-06:00\"";
	const char *p = text;

	memset(entry, 0, sizeof(*entry));
	if (take(&p, "daily")) {
		entry->days = ALL_DAYS;
		return read_spans(entry, p) || say(why, size, want);
	}
	do {
		if (!take_weekdays(&p, &entry->days))
			return say(why, size, want);
	} while (take(&p, ","));
	return read_spans(entry, p) || say(why, size, want);
}

/* --- dates ------------------------------------------------------------------- */

/* 2026-12-25, or 12-25 of every year (then 29 February is a date, too). */
static bool take_date(const char **p, bool *yearly, int32_t *date)
{
	unsigned year = 2000, month, day;
	const char *start = *p;

	*yearly = !(take_digits(p, 4, &year) && take(p, "-"));
	if (*yearly) {
		*p = start;
		year = 2000; /* a leap year */
	}
	if (!take_digits(p, 2, &month) || !take(p, "-") ||
	    !take_digits(p, 2, &day) || !month || month > 12 || !day ||
	    day > civil_month_days(year, month))
		return false;
	*date = *yearly ? (int32_t)(month * 100 + day)
			: (int32_t)civil_to_day(year, month, day);
	return true;
}

static bool read_dates(struct when_entry *entry, const char *text)
{
	const char *p = text;
	bool yearly;

	if (!take_date(&p, &entry->yearly, &entry->first))
		return false;
	entry->last = entry->first;
	if (take(&p, "..")) {
		if (!take_date(&p, &yearly, &entry->last) ||
		    yearly != entry->yearly)
			return false;
		/* 12-24..01-06 goes over the end of the year */
		if (!yearly && entry->last < entry->first)
			return false;
	}
	return read_spans(entry, p);
}

bool when_dates_read(struct when_entry *entry, const char *text, char *why,
		     size_t size)
{
	memset(entry, 0, sizeof(*entry));
	return read_dates(entry, text) ||
	       say(why, size,
		   "a date with or without times, like \"2026-12-25\", "
		   "\"12-25\" (every year), \"2026-12-24 12:00-24:00\" or "
		   "\"2026-12-24..2027-01-06\"");
}

/* --- looking ------------------------------------------------------------------- */

static bool has_day(const struct when_entry *entry, int64_t day)
{
	struct civil civil;
	int32_t date;

	if (entry->days)
		return entry->days >> civil_weekday(day) & 1;
	if (!entry->yearly)
		return day >= entry->first && day <= entry->last;
	civil = civil_from_day(day);
	date = (int32_t)(civil.month * 100 + civil.day);
	if (entry->first <= entry->last)
		return date >= entry->first && date <= entry->last;
	return date >= entry->first || date <= entry->last;
}

static bool has_minute(const struct when_entry *entry, unsigned minute)
{
	for (unsigned i = 0; i < entry->nspans; i++) {
		if (minute >= entry->spans[i].from &&
		    minute < entry->spans[i].to)
			return true;
	}
	return false;
}

bool when_entry_has(const struct when_entry *entry, int64_t day,
		    unsigned minute)
{
	/* what began yesterday may go on today */
	return (has_minute(entry, minute) && has_day(entry, day)) ||
	       (has_minute(entry, minute + WHEN_MINUTES) &&
		has_day(entry, day - 1));
}
