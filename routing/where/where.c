/*
 * where.c  Where an address is: networks, countries, regions
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/where/nets.h"
#include "routing/where/where.h"

void where_init(struct where *where, const struct where_maps *own,
		const struct where_maps *shared, const struct geo *geo,
		const struct sa *addr)
{
	memset(where, 0, sizeof(*where));
	where->own = own;
	where->shared = shared;
	where->geo = geo;
	where->addr = addr;
}

static void look_nets(struct where *where)
{
	if (where->looked_nets)
		return;
	where->looked_nets = true;
	where->own_place = where->own ? nets_find(where->own->nets, where->addr)
				      : NETS_NONE;
	where->shared_place =
		where->shared ? nets_find(where->shared->nets, where->addr)
			      : NETS_NONE;
}

bool where_in_network(struct where *where, const struct network *network)
{
	const struct where_maps *maps =
		network->shared ? where->shared : where->own;
	uint32_t place;

	look_nets(where);
	place = network->shared ? where->shared_place : where->own_place;
	for (; place != NETS_NONE; place = nets_next(maps->nets, place)) {
		if (&maps->networks[nets_id(maps->nets, place)] == network)
			return true;
	}
	return false;
}

const struct geo_place *where_place(struct where *where)
{
	if (!where->looked_geo) {
		where->looked_geo = true;
		(void)geo_find(where->geo, where->addr, &where->place);
	}
	return &where->place;
}

static bool is_one_of(const struct where_names *names, const char *name)
{
	for (uint32_t i = 0; i < names->count && *name; i++) {
		if (!strcmp(names->name[i], name))
			return true;
	}
	return false;
}

bool where_in_region(struct where *where, const struct region *region)
{
	const struct geo_place *place;

	for (uint32_t i = 0; i < region->networks.count; i++) {
		if (where_in_network(where, region->nets[i]))
			return true;
	}
	if (!region->countries.count && !region->continents.count &&
	    !region->subdivisions.count)
		return false;
	place = where_place(where);
	return is_one_of(&region->countries, place->country) ||
	       is_one_of(&region->continents, place->continent) ||
	       is_one_of(&region->subdivisions, place->subdivision);
}

/* --- in words ------------------------------------------------------------------ */

static int print_addr(struct re_printf *pf, const struct where *where)
{
	return where->addr ? re_hprintf(pf, "%j", where->addr)
			   : re_hprintf(pf, "an unknown address");
}

int where_print_place(struct re_printf *pf, struct where *where)
{
	const struct geo_place *place = where_place(where);
	int err = print_addr(pf, where);

	if (!place->country[0] && !place->continent[0])
		return err ? err
			   : re_hprintf(pf, " is in no country that is known");
	return err ? err
		   : re_hprintf(pf, " is in %s",
				place->subdivision[0] ? place->subdivision
				: place->country[0]   ? place->country
						      : place->continent);
}

static int print_chain(struct re_printf *pf, const struct where_maps *maps,
		       uint32_t place, unsigned *printed)
{
	int err = 0;

	for (; place != NETS_NONE && !err;
	     place = nets_next(maps->nets, place)) {
		const uint32_t id = nets_id(maps->nets, place);

		if (*printed >= 8)
			return re_hprintf(pf, "...");
		err = re_hprintf(pf, "%s%s", *printed ? ", " : " is in ",
				 maps->networks[id].name);
		++*printed;
	}
	return err;
}

int where_print_networks(struct re_printf *pf, struct where *where)
{
	unsigned printed = 0;
	int err = print_addr(pf, where);

	look_nets(where);
	err = err ? err
		  : print_chain(pf, where->own, where->own_place, &printed);
	err = err ? err
		  : print_chain(pf, where->shared, where->shared_place,
				&printed);
	if (!printed)
		err = err ? err : re_hprintf(pf, " is in no network");
	return err;
}
