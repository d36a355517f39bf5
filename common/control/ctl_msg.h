/*
 * ctl_msg.h  The control protocol between sigd and mediad: read me first
 *
 * Every message, as plain data. sigd asks (struct ctl_req) a mediad worker,
 * which answers (struct ctl_ans) and reports on its own (struct ctl_event).
 * The protocol speaks of sessions (16 lower-case hex digits, made by sigd,
 * one per call) and their legs (1..16; 1 is the caller's). mediad alone
 * reads and writes SDP. How a message looks in Redis, and what protects it,
 * is docs/control-protocol.md.
 *
 * Text is a struct pl: borrowed, not 0-terminated; in a decoded message it
 * points into what was decoded. Limits are checked by the codec, both ways.
 *
 * Requests of one sender to one worker are served in the order sent; the
 * same id asked again gets the same answer again.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_MSG_H
#define COMMON_CONTROL_CTL_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/status.h"

enum {
	CTL_VERSION = 1,
	CTL_ID_LEN = 16,     /* session, call, message id: [0-9a-f] */
	CTL_ADDR_MAX = 20,   /* "node/slot" */
	CTL_LEG_MAX = 16,    /* leg numbers are 1..16 */
	CTL_SDP_MAX = 32768, /* bytes */
	CTL_TENANT_MAX = 64, /* bytes, no control characters */
	CTL_TEXT_MAX = 256,  /* bytes of text for people */
	CTL_FORM_MAX = 4096, /* bytes */
	CTL_CODEC_MAX = 31,
	CTL_CODECS_MAX = 128,    /* bytes of a list of codecs */
	CTL_INTERFACE_MAX = 16,  /* bytes of an interface's name */
	CTL_SUITES_MAX = 160,    /* bytes of a list of suites */
	CTL_NETWORKS_MAX = 1024, /* bytes of a list of networks */
	CTL_POLICY_MAX = 32,     /* bytes of a policy's name */
	CTL_RATE_MAX = 510000,   /* bit/s that Opus may have (RFC 7587 6.1) */
	CTL_EFFORT_MAX = 11,
	CTL_PTIME_MIN = 10,      /* ms */
	CTL_PTIME_MAX = 60,
	CTL_DIGIT_MS_MAX = 10000, /* of a key */
	CTL_SOUND_MAX = 32,      /* bytes of a sound's or consumer's name */
	CTL_TIMES_MAX = 1000,    /* that a sound is played */
	CTL_ENTRY_MAX = 65536, /* bytes of all names and values */
	CTL_FIELDS_MAX = 64,   /* of one entry, unknown ones included */

	CTL_TTL_MS = 1500,      /* of a request, when nothing else is said */
	CTL_TTL_MAX_MS = 10000, /* of a request or answer */
	CTL_EVENT_TTL_MS = 300000,
};

enum ctl_verb {
	CTL_LEG_REMOTE,    /* "leg.remote" */
	CTL_LEG_LOCAL,     /* "leg.local" */
	CTL_LEG_JOIN,      /* "leg.join" */
	CTL_LEG_ROLLBACK,  /* "leg.rollback" */
	CTL_LEG_DIGIT,     /* "leg.digit" */
	CTL_LEG_DROP,      /* "leg.drop" */
	CTL_SESSION_DROP,  /* "session.drop" */
	CTL_SESSION_QUERY, /* "session.query" */
	CTL_SESSION_TAPE,  /* "session.tape" */
	CTL_VERB_COUNT
};

/* RFC 3264: what the description is, or what is wanted. */
enum ctl_sdp_kind {
	CTL_OFFER,
	CTL_ANSWER
};

/* Who is at the far end of a leg. */
enum ctl_profile {
	CTL_BROWSER, /* "browser": ICE, DTLS-SRTP, BUNDLE, rtcp-mux */
	CTL_RTP,     /* "rtp": plain RTP/AVP */
	CTL_SDES,    /* "sdes": RTP/SAVP with keys in the SDP (RFC 4568) */
	CTL_OSRTP,   /* "osrtp": RTP/AVP with keys that may be taken or left
			(RFC 8643) */
	CTL_DTLS,    /* "dtls": DTLS-SRTP without ICE (RFC 5763) */
	CTL_PROFILES
};

/* Whose packets a leg takes that is no browser's, and where it sends. */
enum ctl_source {
	CTL_STRICT,     /* "strict": the addresses of the far side's SDP */
	CTL_LEARN_ONCE, /* "learn-once": the first that sends what was agreed
			   on, from the host of its SDP or from `networks` */
	CTL_NETWORK,    /* "network": who sends from `networks`, another one
			   once the present one is silent */
};

