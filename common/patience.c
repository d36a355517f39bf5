/*
 * patience.c  A time that others have, without our own pauses
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/patience.h"

static void on_slice(void *arg);

static void wait_slice(struct patience *patience)
{
	const uint64_t now = wheel_now(patience->wheel);

	patience->slice_ms = min(patience->left_ms, (uint64_t)PATIENCE_SLICE_MS);
	patience->due_ms = now + patience->slice_ms;
	wheel_start(patience->wheel, &patience->timer, patience->slice_ms,
		    on_slice, patience);
}

static void on_slice(void *arg)
{
	struct patience *patience = arg;
	const uint64_t late = wheel_now(patience->wheel) - patience->due_ms;
	const uint64_t room = PATIENCE_MORE_MS - patience->given_ms;

	if (late >= PATIENCE_LATE_MS && room)
		patience->given_ms += min(late, room);
	else
		patience->left_ms -=
			min(patience->left_ms, patience->slice_ms + late);
	if (patience->left_ms)
		wait_slice(patience);
	else
		patience->overh(patience->arg);
}

void patience_start(struct patience *patience, struct wheel *wheel, uint64_t ms,
		    wheel_h *overh, void *arg)
{
	patience->wheel = wheel;
	patience->left_ms = ms;
	patience->given_ms = 0;
	patience->overh = overh;
	patience->arg = arg;
	wait_slice(patience);
}

void patience_stop(struct patience *patience)
{
	wheel_stop(&patience->timer);
}

bool patience_waits(const struct patience *patience)
{
	return wheel_runs(&patience->timer);
}
