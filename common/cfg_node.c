/*
 * cfg_node.c  Nodes of a tree: children and keys
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/cfg_tree.h"
#include "common/cfg_tree_priv.h"

void cfg_node_append(struct cfg_node *parent, struct cfg_node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	++parent->count;
}

static int key_order(const void *pa, const void *pb)
{
	const struct cfg_node *a = *(const struct cfg_node *const *)pa;
	const struct cfg_node *b = *(const struct cfg_node *const *)pb;
	int order = strcmp(a->key, b->key);

	if (order)
		return order;
	if (a->key_pos.line != b->key_pos.line)
		return a->key_pos.line < b->key_pos.line ? -1 : 1;
	return a->key_pos.col < b->key_pos.col ? -1 : 1;
}

/* Sorted, not hashed: no choice of keys makes it slow. */
int cfg_node_check_keys(const struct cfg_node *map, struct cfg_errors *errs)
{
	const struct cfg_node **sorted, *node;
	uint32_t n = 0;
	int err = 0;

	if (map->count < 2)
		return 0;
	sorted = mem_alloc(map->count * sizeof(*sorted), NULL);
	if (!sorted)
		return ENOMEM;
	for (node = map->first; node; node = node->next)
		sorted[n++] = node;
	qsort(sorted, n, sizeof(*sorted), key_order);
	for (uint32_t i = 1; i < n; i++) {
		const struct cfg_pos *was = &sorted[i - 1]->key_pos;

		if (strcmp(sorted[i]->key, sorted[i - 1]->key))
			continue;
		err = EINVAL;
		cfg_errors_add(errs, &sorted[i]->key_pos,
			       "key \"%s\" stands twice, first at %s:%u:%u",
			       sorted[i]->key, was->file, was->line, was->col);
	}
	mem_deref(sorted);
	return err;
}

const struct cfg_node *cfg_node_get(const struct cfg_node *map, const char *key)
{
	if (!map || map->kind != CFG_MAP_NODE)
		return NULL;
	for (const struct cfg_node *node = map->first; node;
	     node = node->next) {
		if (!strcmp(node->key, key))
			return node;
	}
	return NULL;
}
