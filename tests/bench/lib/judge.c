/*
 * judge.c  How near a copy of speech is to the original
 *
 * SPDX-License-Identifier: MIT
 */
#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/lib/judge.h"

enum {
	FFT_MAX = 512,
	BINS_MAX = FFT_MAX / 2,
	BANDS = 15,
	STRETCH = 30, /* frames of 12.8 ms */
	PARTS = 8,    /* of a sample, to bring in step */
	TAPS = 16,
	FOLLOW = 20,  /* frames */
	FRAMES_MAX = 4000,
	SAID = 200 /* rms */
};

/* --- in step -------------------------------------------------------------- */

static double *envelope(const int16_t *pcm, size_t frames, unsigned frame)
{
	double *env = calloc(frames, sizeof(*env)), mean = 0;

	for (size_t f = 0; f < frames; f++) {
		double sum = 0;

		for (unsigned i = 0; i < frame; i++)
			sum += abs(pcm[f * frame + i]);
		env[f] = log(sum + frame * 20);
		mean += env[f] / (double)frames;
	}
	for (size_t f = 0; f < frames; f++)
		env[f] -= mean;
	return env;
}

/* By the envelope in 4 ms. */
static long coarse(const int16_t *ref, const int16_t *copy, size_t count,
		   unsigned rate)
{
	const unsigned frame = rate / 250;
	const long frames = (long)(count / frame);
	double *a = envelope(ref, (size_t)frames, frame);
	double *b = envelope(copy, (size_t)frames, frame);
	double best = -1;
	long at = 0;

	for (long lag = -50; lag <= 150; lag++) {
		double sum = 0;

		for (long f = 150; f + 150 < frames; f++)
			sum += a[f] * b[f + lag];
		if (sum > best) {
			best = sum;
			at = lag;
		}
	}
	free(a);
	free(b);
	return at * (long)frame;
}

static double product(const int16_t *ref, const double *copy, size_t from,
		      size_t to, long lag)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += ref[i] * copy[(long)i + lag];
	return sum;
}

/* copy, `part` of a sample earlier. */
static void shift(double *out, const int16_t *copy, size_t count, double part)
{
	double taps[2 * TAPS], sum = 0;

	for (int k = 0; k < 2 * TAPS; k++) {
		double x = k - TAPS + 1 - part;

		taps[k] = (fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x)) *
			  (0.5 + 0.5 * cos(M_PI * x / (TAPS + 1)));
		sum += taps[k];
	}
	memset(out, 0, count * sizeof(*out));
	for (size_t i = TAPS; i + TAPS < count; i++) {
		double v = 0;

		for (int k = 0; k < 2 * TAPS; k++)
			v += taps[k] * copy[(long)i + k - TAPS + 1];
		out[i] = v / sum;
	}
}

/* The middle of it, about where the envelope says, or some frames from there:
 * samples, then parts of one. */
static double bring_in_step(double *out, const int16_t *ref,
			    const int16_t *copy, size_t count, unsigned rate)
{
	const long about = coarse(ref, copy, count, rate);
	const long room = (long)rate / 200 + FOLLOW * (long)rate / 50;
	const size_t from = count / 3, to = from + count / 8;
	double *work = calloc(count, sizeof(*work)), best = -1e30;
	long at = 0, rough = 0;
	unsigned of = 0;

	shift(work, copy, count, 0);
	for (long lag = about - room; lag <= about + room; lag++) {
		double sum = product(ref, work, from, to, lag);

		if (sum <= best)
			continue;
		best = sum;
		at = rough = lag;
	}
	for (unsigned part = 1; part < PARTS; part++) {
		shift(work, copy, count, (double)part / PARTS);
		for (long lag = rough - 1; lag <= rough; lag++) {
			double sum = product(ref, work, from, to, lag);

			if (sum <= best)
				continue;
			best = sum;
			at = lag;
			of = part;
		}
	}
	shift(work, copy, count, (double)of / PARTS);
	for (long i = 0; i < (long)count; i++)
		out[i] = i + at >= 0 && i + at < (long)count ? work[i + at] : 0;
	free(work);
	return ((double)at + (double)of / PARTS) * 1000 / rate;
}

