/*
 * strain.c  Is this worker late for the calls that it has?
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/control/strain.h"

enum {
	MEMORY_MS = 800, /* in which what is past fades to a third */
	US = 1000,
	WHOLE = 1000,
};

uint32_t strain_share(const struct strain *strain)
{
	return strain->late_us / MEMORY_MS * WHOLE / US;
}

bool strain_sample(struct strain *strain, uint64_t late_ms)
{
	const uint32_t late =
		(uint32_t)(late_ms < STRAIN_LATE_MAX_MS ? late_ms
							: STRAIN_LATE_MAX_MS);
	const uint32_t passed = STRAIN_SAMPLE_MS + late;
	const bool was = strain->on;

	strain->late_us -= (uint32_t)((uint64_t)strain->late_us * passed /
				      MEMORY_MS);
	strain->late_us += late * US;
	if (strain_share(strain) >= STRAIN_ON)
		strain->on = true;
	else if (strain_share(strain) <= STRAIN_OFF)
		strain->on = false;
	return strain->on != was;
}

uint8_t strain_ease(const struct strain *strain)
{
	const uint32_t share = strain_share(strain);

	return share >= STRAIN_LEAST ? 2 : share >= STRAIN_EASE ? 1 : 0;
}
