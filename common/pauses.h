/*
 * pauses.h  How long we stood still ourselves, to be told from the silence of others
 *
 * Where the machine stands still, or gives this process no processor, the time that
 * others have to answer is over when we go on, though what they said in time lies
 * unread, and they may have stood still with us. So whoever waits does so in short
 * slices: one that takes PAUSES_LATE_MS too long was a pause, and nobody else's time.
 * Of one who waits PAUSES_MOST of them are taken off at most, however long each was:
 * else who never gets its processor would wait for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_PAUSES_H
#define COMMON_PAUSES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wheel.h"

enum {
	PAUSES_SLICE_MS = 250,
	PAUSES_LATE_MS = 100,
	PAUSES_MOST = 4
};

/* A slice of slice_ms took took_ms: how much of that was a pause, all of it or
 * nothing. Pure. */
uint64_t pauses_of(uint64_t took_ms, uint64_t slice_ms);

/* They add up while slices run. Zeroed memory: none, and none runs. */
struct pauses {
	struct wheel_timer timer;
	struct wheel *wheel;
	uint64_t begun_ms; /* of the slice that runs */
	uint64_t total_ms; /* of pauses before it, */
	uint64_t count;    /* which are so many */
	bool runs;
	wheel_h *sliceh;
	void *arg;
};

/* sliceh is called from the loop after each slice, and may stop them or free their
 * owner. Nothing where they run already. */
void pauses_run(struct pauses *pauses, struct wheel *wheel, wheel_h *sliceh,
		void *arg);
void pauses_stop(struct pauses *pauses);

/* From when on somebody waits, and the pauses before. */
struct pauses_mark {
	uint64_t ms, total_ms, count;
};

/* Now. The pauses run, or have been stopped. */
void pauses_mark(const struct pauses *pauses, struct pauses_mark *mark);
/* How long who waits since then has waited for others, in milliseconds. Of more
 * than PAUSES_MOST pauses their average counts. */
uint64_t pauses_waited(const struct pauses *pauses,
		       const struct pauses_mark *since);

#endif
