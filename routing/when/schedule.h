/*
 * schedule.h  `schedules`: hours of a week, holidays, and days that are
 *             otherwise, by the clocks of a place
 *
 * A moment is looked at as the clocks of the zone show it: an hour that
 * summer time skips never comes, one that it repeats comes twice. What goes
 * over midnight belongs to the day on which it began.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHEN_SCHEDULE_H
#define ROUTING_WHEN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"

struct arena;
struct fingerprint;
struct when_entry;
struct zone;

enum {
	SCHEDULE_ENTRIES_MAX = 1000, /* of each kind */
	SCHEDULE_TEXT_MAX = 120,     /* bytes of one */
	SCHEDULE_NAME_MAX = 32
};

struct schedule_list { /* as written, and compiled */
	const char **text;
	uint32_t count;
	struct when_entry *entries;
};

/* As filled. `except` is over `also`, over `holidays`, over `weekly`. */
struct schedule {
	const char *name;
	struct cfg_pos pos;
	const char *timezone;
	struct schedule_list weekly, holidays, also, except;
	struct zone *zone;
};

/* Of the map `schedules`. */
extern const struct cfg_field schedule_item;
bool schedule_name_check(const char *text, char *why, size_t size);
#define SCHEDULE_NAME_PATTERN "^[a-z0-9_-]{1,32}$"

/* Zones that schedules share. mem_deref() frees. */
struct zones;
int zones_alloc(struct zones **zonesp);

/* EINVAL: an error was added. schedule_release() frees what it made. */
int schedule_load(struct schedule *schedule, struct zones *zones,
		  struct arena *mem, struct fingerprint *print,
		  struct cfg_errors *errs);
void schedule_release(struct schedule *schedule);

enum schedule_why {
	SCHEDULE_OUTSIDE, /* of all that is given */
	SCHEDULE_WEEKLY,
	SCHEDULE_HOLIDAY,
	SCHEDULE_ALSO,
	SCHEDULE_EXCEPT,
};

/* What was found; borrowed from the schedule. */
struct schedule_hit {
	bool in;
	enum schedule_why why;
	const struct schedule *schedule;
	const char *entry; /* that decided, as written; NULL: none did */
	int64_t day;       /* there, from 1970-01-01 */
	uint16_t minute;   /* of it */
};

/* now: unix seconds. */
bool schedule_has(const struct schedule *schedule, int64_t now,
		  struct schedule_hit *hit);

/* For %H: "Wednesday 19:05 in Europe/Berlin is outside office". */
int schedule_hit_print(struct re_printf *pf, const struct schedule_hit *hit);

#endif
