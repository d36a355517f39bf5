/*
 * pkt.c  Strict view of an RTP packet, and its header written again
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "mediad/rtp/pkt.h"
#include "mediad/rtp/wire.h"

/* The bytes before the payload; 0 when they do not fit. */
static size_t header_len(const uint8_t *buf, size_t len)
{
	size_t hdr = PKT_HDR + 4u * (buf[0] & 0x0f);

	if (!(buf[0] & 0x10))
		return hdr <= len ? hdr : 0;

	if (hdr + 4 > len)
		return 0;
	hdr += 4 + 4u * wire_get16(buf + hdr + 2);
	return hdr <= len ? hdr : 0;
}

int pkt_read(struct pkt *pkt, const uint8_t *buf, size_t len)
{
	size_t hdr, pad = 0;

	if (len > PKT_MAX)
		return EMSGSIZE;
	if (len < PKT_HDR || buf[0] >> 6 != 2)
		return EBADMSG;

	hdr = header_len(buf, len);
	if (!hdr)
		return EBADMSG;
	if (buf[0] & 0x20) {
		/* the count includes its own byte (RFC 3550, 5.1) */
		pad = len > hdr ? buf[len - 1] : 0;
		if (!pad || pad > len - hdr)
			return EBADMSG;
	}

	*pkt = (struct pkt){
		.ssrc = wire_get32(buf + 8),
		.ts = wire_get32(buf + 4),
		.seq = wire_get16(buf + 2),
		.pt = buf[1] & 0x7f,
		.marker = buf[1] >> 7,
		.hdr = (uint16_t)hdr,
		.paylen = (uint16_t)(len - hdr - pad),
	};
	return 0;
}

void pkt_write(uint8_t buf[PKT_HDR], const struct pkt *pkt)
{
	buf[0] = 0x80;
	buf[1] = (uint8_t)(pkt->marker << 7 | pkt->pt);
	wire_put16(buf + 2, pkt->seq);
	wire_put32(buf + 4, pkt->ts);
	wire_put32(buf + 8, pkt->ssrc);
}
