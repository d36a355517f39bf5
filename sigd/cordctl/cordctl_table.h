/*
 * cordctl_table.h  Rows for people, in columns that fit the terminal
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CORDCTL_CORDCTL_TABLE_H
#define SIGD_CORDCTL_CORDCTL_TABLE_H

#include <stddef.h>

struct cordctl_table;

enum {
	CORDCTL_COLUMNS_MAX = 12,
	CORDCTL_CELL_MAX = 256
};

/* heads: n names. The caller owns *tablep. */
int cordctl_table_alloc(struct cordctl_table **tablep,
			const char *const *heads, size_t n);
/* cells: as many; what is NULL or "" is a dash. Copied; of any bytes, see
 * cordctl_shown.h. */
int cordctl_table_row(struct cordctl_table *table, const char *const *cells);
/* The rows that have come since it was printed last, the names above the first;
 * columns only become wider. width: of the terminal, in characters; 0: nothing
 * is cut. */
void cordctl_table_print(struct cordctl_table *table, unsigned width);

/* Of the terminal on stdout: COLUMNS, or what it says; 0: it is none. */
unsigned cordctl_width(void);

#endif
