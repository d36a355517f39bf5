/*
 * tone.h  Frequency, level and purity of a recorded tone
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_TONE_H
#define TESTS_LIB_TONE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

struct tone {
	double hz;
	double dbfs;   /* 0: a sine of full scale (peak 32768) */
	double purity; /* share of the power that is in this frequency */
};

/* Mean frequency from the zero crossings upwards, between samples. */
static inline double tone_hz(const int16_t *pcm, size_t count, double rate)
{
	double first = -1, last = -1;
	size_t periods = 0;

	for (size_t i = 1; i < count; i++) {
		if (pcm[i - 1] >= 0 || pcm[i] < 0)
			continue;
		last = (double)i - 1 +
		       pcm[i - 1] / (double)(pcm[i - 1] - pcm[i]);
		if (first < 0)
			first = last;
		else
			periods++;
	}
	return periods ? rate * (double)periods / (last - first) : 0;
}

/* Over a second or so: the longer, the surer. */
static inline struct tone tone_measure(const int16_t *pcm, size_t count,
				       double rate)
{
	struct tone tone = {.hz = tone_hz(pcm, count, rate)};
	double re = 0, im = 0, power = 0;

	for (size_t i = 0; i < count; i++) {
		double arg = 2 * M_PI * tone.hz * (double)i / rate;

		re += pcm[i] * cos(arg);
		im += pcm[i] * sin(arg);
		power += (double)pcm[i] * pcm[i];
	}
	re *= 2 / (double)count;
	im *= 2 / (double)count;
	power /= (double)count;
	tone.dbfs = 20 * log10(hypot(re, im) / 32768 + 1e-9);
	tone.purity = power > 0 ? (re * re + im * im) / 2 / power : 0;
	return tone;
}

#endif
