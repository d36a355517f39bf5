/*
 * test_schedule.c  Hours, holidays and summer time
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "common/arena.h"
#include "common/cfg_tree.h"
#include "common/fingerprint.h"
#include "routing/when/civil.h"
#include "routing/when/schedule.h"
#include "tests/lib/test.h"

struct file {
	struct arena *mem;
	struct schedule *schedules;
	uint32_t nschedules;
};

static const struct cfg_field file_fields[] = {
	{"schedules", CFG_MAP, CFG_ITEMS(struct file, schedules, nschedules),
	 CFG_KEY(struct schedule, name), .item = &schedule_item,
	 .check = schedule_name_check},
	CFG_END,
};
static const struct cfg_table file_table = {CFG_ROOT(struct file), "s",
					    file_fields, NULL, 0};

static char errors[4000];

static struct file *load(const char *text)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	struct zones *zones = NULL;
	struct file *file = NULL;
	int err = cfg_errors_alloc(&errs);

	err = err ? err : zones_alloc(&zones);
	err = err ? err
		  : cfg_tree_parse(&tree, "s", text, strlen(text), NULL, errs);
	err = err ? err
		  : cfg_fill(&file, &file_table, cfg_tree_root(tree), errs);
	for (uint32_t i = 0; !err && i < file->nschedules; i++)
		err = schedule_load(&file->schedules[i], zones, file->mem, NULL,
				    errs);
	re_snprintf(errors, sizeof(errors), "%H", cfg_errors_print, errs);
	CHECK(test_oom_hit() || !err == !errors[0]);
	mem_deref(zones);
	mem_deref(tree);
	mem_deref(errs);
	return file;
}

static void unload(struct file *file)
{
	for (uint32_t i = 0; file && i < file->nschedules; i++)
		schedule_release(&file->schedules[i]);
	mem_deref(file);
}

static int64_t utc(const char *text)
{
	unsigned y, mo, d, h, m, s = 0;

	if (sscanf(text, "%u-%u-%u %u:%u:%u", &y, &mo, &d, &h, &m, &s) < 5)
		CHECK(false);
	return civil_to_day(y, mo, d) * CIVIL_DAY + h * 3600 + m * 60 + s;
}

static bool has(const struct file *file, const char *when)
{
	struct schedule_hit hit;

	return file && schedule_has(&file->schedules[0], utc(when), &hit);
}

static const char *why(const struct file *file, const char *when)
{
	static char text[200];
	struct schedule_hit hit;

	if (!file)
		return "no table";
	(void)schedule_has(&file->schedules[0], utc(when), &hit);
	re_snprintf(text, sizeof(text), "%H", schedule_hit_print, &hit);
	return text;
}

static const char office[] =
	"schedules:\n"
	"  office:\n"
	"    timezone: Europe/Berlin\n"
	"    weekly: [\"mon-fri 08:00-18:00\", \"sat 22:00-02:00\"]\n"
	"    holidays: [2026-12-25, 2026-12-24 12:00-24:00, 01-01]\n"
	"    also: [2026-12-25 10:00-11:00, 2026-11-29 13:00-18:00]\n"
	"    except: [2026-11-18 09:00-10:00, 2026-11-29 17:00-24:00]\n";

static void hours_are_those_of_the_place(void)
{
	struct file *file = load(office);

	CHECK(has(file, "2026-11-18 07:00")); /* 8:00 in winter */
	CHECK(!has(file, "2026-11-18 06:59"));
	CHECK(has(file, "2026-07-01 06:00")); /* 8:00 in summer */
	CHECK(!has(file, "2026-07-01 16:00"));
	CHECK(has(file, "2026-11-22 00:59")); /* Saturday's night */
	CHECK(!has(file, "2026-11-22 01:00"));
	unload(file);
}

