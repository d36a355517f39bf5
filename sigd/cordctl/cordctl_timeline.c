/*
 * cordctl_timeline.c  What happened to a call, for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/jsonr.h"
#include "sigd/cordctl/cordctl_api.h"
#include "sigd/cordctl/cordctl_shown.h"
#include "sigd/cordctl/cordctl_timeline.h"

const char *cordctl_shown_text(char buf[CORDCTL_CELL_MAX],
			       const struct jsonr_val *val, const char *path)
{
	char text[CORDCTL_CELL_MAX];

	re_snprintf(buf, CORDCTL_CELL_MAX, "%H", cordctl_shown,
		    cordctl_text(text, val, path));
	return buf;
}

void cordctl_line(const char *name, const struct jsonr_val *val,
		  const char *path)
{
	char text[CORDCTL_CELL_MAX];

	if (*cordctl_shown_text(text, val, path))
		printf("%-12s %s\n", name, text);
}

/* --- what came of it ------------------------------------------------------------ */

static void verdict(const struct jsonr_val *timeline)
{
	const struct jsonr_val *val = jsonr_get(timeline, "verdict");
	const char *sentence = jsonr_str(jsonr_get(val, "sentence"));
	const char *advice = jsonr_str(jsonr_get(val, "advice"));
	char code[CORDCTL_CELL_MAX];

	if (!val)
		return;
	(void)re_printf("\nverdict      %s: %H\n",
			cordctl_shown_text(code, val, "code"), cordctl_shown,
			sentence);
	if (advice)
		(void)re_printf("             %H\n", cordctl_shown, advice);
}

/* Lines of the routing table's explanation as it was then. */
static void decision(const struct jsonr_val *timeline)
{
	const char *text = jsonr_str(jsonr_get(timeline, "decision"));

	for (const char *name = "decision"; text && *text; name = "") {
		const size_t len = strcspn(text, "\n");
		char *line = NULL;

		if (re_sdprintf(&line, "%b", text, len))
			return;
		(void)re_printf("%-12s %H\n", name, cordctl_shown, line);
		mem_deref(line);
		text += len + (text[len] == '\n');
	}
}

void cordctl_timeline_top(const struct jsonr_val *timeline)
{
	verdict(timeline);
	decision(timeline);
}

/* --- the ladder --------------------------------------------------------------------- */

static void datum(const char *name, const struct jsonr_val *val, void *arg)
{
	const char *text = jsonr_str(val);
	(void)arg;

	if (text)
		(void)re_printf("  %H=%H", cordctl_shown, name, cordctl_shown,
				text);
}

/* A message comes from the far side, or goes there; all else stands between. */
static void item(const struct jsonr_val *val)
{
	char time[CORDCTL_CELL_MAX], what[CORDCTL_CELL_MAX],
		who[CORDCTL_CELL_MAX], over[CORDCTL_CELL_MAX];
	const char *direction = jsonr_str(jsonr_get(val, "direction"));
	const char *begin = time;

	if (strlen(cordctl_shown_text(time, val, "time")) >= 23)
		begin = time + 11;
	time[strcspn(time, "Z")] = '\0';
	if (direction) {
		(void)cordctl_shown_text(what, val, "line");
		(void)cordctl_shown_text(over, val, "remote");
		printf("%-12s  %s %-22s %s\n", begin,
		       strcmp(direction, "in") ? "-->" : "<--", over, what);
		return;
	}
	(void)cordctl_shown_text(what, val, "kind");
	(void)cordctl_shown_text(over, val, "leg");
	printf("%-12s   |  %s%s%s", begin, what, *over ? " leg " : "", over);
	jsonr_each(jsonr_get(val, "data"), datum, NULL);
	printf("  [%s]\n", cordctl_shown_text(who, val, "worker"));
}

void cordctl_timeline_items(const struct jsonr_val *timeline)
{
	const struct jsonr_val *items = jsonr_get(timeline, "items");

	putchar('\n');
	for (size_t i = 0; i < jsonr_count(items); i++)
		item(jsonr_at(items, i));
}
