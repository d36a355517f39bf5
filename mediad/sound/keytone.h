/*
 * keytone.h  Digits as tones, for who does not take telephone-events
 *
 * While a digit sounds it is the only source of the stream: a tone from the
 * event's begin to its end, 80 ms at least, then 60 ms of silence at least.
 * Digits that come faster than they can be played wait, a few of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_KEYTONE_H
#define MEDIAD_SOUND_KEYTONE_H

#include "mediad/rtp/digit.h"
#include "mediad/rtp/relay.h"

struct codec;
struct keytone;
struct path;
struct strm_out;
struct wheel;

enum {
	KEYTONE_FRAME_MS = 20,
	KEYTONE_TONE_MIN_MS = 80,
	KEYTONE_PAUSE_MS = 60,
	KEYTONE_TONE_MAX_MS = 10000,
	KEYTONE_QUEUE = 16,
};

/* Instead of a tone: a key was pressed for so long. */
typedef void(keytone_told_h)(uint8_t code, uint32_t ms, void *arg);

struct keytone_params {
	struct wheel *wheel;
	const struct codec *codec;
	uint8_t pt;
	struct digit_clock from; /* of the events that come */
	struct strm_out *out;    /* with the codec's clock */
	struct path *path;
	keytone_told_h *toldh; /* NULL: it sounds */
	void *arg;
};

/* The caller owns *ktp; out and path outlive it. */
int keytone_alloc(struct keytone **ktp, const struct keytone_params *params);
/* A packet of an event. ts: by its source. */
void keytone_event(struct keytone *kt, uint32_t ts, const struct digit *digit,
		   uint64_t now_ms);
/* The same as a relay_take_h; arg: the keytone. */
void keytone_take(const struct strm_in *in, const struct strm_pkt *sp,
		  uint8_t *pkt, void *arg);
/* The next event is from another source. */
void keytone_anew(struct keytone *kt);
/* A tone or the pause behind it. */
bool keytone_sounds(const struct keytone *kt);

#endif
