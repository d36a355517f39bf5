/*
 * strain.h  Is this worker late for the calls that it has?
 *
 * The mean delay of a timer of its loop, which is what each packet waits, too.
 * From STRAIN_ON_MS on there is no new session, so that the calls that there
 * are do not suffer more; until it is down to STRAIN_OFF_MS, so that it does
 * not change with every call. What did not last is no strain: half of the past
 * goes in some 150 ms, and one delay alone counts for nothing, however long it
 * was: a host that stood still for half a second has as much room as before.
 * Pure, plain data; zeroed memory: at ease.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_STRAIN_H
#define MEDIAD_CONTROL_STRAIN_H

#include <stdbool.h>
#include <stdint.h>

enum {
	STRAIN_SAMPLE_MS = 50, /* how often strain_sample() is to be called */
	STRAIN_ON_MS = 60,     /* as long as three packets of 20 ms */
	STRAIN_OFF_MS = 15,
	STRAIN_EASE_MS = 20, /* half as hard */
	STRAIN_LEAST_MS = 40,
	STRAIN_LATE_MAX_MS = 1000, /* one sample counts as no more */
};

struct strain {
	uint32_t mean_us;
	uint32_t late_ms; /* of the last sample */
	bool on;
};

/* How much less hard to work on what could be done with less: 0, 1 or 2. Long
 * before new calls are refused. */
uint8_t strain_ease(const struct strain *strain);

/* late_ms: how late the timer was. True: it has changed. */
bool strain_sample(struct strain *strain, uint64_t late_ms);

#endif
