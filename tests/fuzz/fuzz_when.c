/*
 * fuzz_when.c  TZif files, TZ strings, and lines of schedules
 *
 * The first byte tells which: 0 a TZif file, 1 a TZ string, else a line.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/when/tz_rule.h"
#include "routing/when/when_entry.h"
#include "routing/when/zone.h"
#include "tests/lib/fuzz.h"

static const int64_t moments[] = {-2208988800, 0, 1790000000, 4102444800,
				  INT32_MAX};

static void check_offset(int32_t offset)
{
	if (offset < -90000 || offset > 93600)
		abort();
}

static void use_zone(const uint8_t *data, size_t size)
{
	struct zone *zone = NULL;
	const char *why = NULL;
	int err = zone_read(&zone, "fuzz", data, size, &why);

	if (!err != !!zone || (err && !why))
		abort();
	for (size_t i = 0; zone && i < sizeof(moments) / sizeof(moments[0]);
	     i++)
		check_offset(zone_offset(zone, moments[i]));
	mem_deref(zone);
}

static void use_rule(const uint8_t *data, size_t size)
{
	struct tz_rule rule;

	if (!tz_rule_read(&rule, (const char *)data, size))
		return;
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		check_offset(tz_rule_offset(&rule, moments[i]));
}

static void use_line(const uint8_t *data, size_t size)
{
	struct when_entry entry;
	char text[128], why[300];
	bool any = false;

	size = min(size, sizeof(text) - 1);
	memcpy(text, data, size);
	text[size] = '\0';
	(void)when_dates_read(&entry, text, why, sizeof(why));
	if (!when_weekly_read(&entry, text, why, sizeof(why)))
		return;
	for (int64_t day = 0; day < 7; day++) {
		for (unsigned minute = 0; minute < WHEN_MINUTES; minute++)
			any |= when_entry_has(&entry, day, minute);
	}
	/* a line that was taken says something */
	if (!any)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] == 0)
		use_zone(data + 1, size - 1);
	else if (data[0] == 1)
		use_rule(data + 1, size - 1);
	else
		use_line(data + 1, size - 1);
	return 0;
}
