/*
 * route_cond_where.c  Where the request comes from: networks, countries,
 *                     regions
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/arena.h"
#include "routing/match/route_match.h"

/* --- source --------------------------------------------------------------------- */

int route_cond_source_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match)
{
	const struct route_match_names *names = &match->facts.source;
	const struct network **list;

	if (!names->count)
		return ENOENT;
	list = arena_get(load->mem, names->count * sizeof(*list));
	if (!list)
		return ENOMEM;
	cond->data = list;
	for (; cond->n < names->count; cond->n++) {
		list[cond->n] = route_facts_network(&load->tenant->facts,
						    names->name[cond->n]);
		/* the file's check has told */
		if (!list[cond->n])
			return EINVAL;
	}
	return 0;
}

enum route_hit route_cond_source_test(const struct route_cond *cond,
				      struct route_input *input)
{
	const struct network *const *list = cond->data;
	struct where *where = route_input_where(input);

	for (uint32_t i = 0; i < cond->n; i++) {
		if (where_in_network(where, list[i]))
			return ROUTE_HIT;
	}
	return ROUTE_MISS;
}

int route_cond_source_say(struct re_printf *pf, const struct route_cond *cond,
			  struct route_input *input)
{
	const struct network *const *list = cond->data;
	int err = re_hprintf(pf, "%H, not in ", where_print_networks,
			     route_input_where(input));

	for (uint32_t i = 0; i < cond->n && i < 8 && !err; i++)
		err = re_hprintf(pf, "%s%s", i ? ", " : "", list[i]->name);
	return err;
}

/* --- country, continent ----------------------------------------------------------- */

static int load_names(struct route_cond *cond, struct route_cond_load *load,
		      const struct route_match *match, const char *key,
		      const struct route_match_names *names)
{
	int err = route_match_names_keep(cond, load, names);

	if (err || load->tenant->facts.geo)
		return err;
	cfg_errors_add(load->errs, &match->pos,
		       "`%s` needs `geoip`, the path of a database, at the top",
		       key);
	return EINVAL;
}

int route_cond_country_load(struct route_cond *cond,
			    struct route_cond_load *load,
			    const struct route_match *match)
{
	return load_names(cond, load, match, "country", &match->facts.country);
}

enum route_hit route_cond_country_test(const struct route_cond *cond,
				       struct route_input *input)
{
	const struct geo_place *place = where_place(route_input_where(input));

	return route_match_names_has(cond->data, place->country) ? ROUTE_HIT
								 : ROUTE_MISS;
}

int route_cond_country_say(struct re_printf *pf, const struct route_cond *cond,
			   struct route_input *input)
{
	return re_hprintf(pf, "%H, %H", where_print_place,
			  route_input_where(input), route_match_names_print,
			  cond->data);
}

int route_cond_continent_load(struct route_cond *cond,
			      struct route_cond_load *load,
			      const struct route_match *match)
{
	return load_names(cond, load, match, "continent",
			  &match->facts.continent);
}

enum route_hit route_cond_continent_test(const struct route_cond *cond,
					 struct route_input *input)
{
	const struct geo_place *place = where_place(route_input_where(input));

	return route_match_names_has(cond->data, place->continent) ? ROUTE_HIT
								   : ROUTE_MISS;
}

int route_cond_continent_say(struct re_printf *pf,
			     const struct route_cond *cond,
			     struct route_input *input)
{
	struct where *where = route_input_where(input);
	const char *continent = where_place(where)->continent;

	return re_hprintf(pf, "%H%s%s%s, %H", where_print_place, where,
			  continent[0] ? " (" : "", continent,
			  continent[0] ? ")" : "", route_match_names_print,
			  cond->data);
}

/* --- region ------------------------------------------------------------------------ */

int route_cond_region_load(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match *match)
{
	const struct route_match_names *names = &match->facts.region;
	const struct region **list;

	if (!names->count)
		return ENOENT;
	list = arena_get(load->mem, names->count * sizeof(*list));
	if (!list)
		return ENOMEM;
	cond->data = list;
	for (; cond->n < names->count; cond->n++) {
		list[cond->n] = route_facts_region(&load->tenant->facts,
						   names->name[cond->n]);
		/* the file's check has told */
		if (!list[cond->n])
			return EINVAL;
	}
	return 0;
}

enum route_hit route_cond_region_test(const struct route_cond *cond,
				      struct route_input *input)
{
	const struct region *const *list = cond->data;
	struct where *where = route_input_where(input);

	for (uint32_t i = 0; i < cond->n; i++) {
		if (where_in_region(where, list[i]))
			return ROUTE_HIT;
	}
	return ROUTE_MISS;
}

int route_cond_region_say(struct re_printf *pf, const struct route_cond *cond,
			  struct route_input *input)
{
	const struct region *const *list = cond->data;
	struct where *where = route_input_where(input);
	int err =
		re_hprintf(pf, "%H, not in region ", where_print_place, where);

	for (uint32_t i = 0; i < cond->n && i < 8 && !err; i++)
		err = re_hprintf(pf, "%s%s", i ? ", " : "", list[i]->name);
	return err;
}
