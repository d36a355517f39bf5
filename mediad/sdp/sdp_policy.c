/*
 * sdp_policy.c  What we want of a leg, alone and beside the other leg
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
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
	policy->event_clocks = SDPM_EVENT_8K | SDPM_EVENT_48K;
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

bool sdpm_policy_clock(const struct sdpm_policy *policy, uint32_t clock)
{
	if (clock == 8000)
		return policy->event_clocks & SDPM_EVENT_8K;
	if (clock == 48000)
		return policy->event_clocks & SDPM_EVENT_48K;

	return false;
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

	policy->event_clocks &= clock == 8000    ? SDPM_EVENT_8K
				: clock == 48000 ? SDPM_EVENT_48K
						 : 0;
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

void sdpm_policy_limit(struct sdpm_policy *policy,
		       const struct sdpm_desc *other)
{
	uint8_t n = 0;

	for (size_t i = 0; i < policy->ncodecs; i++) {
		if (offered(other, policy->codecs[i], 0))
			policy->codecs[n++] = policy->codecs[i];
	}
	policy->ncodecs = n;

	if (!offered(other, SDPM_EVENT, 8000))
		policy->event_clocks &= (uint8_t)~SDPM_EVENT_8K;
	if (!offered(other, SDPM_EVENT, 48000))
		policy->event_clocks &= (uint8_t)~SDPM_EVENT_48K;
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
