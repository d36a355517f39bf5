/*
 * red_packet.h  Redundant audio as a telephone sends it (RFC 2198)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_RED_PACKET_H
#define TESTS_LIB_RED_PACKET_H

#include <stdint.h>
#include <string.h>

enum {
	RED_PT = 63,
	RED_PCMA = 8,
	RED_FRAME = 160,
	RED_SIZE = 4 + 1 + 2 * RED_FRAME,
};

#define RED_FORMATS "63 8 101"
#define RED_LINES "a=rtpmap:63 red/8000\r\na=fmtp:63 8/8\r\n"

/* 20 ms of A-law behind a copy of what was 20 ms before. */
static inline void red_packet(uint8_t buf[RED_SIZE],
			      const uint8_t before[RED_FRAME],
			      const uint8_t now[RED_FRAME])
{
	/* 14 bits of ticks, 10 of length */
	const uint32_t head = (uint32_t)RED_FRAME << 10 | RED_FRAME;

	buf[0] = 0x80 | RED_PCMA;
	buf[1] = (uint8_t)(head >> 16);
	buf[2] = (uint8_t)(head >> 8);
	buf[3] = (uint8_t)head;
	buf[4] = RED_PCMA;
	memcpy(buf + 5, before, RED_FRAME);
	memcpy(buf + 5 + RED_FRAME, now, RED_FRAME);
}

#endif
