/*
 * halfband.c  From 16 kHz to 8 and back
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/sound/halfband.h"

enum {
	ONE = 1 << 15,
	MASK = HALFBAND_PAST - 1,
};

_Static_assert((HALFBAND_PAST & MASK) == 0, "a ring by mask");

/* The taps at 1, 3 .. 31 samples from the middle, by 2^-15: a sinc under a
 * Kaiser window of beta 5, made to add up to one half. */
static const int16_t taps[HALFBAND_PAIRS] = {
	10415, -3411, 1976, -1338, 969, -724, 547, -415,
	313,   -233,  170,  -120,  83,  -54,  33,  -18};

static int16_t clip(int32_t v)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	return (int16_t)(v < INT16_MIN ? INT16_MIN : v);
}

static int16_t past(const struct halfband *hb, uint32_t ago)
{
	return hb->past[(hb->at - ago) & MASK];
}

static void put(struct halfband *hb, int16_t sample)
{
	hb->past[hb->at++ & MASK] = sample;
}

void halfband_down(struct halfband *hb, int16_t *out, const int16_t *in,
		   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int32_t sum;

		put(hb, in[2 * i]);
		put(hb, in[2 * i + 1]);
		/* the middle is 32 back, its neighbours 31 and 33 */
		sum = past(hb, 2 * HALFBAND_PAIRS) * (ONE / 2) + ONE / 2;
		for (uint32_t k = 0; k < HALFBAND_PAIRS; k++)
			sum += taps[k] *
			       (past(hb, 2 * HALFBAND_PAIRS - 1 - 2 * k) +
				past(hb, 2 * HALFBAND_PAIRS + 1 + 2 * k));
		out[i] = clip(sum >> 15);
	}
}

/* Between two samples there is a 0, so each one out has either the middle tap
 * alone or all the others; twice as much, for the zeros. */
void halfband_up(struct halfband *hb, int16_t *out, const int16_t *in,
		 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int32_t sum = ONE / 4;

		put(hb, in[i]);
		for (uint32_t k = 0; k < HALFBAND_PAIRS; k++)
			sum += taps[k] * (past(hb, HALFBAND_PAIRS - k) +
					  past(hb, HALFBAND_PAIRS + 1 + k));
		out[2 * i] = past(hb, HALFBAND_PAIRS + 1);
		out[2 * i + 1] = clip(sum >> 14);
	}
}
