/*
 * bucket.h  Token buckets: how often somebody may ask for something
 *
 * A fixed table by a keyed hash of the name, so a flood of names takes no
 * memory and cannot choose whom it displaces: when a set of places is full,
 * the one that was quiet for longest gives way (and its bucket is full again).
 * Of one worker: with n workers somebody may have n times as much. Pure: time
 * is an argument.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_BUCKET_H
#define COMMON_BUCKET_H

#include <stdint.h>
#include <re.h>

struct bucket_table;

/* per_s 0: no limit. burst: what may come at once after a silence, at least
 * 1. */
struct bucket_rate {
	uint32_t per_s;
	uint32_t burst;
};

/* Names of different kinds are different buckets. Borrowed texts. */
struct bucket_name {
	uint8_t kind;
	struct pl group; /* e.g. the tenant */
	struct pl name;
};

enum bucket_verdict {
	BUCKET_TAKEN, /* go on */
	BUCKET_EMPTY, /* refuse it, with an answer */
	BUCKET_FLOOD, /* ... without: as many refusals have been sent */
};

/* slots: how many names are remembered, rounded up. The caller owns *tablep. */
int bucket_table_alloc(struct bucket_table **tablep, uint32_t slots);

enum bucket_verdict bucket_take(struct bucket_table *table,
				const struct bucket_name *name,
				const struct bucket_rate *rate,
				uint64_t now_ms);

/*
 * The name of a source: IPv4 as it is, of IPv6 its /64, as who has one address
 * of it has them all. text: BUCKET_SOURCE_MAX bytes, which name points into.
 */
enum { BUCKET_SOURCE_MAX = 48 };
void bucket_source(struct pl *name, char text[BUCKET_SOURCE_MAX],
		   const struct sa *source);
bool bucket_same_source(const struct sa *a, const struct sa *b);

#endif
