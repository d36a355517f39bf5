/*
 * bearer.h  Tokens that open the admin interface (RFC 6750)
 *
 * Compared in a time that depends on their number alone, not on what they or
 * the one given hold.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_BEARER_H
#define COMMON_BEARER_H

#include <stdbool.h>
#include <stddef.h>

enum {
	BEARER_MAX = 16,
	BEARER_LEN_MIN = 16,
	BEARER_LEN_MAX = 255,
};

struct bearer_set {
	size_t n;
	struct bearer {
		size_t len;
		char text[BEARER_LEN_MAX + 1]; /* zeroes behind it */
	} tokens[BEARER_MAX];
};

/* Copies a token; EINVAL when too short or too long, ENOSPC when full. */
int bearer_add(struct bearer_set *set, const char *token);

bool bearer_known(const struct bearer_set *set, const char *token);

/* The token of an Authorization header's value, or NULL. */
const char *bearer_read(const char *authorization);

#endif
