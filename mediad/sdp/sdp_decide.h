/*
 * sdp_decide.h  Offer and answer (RFC 3264): what one leg agrees with its peer
 *
 * Pure. A leg keeps one struct sdpm_choice, the agreement in force, and while
 * an offer of ours is open its struct sdpm_offer:
 *
 *   peer offers:  sdpm_decide_offer(&next, .., prev)  -> sdpm_write_answer()
 *   we offer:     sdpm_offer_make(&offer, .., prev)   -> sdpm_write_offer()
 *   peer answers: sdpm_decide_answer(&next, .., &offer, prev)
 *
 * `prev` is the agreement in force, NULL at first; on success `next` replaces
 * it, on failure `prev` stays in force (RFC 3264 8). Only one audio m-line is
 * used; every other keeps its place with port 0. A peer of plain RTP may turn
 * the one in use off by port 0, and on again later (RFC 3264 8.2).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_DECIDE_H
#define MEDIAD_SDP_DECIDE_H

#include "mediad/sdp/sdp_model.h"

enum {
	SDPM_MAPS_MAX = 16,
	SDPM_ITEMS_MAX = 48
};

enum {
	SDPM_EVENT_8K = 1,
	SDPM_EVENT_48K = 2,
	SDPM_EVENT_16K = 4
};

enum sdpm_profile {
	SDPM_BROWSER, /* DTLS-SRTP, rtcp-mux, the peer does ICE, we ICE-lite */
	SDPM_RTP,     /* plain RTP/AVP */
	SDPM_SDES,  /* RTP/SAVP with keys in the SDP (RFC 4568), never plain */
	SDPM_OSRTP, /* RTP/AVP with keys that may be taken (RFC 8643) */
	SDPM_DTLS,  /* DTLS-SRTP without ICE (RFC 5763) */
	SDPM_PROFILES
};

/* A key of ours for one suite. */
struct sdpm_own {
	enum sdpm_suite suite;
	uint8_t secret[SDPM_SECRET_MAX];
	uint64_t base; /* of our stream's indices: ROC 0 under this key */
};

struct sdpm_choice;

/* What we want of a leg. sdpm_policy_init() sets the defaults. */
struct sdpm_policy {
	enum sdpm_profile profile;
	enum sdpm_dir dir; /* the most that we want to do */
	uint8_t ncodecs;
	enum sdpm_codec codecs[SDPM_CODECS]; /* allowed, best first;
						SDPM_EVENT allows events,
						SDPM_NOISE comfort noise,
						SDPM_RED redundant audio */
	uint8_t event_clocks;  /* of SDPM_EVENT_... */
	struct sdpm_opus opus; /* what we say of our Opus receiver */
	uint16_t ptime;        /* ms, 20 */
	bool dtls; /* SDPM_OSRTP, in an offer of ours: keys come by DTLS */
	bool full; /* SDPM_BROWSER, the same: the peer is known to be lite */
	uint8_t nown;          /* SDPM_SDES, SDPM_OSRTP: the suites allowed, */
	struct sdpm_own own[SDPM_SUITES]; /* best first, each with a new key */
	uint8_t unused; /* bit n: own[n] has never been in use */
};

/* Opus, PCMU, PCMA, telephone-event; sendrecv; minptime 10, FEC; 20 ms. */
void sdpm_policy_init(struct sdpm_policy *policy, enum sdpm_profile profile);
/* Puts the codec first (the one the other leg agreed on: no transcoding);
 * the rest keep their order. Adds nothing that is not allowed. */
void sdpm_policy_prefer(struct sdpm_policy *policy, enum sdpm_codec codec);
/* The other leg's offer, which has no answer yet: what it has goes first, both
 * parts keep their order. */
void sdpm_policy_lean(struct sdpm_policy *policy,
		      const struct sdpm_desc *other);
