/*
 * schedule.c  Whether a moment is within a schedule, and why
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/when/civil.h"
#include "routing/when/schedule.h"
#include "routing/when/when_entry.h"
#include "routing/when/zone.h"

/* --- zones that schedules share ----------------------------------------------- */

struct zones {
	struct list list; /* of struct named */
};

struct named {
	struct le le;
	struct zone *zone;
};

static void named_destructor(void *arg)
{
	struct named *named = arg;

	list_unlink(&named->le);
	mem_deref(named->zone);
}

static void zones_destructor(void *arg)
{
	struct zones *zones = arg;

	list_flush(&zones->list);
}

int zones_alloc(struct zones **zonesp)
{
	struct zones *zones = mem_zalloc(sizeof(*zones), zones_destructor);

	if (!zones)
		return ENOMEM;
	*zonesp = zones;
	return 0;
}

static int add_zone(struct zones *zones, const char *name,
		    struct fingerprint *print, char *why, size_t size)
{
	struct named *named = mem_zalloc(sizeof(*named), named_destructor);
	int err;

	if (!named)
		return ENOMEM;
	err = zone_load(&named->zone, zone_dir, name, print, why, size);
	if (err)
		mem_deref(named);
	else
		list_prepend(&zones->list, &named->le, named);
	return err;
}

static struct zone *find_zone(const struct zones *zones, const char *name)
{
	const struct le *le;

	for (le = list_head(&zones->list); le; le = le->next) {
		const struct named *named = le->data;

		if (!strcmp(zone_name(named->zone), name))
			return named->zone;
	}
	return NULL;
}

/* --- loading -------------------------------------------------------------------- */

typedef bool(read_h)(struct when_entry *entry, const char *text, char *why,
		     size_t size);

static int compile(struct schedule_list *list, read_h *readh, struct arena *mem)
{
	char why[SCHEDULE_TEXT_MAX * 2];

	if (!list->count)
		return 0;
	list->entries = arena_get(mem, list->count * sizeof(*list->entries));
	if (!list->entries)
		return ENOMEM;
	for (uint32_t i = 0; i < list->count; i++) {
		/* the description's check has read it already */
		if (!readh(&list->entries[i], list->text[i], why, sizeof(why)))
			return EINVAL;
	}
	return 0;
}

static int load_zone(struct schedule *schedule, struct zones *zones,
		     struct fingerprint *print, struct cfg_errors *errs)
{
	char why[200];
	int err = 0;

	/* is there without tzdata, too */
	if (!strcmp(schedule->timezone, zone_name(NULL)))
		return 0;
	if (!find_zone(zones, schedule->timezone))
		err = add_zone(zones, schedule->timezone, print, why,
			       sizeof(why));
	if (err == EINVAL)
		cfg_errors_add(errs, &schedule->pos,
			       "timezone: \"%s\" will not do, expected %s",
			       schedule->timezone, why);
	if (!err)
		schedule->zone = mem_ref(find_zone(zones, schedule->timezone));
	return err;
}

int schedule_load(struct schedule *schedule, struct zones *zones,
		  struct arena *mem, struct fingerprint *print,
		  struct cfg_errors *errs)
{
	int err, bad = 0;

	if (!schedule->weekly.count && !schedule->also.count) {
		cfg_errors_add(errs, &schedule->pos,
			       "schedule \"%s\" has no times, expected "
			       "`weekly` or `also`",
			       schedule->name);
		bad = EINVAL;
	}
	err = load_zone(schedule, zones, print, errs);
	if (err == ENOMEM)
		return err;
	bad = err ? err : bad;
	err = compile(&schedule->weekly, when_weekly_read, mem);
	err = err ? err : compile(&schedule->holidays, when_dates_read, mem);
	err = err ? err : compile(&schedule->also, when_dates_read, mem);
	err = err ? err : compile(&schedule->except, when_dates_read, mem);
	return err ? err : bad;
}

void schedule_release(struct schedule *schedule)
{
	if (schedule)
		schedule->zone = mem_deref(schedule->zone);
}

/* --- looking -------------------------------------------------------------------- */

static bool found(const struct schedule_list *list, struct schedule_hit *hit,
		  enum schedule_why why)
{
	for (uint32_t i = 0; i < list->count && list->entries; i++) {
		if (!when_entry_has(&list->entries[i], hit->day, hit->minute))
			continue;
		hit->why = why;
		hit->entry = list->text[i];
		hit->in = why == SCHEDULE_WEEKLY || why == SCHEDULE_ALSO;
		return true;
	}
	return false;
}

bool schedule_has(const struct schedule *schedule, int64_t now,
		  struct schedule_hit *hit)
{
	const int64_t there = now + zone_offset(schedule->zone, now);

	memset(hit, 0, sizeof(*hit));
	hit->schedule = schedule;
	hit->day = civil_div(there, CIVIL_DAY);
	hit->minute = (uint16_t)((there - hit->day * CIVIL_DAY) / 60);
	(void)(found(&schedule->except, hit, SCHEDULE_EXCEPT) ||
	       found(&schedule->also, hit, SCHEDULE_ALSO) ||
	       found(&schedule->holidays, hit, SCHEDULE_HOLIDAY) ||
	       found(&schedule->weekly, hit, SCHEDULE_WEEKLY));
	return hit->in;
}

/* A weekday is enough for the hours of a week. */
static int print_day(struct re_printf *pf, const struct schedule_hit *hit)
{
	static const char *const weekdays[] = {"Sunday",   "Monday",
					       "Tuesday",  "Wednesday",
					       "Thursday", "Friday",
					       "Saturday"};
	const struct civil civil = civil_from_day(hit->day);
	int err = re_hprintf(pf, "%s ", weekdays[civil_weekday(hit->day)]);

	if (hit->why != SCHEDULE_OUTSIDE && hit->why != SCHEDULE_WEEKLY)
		err = err ? err
			  : re_hprintf(pf, "%lld-%02u-%02u ",
				       (long long)civil.year, civil.month,
				       civil.day);
	return err ? err
		   : re_hprintf(pf, "%02u:%02u", hit->minute / 60,
				hit->minute % 60);
}

int schedule_hit_print(struct re_printf *pf, const struct schedule_hit *hit)
{
	static const char *const label[] = {
		[SCHEDULE_OUTSIDE] = "",         [SCHEDULE_WEEKLY] = "",
		[SCHEDULE_HOLIDAY] = "holiday ", [SCHEDULE_ALSO] = "also ",
		[SCHEDULE_EXCEPT] = "except ",
	};
	int err;

	if (!hit || !hit->schedule)
		return 0;
	err = print_day(pf, hit);
	err = err ? err
		  : re_hprintf(pf, " in %s is %s %s",
			       zone_name(hit->schedule->zone),
			       hit->in ? "within" : "outside",
			       hit->schedule->name);
	if (hit->entry)
		err = err ? err
			  : re_hprintf(pf, " (%s%s)", label[hit->why],
				       hit->entry);
	return err;
}
