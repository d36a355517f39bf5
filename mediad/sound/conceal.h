/*
 * conceal.h  Packet loss concealment for codecs that have none of their own:
 *            the last pitch period goes on
 *
 * Who knows what comes behind the loss gets a voice that goes from the one side
 * of it to the other: conceal_between(). We mostly do: a loss is only known by
 * the packet behind it.
 *
 * Else it is what ITU-T G.711 Appendix I describes, in a form of our own: the
 * waveform of a lost packet is the latest pitch period repeated, for 10 ms as
 * loud as it is sure, then fading to silence at 60 ms; the first packet after
 * it is blended in. No delay is added. Pure, plain data.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_CONCEAL_H
#define MEDIAD_SOUND_CONCEAL_H

#include <stddef.h>
#include <stdint.h>

/* Samples at 8 kHz. */
enum {
	CONCEAL_HISTORY = 400, /* 50 ms */
	CONCEAL_PITCH_MAX = 160,
	CONCEAL_FADE_END = 480, /* from here on it is silent */
	CONCEAL_AHEAD_MIN = 80, /* of what follows: less is of no use, */
	CONCEAL_AHEAD_MAX = 160, /* and more, too */
	CONCEAL_ROOM = CONCEAL_HISTORY + CONCEAL_PITCH_MAX,
};

struct conceal {
	int16_t *history; /* what was heard last */
	int16_t *period;
	uint16_t times; /* 8 kHz */
	uint16_t pitch; /* samples in period */
	uint16_t at;    /* next of period */
	uint32_t lost;  /* samples made since the loss began; 0: none */
	int32_t gain;   /* at first */
	int32_t step;   /* from what was heard to where the period begins */
};

/* Silence was heard so far. room: times * CONCEAL_ROOM samples, zeroed, that
 * stay where they are; times: 8 kHz, 1 or 2. */
void conceal_open(struct conceal *c, int16_t *room, unsigned times);
/* As src is now; room: as above, of the same size, and not zeroed. */
void conceal_copy(struct conceal *c, const struct conceal *src, int16_t *room);
/* The last n samples, at most times * CONCEAL_HISTORY, until the next call. */
const int16_t *conceal_latest(const struct conceal *c, size_t n);
/* Make samples for what was lost. */
void conceal_make(struct conceal *c, int16_t *pcm, size_t count);
/* The same, between what was heard and what will be: `ahead` are the n samples
 * behind the loss, n at least times * CONCEAL_AHEAD_MIN and at most times *
 * CONCEAL_AHEAD_MAX. What is received next is not blended. */
void conceal_between(struct conceal *c, int16_t *pcm, size_t count,
		     const int16_t *ahead, size_t n);
/* What was made for a loss by other means, or is silence. */
void conceal_remember(struct conceal *c, const int16_t *pcm, size_t count);
/* What was received: after a loss, its beginning is blended with what would
 * have gone on. */
void conceal_heard(struct conceal *c, int16_t *pcm, size_t count);

#endif
