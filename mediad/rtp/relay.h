/*
 * relay.h  The packet path: what comes from one leg goes out on another
 *
 * One struct relay for each direction, embedded in the leg that the packets
 * come from. Nothing here allocates, locks, logs or asks for the time.
 *
 * The header is written anew in front of the payload: CSRCs, header
 * extensions and padding are agreed on leg by leg and do not pass.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_RELAY_H
#define MEDIAD_RTP_RELAY_H

#include "mediad/rtp/stream.h"

struct path;
struct path_packet;

enum {
	RELAY_PTS = 128,
	RELAY_DROP = 0xff
};

struct relay {
	struct strm_map map;
	struct strm_out *out;  /* of the leg it goes to; NULL: to nobody */
	struct path *to;       /* its path */
	uint64_t dropped;      /* no payload type, place or path for it */
	uint8_t pt[RELAY_PTS]; /* by incoming payload type: what it becomes,
				  or RELAY_DROP */
};

/* To nobody, no payload type. The mapping begins anew. */
void relay_close(struct relay *relay);
/* out and to outlive the relay or its next relay_close(). */
void relay_open(struct relay *relay, struct strm_out *out, struct path *to);
/* Both 0..127. */
void relay_pass(struct relay *relay, uint8_t pt_in, uint8_t pt_out);

/* Read and count a packet in clear. False: not RTP (bad is then counted up),
 * or not to be used (see strm_in_packet()). */
bool relay_read(struct strm_in *in, struct strm_pkt *sp,
		const struct path_packet *packet, uint64_t *bad);

/* Send it on. pkt: the packet that sp was read from; its bytes before the
 * payload are overwritten. */
void relay_forward(struct relay *relay, const struct strm_in *in,
		   struct strm_pkt *sp, uint8_t *pkt);

#endif
