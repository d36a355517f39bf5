/*
 * schedule_cfg.c  The description of `schedules`
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/when/schedule.h"
#include "routing/when/when_entry.h"
#include "routing/when/zone.h"

bool schedule_name_check(const char *text, char *why, size_t size)
{
	const size_t len = strlen(text);

	if (len && len <= SCHEDULE_NAME_MAX &&
	    !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
		return true;
	str_ncpy(why, "1 to 32 of a-z, 0-9, _ and -", size);
	return false;
}

static bool check_weekly(const char *text, char *why, size_t size)
{
	struct when_entry entry;

	return when_weekly_read(&entry, text, why, size);
}

static bool check_dates(const char *text, char *why, size_t size)
{
	struct when_entry entry;

	return when_dates_read(&entry, text, why, size);
}

static bool check_zone(const char *text, char *why, size_t size)
{
	struct zone *zone = NULL;
	int err = zone_load(&zone, zone_dir, text, NULL, why, size);

	mem_deref(zone);
	/* without memory the loader fails, too */
	return err != EINVAL || !strcmp(text, zone_name(NULL));
}

/* clang-format off */
static const struct cfg_field weekly_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = SCHEDULE_TEXT_MAX, .check = check_weekly,
};

static const struct cfg_field dates_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = SCHEDULE_TEXT_MAX, .check = check_dates,
};

#define LIST(member) \
	CFG_LIST, CFG_ITEMS(struct schedule, member.text, member.count), \
	.min = 1, .max = SCHEDULE_ENTRIES_MAX, .flags = CFG_F_ALONE

static const struct cfg_field schedule_fields[] = {
	{.type = CFG_POS, CFG_AT(struct schedule, pos)},
	{"timezone", CFG_STRING, CFG_AT(struct schedule, timezone), .min = 1,
	 .max = ZONE_NAME_MAX, .def = "UTC", .check = check_zone,
	 .help = "A name of the IANA's time zones; its clocks count.",
	 .example = "Europe/Berlin"},
	{"weekly", LIST(weekly), .item = &weekly_item,
	 .help = "Days with times, of every week. What ends before it begins "
		 "goes over midnight, and belongs to the day on which it "
		 "begins.", .example = "mon-fri 08:00-12:00,13:00-18:00"},
	{"holidays", LIST(holidays), .item = &dates_item,
	 .help = "Dates, with times or all day, on which `weekly` does not "
		 "count. Without a year: every year.",
	 .example = "12-25, 2026-12-24 12:00-24:00"},
	{"also", LIST(also), .item = &dates_item,
	 .help = "Dates that are within, holiday or not.",
	 .example = "2026-11-29 13:00-18:00"},
	{"except", LIST(except), .item = &dates_item,
	 .help = "Dates that are outside, whatever else is given.",
	 .example = "2026-08-03..2026-08-14"},
	CFG_END,
};

static const struct cfg_table schedule_table = {
	sizeof(struct schedule), "a schedule", schedule_fields,
	"Times of a place, for `match.schedule` of routes.", 0};

const struct cfg_field schedule_item = {
	.type = CFG_TABLE, .table = &schedule_table};
/* clang-format on */
