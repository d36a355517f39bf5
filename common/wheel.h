/*
 * wheel.h  Timer wheel: start and stop of a deadline in constant time
 *
 * Hierarchical hashed wheel (Varghese and Lauck, 1987), resolution 1 ms, any
 * range. Pure: time is an argument. A deadline never fires early. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_WHEEL_H
#define COMMON_WHEEL_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>
#include <re.h>

struct wheel;

typedef void(wheel_h)(void *arg);

/* Embed in the owner; zeroed memory is a stopped deadline. */
struct wheel_timer {
	struct le le;
	struct wheel *wheel;
	uint64_t due_ms;
	wheel_h *h;
	void *arg;
};

/* The caller owns *wheelp; mem_deref() stops all that still runs. */
int wheel_alloc(struct wheel **wheelp, uint64_t now_ms);

/* Call h(arg) once, delay_ms after the wheel's now. A running timer is
 * started anew. */
void wheel_start(struct wheel *wheel, struct wheel_timer *timer,
		 uint64_t delay_ms, wheel_h *h, void *arg);
/* Takes a stopped or zeroed timer. */
void wheel_stop(struct wheel_timer *timer);
bool wheel_runs(const struct wheel_timer *timer);

/* The time given by the last wheel_advance(); in a handler, by the one that
 * runs it, however late it comes. */
uint64_t wheel_now(const struct wheel *wheel);
/* Milliseconds from now to the next deadline, UINT64_MAX when none. May be
 * less than the truth (a cascade), never more. */
uint64_t wheel_next(const struct wheel *wheel);
/* Move to now_ms (never back) and run, in order of their deadline, all that
 * is due. Handlers may start and stop timers, and free their owner; what they
 * start without delay runs at the next call. Not to be called by a handler. */
void wheel_advance(struct wheel *wheel, uint64_t now_ms);
/* How many run now. */
uint32_t wheel_count(const struct wheel *wheel);

#endif
