/*
 * sdp_decide.c  Offer and answer (RFC 3264): what one leg agrees with its peer
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_decide_priv.h"
#include "mediad/sdp/sdp_text.h"

static int bad(struct sdpm_verdict *verdict, const char *why)
{
	verdict->error.sip = 400;
	str_ncpy(verdict->error.why, why, sizeof(verdict->error.why));
	return EBADMSG;
}

static int refuse(struct sdpm_verdict *verdict, enum sdpm_why why)
{
	verdict->error.sip = 488;
	verdict->error.cause = why;
	if (why == SDPM_NOT_AUDIO)
		str_ncpy(verdict->error.why, "no m-line for audio",
			 sizeof(verdict->error.why));
	else
		re_snprintf(verdict->error.why, sizeof(verdict->error.why),
			    "audio: %s", sdpm_why_text(why));
	return ENOTSUP;
}

static void carrier_read(struct sdpm_layout *layout,
			 const struct sdpm_desc *desc)
{
	struct sdpm_carrier *carrier = &layout->carrier;
	const struct sdpm_media *media =
		sdpm_carrier_find(desc, &desc->media[layout->audio]);
	const struct sdpm_format *format;

	if (!media)
		return;
	format = &media->formats[0];
	carrier->on = true;
	carrier->line = (uint8_t)(media - desc->media);
	if (format->clock && format->channels > 1)
		re_snprintf(carrier->rtpmap, sizeof(carrier->rtpmap),
			    "%r/%u/%u", &format->name, format->clock,
			    format->channels);
	else if (format->clock)
		re_snprintf(carrier->rtpmap, sizeof(carrier->rtpmap), "%r/%u",
			    &format->name, format->clock);
	if (format->fmtp.l < sizeof(carrier->fmtp))
		sdpm_copy(carrier->fmtp, sizeof(carrier->fmtp), &format->fmtp);
}

static void layout_read(struct sdpm_choice *choice,
			const struct sdpm_desc *desc, size_t audio)
{
	struct sdpm_layout *layout = &choice->layout;

	layout->nlines = (uint8_t)desc->nmedia;
	layout->audio = (uint8_t)audio;
	/* others' m-lines leave the group (RFC 9143, 7.3.2): a port for each
	 * (docs/decisions/0030) */
	layout->bundle = choice->profile == SDPM_BROWSER &&
			 desc->media[audio].bundle >= 0;
	if (layout->bundle)
		carrier_read(layout, desc);

	for (size_t i = 0; i < desc->nmedia; i++) {
		const struct sdpm_media *media = &desc->media[i];
		struct sdpm_line *line = &layout->lines[i];
		struct pl rest = media->fmts, fmt = PL_INIT;

		sdpm_word(&fmt, &rest);
		line->kind = media->kind;
		sdpm_copy(line->type, sizeof(line->type), &media->type);
		sdpm_copy(line->proto, sizeof(line->proto), &media->proto);
		sdpm_copy(line->fmt, sizeof(line->fmt), &fmt);
		sdpm_copy(line->mid, sizeof(line->mid), &media->mid);
	}
}

static bool is_map(const struct sdpm_choice *choice, int i, uint8_t pt)
{
	return i >= 0 && choice->maps[i].tx_pt == pt;
}

/* Why a format of the chosen m-line was taken or not. */
static void formats_note(struct sdpm_verdict *verdict,
			 const struct sdpm_choice *choice,
			 const struct sdpm_media *media,
			 const struct sdpm_policy *policy)
{
	const struct sdpm_map *codec = &choice->maps[choice->codec];

	for (size_t i = 0; i < media->nformats; i++) {
		const struct sdpm_format *format = &media->formats[i];
		enum sdpm_why why = SDPM_NOT_PREFERRED;

		if (format->pt == codec->tx_pt ||
		    is_map(choice, choice->event, format->pt) ||
		    is_map(choice, choice->noise, format->pt) ||
		    is_map(choice, choice->red, format->pt))
			why = SDPM_CHOSEN;
		else if (format->codec == SDPM_CODEC_NONE)
			why = SDPM_UNKNOWN_FORMAT;
		else if (!sdpm_policy_allows(policy, format->codec))
			why = SDPM_NOT_ALLOWED;
		else if (!sdpm_codec_speaks(format->codec))
			why = SDPM_OTHER_CLOCK;

		sdpm_note_format(verdict, choice->layout.audio, format, why);
	}
}

