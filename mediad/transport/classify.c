/*
 * classify.c  What a datagram on a media socket is, by its first bytes
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/transport/classify.h"

enum {
	STUN_MIN = 20,
	DTLS_MIN = 13,
	RTP_MIN = 12,
	RTCP_MIN = 8
};

/* RFC 5761, 4: packet types 192 to 223 are RTCP's, and no RTP payload type
 * with marker bit may look like them. */
static enum classify rtp_or_rtcp(const uint8_t *pkt, size_t len)
{
	if (len >= RTCP_MIN && pkt[1] >= 192 && pkt[1] <= 223)
		return CLASSIFY_RTCP;

	return len >= RTP_MIN ? CLASSIFY_RTP : CLASSIFY_OTHER;
}

enum classify classify_packet(const uint8_t *pkt, size_t len)
{
	if (len < RTCP_MIN)
		return CLASSIFY_OTHER;

	/* the ranges of RFC 7983, 7; ZRTP and TURN channels are not for us */
	if (pkt[0] <= 3)
		return len >= STUN_MIN ? CLASSIFY_STUN : CLASSIFY_OTHER;
	if (pkt[0] >= 20 && pkt[0] <= 63)
		return len >= DTLS_MIN ? CLASSIFY_DTLS : CLASSIFY_OTHER;
	if (pkt[0] >= 128 && pkt[0] <= 191)
		return rtp_or_rtcp(pkt, len);

	return CLASSIFY_OTHER;
}

const char *classify_name(enum classify kind)
{
	static const char *const names[CLASSIFY_N] = {
		[CLASSIFY_OTHER] = "other", [CLASSIFY_STUN] = "stun",
		[CLASSIFY_DTLS] = "dtls",   [CLASSIFY_RTP] = "rtp",
		[CLASSIFY_RTCP] = "rtcp",
	};

	return (unsigned)kind < CLASSIFY_N ? names[kind] : "?";
}
