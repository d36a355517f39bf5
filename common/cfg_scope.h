/*
 * cfg_scope.h  Which names can be used at a place of a configuration file
 *
 * A scope is a table on its way through cfg_fill(), in the one around it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CFG_SCOPE_H
#define COMMON_CFG_SCOPE_H

#include "common/cfg_schema.h"
#include "common/cfg_tree.h"

struct cfg_names;

struct cfg_scope {
	const struct cfg_node *map; /* NULL: the table is absent */
	struct cfg_scope *up;
	struct cfg_names *names; /* of its maps, each when first asked for */
};

/* Where a name stands. */
struct cfg_place {
	const char *label;
	const struct cfg_pos *pos;
};

/* EINVAL: nothing has that name, an error was added; ENOMEM. */
int cfg_scope_check(struct cfg_scope *scope, const struct cfg_ref *ref,
		    const char *name, const struct cfg_place *place,
		    struct cfg_errors *errs);

/* Warns of what its maps have and nothing named. */
int cfg_scope_unused(struct cfg_scope *scope, const struct cfg_table *table,
		     struct cfg_errors *errs);

void cfg_scope_end(struct cfg_scope *scope);

#endif
