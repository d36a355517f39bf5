/*
 * sdp_video.h  The video of a leg: what it agrees on beside its audio
 *
 * Pure. An agreement on video is upon one on audio (sdp_decide.h), made from
 * the same description, and never in its way: where there can be no video, its
 * m-line is refused and the call is one of audio.
 *
 *   peer offers:  sdpm_decide_offer(), then sdpm_video_offered()
 *   we offer:     sdpm_offer_make(),   then sdpm_video_offer()
 *   peer answers: sdpm_decide_answer(), then sdpm_video_answered()
 *
 * Nothing is transcoded, so both sides of a call get the same format: what is
 * wanted of a leg (struct sdpm_vpolicy) is made of what the other leg has.
 * Payload types and numbers of header extensions are each leg's own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_VIDEO_H
#define MEDIAD_SDP_VIDEO_H

#include "mediad/sdp/sdp_decide.h"
#include "mediad/sdp/sdp_vformat.h"

enum {
	SDPM_VFORMATS_MAX = 16
};

/* Bits: RTCP feedback (RFC 4585, RFC 5104). */
enum {
	SDPM_FB_NACK = 1,
	SDPM_FB_PLI = 2,
	SDPM_FB_FIR = 4,
	SDPM_FB_REMB = 8,  /* draft-alvestrand-rmcat-remb */
	SDPM_FB_TWCC = 16, /* draft-holmer-rmcat-transport-wide-cc */
	SDPM_FB_ASKED = SDPM_FB_NACK | SDPM_FB_PLI | SDPM_FB_FIR,
	SDPM_FB_ALL = 31,
};

/* Header extensions that are passed on (RFC 8285). */
enum sdpm_vext {
	SDPM_EXT_TWCC, /* goes with SDPM_FB_TWCC */
	SDPM_EXT_SENT, /* abs-send-time; goes with SDPM_FB_REMB */
	SDPM_EXT_TURN, /* 3gpp:video-orientation */
	SDPM_VEXTS
};

/* What is in force, or what we have offered. */
struct sdpm_video {
	uint8_t line;         /* of the layout */
	uint8_t dir;          /* enum sdpm_dir: ours, */
	uint8_t theirs;       /* and as the peer wrote it */
	uint8_t nformats;     /* those of before included: numbers once */
	uint8_t noffered;     /* given stay. The first are offered, */
	uint8_t chosen;       /* and one is agreed on */
	uint8_t feedback;     /* SDPM_FB_: that both sides do */
	uint8_t ext[SDPM_VEXTS]; /* number on this leg, 1..14; 0: not used */
	bool rsize;           /* RFC 5506: the peer takes it */
	bool mux;             /* RFC 5761 */
	struct sdpm_vformat formats[SDPM_VFORMATS_MAX];
	uint32_t ssrc; /* the peer's; 0: not said */
	/* not SDPM_BROWSER, which has all on audio's transport: */
	struct sa rtp, rtcp; /* as in struct sdpm_peer */
	struct sdpm_sdes sdes;
	bool dtls;   /* the keys come by an association of its own, with the */
	bool client; /* certificate of audio's; it is ours to begin; */
	bool anew;   /* another one than before */
};

/* An offer of ours. */
struct sdpm_voffer {
	struct sdpm_video video;
	struct sdpm_policy policy;
	struct sa was; /* where the peer's association is; unset: there is none */
};

struct sdpm_vpolicy {
	struct sdpm_policy line; /* profile, dir, and the keys of this m-line */
	uint8_t nformats;        /* 0: no video */
	struct sdpm_vformat formats[SDPM_VFORMATS_MAX]; /* best first; rx_pt is
							   the one to offer, if
							   it is free */
	uint8_t feedback;        /* SDPM_FB_ that make sense */
	uint8_t exts;            /* bit n: enum sdpm_vext n does */
};

/* No video. */
void sdpm_vpolicy_init(struct sdpm_vpolicy *policy, enum sdpm_profile profile);
/* All that can be relayed: for a leg that hears itself. */
void sdpm_vpolicy_all(struct sdpm_vpolicy *policy);
/* What the other leg's far side, of this profile, has offered, in its order. */
void sdpm_vpolicy_like(struct sdpm_vpolicy *policy,
		       const struct sdpm_desc *other,
		       enum sdpm_profile profile);
/* What the other leg has agreed on. */
void sdpm_vpolicy_match(struct sdpm_vpolicy *policy,
			const struct sdpm_video *other);

/* choice: what was decided of the same offer. False: no video. */
bool sdpm_video_offered(struct sdpm_video *video,
			const struct sdpm_desc *offer,
			const struct sdpm_choice *choice,
			const struct sdpm_vpolicy *policy,
			const struct sdpm_video *prev);
/* Adds an m-line to the offer's layout, or uses one that there is. False: no
 * video is offered, and an m-line that there was is refused. */
bool sdpm_video_offer(struct sdpm_voffer *video, struct sdpm_offer *offer,
		      const struct sdpm_vpolicy *policy,
		      const struct sdpm_video *prev);
/* choice: what was decided of the same answer. False: no video. */
bool sdpm_video_answered(struct sdpm_video *video,
			 const struct sdpm_desc *answer,
			 const struct sdpm_choice *choice,
			 const struct sdpm_voffer *offered);

/* Is it an m-line of video that is on? For who wants to know of a far side's
 * offer. NULL: there is none. */
const struct sdpm_media *sdpm_video_find(const struct sdpm_desc *desc,
					 enum sdpm_profile profile);
/* What it does there, as in struct sdpm_choice. */
enum sdpm_dir sdpm_video_said(const struct sdpm_desc *desc,
			      enum sdpm_profile profile);
const struct sdpm_vformat *sdpm_video_format(const struct sdpm_video *video);
/* All in range, of bytes from a file. */
bool sdpm_video_sound(const struct sdpm_video *video);

#endif
