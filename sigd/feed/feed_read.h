/*
 * feed_read.h  What stands in a stream of events behind a place, read and
 *              printed once for all receivers that ask at the same time
 *
 * Receivers that have all that happened so far look again at the same moments
 * (feed.c), each for the same: one asks Redis, and the others wait for its
 * reply. A receiver that is behind asks for itself.
 *
 * The CDR of a call whose media has not ended yet is not read in its first two
 * seconds, nor is what stands behind it in its stream: then with what is known.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_FEED_FEED_READ_H
#define SIGD_FEED_FEED_READ_H

#include "sigd/feed/feed_place.h"

struct feed_reader;

struct feed_entry {
	char id[FEED_ID_MAX + 1]; /* in the stream; "": it has none */
	struct feed_event *event; /* NULL: it is no event that is told */
};

struct feed_page {
	unsigned source;
	struct feed_stream stream;
	size_t n;
	struct feed_entry entries[];
};

/* The page is lent; who keeps an event refers to it. NULL: it could not be
 * read. */
typedef void(feed_page_h)(const struct feed_page *page, void *arg);

/* The caller owns *readerp. */
int feed_reader_alloc(struct feed_reader **readerp, struct redis_link *redis);

/* At most `most` entries behind the place. How many the stream ever had is
 * looked at when there is something new, or nothing at all, or when the place
 * has no number. ENOTCONN: Redis is away; ENOMEM; pageh is then not called. */
int feed_reader_ask(struct feed_reader *reader, unsigned source,
		    const struct feed_place *behind, size_t most,
		    feed_page_h *pageh, void *arg);
/* No page comes to this one any more. */
void feed_reader_forget(struct feed_reader *reader, const void *arg);

#endif
