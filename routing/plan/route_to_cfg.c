/*
 * route_to_cfg.c  The description of `to` of a route
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
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

/* RFC 3261 25.1, as far as it keeps the header in one piece. */
static bool check_contact(const char *text, char *why, size_t size)
{
	if ((!strncmp(text, "sip:", 4) || !strncmp(text, "sips:", 5) ||
	     !strncmp(text, "tel:", 4)) &&
	    !strpbrk(text, "<>\" \t"))
		return true;
	str_ncpy(why, "a sip, sips or tel URI", size);
	return false;
}

/* Those that mean nothing without a header, a dialog or a request that only
 * another element has (RFC 3261 21.4, RFC 4028, RFC 6665). */
static bool check_code(const char *text, char *why, size_t size)
{
	static const char *const bad[] = {"401", "407", "420", "421", "422",
					  "423", "481", "487", "489", "491",
					  "494"};

	for (size_t i = 0; i < COUNTOF(bad); i++) {
		if (strcmp(text, bad[i]))
			continue;
		re_snprintf(why, size,
			    "a code that says something by itself: not %s",
			    bad[i]);
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
	 .max = 699, .def = "403", .check = check_code,
	 .help = "The SIP status code; none that means nothing without more, "
		 "as 401, 407 and 487."},
	{"reason", CFG_STRING, CFG_AT(struct route_reject, reason),
	 .min = 1, .max = 80, .check = check_reason,
	 .pattern = "^[ -~]*$",
	 .help = "The phrase behind the code; absent: the usual one."},
	{"retry_after", CFG_DURATION, CFG_AT(struct route_reject, retry_ms),
	 .max = 86400000, .def = "0s",
	 .help = "When it may be tried again (Retry-After); 0s: nothing is "
		 "said.",
	 .example = "30s"},
	CFG_END,
};

static const struct cfg_table reject_table = {
	sizeof(struct route_reject), "a rejection", reject_fields,
	"The request is answered with an error.", 0};

static const struct cfg_field device_fields[] = {
	{"user", CFG_STRING, CFG_AT(struct route_to_device, user), .min = 1,
	 .max = 128, .flags = CFG_F_REQUIRED, .ref = &route_ref_user,
	 .help = "Whose it is, as `to.user`.", .example = "alice"},
	{"instance", CFG_STRING, CFG_AT(struct route_to_device, instance),
	 .min = 1, .max = 128, .flags = CFG_F_REQUIRED,
	 .help = "Which one: its `+sip.instance` (RFC 5626), without <>.",
	 .example = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
	CFG_END,
};

static const struct cfg_table device_table = {
	sizeof(struct route_to_device), "a device", device_fields,
	"One device of a user, and no other.", 0};

static const struct cfg_field tenant_fields[] = {
	{"id", CFG_STRING, CFG_AT(struct route_to_tenant, id), .min = 1,
	 .max = 32, .flags = CFG_F_REQUIRED, .ref = &route_ref_tenant,
	 .help = "The tenant.", .example = "branch"},
	{"number", CFG_STRING, CFG_AT(struct route_to_tenant, number),
	 .min = 1, .max = 128,
	 .help = "Who is called there, with captures as in `to.user`; absent: "
		 "the callee as it is.",
	 .example = "${1}"},
	CFG_END,
};

static const struct cfg_table to_tenant_table = {
	sizeof(struct route_to_tenant), "a tenant's number", tenant_fields,
	"The routes of that tenant decide, then its users. Who calls is a "
	"stranger there (`from: tenants`), and shown with the domain of his "
	"tenant or an E.164 number. It is a call of both: the limits of the "
	"other tenant count, too, and its settings are those of who is called. "
	"Up to four tenants are passed.", 0};

static const struct cfg_field redirect_fields[] = {
	{"contact", CFG_STRING, CFG_AT(struct route_redirect, contact),
	 .min = 5, .max = 255, .flags = CFG_F_REQUIRED, .check = check_contact,
	 .pattern = "^(sips?|tel):[^<>\"\\s]+$",
	 .help = "Where it shall go: a sip, sips or tel URI, with captures as "
		 "in `to.user`.",
	 .example = "sip:${1}@pbx.example.com"},
	{"code", CFG_INT, CFG_AT(struct route_redirect, code), .min = 300,
	 .max = 399, .def = "302", .help = "The SIP status code."},
	CFG_END,
};

static const struct cfg_table redirect_table = {
	sizeof(struct route_redirect), "a redirection", redirect_fields,
	"Who calls is told to call somewhere else, and we are out of it.", 0};

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
	{"group", CFG_STRING, CFG_AT(struct route_to, group), .min = 1,
	 .max = ROUTE_CONN_MAX, .ref = &route_ref_group,
	 .help = "A group of this tenant: its connections, in its order.",
	 .example = "carriers"},
	{"device", CFG_TABLE, CFG_AT(struct route_to, device),
	 .flags = CFG_F_PTR, .table = &device_table,
	 .help = "One device of a user of this tenant."},
	{"tenant", CFG_TABLE, CFG_AT(struct route_to, tenant),
	 .flags = CFG_F_PTR, .table = &to_tenant_table,
	 .help = "A number of another tenant."},
	{"redirect", CFG_TABLE, CFG_AT(struct route_to, redirect),
	 .flags = CFG_F_PTR, .table = &redirect_table,
	 .help = "An answer that says where to call instead."},
	{"continue", CFG_BOOL, CFG_AT(struct route_to, go_on),
	 .help = "`true`: what the route rewrites is rewritten, and the next "
		 "routes decide."},
	{"announcement", CFG_TABLE, CFG_AT(struct route_to, announcement),
	 .flags = CFG_F_PTR, .table = &route_announcement_table,
	 .help = "A sound for who calls, then the end of the call."},
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
	return service == ROUTE_ANNOUNCEMENT ? "announcement" : "none";
}
