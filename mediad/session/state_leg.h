/*
 * state_leg.h  A leg as it stands in the state file
 *
 * Pure. Plain data of this build; state_layout() tells it from others'. Every
 * field is checked when it is read, so that what was stored by a process gone
 * mad does not take its successor along.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_STATE_LEG_H
#define MEDIAD_SESSION_STATE_LEG_H

#include <stddef.h>
#include <stdint.h>

#include "mediad/sdp/sdp_write.h"
#include "mediad/session/session.h"
#include "mediad/session/state_image.h"
#include "mediad/session/state_pack.h"
#include "mediad/sound/bank.h"
#include "mediad/transport/path_rtp.h"
#include "mediad/transport/path_web.h"

enum {
	STATE_SERVICE_MAX = 15
};

struct state_leg {
	char session[SESSION_ID_LEN + 1];
	char call[SESSION_ID_LEN + 1];
	char tenant[SESSION_TENANT_MAX + 1];
	char service[STATE_SERVICE_MAX + 1]; /* joined with it, or empty */
	uint8_t leg, peer;                   /* peer 0: none */
	uint8_t resumable;                   /* 0: only its ids are of use */
	uint8_t answered; /* as in struct leg_sdp, and far_answer */
	uint32_t ssrc;    /* of our stream */
	uint64_t next;    /* index, packets and octets sent when this was */
	uint64_t packets; /* written; the index goes on in the hot part */
	uint64_t octets;
	uint64_t in_packets, in_octets, in_lost; /* received till then */
	uint32_t resumes;
	uint64_t far_answer;
	uint64_t at_ms[LEG_STEPS];
	char offered[64];
	/* of struct leg_terms: */
	uint8_t ncodecs, codecs[SDPM_CODECS];
	uint8_t nsuites, suites[SDPM_SUITES];
	uint8_t digits;
	uint8_t video;
	uint16_t ptime;
	char policy[SESSION_POLICY_MAX + 1];
	uint8_t order, noise, narrow, dtx, effort;
	uint32_t bitrate;
	uint8_t record, play_over;
	char music[SOUND_NAME_MAX + 1];
	char fork[SOUND_NAME_MAX + 1];
	char owner[SESSION_TENANT_MAX + 1];
	/* of the service `sound`: */
	char play[SOUND_NAME_MAX + 1];
	uint32_t play_times;
	uint64_t play_ms;
	uint32_t tape; /* of struct session, in leg 1's record; and */
	uint64_t tape_unix_s;
	uint8_t hushed;
	uint8_t up; /* session.answered; in each leg's record */
	union {                               /* by choice.profile */
		struct path_web_state web;
		struct path_rtp_state rtp;
	} path;
	struct sdpm_local local;
	struct sdpm_choice choice;
};

enum {
	STATE_LEG_MAX = STATE_PACK_MAX(sizeof(struct state_leg)),
};

/* Into STATE_LEG_MAX bytes, of which it takes a few; no local hosts. */
size_t state_leg_pack(uint8_t *buf, const struct state_leg *leg);
/* EBADMSG. The local hosts and the peer's plain RTP addresses come back
 * empty. path is checked by who imports it. */
int state_leg_unpack(struct state_leg *leg, const uint8_t *data, size_t len);

#endif
