/*
 * red.h  Redundant audio (RFC 2198): one payload, and copies of those before
 *
 * Pure. Read only; we make none ourselves.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_RED_H
#define MEDIAD_RTP_RED_H

#include <stddef.h>
#include <stdint.h>

enum {
	RED_BLOCKS = 8 /* more are an error */
};

struct red_block {
	uint8_t pt;
	uint16_t back; /* ticks before the packet's timestamp; 0: primary */
	uint16_t at;   /* its place in the payload */
	uint16_t len;
};

struct red {
	uint8_t count; /* 1 and more; the last one is the primary */
	struct red_block blocks[RED_BLOCKS];
};

/* EBADMSG: not of this format. len is at most PKT_MAX. */
int red_read(struct red *red, const uint8_t *payload, size_t len);

/* The payload type of each block by a table; 0: done, in place. ENOENT: one of
 * them has none, that is, 128 or more; nothing was changed. */
int red_translate(const struct red *red, uint8_t *payload,
		  const uint8_t pts[128]);

#endif
