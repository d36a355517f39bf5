/*
 * comfort.c  Comfort noise: as loud as it was, and of its colour (RFC 3389)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "mediad/sound/comfort.h"

enum {
	OVERLOAD = 32768, /* 0 dBov: a square wave of this */
	MIDDLE = 127,     /* a coefficient of 0 */
	HEARD_MAX = 800,  /* samples that weigh as much as all before */
};

static const float STEP = 258.0f / 32768; /* RFC 3389, 3.2 */
static const float GLIDE = 0.004f; /* a sample: most of a change in 60 ms */
static const float WHITE = 1e-4f;  /* so that no filter rings */

/* The filter of these coefficients makes noise louder; what goes in is so much
 * weaker. Noise of equal chances from -1 to 1 has a power of a third. */
static void aim(struct comfort *noise)
{
	float power = OVERLOAD * powf(10, -(float)noise->level / 20);

	power = noise->level >= COMFORT_QUIET ? 0 : 3 * power * power;
	for (unsigned i = 0; i < noise->order; i++)
		power *= 1 - noise->k[i] * noise->k[i];
	noise->target = sqrtf(power);
	if (noise->gain == 0)
		noise->gain = noise->target;
}

int comfort_read(struct comfort *noise, const uint8_t *buf, size_t len,
		 bool spectrum)
{
	size_t order = len ? len - 1 : 0;

	if (!len || buf[0] > COMFORT_QUIET)
		return EBADMSG;
	if (order > COMFORT_ORDER_MAX)
		order = COMFORT_ORDER_MAX;
	noise->level = buf[0];
	noise->order = spectrum ? (uint8_t)order : 0;
	for (unsigned i = 0; i < noise->order; i++) {
		/* 255 is reserved, and would be 1 */
		const uint8_t n = buf[1 + i] < 255 ? buf[1 + i] : 254;

		noise->k[i] = STEP * (float)((int)n - MIDDLE);
	}
	aim(noise);
	return 0;
}

size_t comfort_write(const struct comfort *noise, uint8_t *buf, bool spectrum)
{
	size_t n = 0;

	buf[n++] = noise->level;
	for (unsigned i = 0; spectrum && i < noise->order; i++) {
		long q = MIDDLE + lrintf(noise->k[i] / STEP);

		buf[n++] = (uint8_t)(q < 0 ? 0 : q > 254 ? 254 : q);
	}
	return n;
}

/* --- what it sounds like ---------------------------------------------------------- */

/* Levinson and Durbin: reflection coefficients from correlations. */
static void reflect(struct comfort *noise)
{
	float a[COMFORT_ORDER + 1] = {1}, err = noise->corr[0] * (1 + WHITE);

	noise->order = 0;
	for (unsigned m = 1; m <= COMFORT_ORDER && err > 0; m++) {
		float sum = 0, k, was[COMFORT_ORDER + 1];

		for (unsigned i = 0; i < m; i++)
			sum += a[i] * noise->corr[m - i];
		k = -sum / err;
		memcpy(was, a, sizeof(was));
		for (unsigned i = 1; i < m; i++)
			a[i] += k * was[m - i];
		a[m] = k;
		err *= 1 - k * k;
		noise->k[noise->order++] = k;
	}
}

void comfort_listen(struct comfort *noise, const int16_t *pcm, size_t count)
{
	float old, db;

	if (count <= COMFORT_ORDER)
		return;
	noise->heard += (uint32_t)count;
	if (noise->heard > HEARD_MAX)
		noise->heard = HEARD_MAX;
	old = 1 - (float)count / (float)noise->heard;
	old = old > 0 ? old : 0;
	for (unsigned lag = 0; lag <= COMFORT_ORDER; lag++) {
		float sum = 0;

		for (size_t i = lag; i < count; i++)
			sum += (float)pcm[i] * (float)pcm[i - lag];
		noise->corr[lag] = old * noise->corr[lag] +
				   (1 - old) * sum / (float)count;
	}
	db = -10 * log10f(noise->corr[0] / OVERLOAD / OVERLOAD + 1e-13f);
	noise->level = db < 0		     ? 0
		       : db >= COMFORT_QUIET ? COMFORT_QUIET
					     : (uint8_t)lrintf(db);
	reflect(noise);
	aim(noise);
}

void comfort_anew(struct comfort *noise)
{
	noise->heard = 0;
	memset(noise->corr, 0, sizeof(noise->corr));
	memset(noise->past, 0, sizeof(noise->past));
	noise->gain = 0;
}

/* --- noise -------------------------------------------------------------------------- */

static float white(struct comfort *noise)
{
	noise->seed = noise->seed * 1664525u + 1013904223u;
	return (float)(int32_t)noise->seed * (1.0f / 2147483648.0f);
}

/* One step of the lattice 1/A(z): backward errors are kept in past. */
static float colour(struct comfort *noise, float f)
{
	float b = 0;

	for (unsigned m = noise->order; m-- > 0;) {
		f -= noise->k[m] * noise->past[m];
		b = noise->past[m] + noise->k[m] * f;
		if (m + 1 < noise->order)
			noise->past[m + 1] = b;
	}
	if (noise->order)
		noise->past[0] = f;
	return f;
}

void comfort_make(struct comfort *noise, int16_t *pcm, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float sample;

		noise->gain += GLIDE * (noise->target - noise->gain);
		sample = colour(noise, noise->gain * white(noise));
		pcm[i] = (int16_t)lrintf(sample > 32767    ? 32767
					 : sample < -32768 ? -32768
							   : sample);
	}
}
