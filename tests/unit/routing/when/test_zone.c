/*
 * test_zone.c  Time zones, beside the C library's
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <re.h>

#include "routing/when/tz_rule.h"
#include "routing/when/zone.h"
#include "tests/lib/test.h"

static char why[300];

static struct zone *load(const char *name)
{
	struct zone *zone = NULL;

	why[0] = '\0';
	CHECK(!zone_load(&zone, zone_dir, name, NULL, why, sizeof(why)) ==
	      !!zone);
	return zone;
}

static void clocks_are_ahead_as_they_should(void)
{
	struct zone *zone = load("Asia/Kathmandu");

	REQUIRE(zone != NULL);
	CHECK_STR(zone_name(zone), "Asia/Kathmandu");
	CHECK_INT(zone_offset(zone, 1790000000), 20700); /* 5:45 */
	mem_deref(zone);
	zone = load("Europe/Berlin");
	REQUIRE(zone != NULL);
	/* 2026-03-29 01:00 UTC, 2026-10-25 01:00 UTC */
	CHECK_INT(zone_offset(zone, 1774745999), 3600);
	CHECK_INT(zone_offset(zone, 1774746000), 7200);
	CHECK_INT(zone_offset(zone, 1792889999), 7200);
	CHECK_INT(zone_offset(zone, 1792890000), 3600);
	/* 2060-07-01: by the rule */
	CHECK_INT(zone_offset(zone, 2855779200), 7200);
	mem_deref(zone);
	CHECK_INT(zone_offset(NULL, 0), 0);
	CHECK_STR(zone_name(NULL), "UTC");
}

static void check_beside_libc(const char *name, size_t *wrong)
{
	struct zone *zone = load(name);
	uint32_t seed = 1;

	REQUIRE(zone != NULL);
	setenv("TZ", name, 1);
	tzset();
	for (int i = 0; i < 300; i++) {
		struct tm tm;
		time_t t;

		/* 1950 to 2130 */
		seed = seed * 1664525u + 1013904223u;
		t = (time_t)seed + (time_t)(i % 2) * 700000000 - 631152000;
		localtime_r(&t, &tm);
		if (zone_offset(zone, t) == tm.tm_gmtoff)
			continue;
		printf("# %s at %lld: %d, not %ld\n", name, (long long)t,
		       zone_offset(zone, t), tm.tm_gmtoff);
		++*wrong;
	}
	mem_deref(zone);
}

static void all_zones_agree_with_the_c_library(void)
{
	FILE *f = fopen("/usr/share/zoneinfo/zone1970.tab", "r");
	char line[300], name[100];
	size_t zones = 0, wrong = 0;

	if (!f) {
		test_skip("no list of zones");
		return;
	}
	while (fgets(line, sizeof(line), f) && wrong < 20) {
		if (line[0] == '#' || sscanf(line, "%*s %*s %99s", name) != 1)
			continue;
		check_beside_libc(name, &wrong);
		++zones;
	}
	fclose(f);
	CHECK(zones > 250);
	CHECK_INT(wrong, 0);
	unsetenv("TZ");
	tzset();
}

static void unknown_zone_names_the_nearest(void)
{
	CHECK(!load("Europe/Berln"));
	CHECK_STR(why, "a time zone of /usr/share/zoneinfo, like "
		       "Europe/Berlin; did you mean \"Europe/Berlin\"?");
	CHECK(!load("america/new_york"));
	CHECK(strstr(why, "did you mean \"America/New_York\"?"));
	CHECK(!load("America/Argentina/Usuaia"));
	CHECK(strstr(why, "did you mean \"America/Argentina/Ushuaia\"?"));
	CHECK(!load("Nowhere/At_All_Whatsoever"));
	CHECK(!strstr(why, "mean"));
}

static void names_do_not_leave_the_folder(void)
{
	static const char *const name[] = {
		"../../../etc/passwd",
		"/etc/localtime",
		"",
		"Europe",
		"Europe/",
		"Europe//Berlin",
		".",
		"Europe/.Berlin",
		"tzdata.zi",
		"a\nb",
	};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		CHECK(!load(name[i]));
}

/* --- damaged files ----------------------------------------------------------- */

static const char *read_bytes(const uint8_t *data, size_t len)
{
	struct zone *zone = NULL;
	const char *wrong = "fine";

	CHECK(!zone_read(&zone, "x", data, len, &wrong) == !!zone);
	mem_deref(zone);
	return wrong ? wrong : "fine";
}

static uint8_t *berlin(size_t *len)
{
	FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
	uint8_t *data = mem_alloc(8192, NULL);

	*len = f && data ? fread(data, 1, 8192, f) : 0;
	if (f)
		fclose(f);
	return data;
}

