/*
 * keyring.h  The cluster's secrets by key id, and which of them seals now
 *
 * A key file holds lines `id not-before secret`: id 0..255, not-before as
 * RFC 3339 UTC or `-`, secret 32 to 128 hex digits. `#` begins a comment.
 * Several keys load; the newest whose time has come seals; all open. A key
 * stays in the file for the longest call. Mode must not be readable by
 * others.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_KEYRING_H
#define COMMON_KEYRING_H

#include <stddef.h>
#include <stdint.h>

struct fingerprint;
struct keyring;

enum {
	KEYRING_MAX = 16,
	KEYRING_KEY_LEN = 32
};

/* Parses text; an error is written to errbuf as "line: what". */
int keyring_parse(struct keyring **ringp, const char *text, size_t len,
		  char *errbuf, size_t errlen);
int keyring_load(struct keyring **ringp, const char *path, char *errbuf,
		 size_t errlen);

/* The id that seals at this time (unix seconds); ENOENT when none. */
int keyring_current(const struct keyring *ring, uint64_t now_s, uint8_t *id);

/* The ids that are loaded, in the file's order; how many. */
size_t keyring_ids(const struct keyring *ring, uint8_t ids[KEYRING_MAX]);
/* Adds what tells one set of secrets from another, and nothing that helps to
 * guess them. */
void keyring_fingerprint(const struct keyring *ring,
			 struct fingerprint *print);

/* The key for a purpose (HKDF-SHA256, the purpose as info) under a key id;
 * ENOENT when that id is not loaded. Derived once, at load. */
int keyring_key(const struct keyring *ring, uint8_t id, unsigned purpose,
		const uint8_t **key);

#endif
