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
};

static bool check_tenant(const char *text, char *why, size_t size)
{
	const char *rest =
		text + strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (!*rest && strlen(text) <= TENANT_ID_MAX)
		return true;
	str_ncpy(why, "1 to 32 of a-z, 0-9 and -", size);
	return false;
}

/* clang-format off */
static const struct cfg_field file_fields[] = {
	{"include", CFG_STRING, CFG_AT(struct route_cfg, include),
	 .help = "A folder, relative to this file: the tenants of its *.yaml "
		 "files are added, in the order of their names, and their "
		 "networks, regions, schedules and numbers.",
	 .example = "tenants.d"},
	{"geoip", CFG_STRING, CFG_AT(struct route_cfg, geoip),
	 .help = "A database of countries or cities in MaxMind's format "
		 "(.mmdb), relative to this file: where addresses are, for "
		 "`country`, `continent` and `region` of routes. It is read "
		 "into memory, at the start and at each reload.",
	 .example = "/var/lib/GeoIP/GeoLite2-Country.mmdb"},
	ROUTE_FACTS_FIELDS(struct route_cfg, ", of all tenants"),
	{"tenants", CFG_MAP, CFG_ITEMS(struct route_cfg, tenants, ntenants),
	 CFG_KEY(struct route_tenant, id), .item = &route_tenant_item,
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
