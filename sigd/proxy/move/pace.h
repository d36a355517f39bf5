/*
 * pace.h  The calls of a lost media worker, one after the other
 *
 * All of them at once would be as many INVITEs, and as many DTLS handshakes at
 * the workers that take them, in the same moment. So one begins every 5 ms on
 * average, or more often when there are more than 800: the last of them is to
 * begin within 4 s. More than 500 in a second there are never, however many
 * wait. No two sigd workers keep step: the gaps are random. Who has been on
 * the way for longest goes first.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_MOVE_PACE_H
#define SIGD_PROXY_MOVE_PACE_H

#include <stdint.h>

struct pace;
struct wheel;

enum {
	PACE_GAP_US = 5000, /* between two, on average: half of it to one and
			     * a half */
	/* 500 in a second. Each is up to two handshakes of half a ms at the
	 * workers that take it (docs/benchmarks.md), and seven commands with
	 * their answers, some 15,000 operations of Redis in a second: half a
	 * core there, a fifth of one here. More would make who takes them
	 * late for the calls that it has, and it would refuse them. */
	PACE_GAP_MIN_US = 2000,
	PACE_ALL_MS = 4000, /* in which all begin, unless they are too many */
	PACE_CATCH_UP_MS = 20 /* of a loop that was late; the rest is lost */
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
/* Forget what was added; before it runs. */
void pace_clear(struct pace *pace);
/* Begin with what has been added; how many these are is how fast it is. The
 * end is said later, once. */
void pace_run(struct pace *pace);

#endif