/* The address that our offer names; an answer is in that of the offer. */
enum ctl_family {
	CTL_ANY_FAMILY, /* that of the first interface */
	CTL_IP4,        /* "ip4" */
	CTL_IP6,        /* "ip6"; when there is an interface of it */
};

/* How the far side is to hear of keys of the other one. */
enum ctl_digits {
	CTL_DIGITS_RTP,  /* "rtp": as telephone-events, or tones */
	CTL_DIGITS_TOLD, /* "told": by the event leg.digit alone; it takes and
			    sends no telephone-events */
	CTL_DIGITS_AUTO, /* "auto": as telephone-events when it takes them,
			    else by leg.digit */
	CTL_DIGITS_TONES, /* "tones": in its audio, both ways; no
			     telephone-events are agreed on */
};

/* Which codec goes first. */
enum ctl_order {
	CTL_NO_ORDER,    /* that of the leg beside, else "usual" */
	CTL_USUAL,       /* "usual": browsers have Opus; of the others' codecs
			    the one that the leg beside has */
	CTL_PASSTHROUGH, /* "passthrough": whatever the leg beside has */
	CTL_QUALITY,     /* "quality": wide band, and Opus */
	CTL_COST,        /* "cost": what the leg beside has, then what takes
			    the least of our time */
	CTL_LISTED,      /* "listed": as `codecs` has them, always */
};

/* When the Opus that we make pauses (RFC 7587, 3.1.3). */
enum ctl_dtx {
	CTL_DTX_ASKED,  /* "asked": when the far side prefers it (usedtx=1) */
	CTL_DTX_ALWAYS, /* "always" */
	CTL_DTX_NEVER,  /* "never" */
};

/* Of the Opus that we make for a far side. 0: mediad's own. */
struct ctl_opus {
	uint32_t bitrate; /* bit/s at most, up to CTL_RATE_MAX */
	uint32_t effort;  /* 1 + complexity: 1..CTL_EFFORT_MAX */
	bool narrow;      /* 8 kHz, whatever the far side could hear */
	enum ctl_dtx dtx;
};

/* Is a call to be recorded? It is when one of the legs that are joined says
 * always, and none says never. */
enum ctl_recording {
	CTL_RECORD_UNSAID,
	CTL_RECORD_ALWAYS, /* "always" */
	CTL_RECORD_NEVER,  /* "never" */
};

/*
 * What a leg is made with. Counts in the message that makes the leg, and is
 * ignored in others; for browsers only `video`, `codecs` and what is below it
 * counts.
 */
struct ctl_terms {
	struct pl codecs; /* "PCMU,PCMA,opus", best first; empty:
			     PCMA,PCMU,G722.
			     One that the other leg has agreed on goes first:
			     nothing is transcoded then */
	enum ctl_source source;
	struct pl networks; /* "192.0.2.0/24,2001:db8::/32", at most 16 */
	uint32_t ptime;     /* ms, CTL_PTIME_MIN..MAX that we ask for; 0: 20 */
	enum ctl_family family;
	enum ctl_digits digits;
	bool video; /* it may have video, when the other leg has the same */
	struct pl suites; /* sdes, osrtp: "AES_CM_128_HMAC_SHA1_80,...", best
			     first, as RFC 4568, 6188 and 7714 name them;
			     empty: that one and AES_256_CM_HMAC_SHA1_80 */
	struct pl policy; /* what it is called, for people; may be empty */
	enum ctl_order order;
	bool noise; /* comfort noise (RFC 3389) is offered, and taken */
	struct ctl_opus opus;
	struct pl music; /* a sound that the other leg hears while the far side
			    of this one has it on hold; empty: what that
			    sends */
	enum ctl_recording record;
	struct pl interface; /* the media server's that the far side is reached
				by, by name; empty: the first of the family */
	struct pl fork; /* a consumer of the worker's configuration that gets
			   the call's audio; empty: none */
	struct pl owner; /* the tenant whose user or connection its far side
			    is, when that is not the session's; else empty */
};

/* What a leg can be joined to instead of another leg. */
enum ctl_service {
	CTL_NO_SERVICE,
	CTL_ECHO,      /* "echo": what comes goes back */
	CTL_TONE,      /* "tone": 440 Hz */
	CTL_MILLIWATT, /* "milliwatt": 1004 Hz at 0 dBm0 */
	CTL_SOUND,     /* "sound": one of the worker's sounds, by name */
};

/*
 * leg.remote: the far side of a leg has sent this description. With `create`
 * the session is made when it is not there (the same id, call and tenant
 * again is no error). A leg that is not there is made.
 * Answer: status alone. bad-sdp, no-audio, not-acceptable, no-encryption,
 * offer-pending, no-offer, unknown-session, no-port, overload, draining.
 */