static double fit(const double *ref, const double *copy, long count, long at,
		  long n, long lag)
{
	double ab = 0, aa = 1, bb = 1;

	for (long i = at; i < at + n; i++) {
		const double b =
			i + lag >= 0 && i + lag < count ? copy[i + lag] : 0;

		ab += ref[i] * b;
		aa += ref[i] * ref[i];
		bb += b * b;
	}
	return ab / sqrt(aa * bb);
}

/* Stretch by stretch: what fits as it is, stays so. */
static void follow(const double *ref, double *copy, long count, unsigned rate)
{
	const long n = (long)rate / 2, frame = (long)rate / 50;
	double *out = calloc((size_t)count, sizeof(*out));
	long lag = 0;

	for (long at = 0; at < count; at += n) {
		const long m = count - at < n ? count - at : n;
		double best = fit(ref, copy, count, at, m, lag) + 0.05;

		for (int k = -FOLLOW; k <= FOLLOW && best < 0.85; k++) {
			double f = fit(ref, copy, count, at, m, k * frame);

			if (f <= best)
				continue;
			best = f;
			lag = k * frame;
		}
		for (long i = at; i < at + m; i++)
			out[i] = i + lag >= 0 && i + lag < count ? copy[i + lag]
								 : 0;
	}
	memcpy(copy, out, (size_t)count * sizeof(*copy));
	free(out);
}

/* --- spectra -------------------------------------------------------------- */

/* The turns of the longest one; shorter ones take each second, fourth... */
static const double complex *turns(void)
{
	static double complex w[FFT_MAX / 2];

	if (creal(w[0]) < 0.5)
		for (unsigned k = 0; k < FFT_MAX / 2; k++)
			w[k] = cexp(-2 * M_PI * I * k / FFT_MAX);
	return w;
}

static void fft(double complex *x, unsigned n)
{
	const double complex *w = turns();

	for (unsigned i = 1, j = 0; i < n; i++) {
		unsigned bit = n >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			double complex t = x[i];

			x[i] = x[j];
			x[j] = t;
		}
	}
	for (unsigned len = 2; len <= n; len *= 2)
		for (unsigned i = 0; i < n; i += len)
			for (unsigned k = 0; k < len / 2; k++) {
				double complex a = x[i + k];
				double complex b = w[k * (FFT_MAX / len)] *
						   x[i + k + len / 2];

				x[i + k] = a + b;
				x[i + k + len / 2] = a - b;
			}
}

static void power_of(double *power, const double *pcm, unsigned n)
{
	double complex x[FFT_MAX];

	for (unsigned i = 0; i < n; i++)
		x[i] = pcm[i] * (0.5 - 0.5 * cos(2 * M_PI * i / n));
	fft(x, n);
	for (unsigned k = 0; k < n / 2; k++)
		power[k] = creal(x[k]) * creal(x[k]) + cimag(x[k]) * cimag(x[k]);
}

static bool is_said(const double *pcm, unsigned n)
{
	double power = 0;

	for (unsigned i = 0; i < n; i++)
		power += pcm[i] * pcm[i];
	return power > (double)SAID * SAID * n;
}

static double distance(const double *a, const double *b, unsigned n,
		       unsigned rate)
{
	const unsigned from = 200 * n / rate;
	const unsigned to = (rate > 8000 ? 7000 : 3500) * n / rate;
	const double floor_of = 900.0 * n * n / 64;
	double sum = 0;

	for (unsigned k = from; k < to; k++) {
		double d = 10 * log10((a[k] + floor_of) / (b[k] + floor_of));

		sum += d * d;
	}
	return sqrt(sum / (to - from));
}

