/*
 * patience.h  A time that others have, without our own pauses
 *
 * Where the machine stands still, or gives this process no processor, the time of
 * others is over when we go on, though what they have said in time lies unread and
 * they may have stood still with us. So the time is looked at in short slices, and
 * one that takes PATIENCE_LATE_MS too long does not count, until such pauses add up to
 * two seconds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_PATIENCE_H
#define COMMON_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/wheel.h"

enum {
	PATIENCE_SLICE_MS = 250,
	PATIENCE_LATE_MS = 100,
	PATIENCE_MORE_MS = 2000
};

/* Zeroed memory: not waiting. */
struct patience {
	struct wheel_timer timer;
	struct wheel *wheel;
	uint64_t left_ms;          /* from the slice on */
	uint64_t slice_ms, due_ms; /* of the slice that is under way */
	uint64_t given_ms;         /* of pauses, so far */
	wheel_h *overh;
	void *arg;
};

/* overh is called from the loop when ms milliseconds are over; begins anew where it
 * waits already. */
void patience_start(struct patience *patience, struct wheel *wheel, uint64_t ms,
		    wheel_h *overh, void *arg);
void patience_stop(struct patience *patience);
bool patience_waits(const struct patience *patience);

#endif
