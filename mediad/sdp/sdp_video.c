/*
 * sdp_video.c  The video of a leg: what it agrees on beside its audio
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/sdp/sdp_text.h"
#include "mediad/sdp/sdp_video_priv.h"

const struct sdpm_vformat *sdpm_video_format(const struct sdpm_video *video)
{
	return &video->formats[video->chosen];
}

/* Port 0 and bundle-only lives in a bundle alone (RFC 9143, 6), which a browser
 * has with us and nobody else. */
static bool is_meant(const struct sdpm_media *media, enum sdpm_profile profile)
{
	return media->port ||
	       (media->bundle_only && profile == SDPM_BROWSER);
}

const struct sdpm_media *sdpm_video_find(const struct sdpm_desc *desc,
					 enum sdpm_profile profile)
{
	for (size_t i = 0; i < desc->nmedia; i++) {
		const struct sdpm_media *media = &desc->media[i];

		if (media->kind == SDPM_VIDEO && is_meant(media, profile))
			return media;
	}
	return NULL;
}

enum sdpm_dir sdpm_video_said(const struct sdpm_desc *desc,
			      enum sdpm_profile profile)
{
	const struct sdpm_media *media = sdpm_video_find(desc, profile);

	return media ? sdpm_dir_said(media, profile) : SDPM_INACTIVE;
}

bool sdpm_video_sound(const struct sdpm_video *video)
{
	if (video->line >= SDPM_MEDIA_MAX || video->dir > SDPM_SENDRECV ||
	    video->theirs > SDPM_SENDRECV ||
	    video->nformats > SDPM_VFORMATS_MAX ||
	    video->noffered > video->nformats ||
	    video->chosen >= video->nformats ||
	    video->feedback > SDPM_FB_ALL ||
	    video->sdes.suite >= SDPM_SUITES)
		return false;
	for (unsigned i = 0; i < SDPM_VEXTS; i++)
		if (video->ext[i] > 14)
			return false;
	for (unsigned i = 0; i < video->nformats; i++)
		if (!sdpm_vformat_sound(&video->formats[i]))
			return false;
	return true;
}

/* --- formats ---------------------------------------------------------------- */

static int format_find(const struct sdpm_video *video, unsigned n,
		       const struct sdpm_vformat *like)
{
	for (unsigned i = 0; i < n; i++)
		if (sdpm_vformat_same(&video->formats[i], like))
			return (int)i;
	return -1;
}

static bool is_taken(const struct sdpm_video *video, uint8_t pt)
{
	for (unsigned i = 0; i < video->nformats; i++)
		if (video->formats[i].rx_pt == pt ||
		    video->formats[i].tx_pt == pt)
			return true;
	return false;
}

/* What was agreed on before and is missing now keeps its number. */
static void formats_keep(struct sdpm_video *video,
			 const struct sdpm_video *prev)
{
	for (unsigned i = 0; prev && i < prev->nformats; i++) {
		const struct sdpm_vformat *was = &prev->formats[i];

		if (video->nformats < SDPM_VFORMATS_MAX &&
		    format_find(video, video->nformats, was) < 0 &&
		    !is_taken(video, was->rx_pt))
			video->formats[video->nformats++] = *was;
	}
}

/* Of what the m-line has, in its order. */
static void formats_read(struct sdpm_video *video,
			 const struct sdpm_media *media)
{
	struct sdpm_vformat format;

	for (size_t i = 0; i < media->nformats; i++)
		if (video->nformats < SDPM_VFORMATS_MAX &&
		    sdpm_vformat_read(&format, &media->formats[i]) &&
		    format_find(video, video->nformats, &format) < 0)
			video->formats[video->nformats++] = format;
	video->noffered = video->nformats;
}

/* --- what an m-line says ------------------------------------------------------ */

