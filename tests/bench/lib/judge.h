/*
 * judge.h  How near a copy of speech is to the original
 *
 * The copy is first brought in step: to 1/8 of a sample for all of it; then
 * each stretch of half a second by whole frames of 20 ms, up to 20, as who
 * listens does not mind that a receiver's delay changes. Only frames in which
 * something is said count.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_JUDGE_H
#define TESTS_BENCH_LIB_JUDGE_H

#include <stddef.h>
#include <stdint.h>

struct judgement {
	double segsnr; /* mean SNR of 20 ms, each from -10 to 35 dB */
	double band;   /* mean correlation of the envelopes of 15 third-octave
			  bands in stretches of 384 ms, 0..1: as in STOI
			  (Taal and others, 2011), without its clipping */
	double lsd;    /* log-spectral distance, dB: root of the mean square
			  of a frame's bins from 200 to 3,500 Hz (wide: to
			  7,000), mean of all frames */
	double ms;     /* the copy is behind by */
};

/* count samples of both at `rate` Hz, 8000 or 16000. The delay is looked for
 * up to 600 ms. */
void judge(struct judgement *j, const int16_t *ref, const int16_t *copy,
	   size_t count, unsigned rate);

#endif
