/*
 * classify.h  What a datagram on a media socket is, by its first bytes
 *
 * RFC 7983 (first byte) and RFC 5761, section 4 (RTP or RTCP by the second).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CLASSIFY_H
#define MEDIAD_CLASSIFY_H

#include <stddef.h>
#include <stdint.h>

enum classify {
	CLASSIFY_OTHER, /* to be dropped and counted */
	CLASSIFY_STUN,
	CLASSIFY_DTLS,
	CLASSIFY_RTP,
	CLASSIFY_RTCP,
	CLASSIFY_N
};

/* Looks at no more than len bytes; shorter than the header of its kind is
 * CLASSIFY_OTHER. */
enum classify classify_packet(const uint8_t *pkt, size_t len);
const char *classify_name(enum classify kind);

#endif
