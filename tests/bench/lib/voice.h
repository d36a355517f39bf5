/*
 * voice.h  The same speech for all that is measured, encoded beforehand
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_VOICE_H
#define TESTS_BENCH_LIB_VOICE_H

#include <stddef.h>
#include <stdint.h>

enum {
	VOICE_MAX = 400 /* bytes of a frame */
};

struct voice_frame {
	size_t len;
	uint8_t data[VOICE_MAX];
};

/* 20 ms each. Opus with the settings of a browser: VOIP, 32 kbit/s, LBRR. */
int voice_opus(struct voice_frame *frames, unsigned count);
int voice_pcmu(struct voice_frame *frames, unsigned count);
/* The same, quieter, with marks.h's mark in each MARKS_EACHth frame, the first
 * one of them. */
int voice_opus_marked(struct voice_frame *frames, unsigned count);
int voice_pcmu_marked(struct voice_frame *frames, unsigned count);

#endif
