/*
 * past.h  The latest packets of an outgoing stream, to be sent again
 *
 * A ring of bytes: the oldest give way. What is sent again is the same packet
 * under the same index, byte by byte, so that no keystream meets another
 * plaintext (RFC 3711, 9.1). One thread. No allocation but the first.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_PAST_H
#define MEDIAD_RTP_PAST_H

#include <stddef.h>
#include <stdint.h>

struct past;

enum {
	PAST_BYTES = 256 * 1024, /* about a second of 2 Mbit/s */
	PAST_PACKETS = 512,
	PAST_AGAIN_MS = 20, /* the same one not sooner */
};

/* The caller owns *pastp. */
int past_alloc(struct past **pastp);
/* len: at most PKT_MAX. Indices may come out of order. */
void past_add(struct past *past, uint64_t index, const uint8_t *pkt,
	      size_t len);
/* The packet, valid until the next past_add(); notes that it is sent again
 * now. ENOENT: not there any more; EALREADY: it has just been. */
int past_find(struct past *past, uint64_t index, uint64_t now_ms,
	      const uint8_t **pkt, size_t *len);

#endif
