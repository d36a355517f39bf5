/*
 * halfband.h  From 16 kHz to 8 and back
 *
 * A half-band filter of 63 taps, of which 33 are not 0: flat to 3.6 kHz
 * (0.02 dB), 54 dB down from 4.4 kHz on. Delay: 31 samples of 16 kHz, 1.9 ms.
 * (P. P. Vaidyanathan, Multirate Systems and Filter Banks, 4.6: why every
 * second tap is 0.) Pure, plain data; zeroed memory is silence so far.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_HALFBAND_H
#define MEDIAD_SOUND_HALFBAND_H

#include <stddef.h>
#include <stdint.h>

enum {
	HALFBAND_PAIRS = 16,            /* of taps beside the middle */
	HALFBAND_PAST = 4 * HALFBAND_PAIRS /* samples, more than it needs */
};

struct halfband {
	int16_t past[HALFBAND_PAST]; /* a ring */
	uint32_t at;                 /* the next of it */
};

/* n samples of 8 kHz from 2 * n of 16 kHz; out and in may be the same. */
void halfband_down(struct halfband *hb, int16_t *out, const int16_t *in,
		   size_t n);
/* 2 * n samples of 16 kHz from n of 8 kHz. */
void halfband_up(struct halfband *hb, int16_t *out, const int16_t *in,
		 size_t n);

#endif
