/*
 * tree.h  A program under load: a process and its children
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_TREE_H
#define TESTS_BENCH_LIB_TREE_H

#include <sys/types.h>

enum {
	TREE_MAX = 64
};

struct tree {
	pid_t pids[TREE_MAX]; /* 0: no more */
};

/* As it is now; who comes later is not in it. */
void tree_find(struct tree *tree, pid_t parent);
/* All threads, microseconds. */
double tree_cpu(const struct tree *tree);
/* Proportional set sizes, kB. */
double tree_pss(const struct tree *tree);
/* Open descriptors. */
unsigned tree_fds(const struct tree *tree);

#endif
