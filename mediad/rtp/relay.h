/*
 * relay.h  The packet path: what comes from one leg goes out on another
 *
 * One struct relay for each direction, embedded in the leg that the packets
 * come from. Nothing here allocates, locks, logs or asks for the time.
 *
 * The header is written anew in front of the payload: CSRCs, header
 * extensions and padding are agreed on leg by leg and do not pass.
 *
 * Telephone-events are read on their way: durations go from the one payload
 * type's clock to the other's, and the outgoing stream knows what event is on,
 * so that it ends when its source does not (a switch, the death of a worker).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_RELAY_H
#define MEDIAD_RTP_RELAY_H

#include "mediad/rtp/digit.h"
#include "mediad/rtp/stream.h"

struct path;
struct path_packet;

enum {
	RELAY_PTS = 128,
	RELAY_DROP = 0xff,
	RELAY_TAKE = 0xfe, /* somebody else takes it: relay_take() */
	RELAY_NO_PT = 0xff,
	RELAY_STALE_MS = 1000, /* without news an event is over */
};

/* Takes over a packet. pkt as in relay_forward(). */
typedef void(relay_take_h)(const struct strm_in *in, const struct strm_pkt *sp,
			   uint8_t *pkt, void *arg);

/* Telephone-events, if they pass: payload types, or RELAY_NO_PT. */
struct relay_event {
	uint8_t in, out;
	struct digit_way way;
	uint32_t gen; /* of the source that way is about */
};

/* Redundant audio (RFC 2198), if the source may send it. */
struct relay_red {
	uint8_t in;  /* payload type; 0: none */
	uint8_t out; /* of the receiver, or RELAY_NO_PT: it is unfolded, and
			what was lost before is taken from it */
	uint32_t gen;    /* of the source that upto is about */
	uint64_t upto;   /* extended number of the latest that went on */
	uint64_t filled; /* packets that were lost, and taken from later ones */
};

struct relay {
	struct strm_map map;
	struct strm_out *out; /* of the leg it goes to; NULL: to nobody */
	struct path *to;      /* its path */
	uint64_t dropped;     /* no payload type, place or path for it */
	struct relay_event event;
	struct relay_red red;
	relay_take_h *take;
	void *arg;
	uint8_t pt[RELAY_PTS]; /* by incoming payload type: what it becomes,
				  RELAY_DROP or RELAY_TAKE */
};

/* To nobody, no payload type. The mapping begins anew. */
void relay_close(struct relay *relay);
/* out and to outlive the relay or its next relay_close(). */
void relay_open(struct relay *relay, struct strm_out *out, struct path *to);
/* Both 0..127. */
void relay_pass(struct relay *relay, uint8_t pt_in, uint8_t pt_out);
/* Telephone-events: in and out are 0..127, way is copied. */
void relay_pass_event(struct relay *relay, uint8_t pt_in, uint8_t pt_out,
		      const struct digit_way *way);
/* Redundant audio; what is in it goes by its own payload types. pt_in: not 0;
 * pt_out: RELAY_NO_PT when the receiver does not take it. To be said last. */
void relay_pass_red(struct relay *relay, uint8_t pt_in, uint8_t pt_out);
/* Packets of pt_in go to h, whatever they are. */
void relay_take(struct relay *relay, uint8_t pt_in, relay_take_h *h, void *arg);

/* Read and count a packet in clear. False: not RTP (bad is then counted up),
 * or not to be used (see strm_in_packet()). */
bool relay_read(struct strm_in *in, struct strm_pkt *sp,
		const struct path_packet *packet, uint64_t *bad);

/* Send it on. pkt: the packet that sp was read from; its bytes before the
 * payload are overwritten, and those of an event. */
void relay_forward(struct relay *relay, const struct strm_in *in,
		   struct strm_pkt *sp, uint8_t *pkt);

/* The same for redundant audio; relay_forward() does it. False: dropped. */
bool relay_forward_red(struct relay *relay, const struct strm_in *in,
		       struct strm_pkt *sp, uint8_t *pkt);

/* Send what is in sp and pkt as it is (sp->h.pt is the outgoing one), mapped
 * into the outgoing stream. False: it was not sent. */
bool relay_send(struct relay *relay, const struct strm_in *in,
		struct strm_pkt *sp, uint8_t *pkt);
/* The same for one packet of an event. */
bool relay_send_event(struct relay *relay, const struct strm_in *in,
		      struct strm_pkt *sp, uint8_t *pkt,
		      const struct digit_step *step);
/* Tell of the end of an event that is on, three times (RFC 4733, 2.5.1.4):
 * nobody else will. */
void relay_end_event(struct relay *relay, uint64_t now_ms);

#endif
