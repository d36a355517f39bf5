/*
 * trace_pack.h  A batch of records, made small (LZ4)
 *
 *	1  version of the form: 1
 *	4  bytes before it was made small, big-endian
 *	   the rest: a block of LZ4, with a dictionary of what SIP says most
 *
 * A packer is used by one thread; what it holds (16 kB) is made once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_PACK_H
#define SIGD_TRACE_TRACE_PACK_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct trace_packer;

enum {
	TRACE_BATCH_MAX = 1048576, /* bytes before they are made small */
};

/* The caller owns *packerp. ENOMEM. */
int trace_packer_alloc(struct trace_packer **packerp);
/* Appends `len` bytes of data, packed, at the buffer's position. E2BIG, ENOMEM. */
int trace_pack(struct trace_packer *packer, struct mbuf *mb,
	       const uint8_t *data, size_t len);

/* *mbp: what was packed, from its begin; the caller's. EBADMSG: not of ours,
 * or over TRACE_BATCH_MAX. */
int trace_unpack(struct mbuf **mbp, const uint8_t *data, size_t len);

#endif
