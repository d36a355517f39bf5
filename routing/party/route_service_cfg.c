/*
 * route_service_cfg.c  The description of what the media server does with a
 *                      call
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/route_service.h"

bool route_sound_check(const char *text, char *why, size_t size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	if (text[strspn(text, allowed)] == '\0')
		return true;
	str_ncpy(why, "a-z, 0-9, _ and -", size);
	return false;
}

/* clang-format off */
const struct cfg_choice route_recordings[] = {
	{"default", ROUTE_RECORD_DEFAULT, "Nothing is said here."},
	{"always", ROUTE_RECORD_ALWAYS, "They are."},
	{"never", ROUTE_RECORD_NEVER, "They are not, whoever else says so."},
	{NULL, 0, NULL},
};

#define SOUND_FIELDS                                                          \
	{"sound", CFG_STRING, CFG_AT(struct route_announcement, sound),       \
	 .min = 1, .max = ROUTE_SOUND_MAX, .check = route_sound_check,        \
	 .pattern = ROUTE_SOUND_PATTERN, .flags = CFG_F_REQUIRED,             \
	 .help = "A sound that mediad.yaml has.", .example = "closed"},       \
	{"times", CFG_INT, CFG_AT(struct route_announcement, times), .min = 1, \
	 .max = 100, .def = "1", .help = "How often it is played."}

static const struct cfg_field announcement_fields[] = {
	SOUND_FIELDS,
	{"answer", CFG_BOOL, CFG_AT(struct route_announcement, answer),
	 .def = "false",
	 .help = "`true`: the call is answered (200), and ended with BYE. "
		 "`false`: it is played as early media (183), and the call is "
		 "refused with `code` then."},
	{"code", CFG_INT, CFG_AT(struct route_announcement, code), .min = 400,
	 .max = 699, .def = "480",
	 .help = "The SIP status code at the end of early media."},
	CFG_END,
};

const struct cfg_table route_announcement_table = {
	sizeof(struct route_announcement), "an announcement",
	announcement_fields, "A sound is played, and the call ends.", 0};

static const struct cfg_field failure_fields[] = {
	SOUND_FIELDS,
	CFG_END,
};

const struct cfg_table route_failure_table = {
	sizeof(struct route_announcement), "an announcement of a failure",
	failure_fields,
	"A sound is played as early media before a call is refused because no "
	"connection could take it (408, 430, 5xx).", 0};
/* clang-format on */
