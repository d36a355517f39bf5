/*
 * when_entry.h  One line of a schedule: "mon-fri 08:00-18:00", "2026-12-25"
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHEN_WHEN_ENTRY_H
#define ROUTING_WHEN_WHEN_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WHEN_SPANS_MAX = 6,
	WHEN_MINUTES = 24 * 60 /* of a day */
};

struct when_span { /* minutes of the day; to may be on the next one */
	uint16_t from, to;
};

struct when_entry {
	uint8_t days;        /* weekly: bits, 0 is Sunday; 0: dates below */
	bool yearly;         /* first and last are month * 100 + day */
	int32_t first, last; /* days from 1970-01-01, both in */
	struct when_span spans[WHEN_SPANS_MAX];
	unsigned nspans;
};

/*
 * "mon-fri 08:00-12:00,13:00-18:00", "sat,sun", "daily 22:00-06:00". Without
 * times it is the whole day. false: why says what was expected.
 */
bool when_weekly_read(struct when_entry *entry, const char *text, char *why,
		      size_t size);

/*
 * "2026-12-25", "12-25" (of every year), "2026-12-24..2027-01-06",
 * "12-24..01-06", each with times behind or without.
 */
bool when_dates_read(struct when_entry *entry, const char *text, char *why,
		     size_t size);

/* A day from 1970-01-01, and a minute of it. */
bool when_entry_has(const struct when_entry *entry, int64_t day,
		    unsigned minute);

#endif
