/*
 * route_match_cfg.c  The description of `match` of a route
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
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

/* RFC 3261 25.1: token */
bool route_check_header(const char *text, char *why, size_t size)
{
	if (*text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-.!%*_+`'~")])
		return true;
	str_ncpy(why, "the name of a header", size);
	return false;
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

static const struct cfg_field prefix_item = {
	.type = CFG_STRING, .size = sizeof(char *), .max = ROUTE_NUMBER_MAX,
	.min = 1,
};

static const struct cfg_field header_item = {
	.type = CFG_REGEX, CFG_AT(struct route_match_header, pattern),
	.min = 1, .max = ROUTE_PATTERN_MAX, .check = check_pattern,
};

static const struct cfg_field match_item;
#define MATCH(member) CFG_AT(struct route_match, member)
static const struct cfg_field match_fields[] = {
	{.type = CFG_POS, MATCH(pos)},
	{"from", CFG_LIST, CFG_ITEMS(struct route_match, from, nfrom),
	 .item = &name_item, .min = 1, .flags = CFG_F_ALONE,
	 .help = "Who calls: `users`, connections by name, or `tenants`: a "
		 "route of another tenant that led here. Absent: everybody; "
		 "but a route to a connection, a group, a redirection or "
		 "another tenant is for users alone, so that no call goes "
		 "back where it came from.",
	 .example = "users"},
	{"method", CFG_LIST, CFG_ITEMS(struct route_match, method, nmethod),
	 .item = &method_item, .min = 1, .flags = CFG_F_ALONE,
	 .help = "The methods it is for; absent: all. SUBSCRIBE and PUBLISH "
		 "to the PBX that has lamps, presence and mailboxes. A REFER "
		 "outside calls makes somebody else call: it goes nowhere but "
		 "by a route that names it.",
	 .example = "INVITE"},
	{"caller", CFG_REGEX, MATCH(caller),
	 .min = 1, .max = ROUTE_PATTERN_MAX, .check = check_pattern,
	 .help = "A pattern (PCRE2) for the whole user part of who calls; its "
		 "groups can be used in `rewrite.caller`."},
	{"callee", CFG_REGEX, MATCH(callee),
	 .min = 1, .max = ROUTE_PATTERN_MAX, .check = check_pattern,
	 .help = "A pattern (PCRE2) for the whole user part of who is called; "
		 "its groups can be used in `to` and `rewrite`.",
	 .example = "00(44[0-9]+)"},
	{"prefix", CFG_LIST, CFG_ITEMS(struct route_match, prefix, nprefix),
	 .item = &prefix_item, .min = 1, .max = ROUTE_PREFIXES_MAX,
	 .flags = CFG_F_ALONE,
	 .help = "What the user part of who is called begins with. One with + "
		 "is also compared with its E.164 form, whatever was dialled "
		 "(`dialing`).",
	 .example = "0049, +49"},
	{"header", CFG_MAP, CFG_ITEMS(struct route_match, header, nheader),
	 CFG_KEY(struct route_match_header, name), .item = &header_item,
	 .min = 1, .max = 8, .check = route_check_header,
	 .pattern = "^[A-Za-z0-9.!%*_+`'~-]+$",
	 .help = "Headers of the request by name, in full, and a pattern for "
		 "the whole of a value of each.",
	 .example = "{X-Campaign: 'summer-.*'}"},
	ROUTE_MATCH_FACTS_FIELDS,
	{"any", CFG_LIST, CFG_ITEMS(struct route_match, any, nany),
	 .item = &match_item, .min = 1, .max = 32,
	 .help = "Matches, at least one of which must hold."},
	{"all", CFG_LIST, CFG_ITEMS(struct route_match, all, nall),
	 .item = &match_item, .min = 1, .max = 32,
	 .help = "Matches that must all hold."},
	{"not", CFG_TABLE, MATCH(not), .flags = CFG_F_PTR,
	 .table = &route_match_table,
	 .help = "A match that must not hold."},
	CFG_END,
};

const struct cfg_table route_match_table = {
	sizeof(struct route_match), "a match", match_fields,
	"All that is given must match; nothing given matches every request. "
	"`any`, `all` and `not` stand within each other up to four times; "
	"groups of patterns within them cannot be used elsewhere.",
	0};

static const struct cfg_field match_item = {
	.type = CFG_TABLE, .table = &route_match_table};
/* clang-format on */

enum route_method route_method_of(const struct pl *name)
{
	for (const struct cfg_choice *c = methods; c->name; c++) {
		if (!pl_strcmp(name, c->name))
			return (enum route_method)c->value;
	}
	return ROUTE_OTHER;
}

const char *route_method_name(enum route_method method)
{
	for (const struct cfg_choice *c = methods; c->name; c++) {
		if (c->value == (int)method)
			return c->name;
	}
	return "another method";
}
