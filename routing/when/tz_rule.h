/*
 * tz_rule.h  When summer time begins and ends, year by year: the TZ string
 *            in the footer of a TZif file (RFC 8536 section 3.3, POSIX)
 *
 * "CET-1CEST,M3.5.0,M10.5.0/3". Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHEN_TZ_RULE_H
#define ROUTING_WHEN_TZ_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tz_day_kind {
	TZ_JULIAN,   /* Jn: 1..365, 29 February does not count */
	TZ_ZERO_DAY, /* n: 0..365, it does */
	TZ_MONTH,    /* Mm.w.d */
};

struct tz_day {
	enum tz_day_kind kind;
	unsigned day;         /* ... of the year, or of the week */
	unsigned month, week; /* 1..12; 1..5, 5 is the last */
	int32_t time;         /* seconds behind 00:00, -167 h..167 h */
};

struct tz_rule {
	int32_t std, dst; /* seconds east of UTC */
	bool has_dst;
	struct tz_day begin, end; /* of dst; in the wall time before */
};

/* false: it is no such string, or more than one. */
bool tz_rule_read(struct tz_rule *rule, const char *text, size_t len);

/* Seconds east of UTC at a time (unix seconds, years 1 to 9999). */
int32_t tz_rule_offset(const struct tz_rule *rule, int64_t utc);

#endif