/* From 150 Hz on; what is beyond the sampled is not there. */
static void bands_of(double *bands, const double *power, unsigned n,
		     unsigned rate)
{
	for (unsigned b = 0; b < BANDS; b++) {
		double mid = 150 * pow(2, b / 3.0);
		unsigned from = (unsigned)(mid / 1.122 * n / rate);
		unsigned to = (unsigned)(mid * 1.122 * n / rate) + 1;

		bands[b] = 0;
		for (unsigned k = from; k < to && k < n / 2; k++)
			bands[b] += power[k];
		bands[b] = sqrt(bands[b]);
	}
}

static double correlation(double (*a)[BANDS], double (*b)[BANDS], unsigned band)
{
	double ma = 0, mb = 0, ab = 0, aa = 1e-9, bb = 1e-9;

	for (unsigned f = 0; f < STRETCH; f++) {
		ma += a[f][band] / STRETCH;
		mb += b[f][band] / STRETCH;
	}
	for (unsigned f = 0; f < STRETCH; f++) {
		double x = a[f][band] - ma, y = b[f][band] - mb;

		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	return ab / sqrt(aa * bb);
}

/* --- measures ------------------------------------------------------------- */

static void spectral(struct judgement *j, const double *ref, const double *copy,
		     size_t count, unsigned rate)
{
	const unsigned n = rate > 8000 ? 512 : 256, step = n * 2 / 5;
	const unsigned nbands = rate > 8000 ? BANDS : 14;
	static double a[FRAMES_MAX][BANDS], b[FRAMES_MAX][BANDS];
	double pa[BINS_MAX], pb[BINS_MAX], band = 0, lsd = 0;
	unsigned frames = 0, said = 0, stretches = 0;

	for (size_t at = 0; at + n <= count; at += step) {
		power_of(pa, ref + at, n);
		power_of(pb, copy + at, n);
		if (!is_said(ref + at, n))
			continue;
		lsd += distance(pa, pb, n, rate);
		said++;
		if (frames == FRAMES_MAX)
			continue;
		bands_of(a[frames], pa, n, rate);
		bands_of(b[frames], pb, n, rate);
		frames++;
	}
	for (unsigned f = 0; f + STRETCH <= frames; f += STRETCH / 3)
		for (unsigned k = 0; k < nbands; k++, stretches++)
			band += correlation(a + f, b + f, k);
	j->lsd = said ? lsd / said : 0;
	j->band = stretches ? band / stretches : 0;
}

static double segsnr(const double *ref, const double *copy, size_t count,
		     unsigned rate)
{
	const unsigned n = rate / 50;
	double sum = 0;
	unsigned said = 0;

	for (size_t at = 0; at + n <= count; at += n) {
		double power = 1, noise = 1;

		if (!is_said(ref + at, n))
			continue;
		for (size_t i = at; i < at + n; i++) {
			power += ref[i] * ref[i];
			noise += (copy[i] - ref[i]) * (copy[i] - ref[i]);
		}
		sum += fmax(-10, fmin(35, 10 * log10(power / noise)));
		said++;
	}
	return said ? sum / said : 0;
}

void judge(struct judgement *j, const int16_t *ref, const int16_t *copy,
	   size_t count, unsigned rate)
{
	double *in_step = calloc(count, sizeof(*in_step));
	double *plain = calloc(count, sizeof(*plain));
	/* before this, who listens may not have begun */
	const size_t skip = rate;

	for (size_t i = 0; i < count; i++)
		plain[i] = ref[i];
	j->ms = bring_in_step(in_step, ref, copy, count, rate);
	follow(plain, in_step, (long)count, rate);
	j->segsnr = segsnr(plain + skip, in_step + skip, count - 2 * skip, rate);
	spectral(j, plain + skip, in_step + skip, count - 2 * skip, rate);
	free(in_step);
	free(plain);
}
