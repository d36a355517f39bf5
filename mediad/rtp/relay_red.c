/*
 * relay_red.c  Redundant audio on its way: passed on, or taken apart
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/rtp/red.h"
#include "mediad/rtp/relay.h"

void relay_pass_red(struct relay *relay, uint8_t pt_in, uint8_t pt_out)
{
	relay->red = (struct relay_red){.in = pt_in, .out = pt_out};
	if (pt_out != RELAY_NO_PT)
		relay_pass(relay, pt_in, pt_out);
}

/* A block as the packet that it was. Its header is written before it, over
 * blocks that have gone already. */
static void forward_block(struct relay *relay, const struct strm_in *in,
			  const struct strm_pkt *sp,
			  const struct red_block *block, uint8_t *pkt)
{
	struct strm_pkt part = *sp;

	part.h.pt = block->pt;
	part.h.ts -= block->back;
	part.h.hdr = (uint16_t)(sp->h.hdr + block->at);
	part.h.paylen = block->len;
	relay_forward(relay, in, &part, pkt);
}

/* Has the packet `back` before this one not come, and none of later ones? */
static bool is_missing(const struct relay_red *red, const struct strm_in *in,
		       const struct strm_pkt *sp, unsigned back)
{
	const uint64_t ext = sp->ext - back, behind = in->high - ext;

	return ext > red->upto && ext > in->base && behind < 64 &&
	       !(in->seen >> behind & 1);
}

static void unfold(struct relay *relay, const struct strm_in *in,
		   struct strm_pkt *sp, uint8_t *pkt, const struct red *red)
{
	struct relay_red *way = &relay->red;

	if (way->gen != in->gen)
		way->upto = sp->ext - 1; /* what was before is not known */
	way->gen = in->gen;
	for (unsigned i = 0; i < red->count; i++) {
		const struct red_block *block = &red->blocks[i];
		const unsigned back = red->count - 1u - i;
		struct strm_pkt part = *sp;

		if (block->pt == way->in ||
		    (back && (!block->len || !is_missing(way, in, sp, back))))
			continue;
		part.ext -= back;
		part.h.marker &= !back;
		way->filled += back > 0;
		forward_block(relay, in, &part, block, pkt);
	}
	if (sp->ext > way->upto)
		way->upto = sp->ext;
}

bool relay_forward_red(struct relay *relay, const struct strm_in *in,
		       struct strm_pkt *sp, uint8_t *pkt)
{
	struct red red;

	if (red_read(&red, pkt + sp->h.hdr, sp->h.paylen))
		return false;
	if (relay->red.out != RELAY_NO_PT &&
	    !red_translate(&red, pkt + sp->h.hdr, relay->pt)) {
		sp->h.pt = relay->red.out;
		return relay_send(relay, in, sp, pkt);
	}
	unfold(relay, in, sp, pkt, &red);
	return true;
}
