/*
 * leg_note.c  What was offered and why it was chosen, for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/session_priv.h"

void leg_note_formats(struct leg_sdp *sdp, const struct sdpm_desc *desc)
{
	struct mbuf mb = {.buf = (uint8_t *)sdp->offered,
			  .size = sizeof(sdp->offered) - 1};
	const struct sdpm_media *audio = NULL;

	for (size_t i = 0; i < desc->nmedia && !audio; i++)
		if (desc->media[i].kind == SDPM_AUDIO)
			audio = &desc->media[i];

	memset(sdp->offered, 0, sizeof(sdp->offered));
	for (size_t i = 0; audio && i < audio->nformats; i++) {
		const struct sdpm_format *f = &audio->formats[i];
		char text[48];
		int n = re_snprintf(text, sizeof(text), "%s%r/%u", i ? " " : "",
				    &f->name, f->clock);

		if (n < 0 || mb.pos + (size_t)n > mb.size)
			return;
		memcpy(mb.buf + mb.pos, text, (size_t)n);
		mb.pos += (size_t)n;
	}
}

/* The first format passed over says the most; NULL: there was none. */
static const struct sdpm_item *passed_over(const struct sdpm_verdict *verdict)
{
	for (unsigned i = 0; i < verdict->nitems; i++) {
		const struct sdpm_item *item = &verdict->items[i];

		if (item->pt >= 0)
			return item->why == SDPM_CHOSEN ? NULL : item;
	}
	return NULL;
}

static const char *reason(const struct leg *leg, const struct leg *other,
			  const struct sdpm_map *map, bool answered)
{
	static const char *const orders[] = {
		[SESSION_ORDER_USUAL] = "the first of ours that it offered",
		[SESSION_ORDER_PASSTHROUGH] =
			"the first of ours that it offered",
		[SESSION_ORDER_QUALITY] = "the best that it offered",
		[SESSION_ORDER_COST] = "the cheapest that it offered",
		[SESSION_ORDER_LISTED] = "the first on our list",
	};
	const struct sdpm_map *beside = other ? leg_codec(other) : NULL;

	if (beside && beside->codec == map->codec)
		return "the other side has it, too: nothing is transcoded";
	return answered ? "its answer to our offer"
			: orders[leg_order(leg, other)];
}

void leg_note_why(struct leg *leg, const struct sdpm_choice *next,
		  const struct sdpm_verdict *verdict, bool answered)
{
	const struct leg *other = leg_beside(leg);
	const struct sdpm_map *map = &next->maps[next->codec];
	const struct sdpm_item *before = passed_over(verdict);
	const char *policy = leg_policy_of(leg, other)->policy;
	int n = re_snprintf(leg->sdp.why, sizeof(leg->sdp.why),
			    "%s: %s (policy %s)",
			    sdpm_codec_info(map->codec)->name,
			    reason(leg, other, map, answered),
			    policy[0] ? policy : "usual");

	if (before && n > 0)
		(void)re_snprintf(leg->sdp.why + n,
				  sizeof(leg->sdp.why) - (size_t)n,
				  "; %s/%u before it: %s", before->name,
				  before->clock, sdpm_why_text(before->why));
}

const char *leg_note_way(const struct leg *leg)
{
	return leg->transcode ? "transcode" : leg->relay.out ? "relay" : NULL;
}
