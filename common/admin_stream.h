/*
 * admin_stream.h  An answer of the admin's HTTP server that has no end: what
 *                 is written to it later goes to who asked
 *
 * Made in a handler of a route, for its response. What waits for the reader is
 * bounded: one that is too slow is dropped, nobody waits for it. The deadline
 * of answers is not for streams; who reads nothing is closed by the idle
 * timeout of connections. A reader that has gone is noticed when something is
 * written.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_STREAM_H
#define COMMON_ADMIN_STREAM_H

#include <stddef.h>

struct admin_resp;
struct admin_stream;

/* The response keeps a reference, too, and the caller owns *streamp: without
 * his the stream goes on until admin_stream_end(). At most max bytes wait. */
int admin_stream_alloc(struct admin_stream **streamp, struct admin_resp *resp,
		       size_t max);
/* ENOTCONN: the reader has gone, or the stream was ended; ENOBUFS: he is too
 * slow, and is dropped; ENOMEM. */
int admin_stream_write(struct admin_stream *stream, const void *data,
		       size_t len);
/* What waits is still sent, then it is closed. */
void admin_stream_end(struct admin_stream *stream);

#endif
