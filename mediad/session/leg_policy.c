/*
 * leg_policy.c  Which codec a leg is to have: what its connection or user
 *               wants of it, and what the leg beside can do
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/session_priv.h"
#include "mediad/sound/codec_set.h"

/* What a codec is to a policy; the lowest goes first. */
static const uint8_t quality[SDPM_CODECS] = {
	[SDPM_OPUS] = 0, [SDPM_L16] = 1,  [SDPM_G722] = 1,
	[SDPM_PCMU] = 2, [SDPM_PCMA] = 2, [SDPM_G729] = 3,
};

static const uint8_t cost[SDPM_CODECS] = {
	[SDPM_PCMU] = 0, [SDPM_PCMA] = 0, [SDPM_L16] = 1,
	[SDPM_G722] = 2, [SDPM_OPUS] = 3, [SDPM_G729] = 4,
};

/* The other leg's, when this one has none of its own. */
const struct leg_terms *leg_policy_of(const struct leg *leg,
				      const struct leg *other)
{
	return leg->terms.order || !other ? &leg->terms : &other->terms;
}

enum session_order leg_order(const struct leg *leg, const struct leg *other)
{
	enum session_order order = leg_policy_of(leg, other)->order;

	return order ? order : SESSION_ORDER_USUAL;
}

/* Stable. */
static void sort(struct sdpm_policy *policy, const uint8_t rank[])
{
	for (unsigned i = 1; i < policy->ncodecs; i++) {
		enum sdpm_codec codec = policy->codecs[i];
		unsigned k = i;

		for (; k && rank[policy->codecs[k - 1]] > rank[codec]; k--)
			policy->codecs[k] = policy->codecs[k - 1];
		policy->codecs[k] = codec;
	}
}

/* What the other leg has, or could have, goes first. */
static void follow(struct sdpm_policy *policy, const struct leg *other)
{
	if (!other)
		return;
	if (other->sdp.choice)
		sdpm_policy_prefer(policy, leg_codec(other)->codec);
	else if (other->sdp.desc)
		sdpm_policy_lean(policy, other->sdp.desc);
}

static void order_codecs(struct sdpm_policy *policy, const struct leg *leg,
			 const struct leg *other)
{
	switch (leg_order(leg, other)) {
	case SESSION_ORDER_USUAL:
		if (leg->profile != SDPM_BROWSER)
			follow(policy, other);
		break;
	case SESSION_ORDER_PASSTHROUGH:
		follow(policy, other);
		break;
	case SESSION_ORDER_QUALITY:
		sort(policy, quality);
		break;
	case SESSION_ORDER_COST:
		sort(policy, cost);
		follow(policy, other);
		break;
	case SESSION_ORDER_NONE:
	case SESSION_ORDER_LISTED:
		break;
	}
}

/* What we say of our Opus: what the other leg's far side says of its own, as
 * that is where packets go to and come from; or, when it has another codec,
 * what can be made use of for that (RFC 7587, 6.1). */
static void want_opus(struct sdpm_opus *opus, const struct leg *other)
{
	const struct sdpm_choice *choice = other->sdp.choice;

	if (choice && leg_codec(other)->codec == SDPM_OPUS) {
		*opus = choice->opus;
		return;
	}
	if (choice) {
		opus->max_playback_rate = CODEC_WIDE_RATE;
		opus->capture_rate = CODEC_WIDE_RATE;
	} else if (other->sdp.desc) {
		(void)sdpm_opus_offered(opus, other->sdp.desc);
	}
}

const struct codec *leg_codec_impl(const struct leg *leg,
				   enum sdpm_codec codec)
{
	return codec_set_find(leg->session->table->deps.codecs,
			      sdpm_codec_info(codec)->name);
}

/* What cannot be said is not offered. */
static void known_codecs(struct sdpm_policy *policy, const struct leg *leg)
{
	const struct leg_terms *terms = &leg->terms;

	policy->ncodecs = 0;
	for (unsigned i = 0; i < terms->ncodecs; i++)
		if (leg_codec_impl(leg, terms->codecs[i]))
			policy->codecs[policy->ncodecs++] = terms->codecs[i];
}

/* No codec that is spoken, and in no order with them. */
static bool names_red(const struct leg_terms *terms)
{
	for (unsigned i = 0; i < terms->ncodecs; i++)
		if (terms->codecs[i] == SDPM_RED)
			return true;
	return false;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a && a < b ? a : b;
}

/* Neither wider than one of the two can hear or say, nor more than the far
 * side asks for (RFC 7587, 6.1). */
void leg_policy_voice(struct codec_voice *voice, const struct leg *to,
		      const struct leg *from)
{
	const struct session_cfg *cfg = &to->session->table->cfg;
	const struct session_opus *own = &leg_policy_of(to, from)->opus;
	const struct sdpm_opus *asked = &to->sdp.choice->opus;
	uint32_t rate = own->narrow ? CODEC_VOICE_RATE : CODEC_WIDE_RATE;

	rate = lesser(asked->max_playback_rate, rate);
	if (leg_hears(from)->codec == SDPM_OPUS)
		rate = lesser(from->sdp.choice->opus.capture_rate, rate);
	*voice = (struct codec_voice){
		.rate = rate < CODEC_WIDE_RATE ? CODEC_VOICE_RATE
					       : CODEC_WIDE_RATE,
		.bitrate = lesser(asked->max_bitrate,
				  own->bitrate ? own->bitrate
					       : cfg->opus_bitrate),
		.complexity = own->effort ? (uint8_t)(own->effort - 1)
					  : cfg->opus_complexity,
		.fec = asked->fec,
		.cbr = asked->cbr,
		.dtx = own->dtx == SESSION_DTX_ALWAYS ||
		       (own->dtx == SESSION_DTX_ASKED && asked->dtx),
	};
}

void leg_policy(struct sdpm_policy *policy, const struct leg *leg,
		const struct leg *other)
{
	const struct leg_terms *terms = &leg->terms;

	known_codecs(policy, leg);
	order_codecs(policy, leg, other);
	if (terms->ptime)
		policy->ptime = terms->ptime;
	if (terms->digits == SESSION_DIGITS_RTP ||
	    terms->digits == SESSION_DIGITS_AUTO)
		policy->codecs[policy->ncodecs++] = SDPM_EVENT;
	if (leg_policy_of(leg, other)->noise)
		policy->codecs[policy->ncodecs++] = SDPM_NOISE;
	if (names_red(terms))
		policy->codecs[policy->ncodecs++] = SDPM_RED;
	if (other)
		want_opus(&policy->opus, other);
}
