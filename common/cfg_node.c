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

struct place {
	const struct cfg_node *node;
	uint32_t nr; /* in order of arrival */
};

static int key_order(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;
	int order = strcmp(a->node->key, b->node->key);

	return order ? order : a->nr < b->nr ? -1 : 1;
}

static void say_twice(const struct cfg_node *node,
		      const struct cfg_node *before, struct cfg_errors *errs)
{
	cfg_errors_add(errs, &node->key_pos,
		       "key \"%s\" stands twice, first at %s:%u:%u", node->key,
		       before->key_pos.file, before->key_pos.line,
		       before->key_pos.col);
}

/* Sorted, not hashed: no choice of keys makes it slow. */
int cfg_node_check_keys(const struct cfg_node *map, struct cfg_errors *errs)
{
	const struct cfg_node *node;
	struct place *sorted;
	uint32_t n = 0;
	int err = 0;

	if (map->count < 2)
		return 0;
	sorted = mem_alloc(map->count * sizeof(*sorted), NULL);
	if (!sorted)
		return ENOMEM;
	for (node = map->first; node; node = node->next, n++)
		sorted[n] = (struct place){node, n};
	qsort(sorted, n, sizeof(*sorted), key_order);
	for (uint32_t i = 1; i < n; i++) {
		if (strcmp(sorted[i].node->key, sorted[i - 1].node->key))
			continue;
		say_twice(sorted[i].node, sorted[i - 1].node, errs);
		err = EINVAL;
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
