/*
 * text.h  Texts of strangers: UTF-8, and percent-encoding of URLs
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The length of the UTF-8 character (RFC 3629 section 4) at text, which has
 * len > 0 bytes; 0 when there is none: no overlong forms, no surrogates,
 * nothing above U+10FFFF. *code: its code point.
 */
size_t text_utf8(const char *text, size_t len, uint32_t *code);

/* A code point that would steer a terminal or turn the direction of text
 * around (UAX #9), or end a line: controls, marks, separators. */
bool text_unprintable(uint32_t code);

/*
 * Decode %xx (RFC 3986 section 2.1) into out, 0-terminated. EBADMSG for a '%'
 * without two digits, for %00 and a 0 byte; EMSGSIZE when size is too small
 * for len + 1 bytes.
 */
int text_percent_decode(char *out, size_t size, const char *text, size_t len);

#endif
