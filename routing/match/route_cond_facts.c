/*
 * route_cond_facts.c  The description of conditions that ask more than the
 *                     request's own texts, and what they share
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/match/route_match.h"
#include "routing/route_priv.h"
#include "routing/text/route_ref.h"
#include "routing/where/land.h"

bool route_match_check_number(const char *text, char *why, size_t size)
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

/* clang-format off */
static const struct cfg_field value_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = PREFIX_VALUE_MAX,
};

static const struct cfg_field values_item = {
	.type = CFG_LIST,
	CFG_ITEMS(struct route_match_attr, values.name, values.count),
	.item = &value_item, .min = 1, .max = 100, .flags = CFG_F_ALONE,
};

const struct cfg_field route_match_tables_item = {
	.type = CFG_MAP,
	CFG_ITEMS(struct route_match_numbers, attrs, nattrs),
	CFG_KEY(struct route_match_attr, name), .item = &values_item,
	.max = PREFIX_COLUMNS_MAX, .check = number_name_check,
	.pattern = NUMBER_NAME_PATTERN,
};

const struct cfg_field route_match_land_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 40,
	.check = land_check_country, .pattern = "^[A-Z]{2}$",
};

const struct cfg_field route_match_continent_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 20,
	.check = land_check_continent, .pattern = "^(AF|AN|AS|EU|NA|OC|SA)$",
};

const struct cfg_field route_match_network_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = WHERE_NAME_MAX, .ref = &route_ref_network,
};

const struct cfg_field route_match_region_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = WHERE_NAME_MAX, .ref = &route_ref_region,
};

const struct cfg_field route_match_schedule_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1,
	.max = SCHEDULE_NAME_MAX, .ref = &route_ref_schedule,
};
/* clang-format on */

/* Whose names and ways to dial count may change within a decision. */
static struct route_input_facts *facts_of(struct route_input *input)
{
	struct route_input_facts *facts = &input->facts;
	const struct route_tenant *tenant = input->tenant;

	if (facts->tenant == tenant)
		return facts;
	facts->tenant = tenant;
	facts->number_of = pl_null;
	where_init(&facts->where, &tenant->facts.where,
		   tenant->facts.shared ? &tenant->facts.shared->where : NULL,
		   tenant->facts.geo, input->query->source);
	return facts;
}

const struct number *route_input_number(struct route_input *input)
{
	struct route_input_facts *facts = facts_of(input);

	if (facts->number_of.p != input->callee.p ||
	    facts->number_of.l != input->callee.l) {
		facts->number_of = input->callee;
		number_read(&facts->number, input->tenant->dialing,
			    input->table->engine, &input->callee);
	}
	return &facts->number;
}

struct where *route_input_where(struct route_input *input)
{
	return &facts_of(input)->where;
}

int route_match_names_keep(struct route_cond *cond,
			   struct route_cond_load *load,
			   const struct route_match_names *names)
{
	struct route_match_names *kept;

	if (!names->count)
		return ENOENT;
	kept = arena_get(load->mem, sizeof(*kept));
	if (!kept)
		return ENOMEM;
	*kept = *names;
	cond->data = kept;
	return 0;
}

bool route_match_names_has(const struct route_match_names *names,
			   const char *name)
{
	for (uint32_t i = 0; i < names->count && *name; i++) {
		if (!strcmp(names->name[i], name))
			return true;
	}
	return false;
}

int route_match_names_print(struct re_printf *pf,
			    const struct route_match_names *names)
{
	int err = re_hprintf(pf, "not ");

	for (uint32_t i = 0; i < names->count && !err; i++) {
		if (i == 8)
			return re_hprintf(pf, "...");
		err = re_hprintf(pf, "%s%s", i ? ", " : "", names->name[i]);
	}
	return err;
}