static void terms_read(struct sdpm_video *video, const struct sdpm_media *media,
		       const struct sdpm_vpolicy *policy)
{
	const struct sdpm_vformat *format = sdpm_video_format(video);
	enum sdpm_profile profile = policy->line.profile;
	enum sdpm_dir theirs = sdpm_dir_said(media, profile);

	video->theirs = (uint8_t)theirs;
	video->dir = (uint8_t)(sdpm_dir_reverse(theirs) & policy->line.dir);
	video->rsize = media->rtcp.rsize;
	video->mux = media->rtcp.mux;
	if (media->streams.nssrcs)
		video->ssrc = media->streams.ssrcs[0].ssrc;
	video->feedback = policy->feedback &
			  sdpm_feedback_read(media, format->tx_pt);
	for (unsigned i = 0; i < SDPM_VEXTS; i++)
		video->ext[i] = policy->exts >> i & 1
					? sdpm_ext_read(media,
							(enum sdpm_vext)i)
					: 0;
	/* one is of no use without the other */
	if (!video->ext[SDPM_EXT_TWCC])
		video->feedback &= (uint8_t)~SDPM_FB_TWCC;
	if (!(video->feedback & SDPM_FB_TWCC))
		video->ext[SDPM_EXT_TWCC] = 0;
	if (profile != SDPM_BROWSER)
		sdpm_addresses(&video->rtp, &video->rtcp, media);
}

/* A browser has all of a call on one transport (RFC 9143), and so have we. */
static bool fits(const struct sdpm_desc *desc, const struct sdpm_media *media,
		 const struct sdpm_choice *choice,
		 const struct sdpm_policy *policy, bool answer)
{
	const struct sdpm_media *audio = &desc->media[choice->layout.audio];

	if (media->kind != SDPM_VIDEO || choice->off)
		return false;
	if (policy->profile != SDPM_BROWSER &&
	    (sdpm_by_dtls(media, policy, answer) != choice->dtls ||
	     (choice->dtls && !sdpm_video_dtls_fits(media, choice))))
		return false;
	if (policy->profile == SDPM_BROWSER &&
	    (media->bundle < 0 || media->bundle != audio->bundle ||
	     !sdpm_same(&media->transport.ufrag, &audio->transport.ufrag)))
		return false;
	/* bundle-only lives by audio, which is there; who does not bundle
	 * refuses it (RFC 9143, 7.3.2) */
	if (!media->port && (answer || !is_meant(media, policy->profile)))
		return false;
	return sdpm_line_fits(desc, media, policy, answer) == SDPM_CHOSEN;
}

/* The m-line of before if it still fits (RFC 3264, 8), else the first. */
static const struct sdpm_media *line_choose(const struct sdpm_desc *desc,
					    const struct sdpm_choice *choice,
					    const struct sdpm_policy *policy,
					    const struct sdpm_video *prev)
{
	if (prev && prev->line < desc->nmedia &&
	    fits(desc, &desc->media[prev->line], choice, policy, false))
		return &desc->media[prev->line];
	for (size_t i = 0; i < desc->nmedia; i++)
		if (fits(desc, &desc->media[i], choice, policy, false))
			return &desc->media[i];
	return NULL;
}

/* --- the peer's offer ------------------------------------------------------------ */

/* The first of ours that the peer has, with the level that the other leg's
 * far side asked for: what goes there is what this peer will send. */
static bool offered_choose(struct sdpm_video *video,
			   const struct sdpm_vpolicy *policy)
{
	for (unsigned i = 0; i < policy->nformats; i++) {
		int found = format_find(video, video->noffered,
					&policy->formats[i]);

		if (found < 0)
			continue;
		video->chosen = (uint8_t)found;
		video->formats[found].profile[2] =
			policy->formats[i].profile[2];
		return true;
	}
	return false;
}

