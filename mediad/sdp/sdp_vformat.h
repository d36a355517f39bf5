/*
 * sdp_vformat.h  Formats of video: which two are the same, and their
 *                parameters
 *
 * Video is never transcoded, so what matters of a format is whether what one
 * side sends is what the other one can decode: codec, profile and, for H.264,
 * the way of packing. Pure plain data.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_VFORMAT_H
#define MEDIAD_SDP_VFORMAT_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct sdpm_format;

enum sdpm_vcodec {
	SDPM_VCODEC_NONE,
	SDPM_VP8,  /* RFC 7741 */
	SDPM_VP9,  /* RFC 9628 */
	SDPM_H264, /* RFC 6184 */
	SDPM_AV1,  /* AV1 RTP, 7.2 */
	SDPM_VCODECS,
};

enum {
	SDPM_VCLOCK = 90000, /* Hz, of all of them */
};

struct sdpm_vformat {
	uint8_t codec;      /* enum sdpm_vcodec */
	uint8_t mode;       /* H.264: packetization-mode, 0 or 1 */
	uint8_t profile[3]; /* H.264: profile-level-id; VP9, AV1: the profile,
			       0, 0 */
	uint8_t rx_pt;      /* of packets that we receive */
	uint8_t tx_pt;      /* of packets that we send */
};

const char *sdpm_vcodec_name(enum sdpm_vcodec codec);

/* False: it is none of ours, or not in a way that is relayed. Both numbers are
 * the format's. */
bool sdpm_vformat_read(struct sdpm_vformat *video,
		       const struct sdpm_format *format);
/* What one says the other one decodes, but for H.264's level. */
bool sdpm_vformat_same(const struct sdpm_vformat *a,
		       const struct sdpm_vformat *b);
/* The rtpmap and fmtp lines of packets that we receive. */
int sdpm_vformat_write(struct mbuf *mb, const struct sdpm_vformat *video);
/* Numbers of the enum and the like, of bytes from a file. */
bool sdpm_vformat_sound(const struct sdpm_vformat *video);

#endif
