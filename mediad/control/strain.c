/*
 * strain.c  Is this worker late for the calls that it has?
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/control/strain.h"

enum {
	WEIGHT = 5, /* one part in so many is new */
	US = 1000,
};

bool strain_sample(struct strain *strain, uint64_t late_ms)
{
	const uint32_t late =
		(uint32_t)(late_ms < STRAIN_LATE_MAX_MS ? late_ms
							: STRAIN_LATE_MAX_MS);
	const uint32_t lasted = late < strain->late_ms ? late : strain->late_ms;
	const bool was = strain->on;

	strain->late_ms = late;
	strain->mean_us += lasted * US / WEIGHT;
	strain->mean_us -= strain->mean_us / WEIGHT;
	if (strain->mean_us >= STRAIN_ON_MS * US)
		strain->on = true;
	else if (strain->mean_us <= STRAIN_OFF_MS * US)
		strain->on = false;
	return strain->on != was;
}

uint8_t strain_ease(const struct strain *strain)
{
	return strain->mean_us >= STRAIN_LEAST_MS * US  ? 2
	       : strain->mean_us >= STRAIN_EASE_MS * US ? 1
						        : 0;
}