/* --- the peer's offer ---------------------------------------------------- */

/* All formats of ours that the m-line has, chosen or not; then what was
 * agreed before and is missing now, so that it keeps its number. */
static void maps_read(struct sdpm_choice *choice,
		      const struct sdpm_media *media,
		      const struct sdpm_choice *prev)
{
	for (size_t i = 0; i < media->nformats; i++) {
		const struct sdpm_format *format = &media->formats[i];

		if (format->codec == SDPM_CODEC_NONE ||
		    choice->nmaps == SDPM_MAPS_MAX ||
		    sdpm_map_find(choice->maps, choice->nmaps, format->codec,
				  format->clock) >= 0)
			continue;

		choice->maps[choice->nmaps++] = (struct sdpm_map){
			.codec = format->codec,
			.clock = format->clock,
			.rx_pt = format->pt,
			.tx_pt = format->pt,
		};
	}
	for (size_t i = 0; prev && i < prev->nmaps; i++) {
		if (choice->nmaps < SDPM_MAPS_MAX &&
		    !sdpm_map_taken(choice->maps, choice->nmaps,
				    prev->maps[i].rx_pt) &&
		    sdpm_map_find(choice->maps, choice->nmaps,
				  prev->maps[i].codec, prev->maps[i].clock) < 0)
			choice->maps[choice->nmaps++] = prev->maps[i];
	}
}

/* Of the first noffered maps. Events: at the codec's clock, else 8000 Hz. */
static int8_t event_choose(const struct sdpm_choice *choice, size_t noffered,
			   const struct sdpm_policy *policy)
{
	const uint32_t clocks[] = {choice->maps[choice->codec].clock, 8000};

	if (!sdpm_policy_allows(policy, SDPM_EVENT))
		return -1;

	for (size_t i = 0; i < COUNTOF(clocks); i++) {
		int found = sdpm_map_find(choice->maps, noffered, SDPM_EVENT,
					  clocks[i]);

		if (found >= 0 && sdpm_policy_clock(policy, clocks[i]))
			return (int8_t)found;
	}
	return -1;
}

/* Of the first noffered maps: that of the codec's clock, in whose time it
 * stands. Opus has its own (RFC 7587, RFC 7874 3). */
static int8_t noise_choose(const struct sdpm_choice *choice, size_t noffered,
			   const struct sdpm_policy *policy)
{
	const struct sdpm_map *codec = &choice->maps[choice->codec];

	if (codec->codec == SDPM_OPUS ||
	    !sdpm_policy_allows(policy, SDPM_NOISE))
		return -1;
	return (int8_t)sdpm_map_find(choice->maps, noffered, SDPM_NOISE,
				     codec->clock);
}

/* Of the first noffered maps: that of the codec's clock. */
static int8_t red_choose(const struct sdpm_choice *choice, size_t noffered,
			 const struct sdpm_policy *policy)
{
	if (!sdpm_policy_allows(policy, SDPM_RED))
		return -1;
	return (int8_t)sdpm_map_find(choice->maps, noffered, SDPM_RED,
				     choice->maps[choice->codec].clock);
}

static int offer_formats(struct sdpm_choice *choice,
			 const struct sdpm_media *media,
			 const struct sdpm_policy *policy,
			 const struct sdpm_choice *prev)
{
	size_t offered;

	maps_read(choice, media, NULL);
	offered = choice->nmaps;
	choice->codec = -1;
	for (size_t i = 0; i < policy->ncodecs && choice->codec < 0; i++) {
		if (sdpm_codec_speaks(policy->codecs[i]))
			choice->codec =
				(int8_t)sdpm_map_find(choice->maps, offered,
						      policy->codecs[i], 0);
	}
	if (choice->codec < 0)
		return ENOTSUP;

	choice->event = event_choose(choice, offered, policy);
	choice->noise = noise_choose(choice, offered, policy);
	choice->red = red_choose(choice, offered, policy);
	maps_read(choice, media, prev);
	return 0;
}

/* The m-line to use: the one of before if it still fits (RFC 3264 8), else
 * the first that does; -1 and the reason of the first audio when none. */
