/*
 * transcode_priv.h  One direction of a transcoded call, for its files
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_TRANSCODE_PRIV_H
#define MEDIAD_SOUND_TRANSCODE_PRIV_H

#include "common/wheel.h"
#include "mediad/sound/comfort.h"
#include "mediad/sound/jitter.h"
#include "mediad/sound/packer.h"
#include "mediad/sound/transcode.h"

/* Where the source stands. */
struct tc_line {
	bool begun;
	uint32_t gen;     /* of the source */
	uint32_t want;    /* timestamp of the next sample */
	uint32_t span;    /* samples of its latest packet */
	uint64_t missing; /* packets lost since then */
	uint64_t at_ms;   /* when `want` was last right */
};

/* The sender has paused (DTX), or sends comfort noise. */
struct tc_pause {
	struct wheel_timer timer;
	struct comfort noise; /* what it sounds like */
	bool on;
	bool rests; /* nothing but noise has come since it began */
	uint32_t known_ms; /* how long that was listened to */
	uint32_t rested;   /* frames since the encoder pauses, too */
	uint64_t due_ms, end_ms;
	uint32_t ahead; /* samples that we made too many */
};

/* A telephone-event of the source. */
struct tc_event {
	struct wheel_timer timer;
	struct digit_way way;
	bool on;        /* the audio waits */
	bool had;       /* since the latest packet of audio */
	bool beside;    /* the source sends audio as well */
	uint8_t ends;   /* of its packets with E */
	uint32_t begin; /* by the packer's clock */
};

/* Samples that may be worked on now: what is sent faster than it can be heard
 * is not worth our time. */
struct tc_budget {
	uint64_t at_ms;
	uint32_t samples;
};

struct transcode {
	struct transcode_params params;
	struct wheel_timer gap;
	struct codec_dec *dec;
	uint32_t rate; /* of all samples here, Hz */
	struct tc_line line;
	struct tc_pause pause;
	struct tc_event event;
	struct tc_budget budget;
	struct transcode_stats stats, told;
	struct packer packer;
	struct jitter jitter;
};

/* Samples in ticks of the source's clock. */
static inline uint32_t tc_ticks(const struct transcode *t, uint32_t samples)
{
	return codec_ticks(t->params.from.codec, t->rate, samples);
}

static inline uint32_t tc_of_ms(const struct transcode *t, uint32_t ms)
{
	return ms * (t->rate / 1000);
}

/* --- transcode_audio.c --------------------------------------------------------- */

void tc_audio(struct transcode *t, const struct jitter_pkt *pkt,
	      uint64_t now_ms);
/* Where the source's time was left off; what is missing is made up for. */
void tc_follow(struct transcode *t, const struct jitter_pkt *pkt,
	       uint64_t now_ms);
void tc_put(struct transcode *t, const int16_t *pcm, size_t n,
	    uint64_t now_ms);

/* --- transcode_pause.c --------------------------------------------------------- */

/* The source has said that it pauses, in a packet that ends now. */
void tc_pause_start(struct transcode *t, uint64_t now_ms);
void tc_pause_stop(struct transcode *t);
/* Comfort noise of the source. */
void tc_noise(struct transcode *t, const struct jitter_pkt *pkt,
	      uint64_t now_ms);
/* What the source has just said in its pause is noise alone, and who hears it
 * takes comfort noise. True: it was told of that instead. */
bool tc_pause_goes_on(struct transcode *t, const struct jitter_pkt *pkt,
		      const int16_t *pcm, size_t n, uint64_t now_ms);

/* --- transcode_event.c --------------------------------------------------------- */

void tc_event_open(struct transcode *t);
void tc_event(struct transcode *t, const struct jitter_pkt *pkt,
	      uint64_t now_ms);
/* Audio has come: does it follow an event that is over? */
void tc_event_audio(struct transcode *t);

/* --- transcode.c --------------------------------------------------------------- */

/* Around all that a timer does with what the source has sent. */
void tc_serve(const struct transcode *t, bool begin);
/* What is new in stats goes into the total, too. */
void tc_tally(struct transcode *t);

#endif
