/*
 * strain.c  Is this worker late for the calls that it has?
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/control/strain.h"

enum {
	MEMORY_MS = 800, /* in which what is past fades to a third */
	MEMORY_SAMPLES = MEMORY_MS / STRAIN_SAMPLE_MS,
	US = 1000,
	WHOLE = 1000,
};

uint32_t strain_share(const struct strain *strain)
{
	return strain->late_us / MEMORY_MS * WHOLE / US;
}

/* What a delay counts as: the first long one is the machine's, perhaps. */
static uint32_t weigh(struct strain *strain, uint64_t late_ms)
{
	const uint64_t most =
		strain->alone_ms ? MEMORY_MS : STRAIN_LATE_MAX_MS;
	const uint64_t passed = STRAIN_SAMPLE_MS + late_ms;

	if (late_ms > STRAIN_LATE_MAX_MS)
		strain->alone_ms = STRAIN_ALONE_MS;
	else
		strain->alone_ms -= (uint32_t)(passed < strain->alone_ms
						       ? passed
						       : strain->alone_ms);
	return (uint32_t)(late_ms < most ? late_ms : most);
}

static void share_take(struct strain *strain, uint32_t late_ms)
{
	const uint32_t passed = STRAIN_SAMPLE_MS + late_ms;
	const uint32_t faded = passed < MEMORY_MS ? passed : MEMORY_MS;

	strain->late_us -=
		(uint32_t)((uint64_t)strain->late_us * faded / MEMORY_MS);
	strain->late_us += late_ms * US;
}

uint32_t strain_busy(const struct strain *strain)
{
	return strain->busy_us / MEMORY_MS * WHOLE / US;
}

/* Where it is late it had a sample's time all the same, and no more. */
static void busy_take(struct strain *strain, uint64_t busy_us)
{
	const uint32_t most = MEMORY_MS * US;

	strain->busy_us -= strain->busy_us / MEMORY_SAMPLES;
	strain->busy_us += (uint32_t)(busy_us < most ? busy_us : most);
	if (strain->busy_us > most)
		strain->busy_us = most;
}

uint32_t strain_often(const struct strain *strain)
{
	return strain->often / MEMORY_SAMPLES;
}

static void often_take(struct strain *strain, uint64_t late_ms)
{
	strain->often -= strain->often / MEMORY_SAMPLES;
	strain->often += late_ms >= STRAIN_PACKET_MS ? WHOLE : 0;
}

static bool is_late(const struct strain *strain)
{
	return strain_share(strain) >= STRAIN_ON ||
	       strain_often(strain) >= STRAIN_OFTEN_ON;
}

static bool is_in_time(const struct strain *strain)
{
	return strain_share(strain) <= STRAIN_OFF &&
	       strain_often(strain) <= STRAIN_OFTEN_OFF;
}

bool strain_sample(struct strain *strain, uint64_t late_ms, uint64_t busy_us)
{
	const bool was_on = strain->on, was_starved = strain->starved;

	share_take(strain, weigh(strain, late_ms));
	often_take(strain, late_ms);
	busy_take(strain, busy_us);
	if (is_in_time(strain)) {
		strain->on = false;
		strain->starved = false;
	} else if (is_late(strain) || strain->on) {
		strain->on = strain_busy(strain) >=
			     (strain->on ? STRAIN_OWN_OFF : STRAIN_OWN);
		strain->starved = !strain->on;
	}
	return strain->on != was_on || strain->starved != was_starved;
}

uint8_t strain_ease(const struct strain *strain)
{
	const uint32_t share = strain_share(strain);
	const uint32_t often = strain_often(strain);

	if (share >= STRAIN_LEAST || often >= STRAIN_OFTEN_LEAST)
		return 2;
	return share >= STRAIN_EASE || often >= STRAIN_OFTEN_EASE;
}
