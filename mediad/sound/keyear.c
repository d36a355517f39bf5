/*
 * keyear.c  Keys that are heard in a voice: the tones of ITU-T Q.23
 *
 * SPDX-License-Identifier: MIT
 */
#include <math.h>
#include <string.h>

#include "mediad/sound/codec.h"
#include "mediad/sound/keyear.h"

enum {
	BEGINS = 4, /* blocks with it in a row: after 32 ms the key is down */
	ENDS = 4, /* blocks without it: it is up; a dip of 10 ms (ITU-T Q.24)
		     is in three */
};

/* Powers are mean squares: a sine of full scale has 2^29. */
static const double quiet = 40e3;    /* a tone: -41 dBov */
static const double twist_max = 12.6; /* 8 dB, and what one tone spills into the other */
static const double peak_min = 6.3;  /* 8 dB over its neighbours */
static const double share_min = 0.82; /* of all power in the block, */
static const double share_low = 0.6; /* where its tones are not on the spot: */
static const double off = 0.011;      /* by so much, at most half more */
static const double steady_max = 2.5; /* 4 dB from block to block */

static const double hz_of[KEYEAR_TONES] = {697,	 770,  852,  941,
					   1209, 1336, 1477, 1633};

static const int8_t codes[4][4] = {
	{1, 2, 3, 12}, {4, 5, 6, 13}, {7, 8, 9, 14}, {10, 0, 11, 15}};

static float coef_of(double hz, uint32_t rate)
{
	return (float)(2 * cos(2 * M_PI * hz / rate));
}

void keyear_open(struct keyear *ear, uint32_t rate, keyear_h *h, void *arg)
{
	*ear = (struct keyear){
		.size = (uint16_t)(KEYEAR_BLOCK * (rate / CODEC_VOICE_RATE)),
		.rate = rate,
		.before.code = -1,
		.key = -1,
		.h = h,
		.arg = arg,
	};
	for (unsigned i = 0; i < KEYEAR_TONES; i++)
		ear->coef[i] = coef_of(hz_of[i], rate);
}

static uint32_t ms_of(const struct keyear *ear, uint32_t samples)
{
	return samples / (ear->rate / 1000);
}

/* --- one block ---------------------------------------------------------------- */

/* Goertzel's filter: the mean square of a tone. */
static double power_at(const struct keyear *ear, float coef)
{
	float q1 = 0, q2 = 0;

	for (unsigned i = 0; i < ear->size; i++) {
		float q0 = coef * q1 - q2 + ear->pcm[i];

		q2 = q1;
		q1 = q0;
	}
	return 2.0 * (q1 * q1 + q2 * q2 - coef * q1 * q2) / ear->size /
	       ear->size;
}

/* All of them at once: one pass over the samples. */
static void filter(const struct keyear *ear, double power[KEYEAR_TONES])
{
	float q1[KEYEAR_TONES] = {0}, q2[KEYEAR_TONES] = {0};

	for (unsigned i = 0; i < ear->size; i++) {
		for (unsigned k = 0; k < KEYEAR_TONES; k++) {
			float q0 = ear->coef[k] * q1[k] - q2[k] + ear->pcm[i];

			q2[k] = q1[k];
			q1[k] = q0;
		}
	}
	for (unsigned k = 0; k < KEYEAR_TONES; k++)
		power[k] = 2.0 *
			   (q1[k] * q1[k] + q2[k] * q2[k] -
			    ear->coef[k] * q1[k] * q2[k]) /
			   ear->size / ear->size;
}

/* The strongest of four; -1: it does not stand out, or is too quiet. */
static int strongest(const double power[4])
{
	int best = 0;

	for (int i = 1; i < 4; i++)
		if (power[i] > power[best])
			best = i;
	for (int i = 0; i < 4; i++)
		if (i != best && power[i] * peak_min > power[best])
			return -1;
	return power[best] < quiet ? -1 : best;
}

/* Mean power of the block, as a sine's. */
static double power_of(const struct keyear *ear)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < ear->size; i++)
		sum += (int32_t)ear->pcm[i] * ear->pcm[i];
	return (double)sum / ear->size;
}

