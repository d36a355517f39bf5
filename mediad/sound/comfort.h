/*
 * comfort.h  Comfort noise: as loud as it was, and of its colour (RFC 3389)
 *
 * What is heard in a pause is one level and, at most, the spectrum of a filter
 * of a few reflection coefficients. It is read from a packet, or measured, and
 * made as samples, or written as a packet. Making it costs a few
 * multiplications a sample. The sign of a coefficient is that of browsers: low
 * noise has a first one below 127 (docs/decisions/0031). Pure; plain data, zeroed memory: silence.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_COMFORT_H
#define MEDIAD_SOUND_COMFORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	COMFORT_ORDER_MAX = 12, /* further coefficients are left out */
	COMFORT_ORDER = 8,      /* that we measure */
	COMFORT_LEN_MAX = 1 + COMFORT_ORDER_MAX, /* bytes that we write */
	COMFORT_QUIET = 127,    /* dB below overload */
};

struct comfort {
	uint8_t level; /* dB below 0 dBov (RFC 3389, 3.1): 0..127 */
	uint8_t order;
	float k[COMFORT_ORDER_MAX]; /* reflection coefficients */
	/* of what is made */
	float target, gain;         /* of the noise that is filtered */
	float past[COMFORT_ORDER_MAX];
	uint32_t seed;
	/* of what is measured */
	uint32_t heard; /* samples */
	float corr[COMFORT_ORDER + 1];
};

/* A payload of CN: as it says from now on, without a jump. spectrum: its
 * coefficients count; they are for a sampling rate, which may be another here.
 * EBADMSG. */
int comfort_read(struct comfort *noise, const uint8_t *buf, size_t len,
		 bool spectrum);
/* buf: COMFORT_LEN_MAX; its length. */
size_t comfort_write(const struct comfort *noise, uint8_t *buf, bool spectrum);

/* This is what the pause sounds like; the latest counts most. 16 bit. */
void comfort_listen(struct comfort *noise, const int16_t *pcm, size_t count);
/* Another pause: what was heard is forgotten. */
void comfort_anew(struct comfort *noise);
void comfort_make(struct comfort *noise, int16_t *pcm, size_t count);

#endif
