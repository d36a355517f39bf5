/*
 * smsg_out.h  Writing a message into bytes, for the files of this folder
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIP_SMSG_OUT_H
#define SIGD_SIP_SMSG_OUT_H

#include <string.h>

#include "sigd/sip/smsg.h"

struct smsg_out {
	uint8_t *start;
	uint8_t *p;
	uint8_t *end;
	int err; /* the first; then nothing is written any more */
};

void smsg_out_init(struct smsg_out *out, uint8_t *buf, size_t size);
/* The result: out.err, or EOVERFLOW above SMSG_MAX. */
int smsg_out_done(const struct smsg_out *out, size_t *len);

/* Bytes as they are. */
void smsg_out_mem(struct smsg_out *out, const void *mem, size_t len);
void smsg_out_str(struct smsg_out *out, const char *str);
void smsg_out_u32(struct smsg_out *out, uint32_t num);
/* A text from outside this folder: EINVAL when it would break the line. */
void smsg_out_text(struct smsg_out *out, const struct pl *text);

/* Whole lines. */
void smsg_out_field(struct smsg_out *out, const struct pl *name,
		    const struct pl *val);
void smsg_out_hdr(struct smsg_out *out, enum shdr_id id, const struct pl *val);
/* Content-Type unless unset, Content-Length, empty line, body. */
void smsg_out_body(struct smsg_out *out, const struct pl *ctype,
		   const struct pl *body);

/* The topmost Via's value with received and rport as they were seen
 * (RFC 3261 18.2.1, RFC 3581 4). */
void smsg_out_via(struct smsg_out *out, const struct smsg *msg);
/* The same is needed instead of what came. */
bool smsg_out_via_needed(const struct smsg *msg);

#endif
