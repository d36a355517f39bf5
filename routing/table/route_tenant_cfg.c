/*
 * route_tenant_cfg.c  The description of a tenant in routing.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"
#include "routing/plan/route_rule.h"
#include "routing/route_check.h"
#include "routing/route_group.h"
#include "routing/route_priv.h"
#include "routing/text/route_ref.h"

enum {
	DOMAIN_MAX = 253
};

static bool check_domain(const char *text, char *why, size_t size)
{
	if (!strcmp(text, "*") || route_check_host(text, why, size))
		return true;
	str_ncpy(why, "a host name, an IP address, or \"*\"", size);
	return false;
}

/* clang-format off */
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
		 "(docs/redis.md). Then `to.user` may name them, too, and "
		 "whoever is called and not in the file may be one."},
	{"users", CFG_MAP, CFG_ITEMS(struct route_tenant, users, nusers),
	 CFG_KEY(struct route_user, name), .item = &route_user_item,
	 .check = route_check_user, .pattern = "^[^ \":@\\\\<>]{1,64}$",
	 .help = "Its users by name."},
	{"registration", CFG_ENUM, CFG_AT(struct route_tenant, registration.mode),
	 .choices = route_reg_modes, .def = "local",
	 .help = "Where the devices of its users register."},
	{"registrar", CFG_STRING,
	 CFG_AT(struct route_tenant, registration.registrar), .min = 1,
	 .max = ROUTE_CONN_MAX, .ref = &route_ref_connection,
	 .help = "`forwarded`: the connection, of kind `trunk`, whose PBX is "
		 "the registrar.", .example = "pbx"},
	{"devices", CFG_TABLE, CFG_AT(struct route_tenant, devices),
	 .table = &route_device_table,
	 .help = "What holds for all devices of its users."},
	{"connections", CFG_MAP,
	 CFG_ITEMS(struct route_tenant, connections, nconnections),
	 CFG_KEY(struct route_connection, name), .item = &route_conn_item,
	 .check = route_check_connection, .pattern = "^[a-z0-9_-]{1,32}$",
	 .unused = "no route leads to it or names its calls",
	 .help = "Its PBXs and carriers by name, which stands in logs, "
		 "records and figures."},
	{"media_policies", CFG_MAP,
	 CFG_ITEMS(struct route_tenant, policies, npolicies),
	 CFG_KEY(struct route_media_policy, name), .item = &route_media_item,
	 .check = route_check_media, .pattern = "^[a-z0-9_-]{1,32}$",
	 .unused = "no connection, user or device has it",
	 .help = "Choices of codecs by name, for `media_policy`. Always there "
		 "are `usual`, `prefer-passthrough`, `best-quality` (wide band "
		 "first, Opus of 40 kbit/s and medium effort) and `low-cost` "
		 "(narrow Opus of 16 kbit/s that pauses, comfort noise)."},
	{"max_calls", CFG_INT, CFG_AT(struct route_tenant, max_calls),
	 .min = 0, .max = 1000000, .def = "0",
	 .help = "Calls at once, made and taken, in all workers together: "
		 "more get 503; 0: no limit."},
	{"calls_per_second", CFG_INT, CFG_AT(struct route_tenant, calls_s),
	 .min = 0, .max = 100000, .def = "0",
	 .help = "New calls a second, made and taken, in all workers "
		 "together: more get 503; 0: no limit."},
	ROUTE_SERVICES_FIELDS(struct route_tenant, services,
			      ", of its users and where a connection does not "
			      "say something else"),
	{"failure", CFG_TABLE, CFG_AT(struct route_tenant, failure),
	 .flags = CFG_F_PTR, .table = &route_failure_table,
	 .help = "What its callers hear when no connection could take a "
		 "call."},
	{"groups", CFG_MAP, CFG_ITEMS(struct route_tenant, groups, ngroups),
	 CFG_KEY(struct route_group, name), .item = &route_group_item,
	 .check = route_check_connection, .pattern = "^[a-z0-9_-]{1,32}$",
	 .unused = "no route leads to it",
	 .help = "Connections that are one target together, by name."},
	{"dialing", CFG_TABLE, CFG_AT(struct route_tenant, dialing),
	 .flags = CFG_F_PTR, .table = &dialing_table,
	 .help = "How its people dial. Absent: only what begins with + is a "
		 "number in E.164."},
	ROUTE_FACTS_FIELDS(struct route_tenant,
			   " of this tenant, before those of all"),
	{"routes", CFG_LIST, CFG_ITEMS(struct route_tenant, rules, nrules),
	 .item = &route_rule_item, .help = "Its routes, in order."},
	{"tests", CFG_LIST, CFG_ITEMS(struct route_tenant, tests, ntests),
	 .item = &route_test_item, .max = ROUTE_TESTS_MAX,
	 .help = "Where requests must go: what fails keeps the file from being "
		 "used."},
	CFG_END,
};

static const struct cfg_table tenant_table = {
	sizeof(struct route_tenant), "a tenant", tenant_fields,
	"A customer. A request is for the tenant that has the host of its "
	"Request-URI among its domains.", 0};

const struct cfg_field route_tenant_item = {
	.type = CFG_TABLE, .table = &tenant_table};
/* clang-format on */
