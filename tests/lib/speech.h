/*
 * speech.h  Something like speech, always the same, and how near a copy is
 *
 * Voiced syllables of gliding pitch through two formants, hisses and pauses:
 * enough for codecs and concealment to behave as with a voice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_SPEECH_H
#define TESTS_LIB_SPEECH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

struct speech {
	double rate, phase, y[4];
	uint32_t rnd;
	uint64_t n;
};

static inline double speech_noise(struct speech *sp)
{
	sp->rnd = sp->rnd * 1664525u + 1013904223u;
	return (double)(sp->rnd >> 8) / (1 << 24) - 0.5;
}

static inline double speech_formant(double in, double *y, double hz,
				    double rate)
{
	double r = exp(-M_PI * 90 / rate);
	double out =
		in + 2 * r * cos(2 * M_PI * hz / rate) * y[0] - r * r * y[1];

	y[1] = y[0];
	y[0] = out;
	return out;
}

static inline void speech_make(struct speech *sp, int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++, sp->n++) {
		double t = (double)sp->n / sp->rate;
		double syllable = fmod(t, 0.31) / 0.31;
		unsigned nr = (unsigned)(t / 0.31);
		double loud = sin(M_PI * syllable), in, v;

		if (nr % 7 == 6) /* a pause */
			loud *= 0.003;
		loud *= loud;
		sp->phase +=
			(110 + 25 * sin(t * 1.3) + 8 * syllable) / sp->rate;
		in = 0.02 * speech_noise(sp);
		if (sp->phase >= 1) {
			sp->phase -= 1;
			in += 1;
		}
		if (nr % 5 == 3) /* a hiss */
			in = 0.6 * speech_noise(sp);
		v = speech_formant(in, sp->y, 450 + 250 * sin(nr * 1.7),
				   sp->rate);
		v = speech_formant(v, sp->y + 2, 1500 + 500 * cos(nr * 2.9),
				   sp->rate);
		v *= loud * 900;
		pcm[i] = (int16_t)fmax(-30000, fmin(30000, v));
	}
}

static inline struct speech speech_begin(double rate)
{
	return (struct speech){.rate = rate, .rnd = 4711};
}

/* Mean signal-to-noise ratio of segments of 20 ms at 8 kHz in which something
 * is said, each between -10 and 15 dB: beyond these it is as bad, or as good,
 * to the ear. */
static inline double speech_segsnr(const int16_t *ref, const int16_t *copy,
				   size_t count)
{
	enum {
		SEGMENT = 160
	};
	double sum = 0;
	unsigned n = 0;

	for (size_t at = 0; at + SEGMENT <= count; at += SEGMENT) {
		double power = 1, noise = 1, snr;

		for (size_t i = at; i < at + SEGMENT; i++) {
			double d = (double)copy[i] - ref[i];

			power += (double)ref[i] * ref[i];
			noise += d * d;
		}
		if (power < 200.0 * 200 * SEGMENT)
			continue;
		snr = 10 * log10(power / noise);
		sum += fmax(-10, fmin(15, snr));
		n++;
	}
	return n ? sum / n : 0;
}

/* Over all, dB. */
static inline double speech_snr(const int16_t *ref, const int16_t *copy,
				size_t count)
{
	double power = 1, noise = 1;

	for (size_t i = 0; i < count; i++) {
		double d = (double)copy[i] - ref[i];

		power += (double)ref[i] * ref[i];
		noise += d * d;
	}
	return 10 * log10(power / noise);
}

#endif
