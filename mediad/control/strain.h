/*
 * strain.h  Is this worker late for the calls that it has?
 *
 * How much of the last second its loop was late, as a timer of it tells, which is
 * how many packets waited, too; and how many of its deadlines were late by a packet
 * or more: a loop with too much to do is late each time, if by less. From either
 * STRAIN_ON on there is no new session, so that the calls that there are do not
 * suffer more; until both are down to their STRAIN_OFF, so that it does not change
 * with every call. One delay alone is no strain, however long it was: a virtual
 * machine that stood still for half a second has as much room as before.
 *
 * Nor is it one when the worker is late though it works for less than half of the
 * time that it has: then it is not late for its calls, but for whoever else has the
 * processors, and none is heard better for a call that is refused. It is told, as
 * the sound suffers; and sigd, which is told how late each worker is, takes others
 * where there are any. One that gets little of a processor and uses all of that is
 * late for its calls.
 *
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
	/* per mille of the time; with each deadline as late as: */
	STRAIN_ON = 500,    /* 50 ms, two packets and a half */
	STRAIN_OFF = 200,   /* 12 ms */
	STRAIN_EASE = 300,  /* 21 ms: half as hard */
	STRAIN_LEAST = 400, /* 33 ms */
	STRAIN_LATE_MAX_MS = 300, /* one delay counts as no more, */
	STRAIN_ALONE_MS = 5000,   /* unless there was one so long within this */
	/* per mille of the deadlines of the last second, late by so much */
	STRAIN_PACKET_MS = 20,
	STRAIN_OFTEN_ON = 800,
	STRAIN_OFTEN_OFF = 400,
	STRAIN_OFTEN_EASE = 500,
	STRAIN_OFTEN_LEAST = 650,
	/* per mille of the last second, without what it was late, that it worked */
	STRAIN_OWN = 500,
	STRAIN_OWN_OFF = 250,
};

struct strain {
	uint32_t late_us; /* of the last second, what is older fades */
	uint32_t often;   /* deadlines, per mille and MEMORY_SAMPLES */
	uint32_t busy_us; /* processor time, fading as if it were never late */
	uint32_t alone_ms; /* until a long delay is alone again */
	bool on;      /* late for its calls */
	bool starved; /* late, but not for them */
};

/* How much of the time it is late, per mille. */
uint32_t strain_share(const struct strain *strain);
/* How many of the deadlines of the last second were late by STRAIN_PACKET_MS or
 * more, per mille. */
uint32_t strain_often(const struct strain *strain);

/* How much it worked of the time that it had, per mille. */
uint32_t strain_busy(const struct strain *strain);

/* How much less hard to work on what could be done with less: 0, 1 or 2. Long
 * before new calls are refused. */
uint8_t strain_ease(const struct strain *strain);

/* late_ms: how late the timer was; busy_us: processor time of this thread since the
 * last sample. True: on or starved has changed. */
bool strain_sample(struct strain *strain, uint64_t late_ms, uint64_t busy_us);

#endif
