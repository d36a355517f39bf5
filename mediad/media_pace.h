/*
 * media_pace.h  How long a worker with many packets waits for more of them
 *
 * A wake-up costs more than a packet. Below so many packets a second each is
 * served when it comes; above, the loop's turns begin at least `wait_us` after
 * one another (common/loop.h), so that one wake-up serves several. A packet
 * then waits for half of that on average, and never for longer.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_MEDIA_PACE_H
#define MEDIAD_MEDIA_PACE_H

#include <stdint.h>

struct media_pace;
struct wheel;

enum {
	MEDIA_PACE_ON = 2000,  /* packets a second, in, from which it waits */
	MEDIA_PACE_OFF = 1500, /* ... and below which it does so no more */
};

/* Packets that came since the start. */
typedef uint64_t(media_pace_count_h)(void *arg);
/* As loop_pace(). */
typedef void(media_pace_set_h)(uint32_t us);

struct media_pace_params {
	struct wheel *wheel; /* outlives it */
	uint32_t wait_us;    /* 0: never */
	media_pace_count_h *counth;
	media_pace_set_h *seth;
	void *arg;
};

/* The caller owns *pacep; its end is the end of waiting. */
int media_pace_alloc(struct media_pace **pacep,
		     const struct media_pace_params *params);

#endif
