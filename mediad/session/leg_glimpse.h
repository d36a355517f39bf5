/*
 * leg_glimpse.h  How loud a voice is that is passed on in Opus or G.722
 *
 * A relay decodes nothing. Each LEG_GLIMPSE_MS, for each leg at a moment of
 * its own, a few packets in a row are
 * decoded: the first ones for the decoder, which knows nothing of what was
 * before (of the energies that CELT predicts an error of a half of itself is
 * left with each frame, RFC 6716, 4.3.2.1), the last one for its level. That
 * is a level for people, and none of silence: 20 ms may be a pause of speech.
 * When the worker is late nobody is listened to.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_LEG_GLIMPSE_H
#define MEDIAD_SESSION_LEG_GLIMPSE_H

#include <stdint.h>

struct codec;
struct codec_dec;
struct leg;
struct strm_pkt;

enum {
	LEG_GLIMPSE_MS = 5000, /* as often as figures are told */
	LEG_GLIMPSE_FIRST = 3, /* packets that are decoded for the decoder */
};

struct leg_glimpse {
	struct codec_dec *dec;     /* NULL: not listening now */
	const struct codec *codec; /* of dec */
	uint64_t next_ms; /* 0: no packet came yet */
	uint8_t packets; /* decoded */
};

/* A packet of its voice. */
void leg_glimpse_packet(struct leg *leg, const struct strm_pkt *sp,
			const uint8_t *payload);
void leg_glimpse_stop(struct leg *leg);

#endif
