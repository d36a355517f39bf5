/*
 * quality.h  What a stream is worth to an ear: the E-model, in short
 *
 * ITU-T G.107 with its default values, as far as loss and delay go; the
 * equipment factors of G.113 Appendix I. An estimate: it never heard the
 * stream. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_QUALITY_H
#define MEDIAD_RTP_QUALITY_H

#include <stdint.h>

struct quality_in {
	const char *codec;       /* "opus", "PCMU" ...: encoding name */
	uint64_t received, lost; /* packets */
	uint32_t jitter_us; /* the buffer of who listens is taken to be four
			       times as deep, 20 ms at least */
	uint32_t rtt_us;    /* 0: not known, taken as none */
};

/* Mean opinion score times 100, 100..441; 0: nothing was received. */
unsigned quality_mos(const struct quality_in *in);

#endif
