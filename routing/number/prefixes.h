/*
 * prefixes.h  A table of prefixes with attributes: the longest one wins
 *
 * For 1,000,000 of them: 16 bytes each in one sorted array, and each set of
 * attributes once. Filled row by row, then sealed; const from then on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_NUMBER_PREFIXES_H
#define ROUTING_NUMBER_PREFIXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct prefixes;

enum {
	PREFIX_DIGITS_MAX = 15,
	PREFIX_COLUMNS_MAX = 15, /* attributes */
	PREFIX_NAME_MAX = 32,    /* bytes of an attribute's name */
	PREFIX_VALUE_MAX = 256,  /* ... of its value */
};

/* names: of the attributes, copied. mem_deref() frees. */
int prefixes_alloc(struct prefixes **tablep, const char *const *names,
		   unsigned count);

/*
 * Adds a prefix, digits without +, with one value for each attribute; an
 * empty value is none. line tells it from others in errors. EINVAL: no
 * prefix. E2BIG: too many prefixes or too much text.
 */
int prefixes_add(struct prefixes *table, const struct pl *digits,
		 const struct pl *values, uint32_t line);

/* Called for a prefix that stands twice. */
typedef void(prefixes_twice_h)(const char *digits, uint32_t line,
			       uint32_t first, void *arg);

/* Sorts. EINVAL: prefixes stand twice, each was told. */
int prefixes_seal(struct prefixes *table, prefixes_twice_h *twiceh, void *arg);

uint32_t prefixes_count(const struct prefixes *table);
size_t prefixes_bytes(const struct prefixes *table);

/* Of an attribute; -1: it has none of that name. */
int prefixes_column(const struct prefixes *table, const char *name);
unsigned prefixes_columns(const struct prefixes *table);
const char *prefixes_column_name(const struct prefixes *table, unsigned column);

/* What a look-up found; borrowed from the table. */
struct prefix_hit {
	char digits[PREFIX_DIGITS_MAX + 1];
	uint32_t set; /* of attributes */
};

/* number: "4930123456", without +. false: no prefix of it is there. */
bool prefixes_find(const struct prefixes *table, const struct pl *number,
		   struct prefix_hit *hit);

/* The value of an attribute; "" when it has none. */
const char *prefixes_value(const struct prefixes *table,
			   const struct prefix_hit *hit, unsigned column);

#endif
