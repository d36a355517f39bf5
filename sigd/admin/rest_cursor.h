/*
 * rest_cursor.h  Where a page of a list has ended, as whoever asks has it
 *
 * To who asks it is opaque; to us it is input from outside: numbers with '-'
 * between, so many as the list needs, each of 64 bits. It says where to go on,
 * never what may be seen: filters and token are looked at for each page anew.
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_CURSOR_H
#define SIGD_ADMIN_REST_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REST_CURSOR_NUMS = 4,
	REST_CURSOR_MAX = REST_CURSOR_NUMS * 21, /* characters */
};

/* Exactly n numbers, in the only form in which they are written. False: it is
 * none of ours, and nums are not to be used. */
bool rest_cursor_read(uint64_t *nums, size_t n, const char *text);
void rest_cursor_write(char text[REST_CURSOR_MAX + 1], const uint64_t *nums,
		       size_t n);

/* RFC 3339, to the millisecond. */
bool rest_cursor_time(uint64_t *unix_ms, const char *text);

#endif
