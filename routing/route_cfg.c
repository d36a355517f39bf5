/*
 * route_cfg.c  The description of routing.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/route_priv.h"

enum {
	TENANT_ID_MAX = 32,
	DOMAIN_MAX = 253
};

static bool say(char *why, size_t size, const char *what)
{
	str_ncpy(why, what, size);
	return false;
}

static bool only(const char *text, const char *allowed)
{
	return text[strspn(text, allowed)] == '\0';
}

static bool check_tenant(const char *text, char *why, size_t size)
{
	if (only(text, "abcdefghijklmnopqrstuvwxyz0123456789-") &&
	    strlen(text) <= TENANT_ID_MAX)
		return true;
	return say(why, size, "1 to 32 of a-z, 0-9 and -");
}

/* What would have to be escaped in SIP, digest or a log is no name. */
bool route_check_user(const char *text, char *why, size_t size)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f ||
		    strchr("\":@\\<>", text[i]))
			len = ROUTE_USER_MAX + 1;
	}
	if (len && len <= ROUTE_USER_MAX)
		return true;
	return say(why, size,
		   "1 to 64 bytes without spaces and without \" : @ \\ < >");
}

bool route_check_host(const char *text, char *why, size_t size)
{
	if (only(text, "abcdefghijklmnopqrstuvwxyz"
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ||
	    only(text, "[0123456789abcdefABCDEF:.]"))
		return true;
	return say(why, size, "a host name or an IP address");
}

static bool check_domain(const char *text, char *why, size_t size)
{
	if (!strcmp(text, "*") || route_check_host(text, why, size))
		return true;
	return say(why, size, "a host name, an IP address, or \"*\"");
}

/* Names of connections stand in records, logs and figures. */
static bool check_connection(const char *text, char *why, size_t size)
{
	if (!strcmp(text, "users"))
		return say(why, size, "another name than users");
	if (only(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") &&
	    strlen(text) <= ROUTE_CONN_MAX)
		return true;
	return say(why, size, "1 to 32 of a-z, 0-9, _ and -");
}

static bool check_number(const char *text, char *why, size_t size)
{
	const char *digits = text + (*text == '+');

	if (*digits && only(digits, "0123456789*#"))
		return true;
	return say(why, size, "digits, * and #, with or without a + before");
}

bool route_check_realm(const char *text, char *why, size_t size)
{
	if (!strpbrk(text, "\"\\"))
		return true;
	return say(why, size, "a text without \" and \\");
}

static bool is_hex(const char *text, size_t len)
{
	return only(text, "0123456789abcdefABCDEF") && strlen(text) == len;
}

static bool check_md5(const char *text, char *why, size_t size)
{
	return is_hex(text, ROUTE_HA1_MD5_LEN) ||
	       say(why, size, "32 hex digits: MD5 of name:realm:password");
}

static bool check_sha256(const char *text, char *why, size_t size)
{
	return is_hex(text, ROUTE_HA1_SHA256_LEN) ||
	       say(why, size, "64 hex digits: SHA-256 of name:realm:password");
}

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

/* It stands in a SIP status line. */
static bool check_reason(const char *text, char *why, size_t size)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			return say(why, size, "printable ASCII");
	}
	return true;
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

static const struct cfg_choice services[] = {
	{"echo", ROUTE_ECHO, "Sends back what it hears."},
	{"tone", ROUTE_TONE, "A sine of 440 Hz."},
	{"milliwatt", ROUTE_MILLIWATT, "The test tone of 1004 Hz at 0 dBm0."},
	{NULL, 0, NULL},
};

static const struct cfg_field method_item = {
	.type = CFG_ENUM, .size = sizeof(enum route_method),
	.choices = methods,
};

static const struct cfg_field name_item = {
	.type = CFG_STRING, .size = sizeof(char *), .max = ROUTE_CONN_MAX,
	.min = 1,
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

static const struct cfg_table match_table = {
	sizeof(struct route_match), "a match", match_fields,
	"All that is given must match; nothing given matches every request.",
	0};

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
	 .max = 128,
	 .help = "All devices of a user of this tenant. `\\1` or `${1}` is "
		 "what the first group of `callee` matched, `\\0` all of it.",
	 .example = "${1}"},
	{"connection", CFG_STRING, CFG_AT(struct route_to, connection),
	 .min = 1, .max = ROUTE_CONN_MAX,
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

static const struct cfg_table to_table = {
	sizeof(struct route_to), "a target", to_fields,
	"Where the request goes.", CFG_T_ONE_OF};

static const struct cfg_field rule_fields[] = {
	{.type = CFG_POS, CFG_AT(struct route_rule, pos)},
	{"name", CFG_STRING, CFG_AT(struct route_rule, name), .min = 1,
	 .max = 64, .flags = CFG_F_REQUIRED,
	 .help = "For people: stands in logs, traces and explanations."},
	{"match", CFG_TABLE, CFG_AT(struct route_rule, match),
	 .table = &match_table, .help = "Which requests it is for."},
	{"to", CFG_TABLE, CFG_AT(struct route_rule, to),
	 .flags = CFG_F_REQUIRED, .table = &to_table,
	 .help = "Where they go."},
	CFG_END,
};

static const struct cfg_table rule_table = {
	sizeof(struct route_rule), "a route", rule_fields,
	"The first route that matches decides. When none does, the callee is "
	"looked for among the users of the tenant and their numbers; who is "
	"not there gets 404.",
	0};

static const struct cfg_field rule_item = {
	.type = CFG_TABLE, .table = &rule_table};

static const struct cfg_field number_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 32,
	.check = check_number,
};

static const struct cfg_field user_fields[] = {
	{.type = CFG_POS, CFG_AT(struct route_user, pos)},
	{"password", CFG_STRING, CFG_AT(struct route_user, password),
	 .min = 1, .max = 128, .flags = CFG_F_SECRET,
	 .help = "For digest with MD5 and SHA-256. Wiped after the load."},
	{"ha1_md5", CFG_STRING, CFG_AT(struct route_user, given_md5),
	 .flags = CFG_F_SECRET, .check = check_md5,
	 .help = "Instead of a password: MD5 of name:realm:password, in hex."},
	{"ha1_sha256", CFG_STRING, CFG_AT(struct route_user, given_sha256),
	 .flags = CFG_F_SECRET, .check = check_sha256,
	 .help = "Instead of a password: SHA-256 of name:realm:password, in "
		 "hex. With only one of the two, only that algorithm works."},
	{"algorithms", CFG_LIST,
	 CFG_ITEMS(struct route_user, given_algs.item, given_algs.count),
	 .item = &route_alg_item, .min = 1, .max = 2, .flags = CFG_F_ALONE,
	 .help = "Of the challenges to this user, instead of the tenant's: "
		 "MD5 alone for a telephone that reads only the first "
		 "challenge and does not know SHA-256.",
	 .example = "MD5"},
	{"display", CFG_STRING, CFG_AT(struct route_user, display),
	 .min = 1, .max = 64, .help = "The name for people."},
	{"max_devices", CFG_INT, CFG_AT(struct route_user, max_devices),
	 .min = 0, .max = ROUTE_DEVICES_MAX, .def = "0",
	 .help = "Devices registered at once; 0: the server's limit."},
	{"max_calls", CFG_INT, CFG_AT(struct route_user, max_calls),
	 .min = 0, .max = 1000, .def = "0",
	 .help = "Calls at once, made and taken, in all workers together: more "
		 "are 403 for who calls, and busy for who is called; 0: no "
		 "limit."},
	{"numbers", CFG_LIST, CFG_ITEMS(struct route_user, numbers, nnumbers),
	 .item = &number_item, .min = 1, .max = 100, .flags = CFG_F_ALONE,
	 .help = "Numbers that lead to this user, too.",
	 .example = "+4930123"},
	{"upstream", CFG_TABLE, CFG_AT(struct route_user, line),
	 .flags = CFG_F_PTR, .table = &route_line_table,
	 .help = "The user's own registration at a PBX, held by us."},
	CFG_END,
};

static const struct cfg_table user_table = {
	sizeof(struct route_user), "a user", user_fields,
	"An address of record, sip:NAME@domain. Either `password` or one or "
	"both of `ha1_md5` and `ha1_sha256`; or none of them, where the tenant "
	"has `jwt`.", 0};

static const struct cfg_field user_item = {
	.type = CFG_TABLE, .table = &user_table};

static const struct cfg_field domain_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = DOMAIN_MAX, .check = check_domain,
};

