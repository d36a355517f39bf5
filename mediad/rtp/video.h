/*
 * video.h  The packet path of video: what comes from one leg goes out on
 *          another, never decoded
 *
 * One struct video_way for each direction. As in relay.h the header is
 * written anew; some of its extensions pass, by the numbers of the other leg.
 * The marker stays the source's: it ends a frame. Nothing here allocates,
 * locks, logs or asks for the time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_VIDEO_H
#define MEDIAD_RTP_VIDEO_H

#include "mediad/rtp/stream.h"

struct past;
struct path;

enum {
	VIDEO_EXTS = 3,         /* header extensions that can pass */
	VIDEO_EXT_LEN_MAX = 16, /* bytes of one of them */
	VIDEO_CLOCK = 90000,    /* Hz */
	VIDEO_ASKS = 64,        /* bits in strm_in.seen */
};

/* Numbers of a leg's header extensions, the same place in both; 0: none. */
struct video_exts {
	uint8_t id[VIDEO_EXTS];
};

struct video_way {
	struct strm_map map;
	struct strm_out *out; /* NULL: to nobody */
	struct path *to;
	struct past *past; /* NULL: nothing is sent again */
	struct video_exts in_exts, out_exts;
	uint8_t in_pt, out_pt;
	uint64_t dropped;
};

/* sp: from strm_in_packet(). The bytes before the payload are overwritten.
 * False: it was not sent. */
bool video_forward(struct video_way *way, const struct strm_in *in,
		   struct strm_pkt *sp, uint8_t *pkt);

/* The index of our stream that a far side means by a number. */
uint64_t video_index(const struct strm_out *out, uint16_t seq);
/* The source's number of what went out under an index; false: it was of
 * another source. */
bool video_source_seq(const struct video_way *way, const struct strm_in *in,
		      uint64_t index, uint16_t *seq);

/* What a source was asked for lately. Zeroed: nothing. */
struct video_asks {
	uint64_t from_ms; /* n: since then */
	uint32_t n;
	uint64_t at_ms[VIDEO_ASKS]; /* by number % VIDEO_ASKS; 0: never */
	uint16_t seq[VIDEO_ASKS];
};

/* May the source be asked for this number now? Then it counts as asked. Not
 * for what has come, what would come too late to be taken (strm_in_packet()),
 * what it was just asked for, nor for more than VIDEO_ASKS in 100 ms: whoever
 * hears the picture could have its source send any amount. */
bool video_may_ask(struct video_asks *asks, const struct strm_in *in,
		   uint16_t seq, uint64_t now_ms);

#endif
