/*
 * fingerprint.h  Whether two nodes have read the same files: a hash of all
 *                that counts, in the order in which it was read
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_FINGERPRINT_H
#define COMMON_FINGERPRINT_H

#include <stddef.h>

struct fingerprint;

enum {
	FINGERPRINT_LEN = 16 /* hex digits that people compare */
};

/* The caller owns *printp. */
int fingerprint_alloc(struct fingerprint **printp);

/* Contents count, names and places do not: nodes keep them in folders of
 * their own. The bounds between two parts count. NULL: nobody asks. */
void fingerprint_add(struct fingerprint *print, const void *data, size_t len);

/* Of all that was added so far, of SHA-256; "" when that is not to be had. */
void fingerprint_text(const struct fingerprint *print,
		      char text[FINGERPRINT_LEN + 1]);

#endif
