/*
 * redis_stream.h  Streams of Redis: append to one, follow one
 *
 * A reader has a connection of its own, since it waits in XREAD BLOCK. It
 * starts behind the last entry of that moment, or behind a given id, and keeps
 * its place over lost connections: nothing is delivered twice, and nothing is
 * skipped that is still in the stream.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_REDIS_STREAM_H
#define COMMON_REDIS_STREAM_H

#include <stdint.h>
#include <re.h>

#include "common/redis_link.h"

struct wheel;
struct redis_stream;
struct redis_writer;

/* Valid during the call. */
struct redis_entry {
	struct pl id;                   /* "ms-seq" */
	uint64_t ms;                    /* its time, by Redis' clock */
	const struct redis_val *fields; /* array [name, value, name ...] of
					   strings */
};

/* The reader may be freed inside. */
typedef void(redis_entry_h)(const struct redis_entry *entry, void *arg);

struct redis_stream_params {
	const struct redis_cfg *cfg; /* copied */
	struct wheel *wheel;
	const char *key;
	const char *after; /* an id; NULL: what is there now is old */
	redis_entry_h *entryh;
	/* true: its place is known, from now on no entry is missed; false:
	 * the connection was lost. May be NULL. */
	redis_state_h *stateh;
	void *arg;
};

int redis_stream_alloc(struct redis_stream **streamp,
		       const struct redis_stream_params *params);
/* Its place is known: an entry added from now on will be delivered. */
bool redis_stream_ready(const struct redis_stream *stream);

/* Appends to one stream, which is kept at about maxlen entries and expires
 * ttl_ms after the last one (within a quarter of that time). */
int redis_writer_alloc(struct redis_writer **writerp, struct redis_link *link,
		       struct wheel *wheel, const char *key, uint32_t maxlen,
		       uint32_t ttl_ms);
/* fields: name, value, name, value ... at most REDIS_FIELDS_MAX of both. The
 * reply is the entry's id. ENOTCONN when Redis is down. */
enum {
	REDIS_FIELDS_MAX = 160
};
int redis_writer_add(struct redis_writer *writer,
		     const struct redis_arg *fields, size_t nfields,
		     redis_reply_h *replyh, void *arg);

#endif