bool sdpm_video_offered(struct sdpm_video *video,
			const struct sdpm_desc *offer,
			const struct sdpm_choice *choice,
			const struct sdpm_vpolicy *policy,
			const struct sdpm_video *prev)
{
	const struct sdpm_media *media;

	memset(video, 0, sizeof(*video));
	media = policy->nformats
			? line_choose(offer, choice, &policy->line, prev)
			: NULL;
	if (!media)
		return false;

	video->line = (uint8_t)(media - offer->media);
	formats_read(video, media);
	if (!offered_choose(video, policy))
		return false;
	formats_keep(video, prev);
	terms_read(video, media, policy);
	if (policy->line.profile == SDPM_BROWSER)
		return true;
	if (choice->dtls) {
		video->client = prev && prev->dtls && prev->client;
		sdpm_video_dtls_read(video, media, choice,
				     prev && prev->dtls ? &prev->rtp : NULL);
	} else {
		(void)sdpm_keys_offered(&video->sdes, media, &policy->line,
					prev ? &prev->sdes : NULL);
	}
	return true;
}

/* --- our offer --------------------------------------------------------------------- */

/* Not one of audio's: in a bundle a number stands for one format. */
static bool is_free(const struct sdpm_video *video,
		    const struct sdpm_offer *offer,
		    const struct sdpm_video *prev, uint8_t pt)
{
	return !is_taken(video, pt) &&
	       !sdpm_map_taken(offer->maps, offer->nmaps, pt) &&
	       !(prev && is_taken(prev, pt));
}

static bool pt_choose(uint8_t *pt, const struct sdpm_video *video,
		      const struct sdpm_offer *offer,
		      const struct sdpm_video *prev)
{
	/* RFC 5761, 4: others may be taken for RTCP */
	if ((*pt >= 96 || (*pt >= 35 && *pt < 64)) && *pt < 128 &&
	    is_free(video, offer, prev, *pt))
		return true;
	for (*pt = 96; *pt < 128; ++*pt)
		if (is_free(video, offer, prev, *pt))
			return true;
	for (*pt = 35; *pt < 64; ++*pt)
		if (is_free(video, offer, prev, *pt))
			return true;
	return false;
}

static void formats_offer(struct sdpm_video *video,
			  const struct sdpm_offer *offer,
			  const struct sdpm_vpolicy *policy,
			  const struct sdpm_video *prev)
{
	for (unsigned i = 0; i < policy->nformats; i++) {
		struct sdpm_vformat format = policy->formats[i];
		int was = prev ? format_find(prev, prev->nformats, &format)
			       : -1;

		if (was >= 0) {
			format.rx_pt = prev->formats[was].rx_pt;
			format.tx_pt = prev->formats[was].tx_pt;
		} else {
			if (!pt_choose(&format.rx_pt, video, offer, prev))
				return;
			format.tx_pt = format.rx_pt;
		}
		video->formats[video->nformats++] = format;
	}
}

/* "v1", "v2", ... : none that there is. */
static void mid_make(char *mid, const struct sdpm_layout *layout)
{
	bool taken = true;

	for (unsigned n = 1; taken; n++) {
		taken = false;
		re_snprintf(mid, SDPM_MID_MAX + 1, "v%u", n);
		for (unsigned i = 0; i < layout->nlines; i++)
			taken |= !strcmp(layout->lines[i].mid, mid);
	}
}

/* One that was refused is used again (RFC 3264, 8.1): to a browser it is
 * another one then, by another name (RFC 8829, 5.2.2). */
static bool line_offer(struct sdpm_video *video, struct sdpm_layout *layout,
		       const struct sdpm_vpolicy *policy,
		       const struct sdpm_video *prev)
{
	enum sdpm_profile profile = policy->line.profile;
	char mid[SDPM_MID_MAX + 1] = "";
	struct sdpm_line *line;
	uint8_t i = 0;

	if (prev) {
		video->line = prev->line;
		return true;
	}
	while (i < layout->nlines && layout->lines[i].kind != SDPM_VIDEO)
		++i;
	if (i == SDPM_MEDIA_MAX)
		return false;
	line = &layout->lines[i];
	if (i < layout->nlines && layout->carrier.on &&
	    layout->carrier.line == i) {
		video->line = i;
		return true;
	}
	if (profile == SDPM_BROWSER)
		mid_make(mid, layout);
	video->line = i;
	if (i == layout->nlines)
		layout->nlines++;
	line->kind = SDPM_VIDEO;
	str_ncpy(line->type, "video", sizeof(line->type));
	str_ncpy(line->proto, sdpm_proto(profile), sizeof(line->proto));
	str_ncpy(line->mid, mid, sizeof(line->mid));
	return true;
}

