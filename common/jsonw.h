/*
 * jsonw.h  Writes JSON (RFC 8259) into a buffer, as it comes
 *
 *	struct jsonw json;
 *
 *	jsonw_init(&json, mb);
 *	jsonw_object(&json, NULL);
 *	jsonw_str(&json, "tenant", name);
 *	jsonw_array(&json, "calls");
 *	jsonw_uint(&json, NULL, 7);
 *	jsonw_end(&json);
 *	jsonw_end(&json);
 *	err = jsonw_done(&json);
 *
 * key: the member's name in an object, NULL in an array and at the top. Texts
 * of strangers are safe, in a web page's script too: what is not UTF-8 becomes
 * U+FFFD; controls, '<', '>' and '&' are escaped. The first error stays and
 * makes the rest do nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_JSONW_H
#define COMMON_JSONW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum {
	JSONW_DEPTH_MAX = 32
};

struct jsonw {
	struct mbuf *mb; /* written at its end */
	int err;
	unsigned depth;
	bool any;                    /* this level has a value already */
	char close[JSONW_DEPTH_MAX]; /* '}' or ']' of each open level */
};

void jsonw_init(struct jsonw *json, struct mbuf *mb);

void jsonw_object(struct jsonw *json, const char *key);
void jsonw_array(struct jsonw *json, const char *key);
/* Ends the innermost object or array. */
void jsonw_end(struct jsonw *json);

/* NULL becomes null. */
void jsonw_str(struct jsonw *json, const char *key, const char *text);
void jsonw_strn(struct jsonw *json, const char *key, const char *text,
		size_t len);
void jsonw_pl(struct jsonw *json, const char *key, const struct pl *pl);
void jsonw_uint(struct jsonw *json, const char *key, uint64_t value);
void jsonw_int(struct jsonw *json, const char *key, int64_t value);
/* value / 10^decimals, up to 9: exact, no floating point. */
void jsonw_fixed(struct jsonw *json, const char *key, int64_t value,
		 unsigned decimals);
void jsonw_bool(struct jsonw *json, const char *key, bool value);
void jsonw_null(struct jsonw *json, const char *key);

/* 0 when one whole value was written; ENOMEM; EINVAL: a level still open,
 * nothing written, deeper than JSONW_DEPTH_MAX, or a key out of place. */
int jsonw_done(struct jsonw *json);

#endif
