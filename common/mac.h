/*
 * mac.h  HMAC with SHA-256 (RFC 2104, RFC 4231) of one piece of memory
 *
 * Without allocation, and without the search for an algorithm that OpenSSL's
 * HMAC begins with, which takes longer than the rest. Pure, any thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_MAC_H
#define COMMON_MAC_H

#include <stddef.h>
#include <stdint.h>

enum {
	MAC_LEN = 32,
	MAC_KEY_MAX = 64 /* bytes */
};

/* keylen: 0..MAC_KEY_MAX. */
void mac_sha256(uint8_t mac[MAC_LEN], const uint8_t *key, size_t keylen,
		const void *data, size_t len);

#endif
