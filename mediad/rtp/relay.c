/*
 * relay.c  The packet path: what comes from one leg goes out on another
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <string.h>

#include "mediad/rtp/relay.h"
#include "mediad/transport/path.h"

enum {
	ENDS = 3, /* RFC 4733, 2.5.1.4 */
};

/* --- what goes where -------------------------------------------------------- */

void relay_close(struct relay *relay)
{
	relay->map = (struct strm_map){0};
	relay->out = NULL;
	relay->to = NULL;
	relay->event =
		(struct relay_event){.in = RELAY_NO_PT, .out = RELAY_NO_PT};
	relay->red = (struct relay_red){.out = RELAY_NO_PT};
	relay->take = NULL;
	relay->arg = NULL;
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

void relay_pass_event(struct relay *relay, uint8_t pt_in, uint8_t pt_out,
		      const struct digit_way *way)
{
	relay_pass(relay, pt_in, pt_out);
	relay->event.in = pt_in;
	relay->event.out = pt_out;
	relay->event.way = *way;
}

void relay_take(struct relay *relay, uint8_t pt_in, relay_take_h *h, void *arg)
{
	assert(pt_in < RELAY_PTS);
	relay->pt[pt_in] = RELAY_TAKE;
	relay->take = h;
	relay->arg = arg;
}

bool relay_read(struct strm_in *in, struct strm_pkt *sp,
		const struct path_packet *packet, uint64_t *bad)
{
	if (pkt_read(&sp->h, packet->pkt, packet->len)) {
		++*bad;
		return false;
	}
	sp->now_ms = packet->now_ms;
	sp->age = 0;
	sp->code = 0;
	return strm_in_packet(in, sp);
}

/* --- sending ----------------------------------------------------------------- */

static bool hand_over(struct relay *relay, struct strm_pkt *sp, uint8_t *head)
{
	struct strm_out *out = relay->out;

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

/* A new source speaks while an event of the former one is on. One that is not
 * heard for the moment cuts into nothing. */
static bool cuts_in(const struct relay *relay, const struct strm_in *in,
		    const struct strm_pkt *sp)
{
	const struct strm_event *event = &relay->out->event;
	const void *solo = relay->out->solo;

	return event->on && (!solo || solo == &relay->map) && !strm_map_goes_on(&relay->map, relay->out, in) &&
	       !strm_out_told(relay->out, sp);
}

/* Audio that follows tells that an event is over as well as its end. */
static void heard_audio(struct strm_out *out, const struct strm_pkt *sp)
{
	if (!out->event.on || !sp->steady || sp->index + 1 != out->next)
		return;
	out->event.on = false;
	strm_out_event(out, &out->event);
}

bool relay_send(struct relay *relay, const struct strm_in *in,
		struct strm_pkt *sp, uint8_t *pkt)
{
	if (!relay->out || !path_ready(relay->to))
		return false;
	if (cuts_in(relay, in, sp))
		relay_end_event(relay, sp->now_ms);
	if (!strm_map_packet(&relay->map, relay->out, in, sp))
		return false;

	heard_audio(relay->out, sp);
	/* the payload stays where it is */
	return hand_over(relay, sp, pkt + sp->h.hdr - PKT_HDR);
}

/* --- events ------------------------------------------------------------------- */

/* What the stream will know of the event once the packet has gone. */
static struct strm_event told(const struct strm_pkt *sp,
			      const struct digit_step *step)
{
	return (struct strm_event){
		.code = step->digit.code,
		.volume = step->digit.volume,
		.on = !step->over,
		.known = true,
		.ts = sp->h.ts,
	};
}

/* Its first packet here, whether or not it was its source's. */
static bool is_first(const struct strm_out *out, const struct strm_pkt *sp)
{
	const struct strm_event *event = &out->event;

	return !event->known || event->ts != sp->h.ts ||
	       event->code != sp->code;
}

bool relay_send_event(struct relay *relay, const struct strm_in *in,
		      struct strm_pkt *sp, uint8_t *pkt,
		      const struct digit_step *step)
{
	struct strm_out *out = relay->out;
	struct strm_event event;

	if (!out || !path_ready(relay->to))
		return false;
	sp->steady = false;
	sp->code = step->digit.code;
	sp->age = step->age - step->since;
	if (cuts_in(relay, in, sp))
		relay_end_event(relay, sp->now_ms);
	if (!strm_map_packet(&relay->map, out, in, sp))
		return false;

	sp->h.marker = is_first(out, sp) && !step->since;
	digit_write(pkt + sp->h.hdr, &step->digit);
	event = told(sp, step);
	strm_out_event(out, &event);
	return hand_over(relay, sp, pkt + sp->h.hdr - PKT_HDR);
}

static bool send_end(struct relay *relay, const struct digit *digit,
		     uint64_t now_ms)
{
	uint8_t buf[PKT_HDR + DIGIT_LEN];
	struct strm_pkt sp = {
		.h = {.ssrc = relay->out->ssrc,
		      .ts = relay->out->event.ts,
		      .pt = relay->event.out,
		      .hdr = PKT_HDR,
		      .paylen = DIGIT_LEN},
		.now_ms = now_ms,
	};

	if (!strm_out_take(relay->out, &sp.index))
		return false;
	sp.h.seq = (uint16_t)sp.index;
	digit_write(buf + PKT_HDR, digit);
	return hand_over(relay, &sp, buf);
}

void relay_end_event(struct relay *relay, uint64_t now_ms)
{
	struct strm_out *out = relay->out;
	const struct digit_clock *clock = &relay->event.way.to;
	struct digit digit;
	uint64_t ticks;

	if (!out || !out->event.on)
		return;
	digit = (struct digit){
		.code = out->event.code,
		.volume = out->event.volume,
		.end = true,
	};
	if (relay->event.out != RELAY_NO_PT && path_ready(relay->to) &&
	    now_ms - out->ts_ms < RELAY_STALE_MS) {
		ticks = (uint64_t)(strm_out_ts(out, now_ms) - out->event.ts) *
			clock->event / clock->stream;
		digit.duration =
			(uint16_t)(ticks > DIGIT_SEGMENT ? DIGIT_SEGMENT
							 : ticks + !ticks);
		for (unsigned i = 0; i < ENDS; i++)
			if (send_end(relay, &digit, now_ms))
				relay->map.delta++;
	}
	out->event.on = false;
	strm_out_event(out, &out->event);
}

static bool forward_event(struct relay *relay, const struct strm_in *in,
			  struct strm_pkt *sp, uint8_t *pkt)
{
	struct relay_event *event = &relay->event;
	struct digit_step step;
	struct digit digit;

	if (digit_read(&digit, pkt + sp->h.hdr, sp->h.paylen))
		return false;
	if (event->gen != in->gen)
		digit_way_anew(&event->way);
	event->gen = in->gen;
	if (!digit_pass(&event->way, sp->h.ts, &digit, &step))
		return false;

	/* both streams have one clock: else it would not be a relay */
	sp->h.ts = step.begin + step.since;
	sp->h.paylen = (uint16_t)digit_pass_rest(&event->way, pkt + sp->h.hdr,
						 sp->h.paylen);
	return relay_send_event(relay, in, sp, pkt, &step);
}

/* --- one packet ---------------------------------------------------------------- */

static bool send_on(struct relay *relay, const struct strm_in *in,
		    struct strm_pkt *sp, uint8_t *pkt)
{
	uint8_t pt = relay->pt[sp->h.pt];
	bool event = sp->h.pt == relay->event.in;

	if (pt == RELAY_DROP)
		return false;
	sp->h.pt = pt;
	return event ? forward_event(relay, in, sp, pkt)
		     : relay_send(relay, in, sp, pkt);
}

void relay_forward(struct relay *relay, const struct strm_in *in,
		   struct strm_pkt *sp, uint8_t *pkt)
{
	if (relay->red.in && sp->h.pt == relay->red.in) {
		if (!relay_forward_red(relay, in, sp, pkt))
			relay->dropped++;
		return;
	}
	if (relay->pt[sp->h.pt] == RELAY_TAKE)
		relay->take(in, sp, pkt, relay->arg);
	else if (!send_on(relay, in, sp, pkt))
		relay->dropped++;
}
