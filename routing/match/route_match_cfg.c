/*
 * route_match_cfg.c  The description of `match` of a route
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/match/route_match.h"
#include "routing/route_conn.h"
#include "routing/text/route_ref.h"

static bool check_pattern(const char *text, char *why, size_t size)
{
	struct route_engine *engine = NULL;
	struct route_regex *rx = NULL;
	int err = route_engine_alloc(&engine);

	err = err ? err : route_regex_alloc(&rx, engine, text, why, size);
	mem_deref(rx);
	mem_deref(engine);
	/* without memory it is compiled again by the loader, and fails */
	return err != EINVAL;
}

/* clang-format off */
static const struct cfg_choice methods[] = {
	{"INVITE", ROUTE_INVITE, NULL},
	{"MESSAGE", ROUTE_MESSAGE, NULL},
	{"SUBSCRIBE", ROUTE_SUBSCRIBE, NULL},
	{"PUBLISH", ROUTE_PUBLISH, NULL},
	{"REFER", ROUTE_REFER, NULL},
	{"OPTIONS", ROUTE_OPTIONS, NULL},
	{"NOTIFY", ROUTE_NOTIFY, NULL},
	{"INFO", ROUTE_INFO, NULL},
	{NULL, 0, NULL},
};

static const struct cfg_field method_item = {
	.type = CFG_ENUM, .size = sizeof(enum route_method),
	.choices = methods,
};

static const struct cfg_field name_item = {
	.type = CFG_STRING, .size = sizeof(char *), .max = ROUTE_CONN_MAX,
	.min = 1, .ref = &route_ref_from,
};

static const struct cfg_field match_fields[] = {
	{"from", CFG_LIST, CFG_ITEMS(struct route_match, from, nfrom),
	 .item = &name_item, .min = 1, .flags = CFG_F_ALONE,
	 .help = "Who calls: `users`, or connections by name. Absent: "
		 "everybody; but a route to a connection is for users alone, "
		 "so that no call goes back where it came from.",
	 .example = "users"},
	{"method", CFG_LIST, CFG_ITEMS(struct route_match, method, nmethod),
	 .item = &method_item, .min = 1, .flags = CFG_F_ALONE,
	 .help = "The methods it is for; absent: all. SUBSCRIBE and PUBLISH "
		 "to the PBX that has lamps, presence and mailboxes. A REFER "
		 "outside calls makes somebody else call: it goes nowhere but "
		 "by a route that names it.",
	 .example = "INVITE"},
	{"caller", CFG_REGEX, CFG_AT(struct route_match, caller),
	 .min = 1, .max = ROUTE_PATTERN_MAX, .check = check_pattern,
	 .help = "A pattern (PCRE2) for the whole user part of who calls."},
	{"callee", CFG_REGEX, CFG_AT(struct route_match, callee),
	 .min = 1, .max = ROUTE_PATTERN_MAX, .check = check_pattern,
	 .help = "A pattern (PCRE2) for the whole user part of who is called; "
		 "its groups can be used in `to: user`.",
	 .example = "00(44[0-9]+)"},
	CFG_END,
};

const struct cfg_table route_match_table = {
	sizeof(struct route_match), "a match", match_fields,
	"All that is given must match; nothing given matches every request.",
	0};
/* clang-format on */

enum route_method route_method_of(const struct pl *name)
{
	for (const struct cfg_choice *c = methods; c->name; c++) {
		if (!pl_strcmp(name, c->name))
			return (enum route_method)c->value;
	}
	return ROUTE_OTHER;
}
