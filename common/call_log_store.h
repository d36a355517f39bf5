/*
 * call_log_store.h  The logs of calls in Redis: how long, and how much of all
 *
 * All of a shard's keys have the hash tag of the log (call_log.h):
 *
 *	cb:{c:<x>}:log:<call>  the log
 *	cb:{c:<x>}:why:<call>  string: why the call goes where it goes, in words
 *	cb:{c:<x>}:log:order   sorted set: calls, by when their log was written
 *			       last (unix ms of Redis)
 *	cb:{c:<x>}:log:brief   the same of those that are kept for
 *			       CALL_LOG_BRIEF_S alone
 *	cb:{c:<x>}:log:sizes   hash: bytes by call, by "w<call>" those of its
 *			       why, and "total"
 *
 * Whoever writes counts, in the same script: so a size is never wrong, whoever
 * dies. Whoever has a size to keep, too, lets the oldest go: those written
 * last the longest ago, of calls that have ended; a call that is up tells
 * figures of itself every few seconds, and so is among the newest. Redis itself
 * ends what nobody writes to any more; the entry in the order goes with the
 * next log that begins, whoever writes it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CALL_LOG_STORE_H
#define COMMON_CALL_LOG_STORE_H

#include "common/call_log.h"
#include "common/redis_link.h"

enum {
	CALL_LOG_SHARDS = 16,
	CALL_LOG_BATCH = 12, /* notes of a command */
};

struct call_log_cfg {
	uint32_t keep_s; /* after the last note; 0: there are no logs */
	uint64_t size;   /* bytes of all shards; 0: others see to it */
};

/* Notes of one call. */
struct call_log_batch {
	const char *call;
	struct pl why; /* empty: as before */
	bool brief;
	size_t n;
	struct call_log_args args[CALL_LOG_BATCH];
};

/* n is not 0. h gets a number: of the logs that gave way. */
int call_log_store(struct redis_link *link, const struct call_log_cfg *cfg,
		   const struct call_log_batch *batch, redis_reply_h *h,
		   void *arg);

#endif