struct ctl_leg_remote {
	uint8_t leg;
	enum ctl_sdp_kind kind;
	enum ctl_profile profile;
	bool create;
	char call[CTL_ID_LEN + 1]; /* of the session, always given */
	struct pl tenant;          /* of the session, always given */
	struct pl sdp;
	struct ctl_terms terms;
};

/*
 * leg.local: give me what to send to the far side of this leg. want=offer
 * makes a leg that is not there (a fork's branch); with `create` the session,
 * too, when it is not there: the caller has made no offer, and gets ours. The
 * same want again, with
 * nothing new between, gives the same bytes; an offer that is open stays as
 * it is whatever is new, until it is answered or taken back.
 * Answer: sdp. unknown-session, offer-pending, no-offer, not-acceptable,
 * no-port.
 */
struct ctl_leg_local {
	uint8_t leg;
	enum ctl_sdp_kind want;
	enum ctl_profile profile;
	struct ctl_terms terms;
	bool create;               /* with want=offer alone */
	char call[CTL_ID_LEN + 1]; /* with create alone: of the session */
	struct pl tenant;
	struct pl form; /* of a leg that is made: what it was like at another
			   media worker, as that has said; empty: nothing */
};

/*
 * leg.join: media of this leg goes to and comes from the peer leg or the
 * service, from now on; what it was joined to before is let go. Exactly one
 * of peer (1..16) and service is given. A sound is played so many times, which
 * the event leg.played tells the end of.
 * Answer: status, and of a sound how long it plays. unknown-session,
 * unknown-leg, unknown-service (no such sound, too), not-acceptable.
 */
struct ctl_leg_join {
	uint8_t leg;
	uint8_t peer; /* 0: service */
	enum ctl_service service;
	bool up; /* the call is answered: from now on both are expected to be
		    heard, and who is not is told of (leg.quiet) */
	struct pl sound; /* with CTL_SOUND, and there alone */
	uint32_t times;  /* of it: up to CTL_TIMES_MAX; 0: without end */
};

/*
 * leg.rollback: the open offer of this leg, ours or the far side's, was
 * refused or crossed another (RFC 8829 4.1.10.2). What was agreed on before
 * stands; none open is no error. An offer of the far side needs none before
 * the next one of it.
 * Answer: status alone. unknown-session, unknown-leg.
 */
struct ctl_leg_rollback {
	uint8_t leg;
};

/* A key, as RFC 4733 counts them. */
enum ctl_digit {
	CTL_DIGIT_STAR = 10,
	CTL_DIGIT_HASH = 11,
	CTL_DIGIT_A = 12,
	CTL_DIGITS = 16
};

/*
 * leg.digit: the far side of this leg is to hear this key, pressed for so
 * long: as a telephone-event, or with `tones` as a tone when it takes none.
 * Keys of one leg are played one after the other.
 * Answer: status alone. unknown-session, unknown-leg; not-acceptable: there
 * is no way, or the leg is on hold.
 */
struct ctl_leg_digit {
	uint8_t leg;
	enum ctl_digit code;
	uint32_t ms; /* 1..CTL_DIGIT_MS_MAX */
	bool tones;
};

/* leg.drop: end one leg; one that is not there is no error. */
struct ctl_leg_drop {
	uint8_t leg;
};

/*
 * session.drop: end all legs and forget the session.
 * Answer: the final figures; unknown-session when there is none (then there
 * is nothing more to do).
 */
struct ctl_session_drop {
	enum status reason;
};

/* session.query has no fields of its own. Answer: the figures so far. */

/*
 * session.tape: from now on what others hear of the call, its recording and
 * its consumer, is silence (a card number is being said), or the call again.
 * Who wants silence ends only that wish with "on": the tenants of a call between
 * two are no masters of each other. The operator's "on" ends all of them.
 * What is so already is no error.
 * Answer: paused. unknown-session; not-acceptable: nobody else hears it.
 */
enum ctl_tape {
	CTL_TAPE_ON,     /* "on" */
	CTL_TAPE_PAUSED, /* "paused" */
};
enum ctl_tape_by {
	CTL_BY_OPERATOR, /* of no tenant */
	CTL_BY_CALLER,   /* "caller": of that one's tenant */
	CTL_BY_CALLEE,   /* "callee" */
};
struct ctl_session_tape {
	enum ctl_tape tape;
	enum ctl_tape_by by;
};

