/*
 * state_video.h  The video of a leg as it stands in the state file
 *
 * A record of its own, beside the leg's (state_leg.h): who has no video needs
 * no room for it, and its index of packets sent has a hot part of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_STATE_VIDEO_H
#define MEDIAD_SESSION_STATE_VIDEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/sdp/sdp_video.h"
#include "mediad/session/session.h"
#include "mediad/session/state_pack.h"
#include "mediad/transport/path_rtp.h"

enum {
	STATE_VIDEO = 'V' /* no record of a leg begins so */
};

struct state_video {
	uint8_t leg;
	uint8_t on;
	char session[SESSION_ID_LEN + 1];
	uint32_t ssrc; /* of our stream */
	uint64_t next; /* as in struct state_leg */
	uint64_t packets, octets;
	uint64_t in_packets, in_octets, in_lost;
	struct path_rtp_state rtp; /* not SDPM_BROWSER */
	struct sdpm_video agreed;  /* without addresses, see path_rtp_said() */
};

enum {
	STATE_VIDEO_MAX = STATE_PACK_MAX(sizeof(struct state_video)),
};

/* Into STATE_VIDEO_MAX bytes; how many it took. */
size_t state_video_pack(uint8_t *buf, const struct state_video *video);
/* Is it one at all? */
bool state_video_is(const uint8_t *data, size_t len);
/* EBADMSG. rtp is checked by who imports it. */
int state_video_unpack(struct state_video *video, const uint8_t *data,
		       size_t len);

#endif