static void keys_offer(struct sdpm_voffer *voffer,
		       const struct sdpm_offer *offer,
		       const struct sdpm_video *prev)
{
	struct sdpm_policy *line = &voffer->policy;

	line->dtls = offer->policy.dtls;
	voffer->video.dtls = line->profile == SDPM_DTLS || line->dtls;
	if (voffer->video.dtls)
		line->nown = 0;
	if (prev && prev->dtls)
		voffer->was = prev->rtp;
	for (unsigned i = 0; prev && i < line->nown; i++)
		if (line->own[i].suite == prev->sdes.suite) {
			line->own[i] = prev->sdes.ours;
			line->unused &= (uint8_t)~(1u << i);
		}
}

bool sdpm_video_offer(struct sdpm_voffer *voffer, struct sdpm_offer *offer,
		      const struct sdpm_vpolicy *policy,
		      const struct sdpm_video *prev)
{
	struct sdpm_video *video = &voffer->video;
	struct sdpm_line *line;

	memset(voffer, 0, sizeof(*voffer));
	if (policy->line.profile == SDPM_BROWSER && !offer->layout.bundle)
		return false;
	formats_offer(video, offer, policy, prev);
	if (!video->nformats ||
	    !line_offer(video, &offer->layout, policy, prev))
		return false;

	video->noffered = video->nformats;
	formats_keep(video, prev);
	line = &offer->layout.lines[video->line];
	re_snprintf(line->fmt, sizeof(line->fmt), "%u",
		    video->formats[0].rx_pt);
	video->dir = (uint8_t)policy->line.dir;
	video->feedback = policy->feedback;
	video->rsize = policy->line.profile == SDPM_BROWSER;
	video->mux = video->rsize || policy->line.profile == SDPM_DTLS;
	for (unsigned i = 0; i < SDPM_VEXTS; i++)
		if (policy->exts >> i & 1)
			video->ext[i] = prev && prev->ext[i] ? prev->ext[i]
							     : (uint8_t)(i + 1);
	voffer->policy = policy->line;
	keys_offer(voffer, offer, prev);
	return true;
}

/* --- the peer's answer --------------------------------------------------------------- */

/* What it lists first (RFC 3264, 6.1), by its own number. */
static bool answered_choose(struct sdpm_video *video,
			    const struct sdpm_media *media)
{
	struct sdpm_vformat format;

	for (size_t i = 0; i < media->nformats; i++) {
		int found;

		if (!sdpm_vformat_read(&format, &media->formats[i]))
			continue;
		found = format_find(video, video->noffered, &format);
		if (found < 0)
			continue;
		video->chosen = (uint8_t)found;
		video->formats[found].tx_pt = format.tx_pt;
		memcpy(video->formats[found].profile, format.profile,
		       sizeof(format.profile));
		return true;
	}
	return false;
}

bool sdpm_video_answered(struct sdpm_video *video,
			 const struct sdpm_desc *answer,
			 const struct sdpm_choice *choice,
			 const struct sdpm_voffer *offered)
{
	const struct sdpm_video *ours = &offered->video;
	const struct sdpm_media *media = &answer->media[ours->line];
	struct sdpm_vpolicy policy = {
		.line = offered->policy,
		.feedback = ours->feedback,
	};

	*video = *ours;
	if (!fits(answer, media, choice, &policy.line, true) ||
	    !answered_choose(video, media))
		return false;
	for (unsigned i = 0; i < SDPM_VEXTS; i++)
		if (ours->ext[i])
			policy.exts |= (uint8_t)(1u << i);
	terms_read(video, media, &policy);
	if (video->dtls)
		sdpm_video_dtls_read(video, media, choice, &offered->was);
	else if (policy.line.profile != SDPM_BROWSER)
		(void)sdpm_keys_answered(&video->sdes, media, &policy.line);
	return true;
}
