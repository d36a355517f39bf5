/*
 * trace_msg.h  One SIP message as it was on the wire, and how it is stored
 *
 * A record (all numbers big-endian), one after another in a batch:
 *
 *	8  when, unix microseconds
 *	1  1: we sent it; 0: it came
 *	1  enum flow_kind
 *	1  n: length of the worker's address; n bytes of it ("a1/2")
 *	1  4, 6, or 0 (not known): our address; 4, 16 or 0 bytes; 2 port
 *	1  ... the other one's, as well
 *	4  n: length of the text; n bytes of it
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_MSG_H
#define SIGD_TRACE_TRACE_MSG_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "sigd/transport/flow.h"

enum {
	TRACE_WORKER_MAX = 31,
	TRACE_TEXT_MAX = 65536, /* bytes of one message */
};

struct trace_msg {
	uint64_t us;
	bool out;
	enum flow_kind kind;
	struct sa local; /* AF_UNSPEC: not known */
	struct sa remote;
	struct pl worker;
	struct pl text;
};

/* Appends at the buffer's position. EINVAL: too long; ENOMEM. */
int trace_msg_write(struct mbuf *mb, const struct trace_msg *msg);
/* Reads the next one; its texts lie in the buffer. ENOENT: there is none any
 * more; EBADMSG: not a record. */
int trace_msg_read(struct trace_msg *msg, struct mbuf *mb);

/* The value of Call-ID (or i, RFC 3261 20.8), by sight: the first that stands
 * at the begin of a line before the body. False: it has none. */
bool trace_callid(struct pl *callid, const void *sip, size_t len);
/* The tags of From and To, by sight as well; empty: it has none. */
void trace_tags(struct pl *from, struct pl *to, const void *sip, size_t len);

#endif