static const struct cfg_field tenant_fields[] = {
	{.type = CFG_POS, CFG_AT(struct route_tenant, pos)},
	{"domains", CFG_LIST, CFG_ITEMS(struct route_tenant, domains, ndomains),
	 .item = &domain_item, .min = 1,
	 .flags = CFG_F_REQUIRED | CFG_F_ALONE,
	 .help = "Its SIP domains. `\"*\"`, for at most one tenant, is every "
		 "host that is nobody else's.",
	 .example = "sip.example.com"},
	{"realm", CFG_STRING, CFG_AT(struct route_tenant, realm), .min = 1,
	 .max = 64, .check = route_check_realm, .pattern = "^[^\"\\\\]*$",
	 .flags = CFG_F_REQUIRED,
	 .help = "The one realm of its digest challenges. Another realm makes "
		 "every ha1 useless."},
	{"algorithms", CFG_LIST,
	 CFG_ITEMS(struct route_tenant, auth.given.item, auth.given.count),
	 .item = &route_alg_item, .min = 1, .max = 2, .flags = CFG_F_ALONE,
	 .help = "Of its digest challenges, always the strongest first; none: "
		 "SHA-256 and MD5. Of these an account is offered what its "
		 "secret can answer.",
	 .example = "SHA-256, MD5"},
	{"jwt", CFG_TABLE, CFG_AT(struct route_tenant, auth.jwt),
	 .flags = CFG_F_PTR, .table = &route_jwt_table,
	 .help = "Tokens instead of passwords."},
	{"users_in_redis", CFG_BOOL, CFG_AT(struct route_tenant,
					    auth.users_in_redis),
	 .def = "false",
	 .help = "Whether there are users besides those in `users`, in Redis "
		 "(docs/redis.md)."},
	{"users", CFG_MAP, CFG_ITEMS(struct route_tenant, users, nusers),
	 CFG_KEY(struct route_user, name), .item = &user_item,
	 .check = route_check_user, .pattern = "^[^ \":@\\\\<>]{1,64}$",
	 .help = "Its users by name."},
	{"registration", CFG_ENUM, CFG_AT(struct route_tenant, registration.mode),
	 .choices = route_reg_modes, .def = "local",
	 .help = "Where the devices of its users register."},
	{"registrar", CFG_STRING,
	 CFG_AT(struct route_tenant, registration.registrar), .min = 1,
	 .max = ROUTE_CONN_MAX,
	 .help = "`forwarded`: the connection, of kind `trunk`, whose PBX is "
		 "the registrar.", .example = "pbx"},
	{"devices", CFG_TABLE, CFG_AT(struct route_tenant, devices),
	 .table = &route_device_table,
	 .help = "What holds for all devices of its users."},
	{"connections", CFG_MAP,
	 CFG_ITEMS(struct route_tenant, connections, nconnections),
	 CFG_KEY(struct route_connection, name), .item = &route_conn_item,
	 .check = check_connection, .pattern = "^[a-z0-9_-]{1,32}$",
	 .help = "Its PBXs and carriers by name, which stands in logs, "
		 "records and figures."},
	{"routes", CFG_LIST, CFG_ITEMS(struct route_tenant, rules, nrules),
	 .item = &rule_item, .help = "Its routes, in order."},
	CFG_END,
};

