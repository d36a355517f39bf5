/*
 * utf.h  Is it UTF-8 (RFC 3629)? For the text messages of a WebSocket
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_UTF_H
#define SIGD_TRANSPORT_UTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whole, shortest form, no surrogates, nothing above U+10FFFF. */
bool utf_valid(const uint8_t *data, size_t len);

#endif
