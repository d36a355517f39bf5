/*
 * jsonr.h  Reading JSON: jansson behind a few questions
 *
 * RFC 8259, strictly: a name twice in an object is an error (which of the two
 * counts is anybody's guess), and so are a 0 byte in a text (\u0000), a number
 * that no double holds, more than 2048 levels, and anything behind the end.
 * Everything found is borrowed from the document.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_JSONR_H
#define COMMON_JSONR_H

#include <stdbool.h>
#include <stddef.h>

struct jsonr;     /* a document */
struct jsonr_val; /* a value in it; every function takes NULL */

/* Where a text is no JSON: line and column from 1. */
struct jsonr_place {
	unsigned line, column;
};

/* An object or array, UTF-8. EBADMSG: it is none. The caller owns *docp. */
int jsonr_parse(struct jsonr **docp, const char *text, size_t len);
/* The same; with EBADMSG *place is written. */
int jsonr_parse_at(struct jsonr **docp, const char *text, size_t len,
		   struct jsonr_place *place);
/* NULL when doc is. */
const struct jsonr_val *jsonr_root(const struct jsonr *doc);

/* Of an object; NULL when there is none of that name. */
const struct jsonr_val *jsonr_get(const struct jsonr_val *object,
				  const char *name);
/* The first member of an object whose name is none of these, the last of them
 * NULL; NULL: all are, or it is no object. */
const char *jsonr_other(const struct jsonr_val *object,
			const char *const *names);
/* A string without NUL bytes; NULL when it is none. */
const char *jsonr_str(const struct jsonr_val *val);
/* False when it is no number. */
bool jsonr_num(const struct jsonr_val *val, double *num);
/* False when it is neither true nor false. */
bool jsonr_bool(const struct jsonr_val *val, bool *yes);
bool jsonr_is_object(const struct jsonr_val *val);
/* Each member of an object, in the order of its text; none when it is none. */
typedef void(jsonr_member_h)(const char *name, const struct jsonr_val *val,
			     void *arg);
void jsonr_each(const struct jsonr_val *object, jsonr_member_h *memberh,
		void *arg);
/* Elements of an array; 0 when it is none. */
size_t jsonr_count(const struct jsonr_val *val);
const struct jsonr_val *jsonr_at(const struct jsonr_val *array, size_t i);

#endif