static const struct cfg_table tenant_table = {
	sizeof(struct route_tenant), "a tenant", tenant_fields,
	"A customer. A request is for the tenant that has the host of its "
	"Request-URI among its domains.", 0};

static const struct cfg_field tenant_item = {
	.type = CFG_TABLE, .table = &tenant_table};

static const struct cfg_field file_fields[] = {
	{"include", CFG_STRING, CFG_AT(struct route_cfg, include),
	 .help = "A folder, relative to this file: the tenants of its *.yaml "
		 "files are added, in the order of their names.",
	 .example = "tenants.d"},
	{"tenants", CFG_MAP, CFG_ITEMS(struct route_cfg, tenants, ntenants),
	 CFG_KEY(struct route_tenant, id), .item = &tenant_item,
	 .check = check_tenant, .pattern = "^[a-z0-9-]{1,32}$",
	 .help = "Tenants by their id, which stands in logs, records and "
		 "keys: it should not change."},
	CFG_END,
};

const struct cfg_table route_cfg_table = {
	CFG_ROOT(struct route_cfg), "routing.yaml", file_fields,
	"Tenants, their users and connections, and where calls go. It is read at the "
	"start and again at every reload (SIGHUP); a file with an error "
	"changes nothing.", 0};
/* clang-format on */

enum route_method route_method_of(const struct pl *name)
{
	for (const struct cfg_choice *c = methods; c->name; c++) {
		if (!pl_strcmp(name, c->name))
			return (enum route_method)c->value;
	}
	return ROUTE_OTHER;
}

const char *route_service_name(enum route_service service)
{
	for (const struct cfg_choice *c = services; c->name; c++) {
		if (c->value == (int)service)
			return c->name;
	}
	return "none";
}