/* What an offer says of its Opus; false: it has none, and nothing is written. */
bool sdpm_opus_offered(struct sdpm_opus *opus, const struct sdpm_desc *desc);
/* As sdpm_policy_prefer(), and events only as the other leg agreed on them: what this leg
 * will agree on can then be relayed as it is, if its peer offered it. */
void sdpm_policy_match(struct sdpm_policy *policy,
		       const struct sdpm_choice *other);
/* Takes away what the other leg's offer did not have (keeps order), so that
 * what this leg agrees on can be relayed. May leave no codec. */
void sdpm_policy_limit(struct sdpm_policy *policy,
		       const struct sdpm_desc *other);

/* A payload type of the session, chosen or not: numbers once given to a
 * codec stay (RFC 3264 8.3.2). */
struct sdpm_map {
	enum sdpm_codec codec;
	uint32_t clock; /* Hz */
	uint8_t rx_pt;  /* of packets that we receive */
	uint8_t tx_pt;  /* of packets that we send */
};

/* An m-line's place, the same in all descriptions of a session. */
struct sdpm_line {
	enum sdpm_kind kind;
	char type[SDPM_TYPE_MAX + 1];
	char proto[SDPM_PROTO_MAX + 1];
	char fmt[SDPM_FMT_MAX + 1]; /* first format, for refusing it */
	char mid[SDPM_MID_MAX + 1]; /* empty: none */
};

/*
 * The m-line that is named first in audio's BUNDLE group, on whose transport
 * audio lives, when that is another one. Refused it would take audio along
 * (RFC 9143 7.3.3; Chromium does so, whatever the group of the answer says),
 * so it stays, inactive, with its first format.
 */
struct sdpm_carrier {
	bool on;
	uint8_t line;    /* index of the m-line */
	char rtpmap[32]; /* "VP8/90000"; empty: none */
	char fmtp[72];   /* empty: none, or longer */
};

struct sdpm_layout {
	uint8_t nlines;
	uint8_t audio; /* index of the m-line in use */
	bool bundle;   /* SDPM_BROWSER: audio stands in a BUNDLE group, with */
	struct sdpm_carrier carrier;
	struct sdpm_line lines[SDPM_MEDIA_MAX]; /* the last member */
};

/* The keys of both sides. Zeroed: there are none, and RTP is plain. */
struct sdpm_sdes {
	uint32_t tag;
	enum sdpm_suite suite;
	uint32_t mki;    /* of the peer's packets; ours have none */
	uint8_t mki_len; /* bytes; 0: none */
	uint8_t theirs[SDPM_SECRET_MAX];
	struct sdpm_own ours;
};

/* The peer's end of the transport. */
struct sdpm_peer {
	union {
		struct { /* by DTLS; ufrag and pwd of SDPM_BROWSER */
			char ufrag[SDPM_UFRAG_MAX + 1];
			char pwd[SDPM_PWD_MAX + 1];
			char tls_id[SDPM_TLS_ID_MAX + 1]; /* empty: not said */
		};
		struct sdpm_sdes sdes; /* the others */
	};
	uint8_t nprints; /* of the strongest hash only (RFC 8122 5) */
	struct sdpm_print prints[SDPM_PRINTS_MAX];
	struct sa rtp;  /* not SDPM_BROWSER: where to send; unset when held by
			   c=0 */
	struct sa rtcp; /* and a=rtcp, or rtp's port + 1, or rtp */
	uint32_t ssrc;  /* first a=ssrc, 0: not said */
};

/* What is new against the agreement before; all false at first. */
struct sdpm_change {
	bool ice_restart;  /* new ufrag and pwd: answer with new ones too */
	bool dtls_restart; /* other fingerprint, tls-id or role; without ICE
			      and tls-id, other address: new association
			      (RFC 8842, 5.1) */
	bool codec;        /* codec or a payload type */
	bool dir;
	bool address; /* not SDPM_BROWSER: peer.rtp moved */
};

/*
 * One that is kept may end behind the last line in use, which is less than
 * half of it: see sdpm_choice_size(). Such a one is not assigned or copied as a
 * whole but by sdpm_choice_copy(); an offer likewise.
 */
