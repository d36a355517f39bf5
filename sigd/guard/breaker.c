/*
 * breaker.c  A circuit breaker's count
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/guard/breaker.h"

enum { DOUBLED_MAX = 4 };

static void move_on(struct breaker *breaker,
		    const struct breaker_limits *limits, uint64_t now_ms)
{
	const uint64_t half_ms = max(limits->window_ms / 2, 1u);
	const uint64_t passed =
		now_ms < breaker->from_ms
			? 0
			: (now_ms - breaker->from_ms) / half_ms;

	if (!passed)
		return;
	breaker->half[1] = passed == 1 ? breaker->half[0]
				       : (struct breaker_half){0, 0};
	breaker->half[0] = (struct breaker_half){0, 0};
	breaker->from_ms = passed == 1 ? breaker->from_ms + half_ms : now_ms;
}

static bool too_many(const struct breaker *breaker,
		     const struct breaker_limits *limits)
{
	const uint64_t tries =
		(uint64_t)breaker->half[0].tries + breaker->half[1].tries;
	const uint64_t failed =
		(uint64_t)breaker->half[0].failed + breaker->half[1].failed;

	if (limits->failures && breaker->row >= limits->failures)
		return true;
	return limits->percent && tries >= limits->tries &&
	       failed * 100 >= tries * limits->percent;
}

void breaker_answered(struct breaker *breaker,
		      const struct breaker_limits *limits, uint64_t now_ms)
{
	move_on(breaker, limits, now_ms);
	breaker->row = 0;
	++breaker->half[0].tries;
}

bool breaker_failed(struct breaker *breaker,
		    const struct breaker_limits *limits, uint64_t now_ms)
{
	move_on(breaker, limits, now_ms);
	++breaker->row;
	++breaker->half[0].tries;
	++breaker->half[0].failed;
	if (!too_many(breaker, limits))
		return false;

	memset(breaker, 0, sizeof(*breaker));
	return true;
}

uint32_t breaker_open_ms(uint32_t first_ms, uint32_t times)
{
	const uint64_t ms = (uint64_t)first_ms
			    << min(times, (uint32_t)DOUBLED_MAX);

	return (uint32_t)min(ms, (uint64_t)BREAKER_MAX_MS);
}