/* The power of a tone that may be a little off; is: where it should be. */
static double power_near(const struct keyear *ear, double hz, double is)
{
	for (int side = -1; side <= 1; side += 2) {
		double power = power_at(
			ear, coef_of(hz * (1 + side * off), ear->rate));

		is = power > is ? power : is;
	}
	return is;
}

/* Is there nothing else but the two? */
static bool alone(const struct keyear *ear, struct keyear_block *block, int row,
		  int col, double all)
{
	if (block->low + block->high >= all * share_min)
		return true;
	if (block->low + block->high < all * share_low)
		return false;
	block->low = power_near(ear, hz_of[row], block->low);
	block->high = power_near(ear, hz_of[4 + col], block->high);
	return block->low + block->high >= all * share_min;
}

static struct keyear_block weigh(const struct keyear *ear)
{
	struct keyear_block block = {.code = -1};
	const double all = power_of(ear);
	double power[KEYEAR_TONES];
	int row, col;

	/* most of a call is spent here, and no filter is needed for it */
	if (all < 2 * quiet)
		return block;
	filter(ear, power);
	row = strongest(power);
	col = strongest(power + 4);
	if (row < 0 || col < 0)
		return block;
	block.low = power[row];
	block.high = power[4 + col];
	if (!alone(ear, &block, row, col, all) ||
	    block.low > block.high * twist_max ||
	    block.high > block.low * twist_max)
		return block;
	block.code = codes[row][col];
	return block;
}

/* --- from block to block --------------------------------------------------------- */

static bool alike(double a, double b)
{
	return a <= b * steady_max && b <= a * steady_max;
}

static bool goes_on(const struct keyear_block *a, const struct keyear_block *b)
{
	return a->code >= 0 && a->code == b->code && alike(a->low, b->low) &&
	       alike(a->high, b->high);
}

/* Blocks overlap by half. */
static uint32_t key_ms(const struct keyear *ear)
{
	return ms_of(ear, (ear->blocks + 1) * ear->size / 2);
}

static void up(struct keyear *ear)
{
	const uint32_t ms = key_ms(ear);
	const uint8_t code = (uint8_t)ear->key;

	ear->key = -1;
	ear->hits = 0;
	ear->h(code, false, ms, ear->arg);
}

static void search(struct keyear *ear, const struct keyear_block *block)
{
	if (block->code < 0)
		ear->hits = 0;
	else if (goes_on(&ear->before, block))
		ear->hits++;
	else
		ear->hits = 1;
	ear->before = *block;
	if (ear->hits < BEGINS)
		return;
	ear->key = block->code;
	ear->misses = 0;
	ear->blocks = BEGINS;
	ear->h((uint8_t)block->code, true, 0, ear->arg);
}

static void follow(struct keyear *ear, const struct keyear_block *block)
{
	if (block->code == ear->key) {
		ear->blocks += 1u + ear->misses;
		ear->misses = 0;
	} else {
		ear->misses++;
	}
	ear->before = *block;
	if (ear->misses == ENDS || key_ms(ear) > KEYEAR_HOLD_MAX_MS)
		up(ear);
}

void keyear_hear(struct keyear *ear, const int16_t *pcm, size_t n)
{
	struct keyear_block block;

	while (n) {
		size_t take_n = (size_t)(ear->size - ear->fill);

		take_n = n < take_n ? n : take_n;
		memcpy(ear->pcm + ear->fill, pcm, take_n * sizeof(*pcm));
		ear->fill = (uint16_t)(ear->fill + take_n);
		pcm += take_n;
		n -= take_n;
		if (ear->fill < ear->size)
			return;
		ear->missed = 0;
		block = weigh(ear);
		ear->fill = ear->size / 2;
		memmove(ear->pcm, ear->pcm + ear->size - ear->fill,
			ear->fill * sizeof(*pcm));
		if (keyear_down(ear))
			follow(ear, &block);
		else
			search(ear, &block);
	}
}

void keyear_miss(struct keyear *ear, uint32_t n)
{
	/* a block with a hole is none */
	ear->fill = 0;
	ear->missed += n;
	if (keyear_down(ear) && ms_of(ear, ear->missed) > KEYEAR_BRIDGE_MS)
		up(ear);
}

void keyear_anew(struct keyear *ear)
{
	ear->fill = 0;
	ear->missed = 0;
	ear->before.code = -1;
	ear->hits = 0;
	if (keyear_down(ear))
		up(ear);
}