struct ctl_req {
	enum ctl_verb verb;
	char session[CTL_ID_LEN + 1];
	union {
		struct ctl_leg_remote remote;
		struct ctl_leg_local local;
		struct ctl_leg_join join;
		struct ctl_leg_rollback rollback;
		struct ctl_leg_digit digit;
		struct ctl_leg_drop drop;
		struct ctl_session_drop end;
		struct ctl_session_tape tape;
	};
};

/* What one leg has seen since it was made. */
struct ctl_leg_figures {
	uint8_t leg;
	enum ctl_profile profile;
	char codec[CTL_CODEC_MAX + 1]; /* "opus", "PCMU", "" before one is
					  chosen: [A-Za-z0-9.-] */
	uint64_t rx_packets;           /* valid ones */
	uint64_t rx_bytes;             /* of payload */
	uint64_t rx_lost;              /* RFC 3550 6.4.1, never below 0 */
	uint64_t rx_bad;       /* malformed, not authentic, wrong source */
	uint64_t rx_jitter_us; /* RFC 3550 6.4.1, last */
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t far_lost; /* what the far side reports (RTCP) */
	uint64_t far_jitter_us;
	uint64_t rtt_us;    /* last; 0: never measured */
	uint64_t first_ms;  /* from made to first valid packet; 0: none */
	uint64_t silent_ms; /* since the last valid packet */
	uint64_t rx_mos;    /* times 100 (ITU-T G.107); 0: not known */
	uint64_t tx_mos;    /* the same of what its far side hears */
	uint64_t quiet_ms;  /* that it was not heard while it was expected */
};

struct ctl_figures {
	uint64_t age_ms;  /* of the session */
	uint64_t resumes; /* workers that died under it */
	uint8_t nlegs;
	struct ctl_leg_figures legs[CTL_LEG_MAX];
};

struct ctl_ans {
	enum status status;
	struct pl text; /* for people; may be empty */
	struct pl sdp;  /* leg.local; empty when status is not ok */
	uint32_t ms;    /* leg.join with a sound: until its end; 0: none */
	bool paused;    /* session.tape: somebody wants silence (still) */
	/* session.drop, session.query; NULL elsewhere. Borrowed. */
	const struct ctl_figures *figures;
};

/* What mediad reports on its own. */
enum ctl_event_kind {
	/* need an action: exactly one sigd worker gets each (cb:events) */
	CTL_EV_LEG_LOST,     /* "leg.lost": session, call, tenant, leg, why */
	CTL_EV_SESSION_LOST, /* "session.lost": session, call, tenant, why */
	CTL_EV_LEG_DIGIT,    /* "leg.digit": session, call, tenant, leg, digit,
				ms: its far side is to be told of this key */
	CTL_EV_LEG_PLAYED,   /* "leg.played": session, call, tenant, leg: the
				sound that it was joined with is over */
	/* facts for people: logs, timelines (cb:facts) */
	CTL_FACT_LEG_UP,          /* "leg.up": first valid packet of a leg */
	CTL_FACT_SESSION_RESUMED, /* "session.resumed": by a new worker */
	CTL_FACT_SESSION_ENDED,   /* "session.ended": why, figures */
	CTL_FACT_LEG_QUIET, /* "leg.quiet": text = why it is not heard, one of
			       docs/control-protocol.md's */
	CTL_FACT_LEG_HEARD, /* "leg.heard": it is again */
	CTL_FACT_RECORDED,        /* "recording.ended": why, text: the file */
	CTL_FACT_RECORD_LOST,     /* "recording.lost": why, text: the file and
				     what happened */
	CTL_FACT_RECORD_PAUSED,   /* "recording.paused": text: the file, from
				     which ms of it on it is silent */
	CTL_FACT_RECORD_RESUMED,  /* "recording.resumed": as well, till when */
	CTL_EVENT_COUNT
};

struct ctl_event {
	enum ctl_event_kind kind;
	char session[CTL_ID_LEN + 1];
	char call[CTL_ID_LEN + 1];
	struct pl tenant;
	struct pl there; /* of leg.quiet, leg.heard and recording.*: the other
			    tenant whose call it is, too; empty: none */
	uint8_t leg;     /* leg.*: 1..16; else 0 */
	enum ctl_digit digit; /* leg.digit alone */
	uint32_t ms;          /* leg.digit alone: 1..CTL_DIGIT_MS_MAX */
	enum status why; /* STATUS_OK where nothing went wrong */
	struct pl text;  /* may be empty */
	const struct ctl_figures *figures; /* session.ended, or NULL */
};

/* Somebody has to act upon it: it goes to cb:events. */
static inline bool ctl_needs_action(enum ctl_event_kind kind)
{
	return kind < CTL_FACT_LEG_UP;
}

#endif
