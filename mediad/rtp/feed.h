/*
 * feed.h  A source of our own: what we make ourselves goes out as if it had
 *         come in
 *
 * To an outgoing stream a player, a transcoder or a tone is a source like a
 * leg. Embed; nothing here allocates, locks or logs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_FEED_H
#define MEDIAD_RTP_FEED_H

#include "mediad/rtp/relay.h"

struct feed {
	struct strm_in in; /* only its gen is of use */
	struct relay relay;
	uint64_t next; /* extended sequence number */
};

struct feed_pkt {
	uint64_t now_ms;
	uint32_t ts; /* by the source's own clock, of the stream's rate */
	uint8_t pt;
	bool marker;
	uint16_t paylen;
};

/* out and to outlive the feed. */
void feed_open(struct feed *feed, struct strm_out *out, struct path *to);
/* The source's clock begins anew: the stream goes on with the time that
 * passed. */
void feed_anew(struct feed *feed);
/* buf: PKT_HDR bytes to be written, then the payload. False: not sent. */
bool feed_send(struct feed *feed, const struct feed_pkt *pkt, uint8_t *buf);
/* One packet of an event; the payload is written, too. pkt->ts is that of the
 * segment; marker and paylen are not used. */
bool feed_send_event(struct feed *feed, const struct feed_pkt *pkt,
		     const struct digit_step *step);

#endif
