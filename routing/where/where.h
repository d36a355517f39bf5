/*
 * where.h  `networks` and `regions`: where a device or a PBX is, by its
 *          address
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_WHERE_WHERE_H
#define ROUTING_WHERE_WHERE_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "routing/where/geo.h"

struct arena;
struct nets;
struct route_index;

enum {
	WHERE_NAME_MAX = 32,
	WHERE_CIDRS_MAX = 100000, /* of one network */
};

struct network {
	const char *name;
	struct cfg_cidr *cidrs;
	uint32_t ncidrs;
	bool shared; /* of all tenants */
};

struct where_names {
	const char **name;
	uint32_t count;
};

/* A place is in it when one of these has it. */
struct region {
	const char *name;
	struct cfg_pos pos;
	struct where_names continents, countries, subdivisions, networks;
	const struct network **nets; /* of `networks` */
};

/* As filled; of all tenants, or of one. Its own names win. */
struct where_maps {
	struct network *networks;
	uint32_t nnetworks;
	struct region *regions;
	uint32_t nregions;
	struct nets *nets; /* of all networks; an id is a place in the array */
	struct route_index *by_name; /* networks */
};

/* Of the maps `networks` and `regions`. */
extern const struct cfg_field where_network_item, where_region_item;
bool where_name_check(const char *text, char *why, size_t size);
#define WHERE_NAME_PATTERN "^[a-z0-9_-]{1,32}$"

/*
 * shared: those of all tenants, which were loaded; NULL: these are they. geo:
 * what regions need that name countries, or NULL. EINVAL: errors were added.
 * where_release() frees what it made.
 */
int where_load(struct where_maps *maps, const struct where_maps *shared,
	       const struct geo *geo, struct arena *mem,
	       struct cfg_errors *errs);
void where_release(struct where_maps *maps);

/* By name, the tenant's own before those of all. NULL: there is none. */
const struct network *where_network(const struct where_maps *own,
				    const struct where_maps *shared,
				    const char *name);
const struct region *where_region(const struct where_maps *own,
				  const struct where_maps *shared,
				  const char *name);

/* An address, and what is known of it; looked up at most once, when it is
 * asked for. Plain memory of who asks. */
struct where {
	const struct where_maps *own, *shared;
	const struct geo *geo;
	const struct sa *addr; /* NULL: nobody knows */
	bool looked_nets, looked_geo;
	uint32_t own_place, shared_place; /* nets.h */
	struct geo_place place;
};

void where_init(struct where *where, const struct where_maps *own,
		const struct where_maps *shared, const struct geo *geo,
		const struct sa *addr);

bool where_in_network(struct where *where, const struct network *network);
bool where_in_region(struct where *where, const struct region *region);
/* Never NULL; all "" when it is not known. */
const struct geo_place *where_place(struct where *where);

/* For %H: "192.0.2.7 is in DE", "192.0.2.7 is in no country that is
 * known"; "192.0.2.7 is in lab, office", "192.0.2.7 is in no network". */
int where_print_place(struct re_printf *pf, struct where *where);
int where_print_networks(struct re_printf *pf, struct where *where);

#endif
