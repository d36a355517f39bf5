/*
 * tube_frame.h  A frame of the tunnel as bytes; for common/tube*.c
 *
 *   version (1)  type (1)  flags (1)  0 (1)
 *   epoch of the sender (4)  of the receiver (4), 0: any
 *   ref (8)
 *   slot of the sender (1)  of the receiver (1)
 *   length of the sender's node (1)  of the receiver's (1)
 *   both nodes' names, the payload
 *
 * Numbers are big-endian. Over TLS four bytes with the length go before.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_TUBE_FRAME_H
#define COMMON_TUBE_FRAME_H

#include "common/tube.h"

enum {
	TUBE_VERSION = 1,
	TUBE_HEAD_LEN = 24,
	TUBE_FRAME_MAX = TUBE_HEAD_LEN + 2 * NODE_NAME_MAX + TUBE_PAYLOAD_MAX,
	TUBE_UNDELIVERED = 0, /* type: flags has the type that came back */
};

/* Bytes that the frame takes. */
size_t tube_frame_size(const struct tube_frame *frame,
		       const struct tube_addr *dst);
/* buf has that size. */
void tube_frame_write(uint8_t *buf, const struct tube_frame *frame,
		      const struct tube_addr *dst);
/* The payload points into buf. EBADMSG: not a frame; EPROTO: of a version
 * that is not ours. */
int tube_frame_read(struct tube_frame *frame, struct tube_addr *dst,
		    const uint8_t *buf, size_t len);

#endif
