/*
 * tree.c  A program under load: a process and its children
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdio.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/tree.h"

void tree_find(struct tree *tree, pid_t parent)
{
	char path[64];
	unsigned n = 1;
	FILE *f;

	*tree = (struct tree){.pids = {parent}};
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent,
		 (int)parent);
	f = fopen(path, "r");
	while (f && n < TREE_MAX && fscanf(f, "%d", &tree->pids[n]) == 1)
		n++;
	if (f)
		fclose(f);
	if (n < TREE_MAX)
		tree->pids[n] = 0;
}

double tree_cpu(const struct tree *tree)
{
	double us = 0;

	for (unsigned i = 0; i < TREE_MAX && tree->pids[i]; i++)
		us += bench_cpu_of(tree->pids[i]);
	return us;
}

double tree_pss(const struct tree *tree)
{
	double kb = 0;

	for (unsigned i = 0; i < TREE_MAX && tree->pids[i]; i++)
		kb += (double)bench_pss_kb(tree->pids[i]);
	return kb;
}

unsigned tree_fds(const struct tree *tree)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TREE_MAX && tree->pids[i]; i++) {
		char path[64];
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%d/fd",
			 (int)tree->pids[i]);
		dir = opendir(path);
		while (dir && readdir(dir))
			n++;
		if (dir)
			closedir(dir);
	}
	return n;
}
