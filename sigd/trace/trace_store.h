/*
 * trace_store.h  Traces on their way to Redis
 *
 * What is said with one Call-ID is one trace. Messages wait together for
 * TRACE_WAIT_MS; then those of one shard of Redis go there in one script,
 * made small. While Redis is away they wait, as many as `memory` holds.
 *
 * Keys, all with the hash tag {t:<x>}, x a hexadecimal digit by Call-ID:
 *
 *	cb:{t:<x>}:sip:<id>    list: batches (trace_pack.h) of records
 *			       (trace_msg.h); id: SHA-1 of the Call-ID, in hex
 *	cb:{t:<x>}:of:<id>     hash: call_id, first, last (unix ms), messages,
 *			       cut (messages that did not fit), labels, and
 *			       whose its dialogs are (trace_owner.h)
 *	cb:{t:<x>}:by:<label>  sorted set: ids, by last
 *	cb:{t:<x>}:by:t:<tenant>  sorted set: ids, by first
 *	cb:{t:<x>}:traces      sorted set: ids, by when they end
 *	cb:{t:<x>}:sizes       hash: bytes by id, and "total"
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_STORE_H
#define SIGD_TRACE_TRACE_STORE_H

#include "sigd/trace/trace_msg.h"

struct redis_link;
struct trace_store;
struct wheel;

enum {
	TRACE_WAIT_MS = 50,
	TRACE_SHARDS = 16,
	TRACE_ID_LEN = 40,
	TRACE_CALLID_MAX = 256, /* bytes; a longer one is not traced */
	TRACE_LABEL_MAX = 200,
	TRACE_WORD_MAX = TRACE_LABEL_MAX + 9, /* with a tag before it */
	TRACE_LABELLED_MAX = 1000, /* traces that a label remembers */
};

struct trace_store_cfg {
	uint32_t keep_ms;    /* after the last message */
	uint32_t call_bytes; /* of one trace, as stored */
	uint64_t bytes;      /* of all; the oldest give way */
	uint32_t memory;     /* bytes that may wait in this worker */
};

struct trace_store_counts {
	uint64_t messages; /* handed to Redis */
	uint64_t bytes;    /* ... as stored */
	uint64_t lost;     /* messages: no memory, or Redis was away too long */
	uint64_t waiting;  /* gauge: bytes */
};

int trace_store_alloc(struct trace_store **storep,
		      const struct trace_store_cfg *cfg,
		      struct redis_link *redis, struct wheel *wheel);

/* Texts are copied. What does not fit is counted. */
void trace_store_put(struct trace_store *store, const struct pl *callid,
		     const struct trace_msg *msg);
/* Whose it is, besides: one word without spaces, "t:acme/u:bob"; with the hash
 * of a dialog's tag before it, who has shown that he is that ("<hash>!t:..") or
 * was called ("<hash>+t:.."): trace_owner.h. */
void trace_store_label(struct trace_store *store, const struct pl *callid,
		       const char *label);
/* What waits goes now. */
void trace_store_flush(struct trace_store *store);

const struct trace_store_counts *
trace_store_counts(const struct trace_store *store);

/* The hexadecimal digit of this Call-ID's keys. */
char trace_shard(const struct pl *callid);

#endif
