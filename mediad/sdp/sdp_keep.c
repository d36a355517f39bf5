/*
 * sdp_keep.c  Agreements and offers that are kept: without lines of no use
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "mediad/sdp/sdp_decide.h"

static size_t layout_size(const struct sdpm_layout *layout)
{
	return offsetof(struct sdpm_layout, lines) +
	       layout->nlines * sizeof(layout->lines[0]);
}

size_t sdpm_choice_size(const struct sdpm_choice *choice)
{
	return offsetof(struct sdpm_choice, layout) +
	       layout_size(&choice->layout);
}

size_t sdpm_offer_size(const struct sdpm_offer *offer)
{
	return offsetof(struct sdpm_offer, layout) +
	       layout_size(&offer->layout);
}

void sdpm_layout_copy(struct sdpm_layout *to, const struct sdpm_layout *from)
{
	const size_t size = layout_size(from);

	memcpy(to, from, size);
	memset((uint8_t *)to + size, 0, sizeof(*to) - size);
}

void sdpm_choice_copy(struct sdpm_choice *to, const struct sdpm_choice *from)
{
	memcpy(to, from, offsetof(struct sdpm_choice, layout));
	sdpm_layout_copy(&to->layout, &from->layout);
}
