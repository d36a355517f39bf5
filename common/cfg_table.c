/*
 * cfg_table.c  Tables of fields, as a graph: one may hold itself
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/cfg_schema.h"
#include "common/cfg_schema_priv.h"

enum {
	TABLES_MAX = 256
};

struct seen {
	const struct cfg_table *table[TABLES_MAX];
	unsigned n;
};

static bool holds(const struct cfg_table *outer, const struct cfg_table *inner,
		  struct seen *seen)
{
	const struct cfg_field *field = outer->fields;

	for (; field->type != CFG_NONE; field++) {
		const struct cfg_table *sub = field->table;
		unsigned i = 0;

		for (const struct cfg_field *f = field; f; f = f->item)
			sub = f->table;
		if (sub && sub == inner)
			return true;
		while (i < seen->n && seen->table[i] != sub)
			++i;
		if (!sub || i < seen->n || seen->n >= TABLES_MAX)
			continue;
		seen->table[seen->n++] = sub;
		if (holds(sub, inner, seen))
			return true;
	}
	return false;
}

bool cfg_table_holds(const struct cfg_table *outer,
		     const struct cfg_table *inner)
{
	struct seen seen = {.n = 0};

	return holds(outer, inner, &seen);
}
