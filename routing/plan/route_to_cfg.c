/*
 * route_to_cfg.c  The description of `to` of a route
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/plan/route_rule.h"
#include "routing/route_conn.h"
#include "routing/text/route_ref.h"

/* It stands in a SIP status line. */
static bool check_reason(const char *text, char *why, size_t size)
{
	for (; *text; text++) {
		if (*text >= ' ' && *text <= '~')
			continue;
		str_ncpy(why, "printable ASCII", size);
		return false;
	}
	return true;
}

/* clang-format off */
static const struct cfg_choice services[] = {
	{"echo", ROUTE_ECHO, "Sends back what it hears."},
	{"tone", ROUTE_TONE, "A sine of 440 Hz."},
	{"milliwatt", ROUTE_MILLIWATT, "The test tone of 1004 Hz at 0 dBm0."},
	{NULL, 0, NULL},
};

static const struct cfg_field name_item = {
	.type = CFG_STRING, .size = sizeof(char *), .max = ROUTE_CONN_MAX,
	.min = 1, .ref = &route_ref_connection,
};

static const struct cfg_field reject_fields[] = {
	{"code", CFG_INT, CFG_AT(struct route_reject, code), .min = 400,
	 .max = 699, .def = "403", .help = "The SIP status code."},
	{"reason", CFG_STRING, CFG_AT(struct route_reject, reason),
	 .min = 1, .max = 80, .check = check_reason,
	 .pattern = "^[ -~]*$",
	 .help = "The phrase behind the code; absent: the usual one."},
	CFG_END,
};

static const struct cfg_table reject_table = {
	sizeof(struct route_reject), "a rejection", reject_fields,
	"The request is answered with an error.", 0};

static const struct cfg_field to_fields[] = {
	{.type = CFG_POS, CFG_AT(struct route_to, pos)},
	{"service", CFG_ENUM, CFG_AT(struct route_to, service),
	 .choices = services, .help = "A service of the media server."},
	{"user", CFG_STRING, CFG_AT(struct route_to, user), .min = 1,
	 .max = 128, .ref = &route_ref_user,
	 .help = "All devices of a user of this tenant. `\\1` or `${1}` is "
		 "what the first group of `callee` matched, `\\0` all of it.",
	 .example = "${1}"},
	{"connection", CFG_STRING, CFG_AT(struct route_to, connection),
	 .min = 1, .max = ROUTE_CONN_MAX, .ref = &route_ref_connection,
	 .help = "A connection of this tenant.", .example = "pbx"},
	{"connections", CFG_LIST,
	 CFG_ITEMS(struct route_to, connections, nconnections),
	 .item = &name_item, .min = 1, .max = ROUTE_TARGETS_MAX,
	 .help = "Connections of this tenant, one after the other: the next "
		 "is tried when one cannot be reached, does not answer, or "
		 "fails (408, 430, 5xx).",
	 .example = "pbx, backup"},
	{"reject", CFG_TABLE, CFG_AT(struct route_to, reject),
	 .flags = CFG_F_PTR, .table = &reject_table,
	 .help = "An error."},
	CFG_END,
};

const struct cfg_table route_to_table = {
	sizeof(struct route_to), "a target", to_fields,
	"Where the request goes.", CFG_T_ONE_OF};
/* clang-format on */

const char *route_service_name(enum route_service service)
{
	for (const struct cfg_choice *c = services; c->name; c++) {
		if (c->value == (int)service)
			return c->name;
	}
	return "none";
}