static void one_kind_of_line_is_over_another(void)
{
	struct file *file = load(office);

	CHECK(has(file, "2026-12-24 10:59"));
	CHECK(!has(file, "2026-12-24 11:00")); /* holiday at 12:00 */
	CHECK(!has(file, "2026-12-25 08:59"));
	CHECK(has(file, "2026-12-25 09:00")); /* also, on a holiday */
	CHECK(!has(file, "2026-12-25 10:00"));
	CHECK(!has(file, "2027-01-01 09:00")); /* of every year */
	CHECK(!has(file, "2026-11-18 08:30")); /* except */
	CHECK(has(file, "2026-11-29 12:00"));  /* a Sunday */
	CHECK(!has(file, "2026-11-29 16:00")); /* except is over also */
	unload(file);
}

static void reason_is_told_in_words(void)
{
	struct file *file = load(office);

	CHECK_STR(why(file, "2026-11-18 18:05"),
		  "Wednesday 19:05 in Europe/Berlin is outside office");
	CHECK_STR(why(file, "2026-11-18 12:05"),
		  "Wednesday 13:05 in Europe/Berlin is within office "
		  "(mon-fri 08:00-18:00)");
	CHECK_STR(why(file, "2026-12-25 12:05"),
		  "Friday 2026-12-25 13:05 in Europe/Berlin is outside office "
		  "(holiday 2026-12-25)");
	CHECK_STR(why(file, "2026-11-29 12:05"),
		  "Sunday 2026-11-29 13:05 in Europe/Berlin is within office "
		  "(also 2026-11-29 13:00-18:00)");
	CHECK_STR(why(file, "2026-11-18 08:05"),
		  "Wednesday 2026-11-18 09:05 in Europe/Berlin is outside "
		  "office (except 2026-11-18 09:00-10:00)");
	unload(file);
}

/* --- days on which the clocks change --------------------------------------- */

static struct file *in_zone(const char *zone, const char *hours)
{
	char text[300];

	re_snprintf(text, sizeof(text),
		    "schedules: {s: {timezone: %s, weekly: \"%s\"}}", zone,
		    hours);
	return load(text);
}

/* From first to last (UTC) it is within, just before and behind it is not. */
static void is_within(struct file *file, const char *first, const char *behind)
{
	struct schedule_hit hit;
	const int64_t from = utc(first), to = utc(behind);

	REQUIRE(file != NULL);
	CHECK(!schedule_has(&file->schedules[0], from - 1, &hit));
	CHECK(!schedule_has(&file->schedules[0], to, &hit));
	for (int64_t t = from; t < to; t += 60)
		CHECK(schedule_has(&file->schedules[0], t, &hit));
	CHECK(schedule_has(&file->schedules[0], to - 1, &hit));
}

static void never_within(struct file *file, const char *first,
			 const char *behind)
{
	struct schedule_hit hit;

	REQUIRE(file != NULL);
	for (int64_t t = utc(first); t < utc(behind); t += 60)
		CHECK(!schedule_has(&file->schedules[0], t, &hit));
}

static void berlin_skips_and_repeats_an_hour(void)
{
	struct file *file = in_zone("Europe/Berlin", "sun 02:00-03:00");

	never_within(file, "2026-03-28 22:00", "2026-03-29 22:00");
	/* two hours, from 2:00 to 3:00 and once more */
	is_within(file, "2026-10-25 00:00", "2026-10-25 02:00");
	is_within(file, "2026-11-01 01:00", "2026-11-01 02:00");
	unload(file);
	/* a range over the gap is shorter, over the fold longer */
	file = in_zone("Europe/Berlin", "sun 01:00-04:00");
	is_within(file, "2026-03-29 00:00", "2026-03-29 02:00");
	is_within(file, "2026-10-24 23:00", "2026-10-25 03:00");
	unload(file);
}

static void new_york_skips_and_repeats_an_hour(void)
{
	struct file *file = in_zone("America/New_York", "sun 02:00-03:00");

	never_within(file, "2026-03-08 04:00", "2026-03-09 04:00");
	is_within(file, "2026-11-01 07:00", "2026-11-01 08:00");
	unload(file);
	file = in_zone("America/New_York", "sun 01:00-02:00");
	is_within(file, "2026-11-01 05:00", "2026-11-01 07:00");
	unload(file);
}

