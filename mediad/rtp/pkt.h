/*
 * pkt.h  Strict view of an RTP packet, and its header written again
 *
 * Pure. The view points into the caller's buffer. Versions, CSRC count,
 * header extension and padding are checked against the length (RFC 3550,
 * sections 5.1 and 5.3.1, appendix A.1); a packet of more than PKT_MAX bytes
 * is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_PKT_H
#define MEDIAD_RTP_PKT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PKT_HDR = 12,
	PKT_MAX = 1500
};

struct pkt {
	uint32_t ssrc;
	uint32_t ts;
	uint16_t seq;
	uint8_t pt; /* 0..127 */
	bool marker;
	uint16_t hdr;    /* bytes before the payload: 12 and more, with CSRCs
			    and header extension */
	uint16_t paylen; /* without padding; 0 is legal */
};

/* EBADMSG: not a sound RTP packet; EMSGSIZE: over PKT_MAX. Decrypted RTP. */
int pkt_read(struct pkt *pkt, const uint8_t *buf, size_t len);

/* Writes a plain header of PKT_HDR bytes; hdr and paylen are not used. */
void pkt_write(uint8_t buf[PKT_HDR], const struct pkt *pkt);

#endif
