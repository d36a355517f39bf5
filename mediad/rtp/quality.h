/*
 * quality.h  What a stream is worth to an ear: the E-model, in short
 *
 * ITU-T G.107 with its default values, as far as loss and delay go, and
 * G.107.1 for wide band; the equipment factors of G.113. An estimate: it never
 * heard the stream. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_QUALITY_H
#define MEDIAD_RTP_QUALITY_H

#include <stdbool.h>
#include <stdint.h>

/* One section of the way from mouth to ear: a stream. */
struct quality_in {
	const char *codec;       /* "opus", "PCMU" ...: encoding name */
	uint64_t received, lost; /* packets */
	uint32_t jitter_us; /* the buffer of who listens is taken to be four
			       times as deep, 20 ms at least */
	uint32_t rtt_us;    /* 0: not known, taken as none */
	bool relayed; /* the payload is that of the section before: its codec
			 impairs once */
};

/*
 * Mean opinion score times 100; 0: nothing was received in one of them. All
 * sections of the way in their order, at most a few. Wide band all the way
 * is on the scale of G.107.1 (100..450), else it is 100..441: G.711 without a
 * fault is 441 among narrow band, and would be 370 beside wide band.
 */
unsigned quality_mos(const struct quality_in *in, unsigned n);
/* The transmission rating R, 0..129 of wide band, else 0..93. */
unsigned quality_r(const struct quality_in *in, unsigned n);
/* Can it be wide band? */
bool quality_wide(const char *codec);

#endif
