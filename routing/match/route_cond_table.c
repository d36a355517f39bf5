/*
 * route_cond_table.c  What a table of numbers says of who is called
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "common/cfg_tree.h"
#include "routing/match/route_match.h"

struct wanted { /* an attribute */
	unsigned column;
	const struct route_match_names *values;
};

struct asked { /* of a table */
	const struct number_table *table;
	struct wanted *wanted;
	uint32_t n;
};

static void refuse_attr(struct route_cond_load *load,
			const struct route_match *match,
			const struct number_table *table, const char *name)
{
	const char *names[PREFIX_COLUMNS_MAX];
	const unsigned n = prefixes_columns(table->table);
	char what[80];
	const struct cfg_absent absent = {"table", what, name, names, n};

	for (unsigned i = 0; i < n; i++)
		names[i] = prefixes_column_name(table->table, i);
	re_snprintf(what, sizeof(what), "attribute in \"%s\" named",
		    table->name);
	cfg_errors_absent(load->errs, &match->pos, &absent);
}

static int load_table(struct asked *asked, struct route_cond_load *load,
		      const struct route_match *match,
		      const struct route_match_numbers *numbers)
{
	int bad = 0;

	asked->table = route_facts_numbers(&load->tenant->facts, numbers->name);
	/* an error has told that it is not there, or does not load */
	if (!asked->table || !asked->table->table)
		return EINVAL;
	asked->wanted =
		arena_get(load->mem, numbers->nattrs * sizeof(*asked->wanted));
	if (!asked->wanted)
		return ENOMEM;
	for (uint32_t i = 0; i < numbers->nattrs; i++) {
		const struct route_match_attr *attr = &numbers->attrs[i];
		const int column =
			prefixes_column(asked->table->table, attr->name);

		if (column < 0) {
			refuse_attr(load, match, asked->table, attr->name);
			bad = EINVAL;
			continue;
		}
		asked->wanted[asked->n++] =
			(struct wanted){(unsigned)column, &attr->values};
	}
	return bad;
}

int route_cond_table_load(struct route_cond *cond, struct route_cond_load *load,
			  const struct route_match *match)
{
	const struct route_match_facts *facts = &match->facts;
	struct asked *list;
	int err, bad = 0;

	if (!facts->ntables)
		return ENOENT;
	list = arena_get(load->mem, facts->ntables * sizeof(*list));
	if (!list)
		return ENOMEM;
	cond->data = list;
	cond->n = facts->ntables;
	for (uint32_t i = 0; i < cond->n && bad != ENOMEM; i++) {
		err = load_table(&list[i], load, match, &facts->tables[i]);
		bad = err ? err : bad;
	}
	return bad;
}

/* *wrong: the attribute that is not as wanted; NULL: there is no prefix. */
static bool holds(const struct asked *asked, const struct number *number,
		  struct prefix_hit *hit, const struct wanted **wrong)
{
	struct pl digits;

	*wrong = NULL;
	pl_set_str(&digits, number->e164);
	if (!digits.l)
		return false;
	pl_advance(&digits, 1);
	if (!prefixes_find(asked->table->table, &digits, hit))
		return false;
	for (uint32_t i = 0; i < asked->n; i++) {
		*wrong = &asked->wanted[i];
		if (!route_match_names_has((*wrong)->values,
					   prefixes_value(asked->table->table,
							  hit,
							  (*wrong)->column)))
			return false;
	}
	return true;
}

enum route_hit route_cond_table_test(const struct route_cond *cond,
				     struct route_input *input)
{
	const struct asked *list = cond->data;
	const struct number *number = route_input_number(input);
	const struct wanted *wrong;
	struct prefix_hit hit;

	for (uint32_t i = 0; i < cond->n; i++) {
		if (!holds(&list[i], number, &hit, &wrong))
			return ROUTE_MISS;
	}
	return ROUTE_HIT;
}

static int say_value(struct re_printf *pf, const struct asked *asked,
		     const struct prefix_hit *hit, const struct wanted *wrong)
{
	const char *value =
		prefixes_value(asked->table->table, hit, wrong->column);

	return re_hprintf(pf, "%s: prefix %s has %s %s, %H", asked->table->name,
			  hit->digits,
			  prefixes_column_name(asked->table->table,
					       wrong->column),
			  value[0] ? value : "of no value",
			  route_match_names_print, wrong->values);
}

int route_cond_table_say(struct re_printf *pf, const struct route_cond *cond,
			 struct route_input *input)
{
	const struct asked *list = cond->data;
	const struct number *number = route_input_number(input);
	const struct wanted *wrong;
	struct prefix_hit hit;

	for (uint32_t i = 0; i < cond->n; i++) {
		if (holds(&list[i], number, &hit, &wrong))
			continue;
		if (wrong)
			return say_value(pf, &list[i], &hit, wrong);
		if (number->e164[0])
			return re_hprintf(pf, "%s has no prefix of %s",
					  list[i].table->name, number->e164);
		return re_hprintf(pf, "%s is %s, and not in %s",
				  number->dialled.text[0] ? number->dialled.text
							  : "the callee",
				  number_kind_name(number->kind),
				  list[i].table->name);
	}
	return 0;
}
