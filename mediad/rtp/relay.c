/*
 * relay.c  The packet path: what comes from one leg goes out on another
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>

#include "mediad/rtp/relay.h"
#include "mediad/transport/path.h"

void relay_close(struct relay *relay)
{
	relay->map = (struct strm_map){0};
	relay->out = NULL;
	relay->to = NULL;
	memset(relay->pt, RELAY_DROP, sizeof(relay->pt));
}

void relay_open(struct relay *relay, struct strm_out *out, struct path *to)
{
	relay_close(relay);
	relay->out = out;
	relay->to = to;
}

void relay_pass(struct relay *relay, uint8_t pt_in, uint8_t pt_out)
{
	assert(pt_in < RELAY_PTS && pt_out < RELAY_PTS);
	relay->pt[pt_in] = pt_out;
}

bool relay_read(struct strm_in *in, struct strm_pkt *sp,
		const struct path_packet *packet, uint64_t *bad)
{
	if (pkt_read(&sp->h, packet->pkt, packet->len)) {
		++*bad;
		return false;
	}
	sp->now_ms = packet->now_ms;
	return strm_in_packet(in, sp);
}

static bool send_on(struct relay *relay, const struct strm_in *in,
		    struct strm_pkt *sp, uint8_t *pkt)
{
	struct strm_out *out = relay->out;
	uint8_t pt = relay->pt[sp->h.pt];
	/* the payload stays where it is */
	uint8_t *head = pkt + sp->h.hdr - PKT_HDR;

	if (!out || pt == RELAY_DROP || !path_ready(relay->to))
		return false;
	if (!strm_map_packet(&relay->map, out, in, sp))
		return false;

	sp->h.pt = pt;
	pkt_write(head, &sp->h);
	if (path_send_rtp(relay->to, head, PKT_HDR + (size_t)sp->h.paylen,
			  sp->index))
		return false;

	if (!out->packets)
		out->first_ms = sp->now_ms;
	out->packets++;
	out->octets += sp->h.paylen;
	return true;
}

void relay_forward(struct relay *relay, const struct strm_in *in,
		   struct strm_pkt *sp, uint8_t *pkt)
{
	if (!send_on(relay, in, sp, pkt))
		relay->dropped++;
}
