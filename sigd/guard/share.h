/*
 * share.h  A worker's share of a rate that all workers have together
 *
 * Who wants less than an equal part gets what it wants, and the others share
 * the rest equally (max-min fairness); what nobody wants is shared out as
 * well, so that a share can grow. The shares of all are the whole. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_GUARD_SHARE_H
#define SIGD_GUARD_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHARE_MAX = 256 /* workers */ };

/* Of a rate, in thousandths; wanted: by each of n (1..SHARE_MAX), in the same
 * unit; mine: which of them. */
uint64_t share_of(uint64_t rate, const uint64_t *wanted, size_t n,
		  size_t mine);

/* Tokens at such a rate. Plain data; zero: full at its first use. */
struct share_bucket {
	uint64_t tokens; /* millionths */
	uint64_t last_ms;
	bool begun;
};
/* rate: thousandths a second. After a silence half a second's worth may come
 * at once, and at least one. */
bool share_take(struct share_bucket *bucket, uint64_t rate, uint64_t now_ms);

#endif
