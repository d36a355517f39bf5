/*
 * rig_framer.h  Messages of a made-up kind on a stream: their length in five
 *               digits, then so many bytes
 *
 * Line breaks between them are as in SIP. '!' breaks the stream.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_SIGD_TRANSPORT_RIG_FRAMER_H
#define TESTS_UNIT_SIGD_TRANSPORT_RIG_FRAMER_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/transport.h"

enum {
	RIG_HEAD = 5
};

struct rig_frame {
	struct mbuf *mb; /* from pos on is what is held */
	bool crlf;
};

static inline void rig_frame_destructor(void *data)
{
	struct rig_frame *frame = data;

	mem_deref(frame->mb);
}

static inline int rig_frame_alloc(void **framerp, size_t max)
{
	struct rig_frame *frame =
		mem_zalloc(sizeof(*frame), rig_frame_destructor);

	(void)max;
	if (!frame)
		return ENOMEM;
	frame->mb = mbuf_alloc(64);
	if (!frame->mb) {
		mem_deref(frame);
		return ENOMEM;
	}
	*framerp = frame;
	return 0;
}

static inline int rig_frame_put(void *framer, const uint8_t *data, size_t len)
{
	struct rig_frame *frame = framer;
	size_t pos = frame->mb->pos;
	int err;

	frame->mb->pos = frame->mb->end;
	err = mbuf_write_mem(frame->mb, data, len);
	frame->mb->pos = pos;
	return err;
}

static inline int rig_frame_next(void *framer, struct transport_piece *piece)
{
	struct rig_frame *frame = framer;
	const char *p = (char *)mbuf_buf(frame->mb);
	size_t held = mbuf_get_left(frame->mb), len = 2;
	char head[RIG_HEAD + 1] = "";

	memset(piece, 0, sizeof(*piece));
	piece->data = (const uint8_t *)p;
	if (held && *p == '!') {
		piece->why = "broken";
		piece->len = held;
		return EBADMSG;
	}
	if (held >= 2 && *p == '\r') {
		piece->kind = frame->crlf ? TRANSPORT_PING : TRANSPORT_CRLF;
		frame->crlf = !frame->crlf;
	} else {
		if (held < RIG_HEAD)
			return EAGAIN;
		memcpy(head, p, RIG_HEAD);
		len = RIG_HEAD + (size_t)atoi(head);
		if (held < len)
			return EAGAIN;
		piece->kind = TRANSPORT_MESSAGE;
		frame->crlf = false;
	}
	piece->len = len;
	frame->mb->pos += len;
	return 0;
}

static inline size_t rig_frame_held(const void *framer)
{
	const struct rig_frame *frame = framer;

	return mbuf_get_left(frame->mb);
}

static const struct transport_framer rig_framer = {.alloc = rig_frame_alloc,
						   .put = rig_frame_put,
						   .next = rig_frame_next,
						   .held = rig_frame_held};

#endif
