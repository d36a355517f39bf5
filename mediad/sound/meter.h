/*
 * meter.h  How loud a voice is, whether it clips, since when it is silent
 *
 * Fed with samples where they are decoded anyway; of G.711 and L16 that are
 * passed on, with the payload of some packets; of Opus that is passed on, with
 * its length, as digital silence takes a few bytes, and with a glimpse now and
 * then, as of G.722. Levels are dBov: a square of full scale is 0 (RFC 6464). Plain data to embed.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_METER_H
#define MEDIAD_SOUND_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	METER_NONE = -128,  /* dBov: not known */
	METER_QUIET = -68,  /* this and less is silence: less than a step of
			       A-law's smallest */
	METER_FEW = 8,      /* bytes of a packet of Opus: silence */
	METER_SPARSE = 4,   /* of so many payloads one is looked at */
};

/* What a payload is like. */
enum meter_kind {
	METER_BLIND,  /* nothing is to be had from it */
	METER_OPAQUE, /* its length alone */
	METER_ULAW,
	METER_ALAW,
	METER_LINEAR, /* 16 bit, network byte order */
};

struct meter {
	uint64_t sum;      /* of squares, */
	uint32_t n;        /* of so many samples, since the latest reading */
	uint16_t peak;     /* magnitude, since then */
	int8_t level, top; /* dBov, at the latest reading: mean and peak */
	uint8_t flat;      /* samples at full scale in a row */
	bool known;        /* sound or silence can be told apart */
	bool holds;        /* the level is a glimpse's, until the next one */
	uint64_t clipped;  /* times that three or more were in a row */
	uint64_t sound_ms; /* latest sound; 0: none yet */
};

void meter_open(struct meter *meter);
void meter_samples(struct meter *meter, const int16_t *pcm, size_t n,
		   uint64_t now_ms);
void meter_payload(struct meter *meter, enum meter_kind kind,
		   const uint8_t *payload, size_t len, uint64_t now_ms);
/* Samples of a moment, which say how loud it is, but not what is silent. */
void meter_glimpse(struct meter *meter, const int16_t *pcm, size_t n);
/* Nothing comes: a glimpse from before says nothing any more. */
void meter_forget(struct meter *meter);
/* level and top are of the time since the call before, or of a glimpse. */
void meter_read(struct meter *meter);

#endif
