/*
 * null_hello.h  A ClientHello that asks for no encryption
 *
 * As the one that ended calls in several products (ES2023-01): whole and well
 * formed, its only suite TLS_NULL_WITH_NULL_NULL, and no cookie. OpenSSL reads
 * all of it and finds nothing that both have.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_NULL_HELLO_H
#define TESTS_LIB_NULL_HELLO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	NULL_HELLO_LEN = 105
};

static inline void null_hello(uint8_t pkt[NULL_HELLO_LEN])
{
	static const uint8_t tail[] = {
		0,    0,                     /* no session, no cookie */
		0,    2,  0, 0,              /* the suite */
		1,    0,                     /* no compression */
		0,    36,                    /* extensions: */
		0,    23, 0, 0,              /* extended_master_secret */
		0xff, 1,  0, 1, 0,           /* renegotiation_info */
		0,    10, 0, 4, 0, 2, 0, 23, /* supported_groups: P-256 */
		0,    13, 0, 4, 0, 2, 4, 3,  /* ecdsa_secp256r1_sha256 */
		0,    14, 0, 7, 0, 4, 0, 7,  0, 1, 0, /* use_srtp: GCM, CM */
	};

	memset(pkt, 0, NULL_HELLO_LEN);
	/* the record: RFC 6347, 4.1 */
	memcpy(pkt, "\x16\xfe\xff", 3);
	pkt[12] = NULL_HELLO_LEN - 13;
	/* the message, in one piece: 4.2.2 */
	pkt[13] = 1;
	pkt[16] = pkt[24] = NULL_HELLO_LEN - 25;
	/* version, random: 4.2.1 */
	memcpy(pkt + 25, "\xfe\xfd", 2);
	memset(pkt + 27, 'r', 32);
	memcpy(pkt + 59, tail, sizeof(tail));
}

#endif
