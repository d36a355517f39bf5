/*
 * sdp_offer.c  What we offer: first, and again
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_decide_priv.h"

int sdpm_map_find(const struct sdpm_map *maps, size_t n, enum sdpm_codec codec,
		  uint32_t clock)
{
	for (size_t i = 0; i < n; i++) {
		if (maps[i].codec == codec &&
		    (!clock || maps[i].clock == clock))
			return (int)i;
	}
	return -1;
}

bool sdpm_map_taken(const struct sdpm_map *maps, size_t n, uint8_t pt)
{
	for (size_t i = 0; i < n; i++) {
		if (maps[i].rx_pt == pt || maps[i].tx_pt == pt)
			return true;
	}
	return false;
}

/* The numbers that Chromium uses, and 101 as PBXs do; else the next free. */
static uint8_t pt_new(const struct sdpm_offer *offer,
		      const struct sdpm_choice *prev, enum sdpm_codec codec,
		      uint32_t clock)
{
	const struct sdpm_codec_info *info = sdpm_codec_info(codec);
	uint8_t pt = 96;

	if (info->static_pt >= 0)
		return (uint8_t)info->static_pt;
	if (codec == SDPM_NOISE && clock == 8000)
		return 13; /* RFC 3551 6 */
	if (codec == SDPM_OPUS)
		pt = 111;
	else if (codec == SDPM_RED)
		pt = clock == 48000 ? 63 : 121;
	else if (codec == SDPM_EVENT)
		pt = clock == 8000 ? 101 : 110;

	/* at most 2 * SDPM_MAPS_MAX of the 32 are taken: it ends */
	while (sdpm_map_taken(offer->maps, offer->nmaps, pt) ||
	       (prev && sdpm_map_taken(prev->maps, prev->nmaps, pt)))
		pt = pt == 127 ? 96 : (uint8_t)(pt + 1);

	return pt;
}

static void map_add(struct sdpm_offer *offer, const struct sdpm_choice *prev,
		    enum sdpm_codec codec, uint32_t clock)
{
	struct sdpm_map *map = &offer->maps[offer->nmaps];
	int i = prev ? sdpm_map_find(prev->maps, prev->nmaps, codec, clock)
		     : -1;

	if (i >= 0) {
		*map = prev->maps[i];
	} else {
		map->rx_pt = pt_new(offer, prev, codec, clock);
		map->tx_pt = map->rx_pt;
		map->codec = codec;
		map->clock = clock;
	}
	++offer->nmaps;
}

/* Is there a codec of this clock among the first n that are offered? */
static bool has_clock(const struct sdpm_offer *offer, size_t n, uint32_t clock)
{
	for (size_t i = 0; i < n; i++)
		if (offer->maps[i].clock == clock)
			return true;
	return false;
}

/* Events at the clock of each codec (RFC 4733 2.1), and at 8000 Hz beside
 * Opus, because Firefox has no other. */
static void add_events(struct sdpm_offer *offer, const struct sdpm_choice *prev)
{
	static const uint32_t clocks[] = {48000, 16000, 8000};
	const size_t ncodecs = offer->nmaps;

	if (!sdpm_policy_allows(&offer->policy, SDPM_EVENT))
		return;
	for (size_t i = 0; ncodecs && i < COUNTOF(clocks); i++)
		if (sdpm_policy_clock(&offer->policy, clocks[i]) &&
		    (clocks[i] == 8000 ||
		     has_clock(offer, ncodecs, clocks[i])))
			map_add(offer, prev, SDPM_EVENT, clocks[i]);
}

/* Opus needs none, and has none of its clock (RFC 7874 3). */
static void add_noise(struct sdpm_offer *offer, const struct sdpm_choice *prev)
{
	static const uint32_t clocks[] = {8000, 16000};
	const size_t ncodecs = offer->nmaps;

	if (!sdpm_policy_allows(&offer->policy, SDPM_NOISE))
		return;
	for (size_t i = 0; i < COUNTOF(clocks); i++)
		if (has_clock(offer, ncodecs, clocks[i]))
			map_add(offer, prev, SDPM_NOISE, clocks[i]);
}

