/*
 * where_load.c  `networks` and `regions`: their description, and names that
 *               must be there
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/text/route_index.h"
#include "routing/text/route_ref.h"
#include "routing/where/land.h"
#include "routing/where/nets.h"
#include "routing/where/where.h"

bool where_name_check(const char *text, char *why, size_t size)
{
	const size_t len = strlen(text);

	if (len && len <= WHERE_NAME_MAX &&
	    !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
		return true;
	str_ncpy(why, "1 to 32 of a-z, 0-9, _ and -", size);
	return false;
}

/* clang-format off */
static const struct cfg_field cidr_item = {
	.type = CFG_CIDR, .size = sizeof(struct cfg_cidr)};

const struct cfg_field where_network_item = {
	.type = CFG_LIST, CFG_ITEMS(struct network, cidrs, ncidrs),
	.item = &cidr_item, .min = 1, .max = WHERE_CIDRS_MAX,
	.flags = CFG_F_ALONE,
};

static const struct cfg_field continent_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 20,
	.check = land_check_continent, .pattern = "^(AF|AN|AS|EU|NA|OC|SA)$",
};
static const struct cfg_field country_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 40,
	.check = land_check_country, .pattern = "^[A-Z]{2}$",
};
static const struct cfg_field subdivision_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 40,
	.check = land_check_subdivision, .pattern = "^[A-Z]{2}-[A-Z0-9]{1,3}$",
};
static const struct cfg_field name_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = WHERE_NAME_MAX, .ref = &route_ref_network,
};

#define NAMES(member) \
	CFG_LIST, CFG_ITEMS(struct region, member.name, member.count), \
	.min = 1, .max = 300, .flags = CFG_F_ALONE

static const struct cfg_field region_fields[] = {
	{.type = CFG_POS, CFG_AT(struct region, pos)},
	{"continents", NAMES(continents), .item = &continent_item,
	 .help = "AF, AN, AS, EU, NA, OC, SA.", .example = "EU"},
	{"countries", NAMES(countries), .item = &country_item,
	 .help = "ISO 3166-1, two letters.", .example = "GB, CH"},
	{"subdivisions", NAMES(subdivisions), .item = &subdivision_item,
	 .help = "ISO 3166-2: states, provinces, lands, the largest parts of "
		 "a country. A database of countries does not know them.",
	 .example = "US-CA"},
	{"networks", NAMES(networks), .item = &name_item,
	 .help = "Names out of `networks`.", .example = "office"},
	CFG_END,
};

static const struct cfg_table region_table = {
	sizeof(struct region), "a region", region_fields,
	"Places: an address is in a region when one of these has it. All but "
	"`networks` need `geoip`.", 0};

const struct cfg_field where_region_item = {
	.type = CFG_TABLE, .table = &region_table};
/* clang-format on */

/* --- by name ------------------------------------------------------------------- */

static const struct network *network_in(const struct where_maps *maps,
					const char *name)
{
	struct pl pl;

	pl_set_str(&pl, name);
	return maps ? route_index_find(maps->by_name, &pl) : NULL;
}

const struct network *where_network(const struct where_maps *own,
				    const struct where_maps *shared,
				    const char *name)
{
	const struct network *network = network_in(own, name);

	return network ? network : network_in(shared, name);
}

static const struct region *region_in(const struct where_maps *maps,
				      const char *name)
{
	for (uint32_t i = 0; maps && i < maps->nregions; i++) {
		if (!strcmp(maps->regions[i].name, name))
			return &maps->regions[i];
	}
	return NULL;
}

const struct region *where_region(const struct where_maps *own,
				  const struct where_maps *shared,
				  const char *name)
{
	const struct region *region = region_in(own, name);

	return region ? region : region_in(shared, name);
}

/* --- loading --------------------------------------------------------------------- */

static int load_networks(struct where_maps *maps, bool shared)
{
	int err;

	if (!maps->nnetworks)
		return 0;
	err = nets_alloc(&maps->nets);
	err = err ? err
		  : route_index_alloc(&maps->by_name, maps->nnetworks, false);
	for (uint32_t i = 0; i < maps->nnetworks && !err; i++) {
		struct network *network = &maps->networks[i];

		network->shared = shared;
		err = route_index_add(maps->by_name, network->name, network);
		for (uint32_t k = 0; k < network->ncidrs && !err; k++)
			err = nets_add(maps->nets, &network->cidrs[k], i);
	}
	if (!err)
		nets_seal(maps->nets);
	return err;
}

static int load_region(const struct where_maps *maps,
		       const struct where_maps *shared, struct region *region,
		       struct arena *mem)
{
	const struct where_names *names = &region->networks;

	region->nets = arena_get(mem, names->count * sizeof(*region->nets));
	if (!region->nets)
		return ENOMEM;
	for (uint32_t i = 0; i < names->count; i++) {
		region->nets[i] = where_network(maps, shared, names->name[i]);
		/* the description's ref has told */
		if (!region->nets[i])
			return EINVAL;
	}
	return 0;
}

static bool needs_geo(const struct region *region)
{
	return region->continents.count || region->countries.count ||
	       region->subdivisions.count;
}

static int check_region(const struct region *region, const struct geo *geo,
			struct cfg_errors *errs)
{
	if (!needs_geo(region) && !region->networks.count) {
		cfg_errors_add(errs, &region->pos,
			       "region \"%s\" is empty, expected continents, "
			       "countries, subdivisions or networks",
			       region->name);
		return EINVAL;
	}
	if (needs_geo(region) && !geo) {
		cfg_errors_add(errs, &region->pos,
			       "region \"%s\" names countries: that needs "
			       "`geoip`, the path of a database, at the top",
			       region->name);
		return EINVAL;
	}
	return 0;
}

int where_load(struct where_maps *maps, const struct where_maps *shared,
	       const struct geo *geo, struct arena *mem,
	       struct cfg_errors *errs)
{
	int err = load_networks(maps, !shared), bad = 0;

	for (uint32_t i = 0; i < maps->nregions && err != ENOMEM; i++) {
		struct region *region = &maps->regions[i];

		err = check_region(region, geo, errs);
		bad = err ? err : bad;
		err = load_region(maps, shared, region, mem);
		bad = err ? err : bad;
	}
	return err ? err : bad;
}

void where_release(struct where_maps *maps)
{
	if (!maps)
		return;
	maps->nets = mem_deref(maps->nets);
	maps->by_name = mem_deref(maps->by_name);
}