static int audio_choose(const struct sdpm_desc *desc,
			const struct sdpm_policy *policy,
			const struct sdpm_choice *prev, enum sdpm_why *why)
{
	*why = SDPM_NOT_AUDIO;
	if (prev && sdpm_media_fits(desc, &desc->media[prev->layout.audio],
				    policy, false) == SDPM_CHOSEN)
		return prev->layout.audio;

	for (size_t i = 0; i < desc->nmedia; i++) {
		enum sdpm_why fits =
			sdpm_media_fits(desc, &desc->media[i], policy, false);

		if (fits == SDPM_CHOSEN)
			return (int)i;
		if (*why == SDPM_NOT_AUDIO)
			*why = fits;
	}
	return -1;
}

static void media_note(struct sdpm_verdict *verdict,
		       const struct sdpm_desc *desc,
		       const struct sdpm_policy *policy, int audio)
{
	for (size_t i = 0; i < desc->nmedia; i++) {
		enum sdpm_why why =
			sdpm_media_fits(desc, &desc->media[i], policy, false);

		if (why == SDPM_CHOSEN && (int)i != audio)
			why = SDPM_SECOND_AUDIO;
		sdpm_note_media(verdict, desc, i, why);
	}
}

/* The m-line that was in use has port 0 now: what was agreed on waits. */
static bool is_turned_off(const struct sdpm_desc *desc,
			  enum sdpm_profile profile,
			  const struct sdpm_choice *prev)
{
	const struct sdpm_media *media;

	if (profile == SDPM_BROWSER || !prev ||
	    prev->layout.audio >= desc->nmedia)
		return false;

	media = &desc->media[prev->layout.audio];
	/* RFC 9143, 6: a line of a bundle is not off for its port */
	return media->kind == SDPM_AUDIO && !media->port &&
	       !media->bundle_only;
}

static void turn_off(struct sdpm_choice *choice, const struct sdpm_desc *desc,
		     const struct sdpm_choice *prev)
{
	sdpm_choice_copy(choice, prev);
	choice->change = (struct sdpm_change){
		.dir = prev->dir != SDPM_INACTIVE,
		.address = sa_isset(&prev->peer.rtp, SA_ADDR),
	};
	layout_read(choice, desc, prev->layout.audio);
	choice->dir = choice->theirs = SDPM_INACTIVE;
	choice->held = choice->off = true;
	sa_init(&choice->peer.rtp, AF_UNSPEC);
	sa_init(&choice->peer.rtcp, AF_UNSPEC);
}

int sdpm_decide_offer(struct sdpm_choice *choice, struct sdpm_verdict *verdict,
		      const struct sdpm_desc *offer,
		      const struct sdpm_policy *policy,
		      const struct sdpm_choice *prev)
{
	const struct sdpm_media *media;
	enum sdpm_why why;
	int audio;

	assert(choice != prev);
	memset(choice, 0, sizeof(*choice));
	memset(verdict, 0, sizeof(*verdict));
	if (prev && offer->nmedia < prev->layout.nlines)
		return bad(verdict, "fewer m-lines than before");

	audio = audio_choose(offer, policy, prev, &why);
	media_note(verdict, offer, policy, audio);
	if (audio < 0 && is_turned_off(offer, policy->profile, prev)) {
		turn_off(choice, offer, prev);
		return 0;
	}
	if (audio < 0)
		return refuse(verdict, why);

	media = &offer->media[audio];
	choice->profile = policy->profile;
	layout_read(choice, offer, (size_t)audio);
	if (offer_formats(choice, media, policy, prev))
		return refuse(verdict, SDPM_NO_CODEC);

	formats_note(verdict, choice, media, policy);
	choice->dtls = sdpm_by_dtls(media, policy, false);
	choice->lite = offer->ice_lite && policy->profile == SDPM_BROWSER;
	sdpm_terms(choice, media, policy, prev);
	if (!choice->dtls)
		(void)sdpm_keys_offered(&choice->peer.sdes, media, policy,
					prev && !prev->dtls ? &prev->peer.sdes
							    : NULL);
	return 0;
}

/* --- the peer's answer --------------------------------------------------- */

static const struct sdpm_format *answered(const struct sdpm_media *media,
					  const struct sdpm_map *map)
{
	for (size_t i = 0; i < media->nformats; i++) {
		if (media->formats[i].codec == map->codec &&
		    media->formats[i].clock == map->clock)
			return &media->formats[i];
	}
	return NULL;
}

/* The answerer lists what it prefers first (RFC 3264 6.1), and may give its
 * own numbers to what it wants to receive. */
