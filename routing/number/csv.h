/*
 * csv.h  Rows of a CSV file (RFC 4180), with the place of each cell
 *
 * Commas, quotes and doubled quotes, CR LF or LF, an optional byte order
 * mark. Beyond the RFC: empty lines and lines that begin with # are skipped,
 * spaces around a cell without quotes do not count. Reads memory, allocates
 * nothing; a wrong row is told and the next one can be read.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_NUMBER_CSV_H
#define ROUTING_NUMBER_CSV_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum {
	CSV_CELLS_MAX = 16,
	CSV_CELL_MAX = 256 /* bytes, within its quotes */
};

struct csv {
	char *p, *end;
	uint32_t line;     /* of p, from 1 */
	const char *start; /* of that line */
};

struct csv_cell {
	struct pl text; /* without quotes */
	uint32_t line, col; /* from 1, col in characters */
};

struct csv_row {
	struct csv_cell cells[CSV_CELLS_MAX];
	unsigned count;
};

/* text is written to: doubled quotes become one, in place. It must live as
 * long as the cells. */
void csv_init(struct csv *csv, char *text, size_t len);

/*
 * The next row. ENOENT: there is none. EINVAL: row->cells[0] is the place of
 * what is wrong, *why says what; the next call goes on behind it.
 */
int csv_next(struct csv *csv, struct csv_row *row, const char **why);

#endif
