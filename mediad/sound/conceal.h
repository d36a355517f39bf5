/*
 * conceal.h  Packet loss concealment for G.711: the last pitch period goes on
 *
 * What ITU-T G.711 Appendix I describes, in a form of our own that looks at
 * nothing to come: the waveform of a lost packet is the latest pitch period
 * repeated, for 10 ms as loud as it is sure, then fading to silence at 60 ms; the
 * first packet after it is blended in. No delay is added. Pure, plain data.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_CONCEAL_H
#define MEDIAD_SOUND_CONCEAL_H

#include <stddef.h>
#include <stdint.h>

enum {
	CONCEAL_HISTORY = 400, /* samples at 8 kHz: 50 ms */
	CONCEAL_PITCH_MAX = 160,
	CONCEAL_FADE_END = 480, /* from here on it is silent */
};

/* Zeroed memory is silence heard so far. */
struct conceal {
	int16_t history[CONCEAL_HISTORY]; /* what was heard last */
	int16_t period[CONCEAL_PITCH_MAX];
	uint16_t pitch; /* samples in period */
	uint16_t at;    /* next of period */
	uint32_t lost;  /* samples made since the loss began; 0: none */
	int32_t gain;   /* at first */
	int32_t step;   /* from what was heard to where the period begins */
};

/* Make samples for what was lost. */
void conceal_make(struct conceal *c, int16_t *pcm, size_t count);
/* What was received: after a loss, its beginning is blended with what would
 * have gone on. */
void conceal_heard(struct conceal *c, int16_t *pcm, size_t count);

#endif
