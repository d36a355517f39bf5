/*
 * route_facts.h  What routes ask beside the request: networks, regions,
 *                schedules and tables of numbers, by name
 *
 * Of all tenants (at the top of routing.yaml), and of one: its own names win.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_FACTS_H
#define ROUTING_ROUTE_FACTS_H

#include <stdint.h>

#include "routing/number/dialing.h"
#include "routing/number/number_table.h"
#include "routing/when/schedule.h"
#include "routing/where/where.h"

/* As filled, and loaded. */
struct route_facts {
	struct where_maps where;
	struct schedule *schedules;
	uint32_t nschedules;
	struct number_table *numbers;
	uint32_t nnumbers;
	const struct route_facts *shared; /* NULL: these are those of all */
	const struct geo *geo;            /* NULL: there is no `geoip` */
};

/* The four maps in a description, of a struct that has `facts` in it. */
#define ROUTE_FACTS_FIELDS(type, whose)                                       \
	{"networks", CFG_MAP,                                                 \
	 CFG_ITEMS(type, facts.where.networks, facts.where.nnetworks),        \
	 CFG_KEY(struct network, name), .item = &where_network_item,                \
	 .check = where_name_check, .pattern = WHERE_NAME_PATTERN,            \
	 .unused = "no route and no region names it",                         \
	 .help = "Networks by name" whose ", each one or more of IPv4 and "   \
		 "IPv6, for `match.source` and for regions.",                 \
	 .example = "{office: [192.0.2.0/24, \"2001:db8::/32\"]}"},           \
	{"regions", CFG_MAP,                                                  \
	 CFG_ITEMS(type, facts.where.regions, facts.where.nregions),          \
	 CFG_KEY(struct region, name), .item = &where_region_item,                  \
	 .check = where_name_check, .pattern = WHERE_NAME_PATTERN,            \
	 .unused = "no route names it",                                       \
	 .help = "Regions by name" whose ", for `match.region`."},            \
	{"schedules", CFG_MAP,                                                \
	 CFG_ITEMS(type, facts.schedules, facts.nschedules),                  \
	 CFG_KEY(struct schedule, name), .item = &schedule_item,              \
	 .check = schedule_name_check, .pattern = SCHEDULE_NAME_PATTERN,      \
	 .unused = "no route names it",                                       \
	 .help = "Schedules by name" whose ", for `match.schedule`."},        \
	{"numbers", CFG_MAP, CFG_ITEMS(type, facts.numbers, facts.nnumbers),  \
	 CFG_KEY(struct number_table, name), .item = &number_table_item,      \
	 .check = number_name_check, .pattern = NUMBER_NAME_PATTERN,          \
	 .unused = "no route names it",                                       \
	 .help = "Tables of numbers by name" whose ", for `match.table`."}

struct arena;
struct fingerprint;

/* What loading needs, for all facts of a file. */
struct route_facts_load {
	struct arena *mem; /* of the configuration */
	struct zones *zones;
	struct fingerprint *print;
	struct cfg_errors *errs;
};

/* geo and shared are set. EINVAL: errors were added. */
int route_facts_load(struct route_facts *facts,
		     const struct route_facts_load *load);
void route_facts_release(struct route_facts *facts);

/* By name; NULL: there is none. */
const struct schedule *route_facts_schedule(const struct route_facts *facts,
					    const char *name);
const struct number_table *
route_facts_numbers(const struct route_facts *facts, const char *name);
const struct network *route_facts_network(const struct route_facts *facts,
					  const char *name);
const struct region *route_facts_region(const struct route_facts *facts,
					const char *name);

#endif
