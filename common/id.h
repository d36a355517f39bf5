/*
 * id.h  Ids of calls and sessions: 64 random bits as 16 hex digits
 *
 * Not secret, but not to be guessed either: from the kernel's generator.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ID_H
#define COMMON_ID_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ID_LEN = 16
};

/* Writes 16 digits [0-9a-f] and a 0. Ends the process when the kernel has no
 * random bytes: an id that repeats would mix two calls. */
void id_make(char out[ID_LEN + 1]);

/* Whether text of len bytes has the form of an id. */
bool id_valid(const char *text, size_t len);

#endif