static void file_cut_anywhere_is_refused(void)
{
	size_t len, taken = 0;
	uint8_t *data = berlin(&len);

	REQUIRE(data && len > 500);
	CHECK_STR(read_bytes(data, len), "fine");
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *part = mem_alloc(cut + 1, NULL);
		struct zone *zone = NULL;
		const char *wrong;

		REQUIRE(part != NULL);
		memcpy(part, data, cut);
		taken += !zone_read(&zone, "x", part, cut, &wrong);
		mem_deref(zone);
		mem_deref(part);
	}
	CHECK_INT(taken, 0);
	mem_deref(data);
}

static void damaged_files_are_refused(void)
{
	size_t len;
	uint8_t *data = berlin(&len);

	REQUIRE(data && len > 500);
	CHECK_STR(read_bytes((const uint8_t *)"TZ", 2), "no TZif file");
	data[36] = 0xff; /* a huge count */
	CHECK_STR(read_bytes(data, len), "cut short");
	mem_deref(data);
}

static void file_of_version_1_is_read(void)
{
	/* no changes, one type: 5:45 */
	uint8_t data[44 + 6 + 4] = {'T', 'Z', 'i', 'f', 0};
	struct zone *zone = NULL;
	const char *wrong;

	data[39] = 1;
	data[43] = 4;
	data[44 + 2] = 0x50;
	data[44 + 3] = 0xdc;
	CHECK_INT(zone_read(&zone, "x", data, sizeof(data), &wrong), 0);
	if (zone)
		CHECK_INT(zone_offset(zone, 0), 20700);
	mem_deref(zone);
	zone = NULL;
	data[44] = 0x7f; /* a day has less */
	CHECK_INT(zone_read(&zone, "x", data, sizeof(data), &wrong), EINVAL);
}

/* --- rules -------------------------------------------------------------------- */

static bool rule(struct tz_rule *r, const char *text)
{
	return tz_rule_read(r, text, strlen(text));
}

static void rules_are_read(void)
{
	struct tz_rule r;

	CHECK(rule(&r, "CET-1CEST,M3.5.0,M10.5.0/3"));
	CHECK_INT(r.std, 3600);
	CHECK_INT(r.dst, 7200);
	CHECK_INT(r.begin.month, 3);
	CHECK_INT(r.end.time, 3 * 3600);
	CHECK(rule(&r, "<+0545>-5:45"));
	CHECK_INT(r.std, 20700);
	CHECK(!r.has_dst);
	CHECK(rule(&r, "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"));
	CHECK_INT(r.dst, 39600);
	CHECK(rule(&r, "EST5EDT,J60/-167:59:59,365/167"));
	CHECK_INT(r.begin.time, -(167 * 3600 + 59 * 60 + 59));
	CHECK_INT(r.end.kind, TZ_ZERO_DAY);
	/* summer all year (RFC 8536 section 3.3.1) */
	CHECK(rule(&r, "EST5EDT,0/0,J365/25"));
	CHECK_INT(tz_rule_offset(&r, 1767225600), -4 * 3600);
	CHECK_INT(tz_rule_offset(&r, 1780000000), -4 * 3600);
}

static void what_is_no_rule_is_refused(void)
{
	static const char *const text[] = {
		"",
		"CET",
		"CE-1",
		"<+05-5",
		"CET-25",
		"CET-1CEST",
		"CET-1CEST,M3.5.0",
		"CET-1CEST,M13.5.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0",
		"CET-1CEST,J0,J1",
		"CET-1CEST,366,1",
		"CET-1CEST,M3.5.0/168,M10.5.0",
		"CET-1CEST,M3.5.0,M10.5.0x",
		"CET-1:60",
		"CET-99999999999999999999",
		":Europe/Berlin",
	};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct tz_rule r;

		CHECK(!rule(&r, text[i]));
	}
}

static void memory_may_end(void)
{
	struct zone *zone = load("Europe/Berlin");

	CHECK(test_oom_hit() || zone);
	mem_deref(zone);
}

TEST_MAIN(TEST(clocks_are_ahead_as_they_should),
	  TEST(all_zones_agree_with_the_c_library),
	  TEST(unknown_zone_names_the_nearest),
	  TEST(names_do_not_leave_the_folder),
	  TEST(file_cut_anywhere_is_refused), TEST(damaged_files_are_refused),
	  TEST(file_of_version_1_is_read), TEST(rules_are_read),
	  TEST(what_is_no_rule_is_refused), TEST_OOM(memory_may_end))
