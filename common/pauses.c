/*
 * pauses.c  How long we stood still ourselves, to be told from the silence of others
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/pauses.h"

uint64_t pauses_of(uint64_t took_ms, uint64_t slice_ms)
{
	return took_ms >= slice_ms + PAUSES_LATE_MS ? took_ms : 0;
}

static void on_slice(void *arg);

static void next(struct pauses *pauses)
{
	pauses->runs = true;
	pauses->begun_ms = wheel_now(pauses->wheel);
	wheel_start(pauses->wheel, &pauses->timer, PAUSES_SLICE_MS, on_slice,
		    pauses);
}

void pauses_mark(const struct pauses *pauses, struct pauses_mark *mark)
{
	const uint64_t now = wheel_now(pauses->wheel);
	const uint64_t ms =
		pauses_of(now - pauses->begun_ms, PAUSES_SLICE_MS);

	*mark = (struct pauses_mark){now, pauses->total_ms, pauses->count};
	if (!pauses->runs)
		return;
	mark->total_ms += ms;
	mark->count += ms > 0;
}

static void on_slice(void *arg)
{
	struct pauses *pauses = arg;
	struct pauses_mark now;

	pauses_mark(pauses, &now);
	pauses->total_ms = now.total_ms;
	pauses->count = now.count;
	next(pauses);
	pauses->sliceh(pauses->arg);
}

void pauses_run(struct pauses *pauses, struct wheel *wheel, wheel_h *sliceh,
		void *arg)
{
	if (pauses->runs)
		return;

	pauses->wheel = wheel;
	pauses->sliceh = sliceh;
	pauses->arg = arg;
	next(pauses);
}

void pauses_stop(struct pauses *pauses)
{
	pauses->runs = false;
	wheel_stop(&pauses->timer);
}

uint64_t pauses_waited(const struct pauses *pauses,
		       const struct pauses_mark *since)
{
	struct pauses_mark now;
	uint64_t wall, off, count;

	pauses_mark(pauses, &now);
	wall = now.ms - since->ms;
	off = now.total_ms - since->total_ms;
	count = now.count - since->count;
	if (count > PAUSES_MOST)
		off = off / count * PAUSES_MOST;
	return wall - min(wall, off);
}
