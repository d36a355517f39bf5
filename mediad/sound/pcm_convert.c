/*
 * pcm_convert.c  Samples at another rate
 *
 * A windowed sinc for each phase between the two rates: for files, once, so
 * it may cost some time and is as good as one hears.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <re.h>

#include "mediad/sound/pcm.h"

enum {
	ZEROS = 24,      /* of the sinc, on each side, at the lower rate */
	TAPS_MAX = 2 * ZEROS * (PCM_RATE_MAX / PCM_RATE_MIN) + 2,
	PHASES_MAX = 48000,
};

struct filter {
	uint32_t up, down; /* the rates without what they share */
	uint32_t half;     /* taps on each side */
	float *taps;       /* of each phase, 2 * half + 1 */
};

static uint32_t shared(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Blackman's window of a sinc, cut off a little below the lower band. */
static double tap(double x, double cut, double half)
{
	double w = 0.42 + 0.5 * cos(M_PI * x / half) +
		   0.08 * cos(2 * M_PI * x / half);

	if (fabs(x) >= half)
		return 0;
	return x == 0 ? cut : sin(M_PI * cut * x) / (M_PI * x) * w;
}

static void fill_phase(const struct filter *f, uint32_t phase, double cut)
{
	const uint32_t n = 2 * f->half + 1;
	float *taps = f->taps + (size_t)phase * n;
	double sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		double x = (double)i - f->half - (double)phase / f->up;

		taps[i] = (float)tap(x, cut, f->half + 1.0);
		sum += taps[i];
	}
	/* silence stays silent, and a constant what it was */
	for (uint32_t i = 0; i < n; i++)
		taps[i] = (float)(taps[i] / sum);
}

static int filter_make(struct filter *f, uint32_t from, uint32_t to)
{
	const uint32_t by = shared(from, to);
	const double low = to < from ? (double)to / from : 1.0;

	f->up = to / by;
	f->down = from / by;
	f->half = (uint32_t)ceil(ZEROS / low);
	if (f->up > PHASES_MAX || 2 * f->half + 1 > TAPS_MAX)
		return EINVAL;
	f->taps = mem_alloc((size_t)f->up * (2 * f->half + 1) *
				    sizeof(*f->taps),
			    NULL);
	if (!f->taps)
		return ENOMEM;
	for (uint32_t phase = 0; phase < f->up; phase++)
		fill_phase(f, phase, 0.95 * low);
	return 0;
}

static int16_t one(const struct filter *f, const struct pcm *from, size_t nr)
{
	const uint32_t n = 2 * f->half + 1;
	const size_t at = nr * f->down / f->up;
	const float *taps =
		f->taps + (size_t)(nr * f->down % f->up) * n;
	double sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		size_t k = at + i; /* half more than it is */

		if (k >= f->half && k - f->half < from->count)
			sum += (double)taps[i] * from->samples[k - f->half];
	}
	if (sum > INT16_MAX)
		return INT16_MAX;
	return sum < INT16_MIN ? INT16_MIN : (int16_t)lrint(sum);
}

int pcm_convert(struct pcm *to, const struct pcm *from, uint32_t rate)
{
	struct filter f = {0};
	int err = 0;

	if (from->rate < PCM_RATE_MIN || from->rate > PCM_RATE_MAX ||
	    rate < PCM_RATE_MIN || rate > PCM_RATE_MAX)
		return EINVAL;
	to->rate = rate;
	to->count = (size_t)((uint64_t)from->count * rate / from->rate);
	to->samples = mem_alloc((to->count + 1) * sizeof(to->samples[0]),
				NULL);
	if (!to->samples)
		return ENOMEM;
	if (rate == from->rate)
		memcpy(to->samples, from->samples,
		       to->count * sizeof(to->samples[0]));
	else
		err = filter_make(&f, from->rate, rate);
	for (size_t i = 0; f.taps && !err && i < to->count; i++)
		to->samples[i] = one(&f, from, i);
	mem_deref(f.taps);
	if (err)
		to->samples = mem_deref(to->samples);
	return err;
}
