/*
 * leg_want.c  What we ask of a leg's far side, alone and beside another leg
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/session_priv.h"

const struct leg *leg_beside(const struct leg *leg)
{
	struct leg *const *legs = leg->session->legs;

	if (leg->peer || leg->service)
		return leg->peer;
	for (size_t i = 0; i < SESSION_LEGS_MAX; i++)
		if (legs[i] && legs[i] != leg && leg_codec(legs[i]))
			return legs[i];

	return legs[0] != leg ? legs[0] : NULL;
}

/* What the leg's far side said last that it does. */
static enum sdpm_dir far_dir(const struct leg *leg)
{
	if (leg->sdp.turn == LEG_TO_ANSWER)
		return leg->sdp.open_dir;

	if (leg->sdp.choice)
		return leg->sdp.choice->theirs;
	return leg->sdp.prior ? leg->sdp.prior->theirs : SDPM_SENDRECV;
}

/*
 * Hold passes from side to side: to one far side we do what the other one
 * does. But a first answer is given once for all that may still come behind
 * it, and asks for both directions.
 */
static enum sdpm_dir dir_wanted(const struct leg *leg, const struct leg *other,
				bool offering)
{
	if (!other)
		return SDPM_SENDRECV;
	if (!offering && (!leg->sdp.choice || other != leg->peer))
		return SDPM_SENDRECV;

	/* music is heard although that side sends nothing */
	if (other->terms.music[0] && !(far_dir(other) & SDPM_RECVONLY))
		return SDPM_SENDONLY;
	return far_dir(other);
}

void leg_want(struct sdpm_policy *policy, const struct leg *leg, bool offering)
{
	const struct leg *other = leg_beside(leg);

	sdpm_policy_init(policy, leg->profile);
	policy->dir = dir_wanted(leg, other, offering);
	leg_policy(policy, leg, other);
	leg->kind->want(policy, leg, other, offering);
}

/* --- terms ------------------------------------------------------------------------ */

/* Cuts the part before a comma off the front; false: nothing is left. */
static bool next_item(struct pl *item, struct pl *rest)
{
	const char *end;

	if (!rest->l)
		return false;
	end = pl_strchr(rest, ',');
	item->p = rest->p;
	item->l = end ? (size_t)(end - rest->p) : rest->l;
	pl_advance(rest, (ssize_t)(item->l + (end ? 1 : 0)));
	return true;
}

static enum sdpm_codec codec_named(const struct pl *name)
{
	for (int i = SDPM_CODEC_NONE + 1; i < SDPM_CODECS; i++) {
		enum sdpm_codec codec = (enum sdpm_codec)i;

		if ((sdpm_codec_speaks(codec) || codec == SDPM_RED) &&
		    !pl_strcasecmp(name, sdpm_codec_info(codec)->name))
			return codec;
	}
	return SDPM_CODEC_NONE;
}

static int codecs_read(struct leg_terms *terms, struct pl list)
{
	struct pl name;

	while (next_item(&name, &list)) {
		enum sdpm_codec codec = codec_named(&name);
		bool again = false;

		for (unsigned i = 0; i < terms->ncodecs; i++)
			again |= terms->codecs[i] == codec;
		if (codec == SDPM_CODEC_NONE)
			return EINVAL;
		if (!again)
			terms->codecs[terms->ncodecs++] = codec;
	}
	return 0;
}

static int networks_read(struct source_rule *rule, struct pl list)
{
	char text[64];
	struct pl net;

	while (next_item(&net, &list)) {
		if (rule->nnets == SOURCE_NETS_MAX ||
		    pl_strcpy(&net, text, sizeof(text)) ||
		    !cfg_cidr_read(&rule->nets[rule->nnets++], text))
			return EINVAL;
	}
	return 0;
}

static bool orders_known(const struct session_terms *from)
{
	return (unsigned)from->order <= SESSION_ORDER_LISTED &&
	       (unsigned)from->opus.dtx <= SESSION_DTX_NEVER;
}

/* What browsers have; G.722 when it is of use. */
static struct pl usual_codecs(bool web, enum session_order order)
{
	static const struct pl rtp = PL("PCMA,PCMU,G722"),
			       all = PL("opus,G722,PCMU,PCMA"),
			       page = PL("opus,PCMU,PCMA");

	if (!web)
		return rtp;
	return order <= SESSION_ORDER_USUAL ? page : all;
}

static int policy_read(struct leg_terms *terms,
		       const struct session_terms *from, bool web)
{
	if (!orders_known(from) || from->policy.l > SESSION_POLICY_MAX)
		return EINVAL;
	terms->order = from->order;
	terms->noise = from->noise;
	terms->opus = from->opus;
	terms->ptime = from->ptime;
	terms->video = from->video;
	(void)pl_strcpy(&from->policy, terms->policy, sizeof(terms->policy));
	return codecs_read(terms, from->codecs.l
					  ? from->codecs
					  : usual_codecs(web, from->order));
}

static int name_read(char *name, size_t size, const struct pl *from)
{
	return from->l && pl_strcpy(from, name, size) ? EINVAL : 0;
}

static int services_read(struct leg_terms *terms,
			 const struct session_terms *from)
{
	terms->record = from->record;
	return name_read(terms->music, sizeof(terms->music), &from->music) ||
			       name_read(terms->fork, sizeof(terms->fork),
					 &from->fork) ||
			       name_read(terms->owner, sizeof(terms->owner),
					 &from->owner)
		       ? EINVAL
		       : 0;
}

int leg_terms_read(struct leg_terms *terms, struct source_rule *rule,
		   const struct session_terms *from)
{
	int err;

	memset(terms, 0, sizeof(*terms));
	err = policy_read(terms, from, !rule);
	err = err ? err : services_read(terms, from);
	if (err || !rule)
		return err;

	memset(rule, 0, sizeof(*rule));
	if ((unsigned)from->source >= SOURCE_POLICIES)
		return EINVAL;
	rule->policy = from->source;
	terms->af = from->af;
	terms->digits = from->digits;
	err = leg_secret_read(terms, from->suites);
	return err ? err : networks_read(rule, from->networks);
}
