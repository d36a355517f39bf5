/*
 * leg_video.h  The video of a leg, beside its audio
 *
 * A leg has one when it has ever offered, or agreed on, video. It is a second
 * stream of the leg: of a browser on the same transport, of plain RTP with
 * ports of its own. What comes in goes to the joined leg when both agreed on
 * the same format; there is nothing to transcode. It is never in the way of a
 * call: where something is missing, the call is one of audio.
 *
 * For the files of this folder.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_LEG_VIDEO_H
#define MEDIAD_SESSION_LEG_VIDEO_H

#include "common/wheel.h"
#include "mediad/rtp/report.h"
#include "mediad/rtp/video.h"
#include "mediad/sdp/sdp_write.h"
#include "mediad/transport/path.h"

struct leg;
struct past;
struct path;
struct path_packet;
struct secure_keys;
struct state_video;

/* Asking the far side for a whole picture. */
struct leg_key {
	bool due;
	uint8_t fir;       /* number of the latest FIR (RFC 5104, 4.3.1.1) */
	uint64_t asked_ms; /* 0: never */
	uint32_t asked;    /* how often */
};

/* Sending again, so much in a while and no more. */
struct leg_again {
	uint64_t from_ms;
	uint32_t packets;
	uint64_t all; /* ever */
};

struct leg_video {
	struct leg *leg;
	struct path *path;         /* the leg's, or its own */
	bool on;                   /* agreed is in force */
	struct sdpm_video agreed;  /* the last one */
	struct sdpm_voffer *offer; /* as leg->sdp.offer; NULL: without video */
	uint64_t mine[2];          /* bit n: payload type n is not audio's */
	struct strm_in in;
	struct strm_out out;
	struct video_way way; /* of what comes in */
	struct past *past;    /* of out; NULL: nobody asks for it */
	struct report report;
	struct wheel_timer report_due;
	struct leg_key key;
	struct leg_again again;
	struct video_asks asks; /* of what comes in */
	uint64_t since_ms; /* of the agreement */
	uint64_t bad;      /* packets: no RTP, of another stream */
	uint32_t rec;
	bool stored;
};

/* --- leg_video.c: agreements ------------------------------------------------- */

/* Beside the audio's of the same name in leg_sdp.c. What cannot be had is left
 * out. */
void leg_video_decide(struct leg *leg, const struct sdpm_desc *offer,
		      const struct sdpm_choice *next);
void leg_video_offer(struct leg *leg, struct sdpm_offer *offer);
void leg_video_answer(struct leg *leg, const struct sdpm_desc *answer,
		      const struct sdpm_choice *next);
void leg_video_rollback(struct leg *leg);
/* What was agreed on at another worker: the next agreement follows upon it. */
void leg_video_follow(struct leg *leg, const struct sdpm_video *agreed);
void leg_video_apply(struct leg *leg);
/* For the writer; NULL: no video. offer: what we offer, else what is agreed. */
const struct sdpm_vlocal *leg_video_local(const struct leg *leg,
					  struct sdpm_vlocal *vlocal,
					  bool offer);
/* A leg's video that is on; NULL: none. */
struct leg_video *leg_video_on(const struct leg *leg);
/* One without an agreement; the leg owns it. */
int leg_video_alloc(struct leg_video **vp, struct leg *leg);
/* Wipes its record, too. */
void leg_video_drop(struct leg *leg);
/* The keys of its m-line. */
void leg_video_keys(struct secure_keys *keys, const struct leg_video *v);
extern const struct path_handlers leg_video_handlers;

/* --- leg_video_flow.c: packets --------------------------------------------------- */

/* Have packets flow as joins and agreements say; of the leg's peer, too. */
void leg_video_wire(struct leg *leg);
void leg_video_unwire(struct leg *leg);
/* Of a packet on the leg's own path. */
static inline bool leg_video_takes(const struct leg_video *v, uint8_t pt)
{
	return v->mine[pt >> 6] >> (pt & 63) & 1;
}
void leg_video_rtp(struct leg_video *v, const struct path_packet *packet);
void leg_video_rtcp(struct leg_video *v, const struct path_packet *packet);
/* What is sent to the leg arrives from now on: it needs a whole picture. */
void leg_video_ready(struct leg *leg);
/* A whole picture is needed of it: asked for as soon as may be. */
void leg_video_want_key(struct leg_video *v, uint64_t now_ms);
void leg_video_report_start(struct leg_video *v);

/* --- leg_video_store.c ------------------------------------------------------------- */

/* With the leg's. */
void leg_video_store(struct leg_video *v);
/* To a leg that has come back; the record is its then. */
int leg_video_revive(struct leg *leg, uint32_t rec, struct state_video *st);

#endif
