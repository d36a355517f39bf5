/*
 * breaker.h  When what is asked again and again shall be left alone: a circuit
 *            breaker's count
 *
 * It breaks when so many tries have failed in a row, or when so many of a
 * hundred have within a time in which there were enough to tell. Pure: time is
 * an argument.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_GUARD_BREAKER_H
#define SIGD_GUARD_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

struct breaker_limits {
	uint32_t failures;  /* in a row; 0: however many */
	uint32_t percent;   /* ... of the tries of a window; 0: however many */
	uint32_t tries;     /* below so many a window tells nothing */
	uint32_t window_ms; /* at least 2 */
};

struct breaker_half {
	uint32_t tries, failed;
};

/* Plain data; zero: nothing has been tried. The window is two halves, of which
 * the elder is forgotten as a whole. */
struct breaker {
	uint32_t row; /* failures in a row */
	uint64_t from_ms; /* begin of the younger half */
	struct breaker_half half[2]; /* the younger first */
};

void breaker_answered(struct breaker *breaker,
		      const struct breaker_limits *limits, uint64_t now_ms);
/* True: it breaks, and the count begins anew. */
bool breaker_failed(struct breaker *breaker,
		    const struct breaker_limits *limits, uint64_t now_ms);
/* How long it stays broken when the trials have failed so many times: doubled
 * each time, up to 16 times as long and BREAKER_MAX_MS. */
enum { BREAKER_MAX_MS = 600000 };
uint32_t breaker_open_ms(uint32_t first_ms, uint32_t times);

#endif
