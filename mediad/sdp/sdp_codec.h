/*
 * sdp_codec.h  The formats that mediad knows, and their parameters
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_CODEC_H
#define MEDIAD_SDP_CODEC_H

#include "mediad/sdp/sdp_model.h"

struct sdpm_codec_info {
	const char *name;  /* encoding name, RFC 7587, 3551, 4733 */
	uint32_t clock;    /* Hz; 0: that of the codec it goes with */
	uint8_t channels;  /* as rtpmap has it */
	int16_t static_pt; /* RFC 3551, -1: dynamic */
};

/* codec: not SDPM_CODEC_NONE. */
const struct sdpm_codec_info *sdpm_codec_info(enum sdpm_codec codec);

/* Is it a voice, not what may come beside one? */
bool sdpm_codec_speaks(enum sdpm_codec codec);

/* SDPM_CODEC_NONE when it is not one of ours. channels 0: not said. */
enum sdpm_codec sdpm_codec_find(const struct pl *name, uint32_t clock,
				uint32_t channels);

/* Name and clock of a static payload type (RFC 3551 6); leaves the format as
 * it is when pt is dynamic or unassigned. */
void sdpm_codec_static(struct sdpm_format *format);

/* Parameters of RFC 7587 6.1; what is missing or makes no sense is 0. */
void sdpm_opus_parse(struct sdpm_opus *opus, const struct pl *fmtp);

/* RFC 4733 2.4.1, "0-15,66": bit n for events 0..15. An empty text is 0-15
 * (RFC 4733 2.4.1: that is the least). */
uint16_t sdpm_events_parse(const struct pl *fmtp);

#endif