/* At the clock of the first codec. It goes before that: who makes redundant
 * audio does so for what stands behind it, and Chromium for that alone. */
static void add_red(struct sdpm_offer *offer, const struct sdpm_choice *prev)
{
	const struct sdpm_policy *policy = &offer->policy;

	if (!sdpm_policy_allows(policy, SDPM_RED))
		return;
	for (size_t i = 0; i < policy->ncodecs; i++) {
		if (!sdpm_codec_speaks(policy->codecs[i]))
			continue;
		map_add(offer, prev, SDPM_RED,
			sdpm_codec_info(policy->codecs[i])->clock);
		return;
	}
}

static void maps_make(struct sdpm_offer *offer, const struct sdpm_choice *prev)
{
	const struct sdpm_policy *policy = &offer->policy;

	add_red(offer, prev);
	for (size_t i = 0; i < policy->ncodecs; i++) {
		enum sdpm_codec codec = policy->codecs[i];

		if (sdpm_codec_speaks(codec))
			map_add(offer, prev, codec,
				sdpm_codec_info(codec)->clock);
	}
	add_noise(offer, prev);
	add_events(offer, prev);
	offer->noffered = offer->nmaps;
}

/* What was agreed and is not offered now keeps its number. */
static void maps_keep(struct sdpm_offer *offer, const struct sdpm_choice *prev)
{
	for (size_t i = 0; prev && i < prev->nmaps; i++) {
		const struct sdpm_map *map = &prev->maps[i];

		if (offer->nmaps < SDPM_MAPS_MAX &&
		    sdpm_map_find(offer->maps, offer->nmaps, map->codec,
				  map->clock) < 0)
			offer->maps[offer->nmaps++] = *map;
	}
}

const char *sdpm_proto(enum sdpm_profile profile)
{
	static const char *const protos[SDPM_PROFILES] = {
		[SDPM_BROWSER] = "UDP/TLS/RTP/SAVPF",
		[SDPM_RTP] = "RTP/AVP",
		[SDPM_SDES] = "RTP/SAVP",
		[SDPM_OSRTP] = "RTP/AVP", /* RFC 8643 3.1 */
		[SDPM_DTLS] = "UDP/TLS/RTP/SAVP", /* RFC 5764 8 */
	};

	return protos[profile];
}

static void layout_first(struct sdpm_layout *layout, enum sdpm_profile profile)
{
	struct sdpm_line *line = &layout->lines[0];

	layout->nlines = 1;
	layout->bundle = profile == SDPM_BROWSER;
	line->kind = SDPM_AUDIO;
	str_ncpy(line->type, "audio", sizeof(line->type));
	str_ncpy(line->proto, sdpm_proto(profile), sizeof(line->proto));
	if (profile == SDPM_BROWSER)
		str_ncpy(line->mid, "0", sizeof(line->mid));
}

/* What is in use stays so, unless the far side changes it. */
static void keys_keep(struct sdpm_offer *offer, const struct sdpm_sdes *sdes)
{
	struct sdpm_policy *policy = &offer->policy;

	for (size_t i = 0; i < policy->nown; i++)
		if (policy->own[i].suite == sdes->suite) {
			policy->own[i] = sdes->ours;
			policy->unused &= (uint8_t)~(1u << i);
		}
}

int sdpm_offer_make(struct sdpm_offer *offer, const struct sdpm_policy *policy,
		    const struct sdpm_choice *prev)
{
	memset(offer, 0, sizeof(*offer));
	offer->policy = *policy;
	if (prev)
		sdpm_layout_copy(&offer->layout, &prev->layout);
	else
		layout_first(&offer->layout, policy->profile);

	offer->policy.dtls = prev && prev->dtls;
	offer->policy.full = prev && prev->lite;
	if (offer->policy.dtls)
		offer->policy.nown = 0;
	else if (prev)
		keys_keep(offer, &prev->peer.sdes);
	maps_make(offer, prev);
	if (!offer->nmaps)
		return ENOTSUP;

	maps_keep(offer, prev);
	return 0;
}
