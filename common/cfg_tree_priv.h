/*
 * cfg_tree_priv.h  The inside of a tree, for the files that build it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CFG_TREE_PRIV_H
#define COMMON_CFG_TREE_PRIV_H

#include "common/cfg_path.h"
#include "common/cfg_tree.h"

struct arena;
struct fingerprint;

struct cfg_tree {
	struct arena *mem;
	struct fingerprint *print; /* of all texts */
	struct cfg_limits limits;
	uint32_t nodes; /* so far, of all files */
	struct cfg_node *root;
	const char *path; /* NULL when it came from memory */
};

/* Adds the nodes of one more text or file to the tree's memory. */
int cfg_tree_read_text(struct cfg_tree *tree, struct cfg_node **rootp,
		       const char *name, const char *text, size_t len,
		       struct cfg_errors *errs);
int cfg_tree_read_file(struct cfg_tree *tree, struct cfg_node **rootp,
		       const char *path, struct cfg_errors *errs);

/* Appends, and counts. */
void cfg_node_append(struct cfg_node *parent, struct cfg_node *child);

/* Adds an error for each key of a map that stands twice. */
int cfg_node_check_keys(const struct cfg_node *map, struct cfg_errors *errs);

#endif
