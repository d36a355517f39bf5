/*
 * bearer.h  Tokens that open the admin interface (RFC 6750)
 *
 * A token is 256 random bits; what is kept of it is its SHA-256, so neither
 * the configuration nor who reads it can open anything. Compared in a time
 * that depends on their number alone.
 *
 * Pure, but for bearer_make().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_BEARER_H
#define COMMON_BEARER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BEARER_MAX = 64,
	BEARER_NAME_MAX = 64,
	BEARER_LEN_MAX = 255,  /* of one that is shown */
	BEARER_TOKEN_LEN = 46, /* of one that is made: "cb_", base64url */
	BEARER_HASH_LEN = 32,
};

/* What one may do. Borrowed texts. */
struct bearer {
	const char *name;   /* for the log: never the token */
	const char *tenant; /* all that it sees; NULL: everything */
	uint8_t hash[BEARER_HASH_LEN];
	bool write;
	uint64_t until_s; /* unix time at which it ends; 0: never */
};

struct bearer_set {
	size_t n;
	struct bearer tokens[BEARER_MAX];
};

/* Copies the struct; ENOSPC when full. */
int bearer_add(struct bearer_set *set, const struct bearer *bearer);

/* NULL: none is this one. Whether it has ended is not looked at. */
const struct bearer *bearer_find(const struct bearer_set *set,
				 const char *token);

/* The token of an Authorization header's value, "" when what stands there can
 * be none (RFC 6750 section 2.1), NULL: it speaks of something else. */
const char *bearer_read(const char *authorization);

/* 64 digits of lower-case hex; EBADMSG: something else. */
int bearer_hash_read(uint8_t hash[BEARER_HASH_LEN], const char *hex);

/* "2027-01-31": that day's end in UTC as unix time; 0: not a date. */
uint64_t bearer_until(const char *date);

/* A new one, and what is kept of it. EIO: there is no randomness. */
int bearer_make(char token[BEARER_TOKEN_LEN + 1],
		char hex[2 * BEARER_HASH_LEN + 1]);

#endif
