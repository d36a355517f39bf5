/*
 * sdp_codec.c  The formats that mediad knows, and their parameters
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_text.h"

static const struct sdpm_codec_info codecs[SDPM_CODECS] = {
	[SDPM_OPUS] = {"opus", 48000, 2, -1},
	[SDPM_PCMU] = {"PCMU", 8000, 1, 0},
	[SDPM_PCMA] = {"PCMA", 8000, 1, 8},
	/* its clock is an error that stays (RFC 3551, 4.5.2) */
	[SDPM_G722] = {"G722", 8000, 1, 9},
	[SDPM_L16] = {"L16", 16000, 1, -1},
	[SDPM_EVENT] = {"telephone-event", 0, 1, -1},
	[SDPM_G729] = {"G729", 8000, 1, 18},
	[SDPM_NOISE] = {"CN", 0, 1, -1}, /* 13 at 8000 Hz */
	[SDPM_RED] = {"red", 0, 1, -1},  /* 2 channels beside Opus */
};

/* RFC 3551 table 4, for the explanation of what was offered */
static const struct {
	uint8_t pt;
	const char *name;
	uint32_t clock;
} statics[] = {
	{0, "PCMU", 8000},  {3, "GSM", 8000},   {4, "G723", 8000},
	{8, "PCMA", 8000},  {9, "G722", 8000},  {13, "CN", 8000},
	{15, "G728", 8000}, {18, "G729", 8000},
};

const struct sdpm_codec_info *sdpm_codec_info(enum sdpm_codec codec)
{
	assert(codec > SDPM_CODEC_NONE && codec < SDPM_CODECS);
	return &codecs[codec];
}

bool sdpm_codec_speaks(enum sdpm_codec codec)
{
	return codec != SDPM_CODEC_NONE && codec != SDPM_EVENT &&
	       codec != SDPM_NOISE && codec != SDPM_RED;
}

enum sdpm_codec sdpm_codec_find(const struct pl *name, uint32_t clock,
				uint32_t channels)
{
	for (int i = SDPM_CODEC_NONE + 1; i < SDPM_CODECS; i++) {
		const struct sdpm_codec_info *info = &codecs[i];

		/* RFC 7587 7: Opus is always announced with 2 channels */
		if (!sdpm_is_nocase(name, info->name) ||
		    (info->clock && clock != info->clock) ||
		    (i != SDPM_RED &&
		     (channels ? channels : 1) != info->channels))
			continue;

		return (enum sdpm_codec)i;
	}
	return SDPM_CODEC_NONE;
}

void sdpm_codec_static(struct sdpm_format *format)
{
	for (size_t i = 0; i < sizeof(statics) / sizeof(statics[0]); i++) {
		if (statics[i].pt != format->pt)
			continue;

		pl_set_str(&format->name, statics[i].name);
		format->clock = statics[i].clock;
		format->channels = 1;
		format->codec =
			sdpm_codec_find(&format->name, format->clock, 1);
		return;
	}
}

static void opus_param(struct sdpm_opus *opus, const struct pl *name,
		       uint32_t num)
{
	if (sdpm_is_nocase(name, "maxplaybackrate")) {
		if (num >= 8000 && num <= 48000)
			opus->max_playback_rate = num;
	} else if (sdpm_is_nocase(name, "sprop-maxcapturerate")) {
		if (num >= 8000 && num <= 48000)
			opus->capture_rate = num;
	} else if (sdpm_is_nocase(name, "maxaveragebitrate")) {
		if (num >= 6000 && num <= 510000)
			opus->max_bitrate = num;
	} else if (sdpm_is_nocase(name, "minptime")) {
		if (num >= 3 && num <= 120)
			opus->min_ptime = (uint8_t)num;
	} else if (sdpm_is_nocase(name, "stereo"))
		opus->stereo = num == 1;
	else if (sdpm_is_nocase(name, "useinbandfec"))
		opus->fec = num == 1;
	else if (sdpm_is_nocase(name, "usedtx"))
		opus->dtx = num == 1;
	else if (sdpm_is_nocase(name, "cbr"))
		opus->cbr = num == 1;
}

static void trim(struct pl *text)
{
	while (text->l && *text->p == ' ') {
		++text->p;
		--text->l;
	}
	while (text->l && text->p[text->l - 1] == ' ')
		--text->l;
}

void sdpm_opus_parse(struct sdpm_opus *opus, const struct pl *fmtp)
{
	struct pl rest = *fmtp, param, name;
	uint32_t num;

	memset(opus, 0, sizeof(*opus));
	while (sdpm_cut(&param, &rest, ';')) {
		trim(&param);
		if (!sdpm_cut(&name, &param, '='))
			continue;
		trim(&name);
		trim(&param);
		if (sdpm_number(&num, &param, 1000000))
			opus_param(opus, &name, num);
	}
}

uint16_t sdpm_events_parse(const struct pl *fmtp)
{
	struct pl rest = *fmtp, range, from;
	uint32_t first, last;
	uint16_t events = 0;

	if (!rest.l)
		return 0xffff;

	while (sdpm_cut(&range, &rest, ',')) {
		trim(&range);
		if (!sdpm_cut(&from, &range, '-') ||
		    !sdpm_number(&first, &from, 255))
			continue;
		last = first;
		if (range.l && !sdpm_number(&last, &range, 255))
			continue;
		for (uint32_t n = first; n <= last && n < 16; n++)
			events |= (uint16_t)(1u << n);
	}
	return events;
}
