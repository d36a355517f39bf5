/*
 * corpus.h  Speech to measure with: four voices, two languages, from Debian's
 *           packages
 *
 * Two women of asterisk-core-sounds-en-g722 and -fr-g722 (recordings; G.722 is
 * what they are distributed in), two men of flite (statistical synthesis from
 * recorded voices). Six seconds of each, all equally loud.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_CORPUS_H
#define TESTS_BENCH_LIB_CORPUS_H

#include <stddef.h>
#include <stdint.h>

enum {
	CORPUS_FRAMES = 1200, /* 20 ms each */
	CORPUS_NARROW = CORPUS_FRAMES * 160,
	CORPUS_WIDE = CORPUS_FRAMES * 320
};

struct corpus {
	int16_t wide[CORPUS_WIDE];     /* 16 kHz */
	int16_t narrow[CORPUS_NARROW]; /* the same at 8 */
};

/* Ends the program, and says what to install, when it cannot. */
void corpus_load(struct corpus *corpus);

#endif
