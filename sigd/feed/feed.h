/*
 * feed.h  Brings what happened to one receiver, in the order of each stream,
 *         at least once
 *
 * How far it has come stands in Redis, a place for each stream; what waits
 * there waits for the receiver, as long as the streams are kept, whoever of us
 * dies meanwhile. Who gets an event twice knows it by its id. A feed that is
 * new begins with what happens from then on. What has come to all streams since
 * the last time goes together, four times a second, or at once while there is
 * more than a batch. Receivers that are not behind look at the same moments, so
 * that what is new is read and printed once for all of them (feed_read.h).
 *
 * Runs in the admin process: no call waits for a receiver.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_FEED_FEED_H
#define SIGD_FEED_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sigd/feed/feed_read.h"

struct feed;
struct wheel;

enum {
	FEED_BATCH = 256,
	FEED_READ = 128, /* of one stream at a time: a turn is enough for what
			    comes between two looks */
	FEED_READ_BEHIND = 64, /* without a pause: Redis has others to serve */
	FEED_POLL_MS = 250,
	FEED_RETRY_MS = 1000,
	FEED_LEASE_MS = 10000,
	FEED_KEEP_S = 30 * 86400, /* its places, after they last changed */
};

/* The first n of them have got there; the others, if there are any, are given
 * again, with what has come since. Called once for each batch, in the delivery or
 * later. */
typedef void(feed_done_h)(size_t n, void *arg);

/* A batch, at most FEED_BATCH of several streams, each in its order: events are
 * the feed's until done is called. */
typedef void(feed_deliver_h)(void *sink, struct feed_event *const *events,
			     size_t n, feed_done_h *doneh, void *arg);

struct feed_params {
	struct redis_link *redis;
	struct feed_reader *reader; /* of that link; all feeds may have one */
	struct wheel *wheel;
	const char *stem;  /* of its keys, "cb:{h:billing}" */
	const char *owner; /* who we are, when one of all nodes does it; NULL:
			      each node does */
	uint32_t lease_ms; /* of that one; 0: FEED_LEASE_MS */
	feed_deliver_h *deliverh;
	void *sink; /* outlives the feed */
};

struct feed_counts {
	uint64_t delivered;
	uint64_t failed; /* batches that are given again, or the rest of them */
	uint64_t lost;   /* entries of streams that had gone before they were
			    read (feed_place.h) */
	uint64_t oldest_ms; /* unix; of what is being delivered, 0: nothing */
};

/* The caller owns *feedp; what is under way then is given again by who comes
 * after. */
int feed_alloc(struct feed **feedp, const struct feed_params *params);
const struct feed_counts *feed_counts(const struct feed *feed);

#endif
