/*
 * leg_note.c  What was offered and why it was chosen, for people
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

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

/* The first format passed over says the most; else there was none. */
void leg_note_why(struct leg_sdp *sdp, const struct sdpm_verdict *verdict)
{
	const struct sdpm_item *before = NULL;

	for (unsigned i = 0; i < verdict->nitems; i++) {
		const struct sdpm_item *item = &verdict->items[i];

		if (item->why == SDPM_CHOSEN && item->pt >= 0) {
			break;
		}
		if (item->pt >= 0 && !before)
			before = item;
	}
	if (before)
		(void)re_snprintf(sdp->why, sizeof(sdp->why),
				  "%s/%u before it: %s", before->name,
				  before->clock, sdpm_why_text(before->why));
	else
		str_ncpy(sdp->why, "the far side's first", sizeof(sdp->why));
}