static void lord_howe_moves_by_half_an_hour(void)
{
	/* +11:00 to +10:30 at 2:00 on 5 April, back at 2:00 on 4 October */
	struct file *file = in_zone("Australia/Lord_Howe", "sun 01:30-02:30");

	is_within(file, "2026-04-04 14:30", "2026-04-04 16:00");
	is_within(file, "2026-10-03 15:00", "2026-10-03 15:30");
	is_within(file, "2026-04-11 15:00", "2026-04-11 16:00");
	unload(file);
}

static void southern_summer_goes_over_the_new_year(void)
{
	struct file *file = in_zone("Australia/Sydney", "daily 09:00-10:00");

	is_within(file, "2026-12-31 22:00", "2026-12-31 23:00");
	is_within(file, "2026-06-30 23:00", "2026-07-01 00:00");
	unload(file);
	file = in_zone("America/Santiago", "sun 23:00-24:00");
	/* 24:00 on Saturday 4 April: 23:00 comes twice, on a Saturday */
	is_within(file, "2026-04-06 03:00", "2026-04-06 04:00");
	unload(file);
	file = in_zone("America/Santiago", "sat 23:00-24:00");
	is_within(file, "2026-04-05 02:00", "2026-04-05 04:00");
	unload(file);
	/* 6 September begins at 1:00 */
	file = in_zone("America/Santiago", "sun 00:00-01:00");
	never_within(file, "2026-09-05 20:00", "2026-09-06 20:00");
	unload(file);
}

static void kathmandu_is_three_quarters_off(void)
{
	struct file *file = in_zone("Asia/Kathmandu", "daily 09:00-10:00");

	is_within(file, "2026-06-01 03:15", "2026-06-01 04:15");
	unload(file);
}

/* --- errors ------------------------------------------------------------------- */

static void errors_have_their_places(void)
{
	unload(load("schedules:\n  s:\n    timezone: Europe/Berln\n"
		    "    weekly: [\"mon-fry 08:00-18:00\", mon]\n"
		    "    holidays: [2026-02-29]\n"));
	CHECK(strstr(errors, "s:3:15: timezone: \"Europe/Berln\" will not do, "
			     "expected a time zone of /usr/share/zoneinfo, "
			     "like Europe/Berlin; did you mean "
			     "\"Europe/Berlin\"?\n"));
	CHECK(strstr(errors, "s:4:14: weekly: \"mon-fry 08:00-18:00\" will not "
			     "do, expected days with times, like"));
	CHECK(strstr(errors, "s:5:16: holidays: \"2026-02-29\" will not do"));
	unload(load("schedules: {S: {weekly: mon}}\n"));
	CHECK(strstr(errors, "\"S\" will not do as a key"));
	unload(load("schedules: {s: {holidays: 12-25}}\n"));
	CHECK(strstr(errors, "s:1:16: schedule \"s\" has no times, expected "
			     "`weekly` or `also`\n"));
}

static void without_a_zone_it_is_utc(void)
{
	struct file *file = load("schedules: {s: {weekly: daily 09:00-10:00}}");

	is_within(file, "2026-06-01 09:00", "2026-06-01 10:00");
	CHECK_STR(why(file, "2026-06-01 10:00"),
		  "Monday 10:00 in UTC is outside s");
	unload(file);
}

static void memory_may_end(void)
{
	struct file *file = load(office);

	CHECK(test_oom_hit() || file);
	unload(file);
}

TEST_MAIN(TEST(hours_are_those_of_the_place),
	  TEST(one_kind_of_line_is_over_another), TEST(reason_is_told_in_words),
	  TEST(berlin_skips_and_repeats_an_hour),
	  TEST(new_york_skips_and_repeats_an_hour),
	  TEST(lord_howe_moves_by_half_an_hour),
	  TEST(southern_summer_goes_over_the_new_year),
	  TEST(kathmandu_is_three_quarters_off), TEST(errors_have_their_places),
	  TEST(without_a_zone_it_is_utc), TEST_OOM(memory_may_end))
