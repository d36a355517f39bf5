/*
 * feed_hook.h  Events as signed webhooks
 *
 * By the form of Standard Webhooks 1.0 (feed_sign.h). With `batch` 1 a POST each:
 * the body is the event, webhook-id its id, and up to FEED_HOOK_WINDOW are under
 * way. With more, what waits goes together, as an array of at most so many events
 * and about so many bytes; webhook-id is "<id of the first>+<how many more>". Then
 * one POST is under way at a time, so that events come in their order.
 *
 * A 2xx is success. Any other answer, or none, is tried again after
 * FEED_HOOK_FIRST_MS, then twice as long each time up to FEED_HOOK_LAST_MS; what
 * the receiver itself refuses (4xx but those that say nothing of what was sent)
 * only FEED_HOOK_REFUSALS times: then it is passed over. Of an array that is
 * refused so often its events are sent one by one, as arrays still: one that it
 * cannot read costs no other.
 *
 * Of those that are refused then none is passed over before another one is taken:
 * a receiver that refuses all is one that is away. They are held, and what is
 * behind them is tried. When one of that is taken, those that are held are tried
 * once more, and passed over if they are refused now. When nothing is, the batch
 * is given back, and comes again with what has happened since; but what would
 * show that the receiver is well may be further behind than is read at once, so
 * after FEED_HOOK_DOUBTS such turns each costs the first event.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_FEED_FEED_HOOK_H
#define SIGD_FEED_FEED_HOOK_H

#include "sigd/feed/feed.h"

struct feed_hook;
struct fetcher;

enum {
	FEED_HOOK_WINDOW = 8,
	FEED_HOOK_FIRST_MS = 1000,
	FEED_HOOK_LAST_MS = 300000,
	FEED_HOOK_REFUSALS = 5,
	FEED_HOOK_DOUBTS = 5, /* turns in a row in which all is refused */
};

struct feed_hook_params {
	const char *name;
	const char *url;
	const char *secret;
	/* "call.ended", or "call.*"; none: all */
	const char *const *types;
	size_t ntypes;
	uint32_t batch; /* events of a POST, at most FEED_BATCH; 1: each alone */
	uint32_t batch_bytes; /* of them together, if there are several */
	struct fetcher *fetcher;
	struct wheel *wheel;
};

struct feed_hook_counts {
	uint64_t sent;    /* events that were taken */
	uint64_t posts;   /* tries, in vain or not */
	uint64_t retried; /* tries in vain */
	uint64_t refused; /* events that were passed over */
};

/* Texts are borrowed. EINVAL: no secret. The caller owns *hookp, which is freed
 * before its feed. */
int feed_hook_alloc(struct feed_hook **hookp,
		    const struct feed_hook_params *params);
/* For feed_params; sink is a struct feed_hook. */
void feed_hook_deliver(void *sink, struct feed_event *const *events, size_t n,
		       feed_done_h *doneh, void *arg);
const struct feed_hook_counts *feed_hook_counts(const struct feed_hook *hook);

#endif
