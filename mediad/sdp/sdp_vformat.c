/*
 * sdp_vformat.c  Formats of video: which two are the same, and their
 *                parameters
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_model.h"
#include "mediad/sdp/sdp_text.h"
#include "mediad/sdp/sdp_vformat.h"

static const char *const names[SDPM_VCODECS] = {
	[SDPM_VCODEC_NONE] = "",  [SDPM_VP8] = "VP8", [SDPM_VP9] = "VP9",
	[SDPM_H264] = "H264",     [SDPM_AV1] = "AV1",
};

const char *sdpm_vcodec_name(enum sdpm_vcodec codec)
{
	return (unsigned)codec < SDPM_VCODECS ? names[codec] : "";
}

/* --- parameters ------------------------------------------------------------ */

static bool param_find(struct pl *val, const struct pl *fmtp, const char *name)
{
	struct pl rest = *fmtp, param, key;

	while (sdpm_cut(&param, &rest, ';')) {
		while (param.l && *param.p == ' ')
			pl_advance(&param, 1);
		if (!sdpm_cut(&key, &param, '=') ||
		    !sdpm_is_nocase(&key, name))
			continue;
		while (param.l && param.p[param.l - 1] == ' ')
			--param.l;
		*val = param;
		return true;
	}
	return false;
}

/* Absent: 0, which is the default of all of them. */
static bool number_find(uint8_t *num, const struct pl *fmtp, const char *name,
			uint32_t max)
{
	struct pl val;
	uint32_t n = 0;

	if (param_find(&val, fmtp, name) && !sdpm_number(&n, &val, max))
		return false;
	*num = (uint8_t)n;
	return true;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool h264_level_id(uint8_t id[3], const struct pl *val)
{
	if (val->l != 6)
		return false;
	for (size_t i = 0; i < 3; i++) {
		int hi = hex(val->p[2 * i]), lo = hex(val->p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		id[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static bool h264_read(struct sdpm_vformat *video, const struct pl *fmtp)
{
	/* RFC 6184, 8.1: without a word it is Baseline, level 1 */
	static const uint8_t least[3] = {0x42, 0x00, 0x0a};
	struct pl val;

	memcpy(video->profile, least, sizeof(least));
	if (param_find(&val, fmtp, "profile-level-id") &&
	    !h264_level_id(video->profile, &val))
		return false;
	/* mode 2 is interleaved: nobody uses it */
	return number_find(&video->mode, fmtp, "packetization-mode", 1);
}

bool sdpm_vformat_read(struct sdpm_vformat *video,
		       const struct sdpm_format *format)
{
	*video = (struct sdpm_vformat){.rx_pt = format->pt,
				       .tx_pt = format->pt};
	if (format->clock != SDPM_VCLOCK)
		return false;
	for (uint8_t i = SDPM_VP8; i < SDPM_VCODECS; i++)
		if (sdpm_is_nocase(&format->name, names[i]))
			video->codec = i;

	switch ((enum sdpm_vcodec)video->codec) {
	case SDPM_VP8:
		return true;
	case SDPM_VP9:
		return number_find(video->profile, &format->fmtp, "profile-id",
				   3);
	case SDPM_AV1:
		return number_find(video->profile, &format->fmtp, "profile",
				   2);
	case SDPM_H264:
		return h264_read(video, &format->fmtp);
	case SDPM_VCODEC_NONE:
	case SDPM_VCODECS:
		break;
	}
	return false;
}

/* --- the same ----------------------------------------------------------------- */

/* RFC 6184, table 5: several bytes name one profile. The number is ours: what
 * is in no row is only the same as itself. */
static unsigned h264_class(const uint8_t id[3])
{
	static const struct {
		uint8_t idc, mask, iop, class;
	} rows[] = {
		{0x42, 0x4f, 0x40, 1}, /* Constrained Baseline */
		{0x4d, 0x8f, 0x80, 1}, {0x58, 0xcf, 0xc0, 1},
		{0x42, 0x4f, 0x00, 2}, /* Baseline */
		{0x58, 0xcf, 0x80, 2}, {0x4d, 0xaf, 0x00, 3}, /* Main */
		{0x64, 0xff, 0x00, 4},                        /* High */
		{0x64, 0xff, 0x0c, 5}, /* Constrained High */
	};

	for (size_t i = 0; i < COUNTOF(rows); i++)
		if (id[0] == rows[i].idc &&
		    (id[1] & rows[i].mask) == rows[i].iop)
			return rows[i].class;
	return 0x100u + id[0] * 256u + id[1];
}

bool sdpm_vformat_same(const struct sdpm_vformat *a,
		       const struct sdpm_vformat *b)
{
	if (a->codec != b->codec)
		return false;
	if (a->codec == SDPM_H264)
		return a->mode == b->mode &&
		       h264_class(a->profile) == h264_class(b->profile);
	return a->profile[0] == b->profile[0];
}

bool sdpm_vformat_sound(const struct sdpm_vformat *video)
{
	return video->codec > SDPM_VCODEC_NONE && video->codec < SDPM_VCODECS &&
	       video->mode <= 1 && video->rx_pt < 128 && video->tx_pt < 128;
}

/* --- written ------------------------------------------------------------------- */

int sdpm_vformat_write(struct mbuf *mb, const struct sdpm_vformat *video)
{
	const uint8_t *profile = video->profile;
	int err = mbuf_printf(mb, "a=rtpmap:%u %s/%u\r\n", video->rx_pt,
			      names[video->codec], SDPM_VCLOCK);

	if (video->codec == SDPM_VP9)
		err |= mbuf_printf(mb, "a=fmtp:%u profile-id=%u\r\n",
				   video->rx_pt, profile[0]);
	else if (video->codec == SDPM_AV1)
		err |= mbuf_printf(mb, "a=fmtp:%u profile=%u\r\n", video->rx_pt,
				   profile[0]);
	else if (video->codec == SDPM_H264)
		err |= mbuf_printf(mb,
				   "a=fmtp:%u level-asymmetry-allowed=1;"
				   "packetization-mode=%u;"
				   "profile-level-id=%02x%02x%02x\r\n",
				   video->rx_pt, video->mode, profile[0],
				   profile[1], profile[2]);
	return err;
}
