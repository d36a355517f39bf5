/*
 * cfg_scope.c  Which names can be used at a place of a configuration file
 *
 * The keys of a map are sorted when one of them is first asked for: 100,000
 * routes name a few of 10,000 connections.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/cfg_scope.h"
#include "common/countof.h"

struct name {
	const char *key;
	const struct cfg_node *node;
	bool used;
};

/* The keys of one map. */
struct cfg_names {
	const struct cfg_node *map;
	struct cfg_names *next;
	uint32_t count;
	struct name list[];
};

static int order(const void *pa, const void *pb)
{
	const struct name *a = pa, *b = pb;

	return strcmp(a->key, b->key);
}

static struct cfg_names *names_make(const struct cfg_node *map)
{
	struct cfg_names *names = mem_zalloc(
		sizeof(*names) + map->count * sizeof(names->list[0]), NULL);
	const struct cfg_node *node;

	if (!names)
		return NULL;
	names->map = map;
	for (node = map->first; node; node = node->next)
		names->list[names->count++] =
			(struct name){node->key, node, false};
	qsort(names->list, names->count, sizeof(names->list[0]), order);
	return names;
}

/* *namesp: NULL when the scope has no such map. */
static int names_of(struct cfg_names **namesp, struct cfg_scope *scope,
		    const char *key)
{
	const struct cfg_node *map = cfg_node_get(scope->map, key);
	struct cfg_names *names = scope->names;

	*namesp = NULL;
	if (!map || map->kind != CFG_MAP_NODE)
		return 0;
	while (names && names->map != map)
		names = names->next;
	if (!names) {
		names = names_make(map);
		if (!names)
			return ENOMEM;
		names->next = scope->names;
		scope->names = names;
	}
	*namesp = names;
	return 0;
}

static int find(struct name **namep, struct cfg_scope *scope,
		const struct cfg_ref *ref, const char *key)
{
	const struct name want = {.key = key};
	struct cfg_names *names;

	*namep = NULL;
	for (; scope && !*namep; scope = scope->up) {
		for (size_t i = 0; i < COUNTOF(ref->maps) && !*namep &&
				   ref->maps[i]; i++) {
			if (names_of(&names, scope, ref->maps[i]))
				return ENOMEM;
			if (names)
				*namep = bsearch(&want, names->list,
						 names->count, sizeof(want),
						 order);
		}
	}
	return 0;
}

/* All that could have been meant; they were asked for before. */
static int collect(const char ***listp, size_t *count, struct cfg_scope *from,
		   const struct cfg_ref *ref)
{
	struct cfg_names *names;
	const char **list = NULL;
	size_t n = 0;

	for (int turn = 0; turn < 2; turn++) {
		size_t room = n;

		n = 0;
		if (turn)
			list = mem_zalloc((room + 1) * sizeof(*list), NULL);
		if (turn && !list)
			return ENOMEM;
		for (struct cfg_scope *scope = from; scope; scope = scope->up) {
			for (size_t i = 0; i < COUNTOF(ref->maps) &&
					   ref->maps[i]; i++) {
				if (names_of(&names, scope, ref->maps[i]))
					continue;
				for (uint32_t k = 0; names && k < names->count;
				     k++, n++) {
					if (list)
						list[n] = names->list[k].key;
				}
			}
		}
	}
	*listp = list;
	*count = n;
	return 0;
}

/* Other names stand elsewhere. */
static bool is_open(const struct cfg_scope *scope, const struct cfg_ref *ref)
{
	for (; ref->open_if && scope; scope = scope->up) {
		const struct cfg_node *node =
			cfg_node_get(scope->map, ref->open_if);

		if (node && node->kind == CFG_SCALAR)
			return !strcmp(node->text, "true");
	}
	return false;
}

int cfg_scope_check(struct cfg_scope *scope, const struct cfg_ref *ref,
		    const char *name, const struct cfg_place *place,
		    struct cfg_errors *errs)
{
	struct cfg_absent absent = {place->label, ref->what, name, NULL, 0};
	const char **list = NULL;
	struct name *found;
	int err;

	if (ref->other && ref->other(name))
		return 0;
	err = find(&found, scope, ref, name);
	if (err)
		return err;
	if (found) {
		found->used |= !ref->weak;
		return 0;
	}
	if (is_open(scope, ref))
		return 0;
	err = collect(&list, &absent.count, scope, ref);
	if (err)
		return err;
	absent.names = list;
	cfg_errors_absent(errs, place->pos, &absent);
	mem_deref(list);
	return EINVAL;
}

int cfg_scope_unused(struct cfg_scope *scope, const struct cfg_table *table,
		     struct cfg_errors *errs)
{
	const struct cfg_field *field = table->fields;
	struct cfg_names *names;

	for (; field->type != CFG_NONE; field++) {
		if (!field->unused)
			continue;
		if (names_of(&names, scope, field->key))
			return ENOMEM;
		for (uint32_t i = 0; names && i < names->count; i++) {
			const struct name *name = &names->list[i];

			if (!name->used)
				cfg_errors_warn(errs, &name->node->key_pos,
						"%s: \"%.60s\" is never used: "
						"%s",
						field->key, name->key,
						field->unused);
		}
	}
	return 0;
}

void cfg_scope_end(struct cfg_scope *scope)
{
	struct cfg_names *names = scope->names, *next;

	for (; names; names = next) {
		next = names->next;
		mem_deref(names);
	}
	scope->names = NULL;
}
