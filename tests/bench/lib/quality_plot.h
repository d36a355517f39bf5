/*
 * quality_plot.h  The figures of two programs as a picture
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_QUALITY_PLOT_H
#define TESTS_BENCH_LIB_QUALITY_PLOT_H

#include "tests/bench/lib/judge.h"

enum {
	QUALITY_CELLS = 11 /* clean; 1, 3, 5, 10 %; 3, 5, 10 % in bursts;
			      20, 40, 60 ms */
};

struct quality {
	/* codec beside Opus: PCMU, PCMA, G.722; to Opus; network */
	struct judgement of[3][2][QUALITY_CELLS];
};

/* Ours and theirs, as SVG. Ends the program when it cannot be written. */
void quality_plot(const char *file, const struct quality q[2]);

#endif
