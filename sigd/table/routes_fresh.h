/*
 * routes_fresh.h  The routing table, loaded and tested before it serves
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TABLE_ROUTES_FRESH_H
#define SIGD_TABLE_ROUTES_FRESH_H

#include <stdbool.h>
#include <stdint.h>

struct cfg_errors;
struct route_table;

/* What came of a load; plain data. */
struct routes_fresh {
	struct route_table *table; /* NULL: err */
	struct cfg_errors *errs;   /* its errors and warnings; may be NULL */
	uint32_t tests;            /* of it that were run */
	int err;
};

/*
 * Loads the file and runs its tests. Logs nothing and knows no loop: it may be
 * called beside the loop (common/aside.h). odd: it looks for rules that are of
 * no use, too, which one process of a node does for all.
 */
void routes_fresh_load(struct routes_fresh *fresh, const char *path, bool odd);
/* Runs the tests of a table, within ROUTE_TESTS_MS; EINVAL: errs has more. */
int routes_fresh_tests(const struct route_table *table, uint32_t *ran,
		       struct cfg_errors *errs);
/* Errors and warnings, a line each. */
void routes_fresh_log(const struct routes_fresh *fresh);
/* All but what was taken out. */
void routes_fresh_drop(struct routes_fresh *fresh);

#endif
