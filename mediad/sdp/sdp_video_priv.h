/*
 * sdp_video_priv.h  What the files about video share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_VIDEO_PRIV_H
#define MEDIAD_SDP_VIDEO_PRIV_H

#include "mediad/sdp/sdp_decide_priv.h"
#include "mediad/sdp/sdp_video.h"

/* SDPM_FB_ of a payload type; -1: of any. */
uint8_t sdpm_feedback_read(const struct sdpm_media *media, int pt);
/* The number that the m-line gives to an extension; 0: it has none that can
 * be used (RFC 8285, 4.2: 1..14). */
uint8_t sdpm_ext_read(const struct sdpm_media *media, enum sdpm_vext ext);

/* --- sdp_video_dtls.c: an m-line with an association of its own, no browser's --- */

/* Is it of the same endpoint as audio, and like audio? */
bool sdpm_video_dtls_fits(const struct sdpm_media *media,
			  const struct sdpm_choice *choice);
/* was: the peer's address in the agreement before, or NULL. */
void sdpm_video_dtls_read(struct sdpm_video *video,
			  const struct sdpm_media *media,
			  const struct sdpm_choice *choice,
			  const struct sa *was);

struct sdpm_fb_name {
	uint8_t bit;
	const char *text;
};
enum {
	SDPM_FB_NAMES = 5
};
extern const struct sdpm_fb_name sdpm_fb_names[SDPM_FB_NAMES];
const char *sdpm_ext_uri(enum sdpm_vext ext);

#endif
