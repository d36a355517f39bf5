/*
 * feed_place.h  How far a receiver has come in a stream, and what it has missed
 *
 * A stream is bounded: a receiver that is away for longer than that loses what
 * came first, and is to know. Redis counts what was ever added to a stream;
 * without those that are there it is how many have gone from its begin. So
 * beside the id of the last entry that was delivered stands which one it was,
 * counted from the stream's begin: if more have gone than that, the receiver
 * has missed the others. An age or a first id would not do: a quiet stream
 * drops what was delivered long ago.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_FEED_FEED_PLACE_H
#define SIGD_FEED_FEED_PLACE_H

#include <stdint.h>

#include "sigd/feed/feed_event.h"

enum { FEED_NR_UNKNOWN = -1 };

struct feed_place {
	char id[FEED_ID_MAX + 1]; /* of an entry, or a time; "": none */
	int64_t nr; /* which one of the stream, from 1; or FEED_NR_UNKNOWN */
};

/* "<id> <nr>": the number is of no use with another id. */
enum { FEED_PLACE_MAX = FEED_ID_MAX + 24 };
void feed_place_print(char text[FEED_PLACE_MAX + 1],
		      const struct feed_place *place);
/* From its id and such a text, of which NULL is none. */
void feed_place_read(struct feed_place *place, const char *id,
		     const char *text);

/* What stands in a stream, as of one moment. */
struct feed_stream {
	int64_t added; /* ever; FEED_NR_UNKNOWN: it was not looked at */
	int64_t gone;  /* of these, from its begin */
	bool all;      /* what was seen behind the place is all there is */
	size_t n;      /* so much, be it read or not yet to be (feed_read.h) */
};

/* How many entries behind the place have gone unread; the place is then behind
 * them, and known where it can be. */
uint64_t feed_place_look(struct feed_place *place,
			 const struct feed_stream *stream);

#endif
