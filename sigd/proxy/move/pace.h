/*
 * pace.h  The calls of a lost media worker, one after the other
 *
 * All of them at once would be as many INVITEs, and as many DTLS handshakes at
 * the workers that take them, in the same moment. So one begins every 5 ms on
 * average, at most PACE_PER_S in a second, and no two sigd workers keep step:
 * the gaps are random. Who has been on the way for longest goes first.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_MOVE_PACE_H
#define SIGD_PROXY_MOVE_PACE_H

#include <stdint.h>

struct pace;
struct wheel;

enum {
	PACE_GAP_MS = 3,  /* between two, at least, */
	PACE_MORE_MS = 4, /* and up to so much more */
	PACE_PER_S = 1000 / PACE_GAP_MS
};

struct pace_item {
	char call[17], session[17];
	uint64_t deadline; /* any clock: the lowest goes first */
};

/* Its turn. The item is valid during the call; the pace may be freed. */
typedef void(pace_h)(const struct pace_item *item, void *arg);
/* None is left. */
typedef void(pace_end_h)(void *arg);

struct pace_params {
	struct wheel *wheel;
	pace_h *h;
	pace_end_h *endh;
	void *arg;
};

/* The caller owns *pacep. */
int pace_alloc(struct pace **pacep, const struct pace_params *params);
/* Copied. */
int pace_add(struct pace *pace, const struct pace_item *item);
/* Begin with what has been added. The end is said later, once. */
void pace_run(struct pace *pace);

#endif
