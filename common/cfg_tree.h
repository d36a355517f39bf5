/*
 * cfg_tree.h  A YAML file as a tree that remembers where everything stands
 *
 * YAML 1.1 as libyaml reads it, less what surprises people: no anchors and
 * aliases, no tags, one document, plain keys, no key twice. UTF-8.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CFG_TREE_H
#define COMMON_CFG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cfg_error.h"

enum cfg_kind {
	CFG_SCALAR,
	CFG_MAP_NODE,
	CFG_LIST_NODE
};

/* Open for reading; the tree owns all of it. */
struct cfg_node {
	enum cfg_kind kind;
	bool quoted;        /* a scalar in quotes, or a block */
	struct cfg_pos pos; /* of the value */
	struct cfg_pos key_pos;
	const char *key;                      /* in a map; else NULL */
	const char *text;                     /* of a scalar; holds no 0 byte */
	struct cfg_node *first, *last, *next; /* children, sibling */
	uint32_t count;                       /* of children */
};

struct cfg_tree;
struct fingerprint;

struct cfg_limits {
	size_t bytes;   /* of a file */
	uint32_t nodes; /* of the tree */
	uint32_t depth;
	uint32_t files; /* that one directory may add */
};

/* 1 MiB, 100,000 nodes, depth 16, 256 files: where limits is NULL */
extern const struct cfg_limits cfg_limits_default;

/*
 * name stands in error texts and in cfg_pos.file. An empty text is an empty
 * map. EINVAL and an entry in errs when the text is refused. The caller owns
 * *treep.
 */
int cfg_tree_parse(struct cfg_tree **treep, const char *name, const char *text,
		   size_t len, const struct cfg_limits *limits,
		   struct cfg_errors *errs) __attribute__((warn_unused_result));
int cfg_tree_load(struct cfg_tree **treep, const char *path,
		  const struct cfg_limits *limits, struct cfg_errors *errs)
	__attribute__((warn_unused_result));

/*
 * When the root has `key`, it names a folder (relative to the file of the
 * tree): its *.yaml files, in the order of their names, are added to the
 * root. Maps and lists of the same name are joined, with no key twice.
 */
int cfg_tree_include(struct cfg_tree *tree, const char *key,
		     struct cfg_errors *errs)
	__attribute__((warn_unused_result));

const struct cfg_node *cfg_tree_root(const struct cfg_tree *tree);

/* Adds what was read, included files too (fingerprint.h). */
void cfg_tree_fingerprint(const struct cfg_tree *tree,
			  struct fingerprint *print);

/* The value of a key of a map, NULL when absent or no map. */
const struct cfg_node *cfg_node_get(const struct cfg_node *map,
				    const char *key);

/* The closest of names within a few slips of the finger (Damerau,
 * Levenshtein), or NULL. */
const char *cfg_nearest(const char *name, const char *const *names,
			size_t count);

#endif