static int answer_formats(struct sdpm_choice *choice,
			  const struct sdpm_media *media,
			  const struct sdpm_offer *offer)
{
	struct sdpm_map given[SDPM_MAPS_MAX];
	size_t n = 0;

	choice->nmaps = offer->nmaps;
	memcpy(choice->maps, offer->maps, sizeof(choice->maps));
	choice->codec = choice->event = choice->noise = choice->red = -1;
	for (size_t i = 0; i < offer->noffered; i++) {
		const struct sdpm_format *format =
			answered(media, &choice->maps[i]);

		if (format) {
			choice->maps[i].tx_pt = format->pt;
			given[n++] = choice->maps[i];
		}
	}
	for (size_t i = 0; i < media->nformats && choice->codec < 0; i++) {
		const struct sdpm_format *format = &media->formats[i];

		if (sdpm_codec_speaks(format->codec))
			choice->codec = (int8_t)sdpm_map_find(choice->maps,
							      offer->noffered,
							      format->codec,
							      format->clock);
	}
	if (choice->codec < 0)
		return ENOTSUP;

	for (size_t i = 0; i < n; i++) {
		uint32_t clock = choice->maps[choice->codec].clock;

		if (given[i].codec == SDPM_EVENT &&
		    (choice->event < 0 || given[i].clock == clock))
			choice->event = (int8_t)sdpm_map_find(choice->maps,
							      offer->noffered,
							      SDPM_EVENT,
							      given[i].clock);
		if (given[i].codec == SDPM_NOISE && given[i].clock == clock)
			choice->noise = noise_choose(choice, offer->noffered,
						     &offer->policy);
		if (given[i].codec == SDPM_RED && given[i].clock == clock)
			choice->red = red_choose(choice, offer->noffered,
						 &offer->policy);
	}
	return 0;
}

static int answer_check(struct sdpm_verdict *verdict,
			const struct sdpm_desc *answer,
			const struct sdpm_layout *layout)
{
	const struct sdpm_media *media;
	struct pl mid;

	/* RFC 3264 6 */
	if (answer->nmedia != layout->nlines)
		return bad(verdict, "answer has other m-lines than the offer");

	media = &answer->media[layout->audio];
	pl_set_str(&mid, layout->lines[layout->audio].mid);
	if (media->kind != SDPM_AUDIO)
		return bad(verdict, "answer has other m-lines than the offer");
	if (media->mid.l && mid.l && !sdpm_same(&media->mid, &mid))
		return bad(verdict, "answer has another mid than the offer");

	return 0;
}

int sdpm_decide_answer(struct sdpm_choice *choice, struct sdpm_verdict *verdict,
		       const struct sdpm_desc *answer,
		       const struct sdpm_offer *offer,
		       const struct sdpm_choice *prev)
{
	const struct sdpm_media *media;
	enum sdpm_why why;
	int err;

	assert(choice != prev);
	memset(choice, 0, sizeof(*choice));
	memset(verdict, 0, sizeof(*verdict));
	err = answer_check(verdict, answer, &offer->layout);
	if (err)
		return err;

	media = &answer->media[offer->layout.audio];
	why = sdpm_media_fits(answer, media, &offer->policy, true);
	sdpm_note_media(verdict, answer, offer->layout.audio, why);
	if (why == SDPM_DISABLED &&
	    is_turned_off(answer, offer->policy.profile, prev)) {
		turn_off(choice, answer, prev);
		return 0;
	}
	if (why != SDPM_CHOSEN)
		return refuse(verdict, why);

	choice->profile = offer->policy.profile;
	sdpm_layout_copy(&choice->layout, &offer->layout);
	choice->layout.bundle = offer->layout.bundle && media->bundle >= 0;
	choice->layout.carrier.on &=
		choice->layout.bundle &&
		answer->media[choice->layout.carrier.line].port;
	if (answer_formats(choice, media, offer))
		return refuse(verdict, SDPM_NO_CODEC);

	formats_note(verdict, choice, media, &offer->policy);
	choice->dtls = sdpm_by_dtls(media, &offer->policy, true);
	choice->lite = answer->ice_lite && choice->profile == SDPM_BROWSER;
	sdpm_terms(choice, media, &offer->policy, prev);
	if (!choice->dtls)
		(void)sdpm_keys_answered(&choice->peer.sdes, media,
					 &offer->policy);
	return 0;
}
