/*
 * tube_frame.c  A frame of the tunnel as bytes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/tube_frame.h"

static void put(uint8_t *p, uint64_t v, int bytes)
{
	while (bytes--) {
		p[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t get(const uint8_t *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

size_t tube_frame_size(const struct tube_frame *frame,
		       const struct tube_addr *dst)
{
	return TUBE_HEAD_LEN + strlen(frame->src.node) + strlen(dst->node) +
	       frame->len;
}

void tube_frame_write(uint8_t *buf, const struct tube_frame *frame,
		      const struct tube_addr *dst)
{
	size_t from = strlen(frame->src.node), to = strlen(dst->node);
	uint8_t *p = buf + TUBE_HEAD_LEN;

	buf[0] = TUBE_VERSION;
	buf[1] = frame->type;
	buf[2] = frame->flags;
	buf[3] = 0;
	put(buf + 4, frame->src.epoch, 4);
	put(buf + 8, dst->epoch, 4);
	put(buf + 12, frame->ref, 8);
	buf[20] = frame->src.slot;
	buf[21] = dst->slot;
	buf[22] = (uint8_t)from;
	buf[23] = (uint8_t)to;
	memcpy(p, frame->src.node, from);
	memcpy(p + from, dst->node, to);
	if (frame->len)
		memcpy(p + from + to, frame->payload, frame->len);
}

static bool node_read(char *node, const uint8_t *p, size_t len)
{
	if (!len || len > NODE_NAME_MAX)
		return false;

	memset(node, 0, NODE_NAME_MAX + 1);
	for (size_t i = 0; i < len; i++) {
		char c = (char)p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '-'))
			return false;
		node[i] = c;
	}
	return true;
}

int tube_frame_read(struct tube_frame *frame, struct tube_addr *dst,
		    const uint8_t *buf, size_t len)
{
	size_t from, to;

	if (len < TUBE_HEAD_LEN)
		return EBADMSG;
	if (buf[0] != TUBE_VERSION)
		return EPROTO;

	from = buf[22];
	to = buf[23];
	if (buf[3] || !buf[20] || !buf[21] || len < TUBE_HEAD_LEN + from + to ||
	    len > TUBE_HEAD_LEN + from + to + TUBE_PAYLOAD_MAX ||
	    !node_read(frame->src.node, buf + TUBE_HEAD_LEN, from) ||
	    !node_read(dst->node, buf + TUBE_HEAD_LEN + from, to))
		return EBADMSG;

	frame->type = buf[1];
	frame->flags = buf[2];
	frame->src.epoch = (uint32_t)get(buf + 4, 4);
	dst->epoch = (uint32_t)get(buf + 8, 4);
	frame->ref = get(buf + 12, 8);
	frame->src.slot = buf[20];
	dst->slot = buf[21];
	frame->payload = buf + TUBE_HEAD_LEN + from + to;
	frame->len = len - (TUBE_HEAD_LEN + from + to);
	/* What comes back is from whomever it was for, of any epoch */
	return frame->src.epoch || frame->type == TUBE_UNDELIVERED ? 0
								   : EBADMSG;
}
