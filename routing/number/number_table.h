/*
 * number_table.h  `numbers`: tables of prefixes from CSV files, or from the
 *                 configuration itself
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_NUMBER_NUMBER_TABLE_H
#define ROUTING_NUMBER_NUMBER_TABLE_H

#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "routing/number/prefixes.h"

struct fingerprint;

enum {
	NUMBER_CSV_MAX = 512 * 1024 * 1024, /* bytes of a file */
};

struct number_attr {
	const char *name, *value;
};

struct number_prefix {
	const char *digits; /* "+4930" or "4930" */
	struct number_attr *attrs;
	uint32_t nattrs;
};

/* As filled; either csv or prefixes. */
struct number_table {
	const char *name;
	struct cfg_pos pos;
	const char *csv; /* a path; NULL: the prefixes below */
	struct number_prefix *prefixes;
	uint32_t nprefixes;
	struct prefixes *table; /* when it was loaded */
};

/* Of the map `numbers`: an entry is a struct number_table, and its key is a
 * name (the next one). */
extern const struct cfg_field number_table_item;

/* For the keys of such maps: 1 to 32 of a-z, 0-9, _ and -. */
bool number_name_check(const char *text, char *why, size_t size);
#define NUMBER_NAME_PATTERN "^[a-z0-9_-]{1,32}$"

/*
 * EINVAL: errors were added, each with its line and column, until there are
 * CFG_ERRORS_MAX. What is read is added to print (may be NULL).
 * number_table_release() frees what it made.
 */
int number_table_load(struct number_table *table, struct fingerprint *print,
		      struct cfg_errors *errs);
void number_table_release(struct number_table *table);

/* CSV text (changed in place) into a table; name stands in errors. */
int number_csv_load(struct prefixes **tablep, const char *name, char *text,
		    size_t len, struct cfg_errors *errs);

#endif
