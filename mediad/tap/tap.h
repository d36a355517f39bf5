/*
 * tap.h  The audio of a session for those who are no side of it: a recording,
 *        and a consumer that gets it as RTP
 *
 * What comes from each side is decoded, and put in its place on a timeline: by
 * its RTP timestamps, and by when it came (RFC 3550, 6.4.1: sender's reports
 * tell of the sender's clock, which is nobody else's). What is missing is
 * silence; a clock that runs differently is followed sample by sample. So both
 * channels are as long as the call was, and stay in step.
 *
 * Nothing here waits for anybody. One thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_TAP_TAP_H
#define MEDIAD_TAP_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/tap/recorder.h"

struct codec;
struct forker;
struct tap;
struct wheel;

struct tap_params {
	struct wheel *wheel;
	struct recorder *recorder; /* NULL: no recording */
	struct forker *forker;     /* NULL: no consumer; fork.h */
	const char *consumer;
	struct rec_name name;
	bool before; /* see rec_begin() */
	bool hushed; /* from the begin on, see tap_hush() */
};

/* A packet of a side in clear. */
struct tap_pkt {
	const struct codec *codec;
	uint64_t now_ms; /* when it came */
	uint64_t ext;    /* extended sequence number */
	uint32_t gen;    /* of the source: another number is another source */
	uint32_t ts;
	const uint8_t *data;
	size_t len;
};

/* The caller owns *tapp; mem_deref() ends recording and fork. ENOENT: there is
 * no such consumer, and nothing else was asked for. */
int tap_alloc(struct tap **tapp, const struct tap_params *params);
/* side: 0 the caller, 1 who was called. */
void tap_put(struct tap *tap, unsigned side, const struct tap_pkt *pkt);
/* From now on silence, whatever comes; or what comes again. What is so already
 * stays so. */
void tap_hush(struct tap *tap, bool hush);
/* Is it being recorded? */
bool tap_records(const struct tap *tap);
/* The consumer; NULL: none. */
const char *tap_consumer(const struct tap *tap);

#endif
