/*
 * sdp_feedback.c  Feedback and header extensions of an m-line of video
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/sdp/sdp_text.h"
#include "mediad/sdp/sdp_video_priv.h"

const struct sdpm_fb_name sdpm_fb_names[SDPM_FB_NAMES] = {
	{SDPM_FB_NACK, "nack"},         {SDPM_FB_PLI, "nack pli"},
	{SDPM_FB_FIR, "ccm fir"},       {SDPM_FB_REMB, "goog-remb"},
	{SDPM_FB_TWCC, "transport-cc"},
};

const char *sdpm_ext_uri(enum sdpm_vext ext)
{
	static const char *const uris[SDPM_VEXTS] = {
		[SDPM_EXT_TWCC] = "http://www.ietf.org/id/draft-holmer-rmcat-"
				  "transport-wide-cc-extensions-01",
		[SDPM_EXT_SENT] = "http://www.webrtc.org/experiments/"
				  "rtp-hdrext/abs-send-time",
		[SDPM_EXT_TURN] = "urn:3gpp:video-orientation",
	};

	return uris[ext];
}

uint8_t sdpm_feedback_read(const struct sdpm_media *media, int pt)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < media->streams.nfeedback; i++) {
		const struct sdpm_feedback *fb = &media->streams.feedback[i];

		if (pt >= 0 && fb->pt >= 0 && fb->pt != pt)
			continue;
		for (size_t k = 0; k < SDPM_FB_NAMES; k++)
			if (sdpm_is_nocase(&fb->value, sdpm_fb_names[k].text))
				bits |= sdpm_fb_names[k].bit;
	}
	return bits;
}

uint8_t sdpm_ext_read(const struct sdpm_media *media, enum sdpm_vext ext)
{
	for (size_t i = 0; i < media->streams.nextmaps; i++) {
		const struct sdpm_extmap *map = &media->streams.extmaps[i];

		if (map->id >= 1 && map->id <= 14 &&
		    sdpm_is(&map->uri, sdpm_ext_uri(ext)))
			return (uint8_t)map->id;
	}
	return 0;
}
