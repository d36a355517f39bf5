/*
 * sdp_policy.c  What we want of a leg, alone and beside the other leg
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_decide_priv.h"

void sdpm_policy_init(struct sdpm_policy *policy, enum sdpm_profile profile)
{
	static const enum sdpm_codec codecs[] = {SDPM_OPUS, SDPM_PCMU,
						 SDPM_PCMA, SDPM_EVENT};

	memset(policy, 0, sizeof(*policy));
	policy->profile = profile;
	policy->dir = SDPM_SENDRECV;
	policy->ncodecs = COUNTOF(codecs);
	memcpy(policy->codecs, codecs, sizeof(codecs));
	policy->event_clocks = SDPM_EVENT_8K | SDPM_EVENT_16K | SDPM_EVENT_48K;
	policy->opus.min_ptime = 10;
	policy->opus.fec = true;
	policy->ptime = 20;
}

bool sdpm_policy_allows(const struct sdpm_policy *policy, enum sdpm_codec codec)
{
	for (size_t i = 0; i < policy->ncodecs; i++) {
		if (policy->codecs[i] == codec)
			return true;
	}
	return false;
}

/* RFC 4733 2.1: one at least as fine as the codec's. */
static uint8_t clock_bit(uint32_t clock)
{
	return clock == 8000    ? SDPM_EVENT_8K
	       : clock == 16000 ? SDPM_EVENT_16K
	       : clock == 48000 ? SDPM_EVENT_48K
				: 0;
}

bool sdpm_policy_clock(const struct sdpm_policy *policy, uint32_t clock)
{
	return policy->event_clocks & clock_bit(clock);
}

void sdpm_policy_prefer(struct sdpm_policy *policy, enum sdpm_codec codec)
{
	size_t i = 0;

	while (i < policy->ncodecs && policy->codecs[i] != codec)
		++i;
	if (i == policy->ncodecs)
		return;

	memmove(&policy->codecs[1], &policy->codecs[0],
		i * sizeof(policy->codecs[0]));
	policy->codecs[0] = codec;
}

void sdpm_policy_match(struct sdpm_policy *policy,
		       const struct sdpm_choice *other)
{
	uint32_t clock = 0;

	sdpm_policy_prefer(policy, other->maps[other->codec].codec);
	if (other->event >= 0)
		clock = other->maps[other->event].clock;

	policy->event_clocks &= clock_bit(clock);
}

/* Does any audio m-line that is on have it? */
static bool offered(const struct sdpm_desc *desc, enum sdpm_codec codec,
		    uint32_t clock)
{
	for (size_t i = 0; i < desc->nmedia; i++) {
		const struct sdpm_media *media = &desc->media[i];

		if (media->kind != SDPM_AUDIO || !media->port)
			continue;
		for (size_t k = 0; k < media->nformats; k++) {
			if (media->formats[k].codec == codec &&
			    (!clock || media->formats[k].clock == clock))
				return true;
		}
	}
	return false;
}

bool sdpm_opus_offered(struct sdpm_opus *opus, const struct sdpm_desc *desc)
{
	for (size_t i = 0; i < desc->nmedia; i++) {
		const struct sdpm_media *media = &desc->media[i];

		if (media->kind != SDPM_AUDIO || !media->port)
			continue;
		for (size_t k = 0; k < media->nformats; k++) {
			if (media->formats[k].codec != SDPM_OPUS)
				continue;
			sdpm_opus_parse(opus, &media->formats[k].fmtp);
			return true;
		}
	}
	return false;
}

void sdpm_policy_limit(struct sdpm_policy *policy,
		       const struct sdpm_desc *other)
{
	static const uint32_t clocks[] = {8000, 16000, 48000};
	uint8_t n = 0;

	for (size_t i = 0; i < policy->ncodecs; i++) {
		if (offered(other, policy->codecs[i], 0))
			policy->codecs[n++] = policy->codecs[i];
	}
	policy->ncodecs = n;

	for (size_t i = 0; i < COUNTOF(clocks); i++)
		if (!offered(other, SDPM_EVENT, clocks[i]))
			policy->event_clocks &= (uint8_t)~clock_bit(clocks[i]);
}

void sdpm_policy_lean(struct sdpm_policy *policy, const struct sdpm_desc *other)
{
	struct sdpm_policy was = *policy;
	uint8_t n = 0;

	for (size_t i = 0; i < was.ncodecs; i++)
		if (offered(other, was.codecs[i], 0))
			policy->codecs[n++] = was.codecs[i];
	for (size_t i = 0; i < was.ncodecs; i++)
		if (!offered(other, was.codecs[i], 0))
			policy->codecs[n++] = was.codecs[i];
}
