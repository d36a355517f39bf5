/*
 * route_cond_facts.h  Conditions that ask more than the request's own texts:
 *                     whose number it is, where the device is, what time
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_MATCH_ROUTE_COND_FACTS_H
#define ROUTING_MATCH_ROUTE_COND_FACTS_H

#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "routing/route_facts.h"
#include "routing/text/route_regex.h"

struct route_cond;
struct route_cond_load;
struct route_input;
struct route_match;

struct route_match_names {
	const char **name;
	uint32_t count;
};

/* `table: {rates: {class: [gold, silver]}}` */
struct route_match_attr {
	const char *name;
	struct route_match_names values; /* one of these */
};

struct route_match_numbers {
	const char *name; /* of a table */
	struct route_match_attr *attrs;
	uint32_t nattrs;
};

/* A part of struct route_match. */
struct route_match_facts {
	const char *number; /* a pattern for E.164 */
	struct route_match_numbers *tables;
	uint32_t ntables;
	struct route_match_names number_country, schedule;
	struct route_match_names source, country, continent, region;
};

/* ... and of struct route_input: what was found out, for the callee and the
 * tenant of then. */
struct route_input_facts {
	struct number number;
	struct pl number_of; /* unset: not read */
	struct where where;
	const struct route_tenant *tenant; /* of both; NULL: none */
};

/* Rows of the description of `match`. */
extern const struct cfg_field route_match_tables_item, route_match_land_item,
	route_match_continent_item, route_match_network_item,
	route_match_region_item, route_match_schedule_item;
bool route_match_check_number(const char *text, char *why, size_t size);

#define ROUTE_MATCH_NAMES(member)                                      \
	CFG_LIST,                                                      \
	CFG_ITEMS(struct route_match, facts.member.name,               \
		  facts.member.count),                                 \
	.min = 1, .max = 300, .flags = CFG_F_ALONE

#define ROUTE_MATCH_FACTS_FIELDS                                              \
	{"number", CFG_REGEX, CFG_AT(struct route_match, facts.number),       \
	 .min = 1, .max = ROUTE_PATTERN_MAX,                                  \
	 .check = route_match_check_number,                                   \
	 .help = "A pattern (PCRE2) for the whole of who is called in E.164 " \
		 "(+4930123), whatever was dialled: see `dialing`. Its "      \
		 "groups cannot be used elsewhere.",                          \
	 .example = "\\+49(15|16|17).*"},                                     \
	{"number_country", ROUTE_MATCH_NAMES(number_country),                 \
	 .item = &route_match_land_item,                                      \
	 .help = "Whose number, in E.164, it is that is called: countries "   \
		 "(ISO 3166). Numbers of no country, as freephone, match "    \
		 "none.", .example = "DE, AT, CH"},                           \
	{"table", CFG_MAP,                                                    \
	 CFG_ITEMS(struct route_match, facts.tables, facts.ntables),          \
	 CFG_KEY(struct route_match_numbers, name),                           \
	 .item = &route_match_tables_item, .ref = &route_ref_numbers,         \
	 .min = 1, .max = 8,                                                  \
	 .help = "Names out of `numbers`, and attributes with one or more "   \
		 "values: the longest prefix of the called number there "     \
		 "has one of these. {}: it has a prefix.",                    \
	 .example = "{rates: {class: gold}}"},                                \
	{"schedule", ROUTE_MATCH_NAMES(schedule),                             \
	 .item = &route_match_schedule_item,                                  \
	 .help = "Names out of `schedules`: now is within one of them.",      \
	 .example = "office"},                                                \
	{"source", ROUTE_MATCH_NAMES(source),                                 \
	 .item = &route_match_network_item,                                   \
	 .help = "Names out of `networks`: the address that the request "     \
		 "comes from is in one of them. Behind a load balancer it "   \
		 "is the address that this one tells.", .example = "office"}, \
	{"country", ROUTE_MATCH_NAMES(country),                               \
	 .item = &route_match_land_item,                                      \
	 .help = "Countries (ISO 3166): that address is in one of them, by "  \
		 "`geoip`.", .example = "DE"},                                \
	{"continent", ROUTE_MATCH_NAMES(continent),                           \
	 .item = &route_match_continent_item,                                 \
	 .help = "AF, AN, AS, EU, NA, OC, SA: the same.", .example = "EU"},   \
	{"region", ROUTE_MATCH_NAMES(region),                                 \
	 .item = &route_match_region_item,                                    \
	 .help = "Names out of `regions`: the same.", .example = "eu"}

/* The callee of now in E.164, and where the request comes from; found out at
 * most once for a callee and a tenant. */
const struct number *route_input_number(struct route_input *input);
struct where *route_input_where(struct route_input *input);

/* --- kinds (route_match.h) ----------------------------------------------------- */

#define ROUTE_COND_FACT(name)                                             \
	int route_cond_##name##_load(struct route_cond *cond,             \
				     struct route_cond_load *load,        \
				     const struct route_match *match);    \
	enum route_hit route_cond_##name##_test(                          \
		const struct route_cond *cond, struct route_input *input); \
	int route_cond_##name##_say(struct re_printf *pf,                 \
				    const struct route_cond *cond,        \
				    struct route_input *input)

/* route_cond_number.c */
ROUTE_COND_FACT(number);
void route_cond_number_close(struct route_cond *cond);
ROUTE_COND_FACT(number_country);
/* route_cond_table.c */
ROUTE_COND_FACT(table);
/* route_cond_when.c */
ROUTE_COND_FACT(schedule);
/* route_cond_where.c */
ROUTE_COND_FACT(source);
ROUTE_COND_FACT(country);
ROUTE_COND_FACT(continent);
ROUTE_COND_FACT(region);

/* route_cond_facts.c: names of a match, which itself does not stay, as the
 * data of a condition. ENOENT: there are none. */
int route_match_names_keep(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match_names *names);
/* "not DE, AT" */
int route_match_names_print(struct re_printf *pf,
			    const struct route_match_names *names);
bool route_match_names_has(const struct route_match_names *names,
			   const char *name);

#endif
