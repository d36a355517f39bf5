/*
 * hello.h  A ClientHello of DTLS, before OpenSSL has it
 *
 * Whose it is, and whether it brings the cookie that was sent to where it says
 * it comes from (RFC 6347, 4.2.1). One that is too large for a datagram (with a
 * key against quantum computers it is) comes in pieces: all that is read here
 * is in the first. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_HELLO_H
#define MEDIAD_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HELLO_RANDOM_LEN = 32,
	HELLO_COOKIE_LEN = 20, /* of ours */
	HELLO_VERIFY_LEN = 48, /* fewer than any ClientHello has */
};

/* Views into the datagram. */
struct hello {
	const uint8_t *random; /* HELLO_RANDOM_LEN: the same with the cookie */
	const uint8_t *cookie;
	size_t cookie_len;
};

/* A datagram that begins with one, or with a piece of one. */
bool hello_is(const uint8_t *pkt, size_t len);
/* False: it does not begin with the first piece of one. */
bool hello_read(struct hello *hello, const uint8_t *pkt, size_t len);
bool hello_brings(const struct hello *hello,
		  const uint8_t cookie[HELLO_COOKIE_LEN]);
/* The HelloVerifyRequest that one gets. */
void hello_verify(uint8_t out[HELLO_VERIFY_LEN],
		  const uint8_t cookie[HELLO_COOKIE_LEN]);

#endif
