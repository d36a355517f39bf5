/*
 * cfg_schema_priv.h  What the files behind cfg_schema.h share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CFG_SCHEMA_PRIV_H
#define COMMON_CFG_SCHEMA_PRIV_H

#include "common/cfg_schema.h"

enum {
	CFG_WHY_MAX = 200,
	CFG_STRING_DEFAULT_MAX = 1024,
	CFG_KEY_MAX = 128
};

/* What is expected of a field, in words: "a whole number from 1 to 9". */
void cfg_expect(const struct cfg_field *field, char *text, size_t size);

/* Whether inner is one of the tables below outer; a table may hold itself, as
 * conditions do. */
bool cfg_table_holds(const struct cfg_table *outer,
		     const struct cfg_table *inner);

/* Text, number and so on: not a table, list or map. */
bool cfg_is_scalar(const struct cfg_field *field);

/* The range that is in force. */
void cfg_range(const struct cfg_field *field, int64_t *lo, int64_t *hi);

/*
 * Reads the text of a scalar into dst; strings are copied into mem. EINVAL:
 * why says what was expected; ENOMEM.
 */
int cfg_value_read(const struct cfg_field *field, const char *text, void *dst,
		   struct arena *mem, char why[CFG_WHY_MAX]);

/* The text behind "${NAME}" and "file:path", any other as it is. label: the
 * key, for errors. EINVAL: an error was added. */
int cfg_secret(const char **textp, struct arena *mem, const char *label,
	       const struct cfg_node *node, struct cfg_errors *errs);

/* The text of a scalar as it would stand in the file. */
int cfg_value_print(struct re_printf *pf, const struct cfg_field *field,
		    const void *src);

/* YAML: as it is when that is safe, else in double quotes. */
int cfg_print_quoted(struct re_printf *pf, const char *text);

/* The next of the values of a list's default ("a, b"); false at its end. */
bool cfg_next_default(const char **p, char *text, size_t size);

#endif