struct sdpm_choice {
	enum sdpm_profile profile;
	enum sdpm_dir dir;    /* ours: SDPM_SENDONLY means that we send */
	enum sdpm_dir theirs; /* as the peer wrote it; c=0.0.0.0 included */
	bool held;            /* the peer does not listen to us */
	bool off;             /* not SDPM_BROWSER: its port is 0 */
	bool rtcp_mux;
	bool dtls;        /* keys come by DTLS, and */
	bool dtls_client; /* a=setup: we are active */
	bool lite;        /* SDPM_BROWSER: the peer is, so we are not */
	uint8_t nmaps;
	int8_t codec; /* index in maps, never -1 */
	int8_t event; /* index in maps, -1: no telephone-event */
	int8_t noise; /* index in maps, -1: no comfort noise */
	int8_t red;   /* index in maps, -1: no redundant audio */
	struct sdpm_map maps[SDPM_MAPS_MAX];
	uint16_t events;          /* bit n: peer takes event n (0..15) */
	uint16_t ptime;           /* ms to send: what the peer asked, or 20 */
	uint16_t we_ptime;        /* ms that we ask for */
	struct sdpm_opus opus;    /* what the peer asked of who sends Opus */
	struct sdpm_opus we_opus; /* what we say of ours */
	struct sdpm_peer peer;
	struct sdpm_change change;
	struct sdpm_layout layout; /* the last member */
};

/* An offer of ours. */
struct sdpm_offer {
	struct sdpm_policy policy;
	uint8_t nmaps; /* the first noffered are offered */
	uint8_t noffered;
	struct sdpm_map maps[SDPM_MAPS_MAX];
	struct sdpm_layout layout; /* the last member */
};

/* Bytes in use: all but the lines that are not. */
size_t sdpm_choice_size(const struct sdpm_choice *choice);
size_t sdpm_offer_size(const struct sdpm_offer *offer);
/* to is whole; the lines that are not in use are zeroed. */
void sdpm_layout_copy(struct sdpm_layout *to, const struct sdpm_layout *from);
void sdpm_choice_copy(struct sdpm_choice *to, const struct sdpm_choice *from);

struct sdpm_item {
	uint8_t media; /* index of the m-line */
	int16_t pt;    /* -1: about the m-line itself */
	uint32_t clock;
	char name[SDPM_TYPE_MAX + 1]; /* encoding name, or the m-line's type */
	enum sdpm_why why;
};

/* The decision explained; filled on success and on failure. */
struct sdpm_verdict {
	struct sdpm_error error;
	uint8_t nitems;
	struct sdpm_item items[SDPM_ITEMS_MAX];
};

/* A short phrase: "chosen", "clock of another codec", ... */
const char *sdpm_why_text(enum sdpm_why why);

/*
 * 0; EBADMSG: the description breaks RFC 3264 (400); ENOTSUP: understood, but
 * not acceptable (488); verdict->error tells. verdict is never NULL. choice
 * may not be prev.
 */
int sdpm_decide_offer(struct sdpm_choice *choice, struct sdpm_verdict *verdict,
		      const struct sdpm_desc *offer,
		      const struct sdpm_policy *policy,
		      const struct sdpm_choice *prev)
	__attribute__((warn_unused_result));

/* ENOTSUP when the policy allows no codec. */
int sdpm_offer_make(struct sdpm_offer *offer, const struct sdpm_policy *policy,
		    const struct sdpm_choice *prev)
	__attribute__((warn_unused_result));

/* As sdpm_decide_offer(). ENOTSUP also when the peer refused the audio. The
 * same answer may be given again (18x, then 200). */
int sdpm_decide_answer(struct sdpm_choice *choice, struct sdpm_verdict *verdict,
		       const struct sdpm_desc *answer,
		       const struct sdpm_offer *offer,
		       const struct sdpm_choice *prev)
	__attribute__((warn_unused_result));

#endif
