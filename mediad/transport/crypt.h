/*
 * crypt.h  SRTP and SRTCP of one direction, with an explicit packet index
 *
 * RFC 3711 (AES_CM_128_HMAC_SHA1_80 and _32), RFC 6188 (the same with keys
 * of 256 bits) and RFC 7714 (AEAD_AES_128_GCM and _256_). The index (48 bits: ROC and sequence number; 31 bits for SRTCP) is the
 * caller's: it is estimated and checked against replay by replay.h, and never
 * used twice for sending under one key. Nothing here remembers a packet.
 * One thread. No allocation per packet.
 *
 * Two implementations behind one table: OpenSSL's primitives, and libsrtp2,
 * which checks the first one and can take its place by configuration.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CRYPT_H
#define MEDIAD_CRYPT_H

#include <stddef.h>
#include <stdint.h>

struct crypt;
struct crypt_impl;

/* The values are those of the DTLS-SRTP profiles (RFC 5764, RFC 7714); those
 * of RFC 6188 have none there, and numbers of ours. */
enum crypt_suite {
	CRYPT_NONE = 0,
	CRYPT_AES_CM_128_SHA1_80 = 0x0001,
	CRYPT_AES_CM_128_SHA1_32 = 0x0002,
	CRYPT_AEAD_AES_128_GCM = 0x0007,
	CRYPT_AEAD_AES_256_GCM = 0x0008,
	CRYPT_AES_256_CM_SHA1_80 = 0x0101,
	CRYPT_AES_256_CM_SHA1_32 = 0x0102,
};

enum {
	CRYPT_KEY_LEN = 16,  /* master key of what DTLS agrees on here */
	CRYPT_KEY_MAX = 32,  /* master key: 16 or 32 bytes */
	CRYPT_SALT_MAX = 14, /* master salt: 14 or 12 bytes */
	CRYPT_GROWTH = 20,   /* a protected packet is at most this longer */
};

extern const struct crypt_impl crypt_openssl;
/* Its SRTCP index only counts upwards at libsrtp2's own pace: the first
 * packet to protect may take about 1 us per index that it is ahead, and is
 * refused (ERANGE) when it is over 2^17 ahead. */
extern const struct crypt_impl crypt_libsrtp;

const char *crypt_impl_name(const struct crypt_impl *impl);
const char *crypt_suite_name(enum crypt_suite suite);
/* Lengths of master key and salt, 0 for an unknown suite. */
size_t crypt_key_len(enum crypt_suite suite);
size_t crypt_salt_len(enum crypt_suite suite);
/* What an RTP packet grows by. */
size_t crypt_tag_len(enum crypt_suite suite);
/* The authentication tag of an SRTCP packet ends it (RFC 3711, 3.4); with GCM
 * the index does (RFC 7714, 9.2), and this is 0. */
size_t crypt_rtcp_end(enum crypt_suite suite);

/*
 * key: crypt_key_len() bytes, salt: crypt_salt_len(). Both are copied; key
 * material is wiped when the object goes. EINVAL: unknown suite.
 */
int crypt_alloc(struct crypt **cp, const struct crypt_impl *impl,
		enum crypt_suite suite, const uint8_t *key,
		const uint8_t *salt);

/*
 * All work in place: pkt has *len bytes, and room for cap. Errors: EBADMSG
 * the header does not fit into the packet, ENOBUFS no room to grow, EBADE
 * (rtp_unprotect, rtcp_unprotect) not authentic; after EBADE the packet's
 * bytes are undefined. ERANGE: index over its range, or not of this sequence
 * number. The index of the first SRTCP packet to send is 1.
 */
int crypt_rtp_protect(struct crypt *c, uint8_t *pkt, size_t *len, size_t cap,
		      uint64_t index);
int crypt_rtp_unprotect(struct crypt *c, uint8_t *pkt, size_t *len,
			uint64_t index);
int crypt_rtcp_protect(struct crypt *c, uint8_t *pkt, size_t *len, size_t cap,
		       uint32_t index);
/* *index is the sender's, from the packet; valid only after 0. */
int crypt_rtcp_unprotect(struct crypt *c, uint8_t *pkt, size_t *len,
			 uint32_t *index);

#endif
