/*
 * line.h  One side of a call on a timeline: a ring of samples
 *
 * Pure, plain data to embed; no allocation but for its decoder. Positions are
 * samples since the begin.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_TAP_LINE_H
#define MEDIAD_TAP_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/sound/halfband.h"

struct codec;
struct codec_dec;
struct tap_pkt;

enum {
	LINE_RATE_MAX = 16000,
	LINE_ROOM = LINE_RATE_MAX, /* samples: a second and more */
};

struct line {
	uint32_t rate; /* of the timeline, Hz */
	uint64_t begin_ms;
	uint64_t read; /* all before this was read */
	uint64_t from; /* what was said before this is not put; 0: all is */
	int16_t ring[LINE_ROOM];

	/* of the present source: */
	const struct codec *codec;
	struct codec_dec *dec;
	uint32_t dec_rate; /* 8000 or `rate` */
	struct halfband up;
	uint32_t gen;
	bool placed;
	uint64_t ext;
	uint32_t ts;  /* of the latest packet, */
	uint64_t pos; /* and its place */
	uint64_t end; /* behind what was put last */
	/* how late packets are by their place: least of a while, samples */
	int32_t least;
	unsigned seen;
	int32_t steer; /* samples to be set right, one with each packet */
};

void line_open(struct line *line, uint32_t rate, uint64_t now_ms);
void line_close(struct line *line);
void line_put(struct line *line, const struct tap_pkt *pkt);
/* What was said until now, and not read yet, is not to be heard: neither what
 * was put ahead, nor what comes late. */
void line_forget(struct line *line);
/* The next samples, silence where there are none. */
void line_read(struct line *line, int16_t *pcm, size_t count);

#endif
