/*
 * cordctl_timeline.h  What happened to a call, for people
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CORDCTL_CORDCTL_TIMELINE_H
#define SIGD_CORDCTL_CORDCTL_TIMELINE_H

#include "sigd/cordctl/cordctl_table.h"

struct jsonr_val;

/* As cordctl_text(), shown as texts of strangers are. */
const char *cordctl_shown_text(char buf[CORDCTL_CELL_MAX],
			       const struct jsonr_val *val, const char *path);
/* One line, "name value"; none when there is no value. */
void cordctl_line(const char *name, const struct jsonr_val *val,
		  const char *path);

/* The verdict, and why it went where it did. timeline: NULL: it is not there,
 * here and below. */
void cordctl_timeline_top(const struct jsonr_val *timeline);
/* Its ladder. */
void cordctl_timeline_items(const struct jsonr_val *timeline);

#endif
