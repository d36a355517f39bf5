/*
 * marks.h  How long sound was under way, through whatever codecs
 *
 * A mark is a frame of a loud tone in quieter speech (voice.h). It is found in
 * what comes out by its first loud sample, so a receiver's buffer and the
 * codecs' look-ahead are in the delay, as they are for who listens.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_MARKS_H
#define TESTS_BENCH_LIB_MARKS_H

#include <stddef.h>
#include <stdint.h>

struct codec;
struct codec_dec;

enum {
	MARKS_EACH = 25, /* frames: delays up to half a second are told apart */
	MARKS_BUCKETS = 5000, /* 0.1 ms each */
	MARKS_TONE = 16000, /* amplitude; speech is an eighth of what it is */
	MARKS_LOUD = 8000
};

/* One listener. Zero: there is none. */
struct marks_ear {
	const struct codec *codec;
	struct codec_dec *dec;
	uint64_t sent_us;  /* the last mark towards it; 0: none since it was heard */
};

/* Of all listeners. Zero it to begin. */
struct marks {
	unsigned count;
	uint32_t delays[MARKS_BUCKETS];
};

int marks_ear_open(struct marks_ear *ear, const struct codec *codec);
void marks_ear_close(struct marks_ear *ear);
/* A payload that came now. */
void marks_hear(struct marks *marks, struct marks_ear *ear, uint64_t now_us,
		const uint8_t *payload, size_t len);
/* Milliseconds; 0: no mark was heard. */
double marks_percentile(const struct marks *marks, double share);

#endif
