/*
 * dialing_cfg.c  The description of `dialing`, and its patterns compiled
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/number/dialing.h"
#include "routing/text/route_regex.h"

static bool say(char *why, size_t size, const char *what)
{
	str_ncpy(why, what, size);
	return false;
}

static bool are_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

static bool check_code(const char *text, char *why, size_t size)
{
	return (are_digits(text) && text[0] != '0') ||
	       say(why, size, "1 to 3 digits, like 49, without + and 00");
}

static bool check_prefix(const char *text, char *why, size_t size)
{
	return are_digits(text) || say(why, size, "digits, like 0 or 00");
}

static bool check_area(const char *text, char *why, size_t size)
{
	return are_digits(text) ||
	       say(why, size, "digits, like 30, without national prefix");
}

static bool check_short(const char *text, char *why, size_t size)
{
	struct route_engine *engine = NULL;
	struct route_regex *rx = NULL;
	int err = route_engine_alloc(&engine);

	err = err ? err : route_regex_alloc(&rx, engine, text, why, size);
	mem_deref(rx);
	mem_deref(engine);
	return err != EINVAL;
}

/* clang-format off */
static const struct cfg_field prefix_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 8,
	.check = check_prefix, .pattern = "^[0-9]+$",
};

static const struct cfg_field short_item = {
	.type = CFG_REGEX, .size = sizeof(char *), .min = 1, .max = 128,
	.check = check_short,
};

static const struct cfg_field dialing_fields[] = {
	{.type = CFG_POS, CFG_AT(struct dialing, pos)},
	{"country_code", CFG_STRING, CFG_AT(struct dialing, country_code),
	 .min = 1, .max = 3, .check = check_code, .pattern = "^[1-9][0-9]*$",
	 .help = "Of numbers that are dialled without one. Absent: only what "
		 "begins with + or an international prefix is read as E.164.",
	 .example = "49"},
	{"national_prefix", CFG_STRING, CFG_AT(struct dialing, national_prefix),
	 .min = 1, .max = 8, .check = check_prefix, .pattern = "^[0-9]+$",
	 .help = "What is dialled before the area code within the country. "
		 "Absent: nothing, as in Spain or Italy.", .example = "0"},
	{"international_prefix", CFG_LIST,
	 CFG_ITEMS(struct dialing, international, ninternational),
	 .item = &prefix_item, .min = 1, .max = DIALING_PREFIXES_MAX,
	 .flags = CFG_F_ALONE, .def = "00",
	 .help = "What is dialled before a country code; the first is the one "
		 "that is written."},
	{"area_code", CFG_STRING, CFG_AT(struct dialing, area_code), .min = 1,
	 .max = 6, .check = check_area, .pattern = "^[0-9]+$",
	 .help = "Of numbers that are dialled without any prefix, when people "
		 "may dial so.", .example = "30"},
	{"national_digits", CFG_INT, CFG_AT(struct dialing, national_digits),
	 .min = 0, .max = 14, .def = "0",
	 .help = "Digits of every number with its area code, where they are "
		 "always as many: such a number needs no national prefix. 0: "
		 "not so.", .example = "10"},
	{"short", CFG_LIST,
	 CFG_ITEMS(struct dialing, short_codes, nshort_codes),
	 .item = &short_item, .min = 1, .max = DIALING_SHORT_MAX,
	 .flags = CFG_F_ALONE,
	 .help = "Patterns of numbers that stay as they are: emergency calls, "
		 "extensions. What has * or # always does.",
	 .example = "11[0-9], [1-8][0-9]{2}"},
	CFG_END,
};

const struct cfg_table dialing_table = {
	sizeof(struct dialing), "dialing", dialing_fields,
	"How people dial: what they dial is brought into one form, E.164 "
	"(+4930123), for `number`, `prefix`, `table` and `number_country` of a "
	"route, and for rewriting. In this order: what begins with + is such a "
	"number; short codes stay; then the international prefix, the length "
	"of a national number, the national prefix, the area code.", 0};
/* clang-format on */

int dialing_load(struct dialing *dialing, const struct route_engine *engine,
		 struct arena *mem, struct cfg_errors *errs)
{
	char why[200];
	int err, bad = 0;

	if (!dialing || !dialing->nshort_codes)
		return 0;
	dialing->compiled = arena_get(mem, dialing->nshort_codes *
						   sizeof(*dialing->compiled));
	if (!dialing->compiled)
		return ENOMEM;
	for (uint32_t i = 0; i < dialing->nshort_codes; i++) {
		err = route_regex_alloc(&dialing->compiled[i], engine,
					dialing->short_codes[i], why,
					sizeof(why));
		if (err == EINVAL)
			cfg_errors_add(errs, &dialing->pos, "expected %s", why);
		bad = err ? err : bad;
	}
	return bad;
}

void dialing_release(struct dialing *dialing)
{
	if (!dialing || !dialing->compiled)
		return;
	for (uint32_t i = 0; i < dialing->nshort_codes; i++)
		dialing->compiled[i] = mem_deref(dialing->compiled[i]);
}
