/*
 * smsg_frame.h  Cutting a byte stream (TCP, TLS) into SIP messages
 *
 * RFC 3261 18.3: the end of a message is told by Content-Length, which must be
 * there. However the stream was cut on its way, the pieces are the same. The
 * buffer is bounded, exists only while something stands in it, and an error is
 * final: the stream has lost its step and is to be closed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SMSG_FRAME_H
#define SIGD_SIP_SMSG_FRAME_H

#include <stddef.h>
#include <stdint.h>

struct smsg_frame;

enum smsg_piece_kind {
	SMSG_PIECE_MSG,  /* one message: data, len */
	SMSG_PIECE_CRLF, /* a line break between messages: the answer to our
			    ping, or the first half of one (RFC 5626 4.4.1) */
	SMSG_PIECE_PING, /* the second line break in a row: answer with CRLF */
};

/* data is writable and lasts until the next call on the frame. */
struct smsg_piece {
	enum smsg_piece_kind kind;
	uint8_t *data;
	size_t len;
	const char *why; /* EBADMSG only: what is wrong; data is then the head
			    of the faulty message (len 0: not known), which
			    smsg_decode() may make answerable */
};

/* max: bytes of one message, at most SMSG_MAX; 0: SMSG_MAX. */
int smsg_frame_alloc(struct smsg_frame **framep, size_t max);

/* Add received bytes: call smsg_frame_next() until it says EAGAIN before the
 * next ones. ENOMEM, or the frame's error. */
int smsg_frame_put(struct smsg_frame *frame, const uint8_t *data, size_t len);

/* 0: *piece; EAGAIN: more bytes are needed; EBADMSG: close. */
int smsg_frame_next(struct smsg_frame *frame, struct smsg_piece *piece);

/* Bytes held: not 0 when a message has begun and not ended. */
size_t smsg_frame_held(const struct smsg_frame *frame);

#endif
