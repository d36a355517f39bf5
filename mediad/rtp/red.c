/*
 * red.c  Redundant audio (RFC 2198): one payload, and copies of those before
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>

#include "mediad/rtp/red.h"

enum {
	HEAD = 4,      /* of a block that is not the last */
	MORE = 0x80,   /* its first bit: another header follows */
	PT_MASK = 0x7f
};

/* RFC 2198, 3: F, payload type, 14 bits of timestamp offset, 10 of length; the
 * last one has F = 0, a payload type, and what is left. */
static int heads_read(struct red *red, const uint8_t *p, size_t len,
		      size_t *heads)
{
	size_t at = 0;

	for (; at < len && p[at] & MORE; at += HEAD) {
		struct red_block *block = &red->blocks[red->count];

		if (red->count == RED_BLOCKS - 1 || len - at < HEAD)
			return EBADMSG;
		block->pt = p[at] & PT_MASK;
		block->back = (uint16_t)(p[at + 1] << 6 | p[at + 2] >> 2);
		block->len = (uint16_t)((p[at + 2] & 3) << 8 | p[at + 3]);
		red->count++;
	}
	if (at >= len)
		return EBADMSG;
	red->blocks[red->count].pt = p[at];
	red->blocks[red->count].back = 0;
	red->count++;
	*heads = at + 1;
	return 0;
}

int red_read(struct red *red, const uint8_t *payload, size_t len)
{
	size_t at = 0;
	int err;

	red->count = 0;
	err = heads_read(red, payload, len, &at);
	if (err)
		return err;
	for (unsigned i = 0; i < red->count; i++) {
		struct red_block *block = &red->blocks[i];

		if (i + 1 == red->count)
			block->len = (uint16_t)(len - at);
		if (block->len > len - at)
			return EBADMSG;
		block->at = (uint16_t)at;
		at += block->len;
	}
	return 0;
}

int red_translate(const struct red *red, uint8_t *payload,
		  const uint8_t pts[128])
{
	for (unsigned i = 0; i < red->count; i++)
		if (pts[red->blocks[i].pt] > PT_MASK)
			return ENOENT;
	for (unsigned i = 0; i < red->count; i++) {
		uint8_t *head = payload + (size_t)i * HEAD;

		*head = (uint8_t)((*head & MORE) | pts[*head & PT_MASK]);
	}
	return 0;
}
