/*
 * sdp_vpolicy.c  What we want of a leg's video: what the other leg has
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/sdp/sdp_text.h"
#include "mediad/sdp/sdp_video_priv.h"

void sdpm_vpolicy_init(struct sdpm_vpolicy *policy, enum sdpm_profile profile)
{
	memset(policy, 0, sizeof(*policy));
	sdpm_policy_init(&policy->line, profile);
	policy->feedback = SDPM_FB_ASKED;
	policy->exts = 1 << SDPM_EXT_TURN;
}

static void format_add(struct sdpm_vpolicy *policy,
		       const struct sdpm_vformat *format)
{
	for (unsigned i = 0; i < policy->nformats; i++)
		if (sdpm_vformat_same(&policy->formats[i], format))
			return;
	if (policy->nformats < SDPM_VFORMATS_MAX)
		policy->formats[policy->nformats++] = *format;
}

void sdpm_vpolicy_all(struct sdpm_vpolicy *policy)
{
	static const struct sdpm_vformat all[] = {
		{.codec = SDPM_VP8, .rx_pt = 96},
		{.codec = SDPM_VP9, .rx_pt = 98},
		{.codec = SDPM_H264,
		 .mode = 1,
		 .profile = {0x42, 0xe0, 0x1f},
		 .rx_pt = 102},
		{.codec = SDPM_H264,
		 .mode = 1,
		 .profile = {0x42, 0x00, 0x1f},
		 .rx_pt = 103},
		{.codec = SDPM_H264,
		 .profile = {0x42, 0xe0, 0x1f},
		 .rx_pt = 104},
		{.codec = SDPM_H264,
		 .profile = {0x42, 0x00, 0x1f},
		 .rx_pt = 105},
		{.codec = SDPM_AV1, .rx_pt = 45},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		format_add(policy, &all[i]);
	policy->feedback = SDPM_FB_ALL;
	policy->exts = (1 << SDPM_VEXTS) - 1;
}

void sdpm_vpolicy_like(struct sdpm_vpolicy *policy,
		       const struct sdpm_desc *other,
		       enum sdpm_profile profile)
{
	const struct sdpm_media *media = sdpm_video_find(other, profile);
	struct sdpm_vformat format;

	if (!media)
		return;
	for (size_t i = 0; i < media->nformats; i++)
		if (sdpm_vformat_read(&format, &media->formats[i]))
			format_add(policy, &format);
	policy->feedback |= sdpm_feedback_read(media, -1);
	for (unsigned i = 0; i < SDPM_VEXTS; i++)
		if (sdpm_ext_read(media, (enum sdpm_vext)i))
			policy->exts |= (uint8_t)(1u << i);
}

void sdpm_vpolicy_match(struct sdpm_vpolicy *policy,
			const struct sdpm_video *other)
{
	format_add(policy, sdpm_video_format(other));
	policy->feedback |= other->feedback;
	for (unsigned i = 0; i < SDPM_VEXTS; i++)
		if (other->ext[i])
			policy->exts |= (uint8_t)(1u << i);
}
