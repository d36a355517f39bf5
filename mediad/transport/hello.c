/*
 * hello.c  A ClientHello of DTLS, before OpenSSL has it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <openssl/crypto.h>

#include "mediad/transport/hello.h"

enum {
	REC_HDR = 13, /* RFC 6347, 4.1 */
	REC_EPOCH = 3,
	REC_LEN = 11,
	HS_HDR = 12, /* 4.2.2 */
	HS_OFFSET = 6,
	HS_PIECE = 9,
	HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	HELLO_VERIFY = 3,
	VERSION_LEN = 2,
	SESSION_MAX = 32,
	DTLS = 0xfe,
	DTLS_1_0 = 0xff, /* in a HelloVerifyRequest always (4.2.1) */
};

static size_t get16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

static size_t get24(const uint8_t *p)
{
	return (size_t)p[0] << 16 | get16(p + 1);
}

bool hello_is(const uint8_t *pkt, size_t len)
{
	/* in another epoch it is encrypted, and may begin with any byte */
	return len > REC_HDR && pkt[0] == HANDSHAKE &&
	       !get16(pkt + REC_EPOCH) && pkt[REC_HDR] == CLIENT_HELLO;
}

/* client_version, random, session_id, cookie: RFC 6347, 4.2.1. */
static bool body_read(struct hello *hello, const uint8_t *p, size_t len)
{
	size_t at = VERSION_LEN + HELLO_RANDOM_LEN;

	if (len < at + 1 || p[at] > SESSION_MAX)
		return false;
	at += 1 + (size_t)p[at];
	if (len < at + 1 || len < at + 1 + p[at])
		return false;
	hello->random = p + VERSION_LEN;
	hello->cookie = p + at + 1;
	hello->cookie_len = p[at];
	return true;
}

bool hello_read(struct hello *hello, const uint8_t *pkt, size_t len)
{
	const uint8_t *hs = pkt + REC_HDR;
	size_t rec;

	if (!hello_is(pkt, len) || pkt[1] != DTLS || get16(pkt + REC_EPOCH))
		return false;
	rec = get16(pkt + REC_LEN);
	if (rec < HS_HDR || rec > len - REC_HDR || get24(hs + HS_OFFSET) ||
	    get24(hs + HS_PIECE) > rec - HS_HDR)
		return false;
	return body_read(hello, hs + HS_HDR, get24(hs + HS_PIECE));
}

bool hello_brings(const struct hello *hello,
		  const uint8_t cookie[HELLO_COOKIE_LEN])
{
	return hello->cookie_len == HELLO_COOKIE_LEN &&
	       !CRYPTO_memcmp(hello->cookie, cookie, HELLO_COOKIE_LEN);
}

void hello_verify(uint8_t out[HELLO_VERIFY_LEN],
		  const uint8_t cookie[HELLO_COOKIE_LEN])
{
	const uint8_t body = VERSION_LEN + 1 + HELLO_COOKIE_LEN;
	uint8_t *p = out + REC_HDR;

	memset(out, 0, HELLO_VERIFY_LEN);
	out[0] = HANDSHAKE;
	out[1] = DTLS;
	out[2] = DTLS_1_0;
	/* 4.2.1 has it take the number of the record that it answers. Of one
	 * that is forged that may be as high as there are, and the client would
	 * take our ServerHello for an old one: so it stays 0. */
	out[REC_LEN + 1] = HS_HDR + body;
	p[0] = HELLO_VERIFY;
	p[3] = p[HS_PIECE + 2] = body;
	p += HS_HDR;
	p[0] = DTLS;
	p[1] = DTLS_1_0;
	p[2] = HELLO_COOKIE_LEN;
	memcpy(p + 3, cookie, HELLO_COOKIE_LEN);
}
