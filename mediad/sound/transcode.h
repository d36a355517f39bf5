/*
 * transcode.h  From one leg to another that has another codec: one direction
 *
 * A packet in order is decoded, encoded and sent at once; there is no playout
 * clock, the receiver has one. A gap is waited for a short time (jitter.h) and
 * then concealed, by what the packet behind it repairs (Opus LBRR) if it can.
 * All is voice at 8 kHz, or at 16 where both sides can make use of it. See docs/transcoding.md, and
 * docs/decisions/ for the why.
 *
 * Telephone-events go from clock to clock in the place that they have in the
 * audio, which pauses meanwhile (RFC 4733, 2.5.2.2); without telephone-event
 * on the other side they become tones.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_TRANSCODE_H
#define MEDIAD_SOUND_TRANSCODE_H

#include "mediad/rtp/relay.h"
#include "mediad/sound/codec.h"

struct keytone;
struct path;
struct report_far;
struct strm_out;
struct transcode;
struct wheel;

enum {
	TRANSCODE_NO_PT = 0xff,
	TRANSCODE_CONCEAL_MS = 100, /* longer losses are skipped */
	TRANSCODE_PAUSE_MS = 2000,  /* of a sender's pause that we fill, */
	TRANSCODE_NOISE_MS = 60000, /* and when it sends comfort noise */
};

/* One side of it. */
struct transcode_side {
	const struct codec *codec;
	uint8_t pt;
	uint8_t event_pt;     /* TRANSCODE_NO_PT: none */
	uint32_t event_clock; /* Hz */
	uint8_t noise_pt;     /* 1 + that of comfort noise; 0: none */
};

/* Packets of the source unless said otherwise. */
struct transcode_stats {
	uint64_t concealed; /* lost, and made up for */
	uint64_t repaired;  /* of these: by LBRR of the next */
	uint64_t skipped;   /* lost, and nothing made: too many in a row */
	uint64_t late;      /* came after that, dropped */
	uint64_t reordered; /* came late, but in time */
	uint64_t unusable;  /* no payload of the codec, or not negotiated */
	uint64_t filled;    /* frames made in a pause of the sender */
	uint64_t running;   /* in totals: transcodes that there are */
};

enum {
	TRANSCODE_TOTALS = 2
};

struct transcode_params {
	struct wheel *wheel;
	struct transcode_side from, to;
	uint16_t ptime;           /* ms that `to` wants */
	uint16_t takes;           /* bit n: `to` takes event n */
	struct codec_voice voice; /* that `to` asks for; its rate is the most
				     that is of use there, 0: CODEC_WIDE_RATE */
	struct strm_out *out;     /* of `to`, with its codec's clock */
	struct path *path;
	const struct report_far *far; /* what `to` reports; may be NULL */
	struct keytone *keytone;      /* when `to` has no telephone-event and
					 `from` has; may be NULL */
	const uint8_t *ease; /* as in struct packer_params */
	/* Who is served by our timers: *serving is set to `serve` for that
	 * time, see state_file_serving(). NULL: nobody asks. */
	uint32_t *serving;
	uint32_t serve;
	/* hears what is decoded, before it goes on; may be NULL */
	void (*voiceh)(const int16_t *pcm, size_t n, uint32_t rate, void *arg);
	void *voice_arg;
	/* counted into as well; may be NULL */
	struct transcode_stats *totals[TRANSCODE_TOTALS];
};

/* The caller owns *tp; what params point to outlives it. All memory that it
 * will ever need is allocated here. */
int transcode_alloc(struct transcode **tp,
		    const struct transcode_params *params);
/* Any packet of the source: a relay_take_h; arg: the transcode. */
void transcode_take(const struct strm_in *in, const struct strm_pkt *sp,
		    uint8_t *pkt, void *arg);
/* An event that is on is told to be over, before the transcode goes. */
void transcode_end_event(struct transcode *t, uint64_t now_ms);
const struct transcode_stats *transcode_stats(const struct transcode *t);
/* Would another one with these params do the same? */
bool transcode_same(const struct transcode *t,
		    const struct transcode_params *params);

#endif
