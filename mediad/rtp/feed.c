/*
 * feed.c  A source of our own: what we make ourselves goes out as if it had
 *         come in
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/rtp/feed.h"
#include "mediad/transport/path.h"

void feed_open(struct feed *feed, struct strm_out *out, struct path *to)
{
	strm_in_init(&feed->in, out->rate);
	feed->in.gen = 1;
	feed->next = 1ull << 32; /* as strm_in counts */
	relay_open(&feed->relay, out, to);
}

void feed_anew(struct feed *feed)
{
	feed->in.gen++;
}

static struct strm_pkt to_send(struct feed *feed, const struct feed_pkt *pkt)
{
	return (struct strm_pkt){
		.h = {.ts = pkt->ts,
		      .pt = pkt->pt,
		      .marker = pkt->marker,
		      .hdr = PKT_HDR,
		      .paylen = pkt->paylen},
		.now_ms = pkt->now_ms,
		.steady = true,
		.ext = feed->next++,
	};
}

bool feed_send(struct feed *feed, const struct feed_pkt *pkt, uint8_t *buf)
{
	struct strm_pkt sp;

	/* what is not sent at all is no loss */
	if (!path_ready(feed->relay.to))
		return false;
	sp = to_send(feed, pkt);
	return relay_send(&feed->relay, &feed->in, &sp, buf);
}

bool feed_send_event(struct feed *feed, const struct feed_pkt *pkt,
		     const struct digit_step *step)
{
	uint8_t buf[PKT_HDR + DIGIT_LEN];
	struct strm_pkt sp;

	if (!path_ready(feed->relay.to))
		return false;
	sp = to_send(feed, pkt);
	sp.h.paylen = DIGIT_LEN;
	return relay_send_event(&feed->relay, &feed->in, &sp, buf, step);
}
