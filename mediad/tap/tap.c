/*
 * tap.c  The audio of a session for those who are no side of it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "mediad/tap/fork.h"
#include "mediad/tap/line.h"
#include "mediad/tap/tap.h"

enum {
	SIDES = 2,
	RATE = 16000,     /* when nothing is recorded */
	FILE_TICK_MS = 200,
	FILE_LAG_MS = 400, /* for packets that are late */
	FORK_TICK_MS = 20,
	FORK_LAG_MS = 100,
	PIECE = RATE / 1000 * FILE_TICK_MS, /* samples at a time */
};

struct tap {
	struct wheel *wheel;
	struct wheel_timer timer;
	uint64_t begin_ms;
	uint64_t done; /* samples that were handed on */
	uint32_t rate, tick_ms, lag_ms;
	bool hushed;
	struct rec *rec;
	struct fork *fk;
	struct line lines[SIDES];
};

static void hand_on(struct tap *tap, size_t count)
{
	int16_t sides[SIDES][PIECE], pcm[SIDES * PIECE];

	for (unsigned i = 0; i < SIDES; i++)
		line_read(&tap->lines[i], sides[i], count);
	for (size_t i = 0; i < count; i++) {
		pcm[2 * i] = sides[0][i];
		pcm[2 * i + 1] = sides[1][i];
	}
	if (tap->hushed)
		memset(pcm, 0, 2 * count * sizeof(*pcm));
	tap->done += count;
	if (tap->rec)
		rec_put(tap->rec, pcm, count);
	if (tap->fk)
		fork_put(tap->fk, pcm, count);
}

/* All up to so many ms since the begin. */
static void hand_on_until(struct tap *tap, uint64_t ms)
{
	const uint64_t want = ms * (tap->rate / 1000);

	while (tap->done < want) {
		/* halves of it are whole samples, too */
		size_t n = (size_t)min(want - tap->done, (uint64_t)PIECE);

		hand_on(tap, n);
	}
}

/* What was said until now is not silent, and what is said from now on is, to
 * the sample: a late packet of before may be lost for that. At the end of it
 * what was said in it is there already, ahead of now, or yet to come. */
static void hush(struct tap *tap, bool hushed)
{
	hand_on_until(tap, wheel_now(tap->wheel) - tap->begin_ms);
	tap->hushed = hushed;
	for (unsigned i = 0; !hushed && i < SIDES; i++)
		line_forget(&tap->lines[i]);
	if (tap->rec)
		rec_hush(tap->rec, hushed);
}

static void on_tick(void *arg)
{
	struct tap *tap = arg;
	const uint64_t ms = wheel_now(tap->wheel) - tap->begin_ms;

	if (ms > tap->lag_ms)
		hand_on_until(tap, ms - tap->lag_ms);
	wheel_start(tap->wheel, &tap->timer, tap->tick_ms, on_tick, tap);
}

static void destructor(void *data)
{
	struct tap *tap = data;

	wheel_stop(&tap->timer);
	if (tap->rec || tap->fk)
		hand_on_until(tap, wheel_now(tap->wheel) - tap->begin_ms);
	mem_deref(tap->rec);
	mem_deref(tap->fk);
	for (unsigned i = 0; i < SIDES; i++)
		line_close(&tap->lines[i]);
}

static int begin(struct tap *tap, const struct tap_params *params)
{
	int err = 0;

	if (params->consumer && params->forker)
		err = fork_alloc(&tap->fk, params->forker, params->consumer,
				 tap->rate);
	if (err && !params->recorder)
		return err;
	return params->recorder ? rec_begin(&tap->rec, params->recorder,
					    &params->name, params->before)
				: 0;
}

int tap_alloc(struct tap **tapp, const struct tap_params *params)
{
	struct tap *tap = mem_zalloc(sizeof(*tap), destructor);
	int err;

	if (!tap)
		return ENOMEM;
	tap->wheel = params->wheel;
	tap->begin_ms = wheel_now(params->wheel);
	tap->rate = params->recorder ? recorder_rate(params->recorder) : RATE;
	for (unsigned i = 0; i < SIDES; i++)
		line_open(&tap->lines[i], tap->rate, tap->begin_ms);
	err = begin(tap, params);
	if (err) {
		mem_deref(tap);
		return err;
	}
	if (params->hushed)
		hush(tap, true);
	tap->tick_ms = tap->fk ? FORK_TICK_MS : FILE_TICK_MS;
	tap->lag_ms = tap->fk ? FORK_LAG_MS : FILE_LAG_MS;
	wheel_start(tap->wheel, &tap->timer, tap->tick_ms, on_tick, tap);
	*tapp = tap;
	return 0;
}

void tap_put(struct tap *tap, unsigned side, const struct tap_pkt *pkt)
{
	line_put(&tap->lines[side], pkt);
}

void tap_hush(struct tap *tap, bool hushed)
{
	if (tap->hushed != hushed)
		hush(tap, hushed);
}

bool tap_records(const struct tap *tap)
{
	return tap->rec != NULL;
}

const char *tap_consumer(const struct tap *tap)
{
	return tap->fk ? fork_consumer(tap->fk) : NULL;
}
