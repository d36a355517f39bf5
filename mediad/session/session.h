/*
 * session.h  The sessions of a worker: legs, how they are joined, their end
 *
 * A session is a call as media sees it: up to SESSION_LEGS_MAX legs, each
 * with its own offer/answer state (RFC 3264), transport and outgoing stream.
 * Legs are joined two and two (what one sends is relayed to the other), or
 * with a service. Knows nothing of Redis or of the control protocol:
 * mediad/control maps its commands to these calls one by one, tests call
 * them directly.
 *
 * All calls from the worker's thread. Ids are text as in common/id.h. Times
 * are monotonic milliseconds of the worker's wheel.
 *
 * Errors of all calls that name a session or leg:
 *   ENOENT    no such session or leg
 *   EINVAL    a leg number, id, service, profile or term that is none, or
 *             not the profile that the leg was made with
 *   EPROTO    the leg's offer/answer state does not allow it (RFC 3264, 4)
 *   EBADMSG   SDP not understood          (why: sip 400)
 *   ENOTSUP   SDP nothing can be made of  (why: sip 488)
 *   EUSERS    a limit of this worker is reached, or it is draining
 *   EADDRINUSE  no port is free for plain RTP, of the interface that is
 *               asked for
 *   ENOMEM
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_SESSION_H
#define MEDIAD_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "mediad/sdp/sdp_decide.h"
#include "mediad/transport/source_lock.h"

struct call_log_data;
struct cert;
struct codec_set;
struct forker;
struct jukebox;
struct path_rtp_env;
struct path_web_env;
struct recorder;
struct session_table;
struct sound_bank;
struct state_file;
struct transcode_stats;
struct wheel;

enum {
	SESSION_LEGS_MAX = 16,
	SESSION_ID_LEN = 16,
	SESSION_TENANT_MAX = 64,
};

/* --- the table ------------------------------------------------------------ */

/* Why a leg or session is lost; session_cause_name() is what goes into
 * events and records. */
enum session_cause {
	SESSION_NO_ICE,    /* no check with our password came in time */
	SESSION_NO_DTLS,   /* the handshake was not done in time */
	SESSION_DTLS_FAIL, /* it failed, or the fingerprint was another */
	SESSION_SILENT,    /* no consent any more (RFC 7675) */
	SESSION_CLOSED,    /* the far side closed its DTLS association */
	SESSION_TOO_EARLY, /* the worker died before the leg could resume */
	SESSION_POISON,    /* was there at two deaths of the worker in a row */
	SESSION_NO_ANSWER, /* nothing was agreed on in time */
	SESSION_MEDIA_TIMEOUT, /* plain RTP: nothing is heard any more */
	SESSION_CAUSES,
};

struct session_lost {
	const char *session, *call, *tenant;
	uint8_t leg; /* 0: the whole session */
	enum session_cause cause;
};

/* Once per leg or session. It stays as it is for the grace time, so that it
 * can be asked, dropped, or (a browser's leg) mended by an offer that restarts
 * ICE; then it is dropped by itself. The handler may drop the session. Strings
 * are valid during the call. */
typedef void(session_lost_h)(const struct session_lost *lost, void *arg);

struct session_up {
	const char *session, *call, *tenant;
	uint8_t leg;
};

/* A leg's first valid RTP packet has come: once in its life, whoever serves it.
 * The handler may drop nothing. Strings are valid during the call. */
typedef void(session_up_h)(const struct session_up *up, void *arg);

/* Who gets extended reports (RFC 3611) of us. */
enum session_xr {
	SESSION_XR_ANSWER, /* who sends them */
	SESSION_XR_NEVER,
	SESSION_XR_ALWAYS,
};

struct session_cfg {
	uint32_t max_sessions; /* 0: 2000 */
	uint32_t setup_ms;     /* from the answer until DTLS is done; before it
				  four times as long. 0: 60,000. How long a
				  leg may be without consent says env */
	uint32_t grace_ms;     /* from lost or empty to dropped; 0: 30,000 */
	uint32_t report_ms;    /* least RTCP interval; 0: 5,000 */
	uint32_t media_ms;     /* until a silent leg of plain RTP is lost;
				  0: 60,000 */
	uint32_t poison_ms;    /* a resume counts as survived; 0: 5,000 */
	uint32_t opus_bitrate; /* of what we encode, at most; 0: 24,000 */
	uint8_t opus_complexity; /* 0..10 */
	enum session_xr xr;
	bool log_digits; /* the log of a call tells which keys they were */
};

/* What the table works with; all stays the caller's, and outlives it. */
struct session_deps {
	const struct path_web_env *env; /* transport, and the wheel */
	const struct path_rtp_env *rtp; /* NULL: no legs of plain RTP */
	const struct cert *cert;        /* the one that env's hs_ctx shows */
	const struct sa *hosts;         /* where browsers reach env's mux: */
	size_t nhosts;                  /* 1..SDPM_HOSTS_MAX, best first */
	const struct sa *tcp_hosts;     /* where they reach it over TCP: */
	size_t ntcp_hosts;              /* 0..SDPM_HOSTS_MAX */
	const struct sound_bank *bank;  /* what the services play */
	const struct codec_set *codecs; /* NULL: those that are built in */
	struct jukebox *jukebox;        /* sounds by name; NULL: none */
	struct recorder *recorder;      /* NULL: nothing is recorded */
	struct forker *forker;          /* NULL: there are no consumers */
	struct state_file *state;       /* NULL: nothing survives */
};

/* A key of another leg, for who is to be told of it: not by RTP. */
struct session_heard {
	const char *session, *call, *tenant;
	uint8_t leg; /* whose far side is to be told */
	uint8_t code;
	uint32_t ms;
};
typedef void(session_heard_h)(const struct session_heard *heard, void *arg);

/* A leg is not heard while it is expected to be, or is heard again. why is one
 * of leg_quiet_name(); empty: it is. The handler may drop nothing. Strings are
 * valid during the call. */
struct session_quiet {
	const char *session, *call, *tenant;
	const char *there; /* the other tenant of the call; "": none */
	uint8_t leg;
	const char *why;
};
typedef void(session_quiet_h)(const struct session_quiet *quiet, void *arg);
/* The sound that a leg was joined with is over. The handler may drop the
 * session. */
typedef void(session_played_h)(const struct session_up *played, void *arg);

/* A leg has another agreement. */
typedef void(session_agreed_h)(const char *session, void *arg);

/* Something that the log of the call is to have (leg_log.h). The handler may
 * drop nothing. All is valid during the call. */
struct session_note {
	const char *session, *call;
	uint8_t leg; /* 0: of none */
	const char *kind;
	const struct call_log_data *data; /* NULL: none */
	uint64_t at_ms; /* by the wheel; 0: now */
};
typedef void(session_note_h)(const struct session_note *note, void *arg);
/* Figures of the session are due there, of all legs (leg 0), or of one that is
 * about to end. The same. */
typedef void(session_row_h)(const char *session, uint8_t leg, void *arg);

/* The caller owns *tablep. mem_deref() frees all sessions and leaves their
 * records in the state file: who means the end says session_drop(). */
int session_table_alloc(struct session_table **tablep,
			const struct session_cfg *cfg,
			const struct session_deps *deps, session_lost_h *losth,
			void *arg);

/* arg is that of session_table_alloc(). */
void session_on_up(struct session_table *table, session_up_h *uph);
void session_on_heard(struct session_table *table, session_heard_h *heardh);
void session_on_quiet(struct session_table *table, session_quiet_h *quieth);
void session_on_played(struct session_table *table, session_played_h *playedh);

void session_on_agreed(struct session_table *table, session_agreed_h *agreedh,
		       void *arg);

/* Both may be NULL. */
void session_on_note(struct session_table *table, session_note_h *noteh,
		     session_row_h *rowh, void *arg);

/* Bring back what the state file holds; call once, before the loop runs. What
 * cannot be resumed is reported through the lost handler, during the call,
 * and forgotten. The number of sessions that live again is written to
 * *count. */
int session_resume_all(struct session_table *table, size_t *count);

/* No new sessions from now on; the present ones go on. */
void session_drain(struct session_table *table, bool drain);
/* The same while the worker is late for those that there are: EUSERS. */
void session_strain(struct session_table *table, bool strained);
bool session_strained(const struct session_table *table);
/* How much less hard to encode what is transcoded: 0..2 (packer.h). */
void session_ease(struct session_table *table, uint8_t ease);
size_t session_count(const struct session_table *table);

/* --- commands, in the words of the control protocol ------------------------ */

/* As enum ctl_digits. */
enum session_digits {
	SESSION_DIGITS_RTP,
	SESSION_DIGITS_TOLD,
	SESSION_DIGITS_AUTO,
	SESSION_DIGITS_TONES,
};

/* As enum ctl_order. */
enum session_order {
	SESSION_ORDER_NONE,
	SESSION_ORDER_USUAL,
	SESSION_ORDER_PASSTHROUGH,
	SESSION_ORDER_QUALITY,
	SESSION_ORDER_COST,
	SESSION_ORDER_LISTED,
};

/* As enum ctl_dtx. */
enum session_dtx {
	SESSION_DTX_ASKED,
	SESSION_DTX_ALWAYS,
	SESSION_DTX_NEVER,
};

enum {
	SESSION_POLICY_MAX = 32 /* bytes of a name */
};

/* Of the Opus that we make. 0: as struct session_cfg has it. */
struct session_opus {
	uint32_t bitrate;
	uint8_t effort; /* 1 + complexity */
	bool narrow;
	enum session_dtx dtx;
};

/* As enum ctl_recording. */
enum session_recording {
	SESSION_RECORD_UNSAID,
	SESSION_RECORD_ALWAYS,
	SESSION_RECORD_NEVER,
};

/* What a leg is made with; ignored by a leg that is there; of a browser's only
 * video, codecs, ptime and what is below policy counts. Zeroed: the
 * defaults. */
struct session_terms {
	struct pl codecs; /* "PCMU,opus"; empty: PCMA,PCMU,G722, of a browser
			     opus,PCMU,PCMA. EINVAL: unknown */
	enum source_policy source;
	struct pl networks; /* "192.0.2.0/24,2001:db8::/32"; EINVAL */
	uint16_t ptime;     /* ms; 0: 20 */
	bool video; /* may it have any: of a browser's leg, too */
	enum session_digits digits;
	struct pl iface;    /* that PBXs reach us by, by name; empty: any */
	int af;             /* of an offer; AF_UNSPEC: the first interface's */
	struct pl suites;   /* of SDPM_SDES and SDPM_OSRTP, best first, as
			       RFC 4568 writes them; EINVAL: unknown. Empty:
			       AES_CM_128_HMAC_SHA1_80 and
			       AES_256_CM_HMAC_SHA1_80 */
	struct pl policy;   /* its name, for people */
	enum session_order order;
	bool noise;
	struct session_opus opus;
	/* of any leg, too; names, EINVAL when too long: */
	struct pl music; /* for the other leg while the far side of this one
			    has the call on hold */
	enum session_recording record;
	struct pl fork; /* a consumer that gets the audio */
	struct pl owner; /* tenant of its far side, when it is another one */
};

struct session_remote {
	const char *session, *call, *tenant;
	uint8_t leg; /* 1..SESSION_LEGS_MAX */
	bool answer; /* else it is an offer */
	bool create; /* make session and leg when absent */
	enum sdpm_profile profile;
	struct pl sdp;
	struct session_terms terms;
};

/* Read what the far side says. On failure nothing has changed, and a leg that
 * this call made is gone. why may be NULL. */
int session_leg_remote(struct session_table *table,
		       const struct session_remote *remote,
		       struct sdpm_error *why);

struct session_local {
	const char *session, *call, *tenant; /* the latter two when create */
	uint8_t leg;
	bool answer;
	bool create;
	enum sdpm_profile profile;
	struct session_terms terms;
	struct pl form; /* of a leg that is made (leg_form.h); may be empty */
};

/* Write our offer or answer to sdp, at its position. Asked again in the same
 * state, the text is the same, byte by byte. */
int session_leg_local(struct session_table *table,
		      const struct session_local *local, struct mbuf *sdp,
		      struct sdpm_error *why);

/* The open offer of the leg, ours or the far side's, is none: it was refused,
 * or crossed another (RFC 3264, 4; RFC 8829, 4.1.10.2). What was agreed on
 * before stands, all of it. 0 when none is open, too. */
int session_leg_rollback(struct session_table *table, const char *session,
			 uint8_t leg);

/* Press a key for the leg's far side to hear (leg_keys.h, with its errors).
 * code: 0..15. */
struct session_digit {
	const char *session;
	uint8_t leg;
	uint8_t code;
	uint32_t ms;
	bool tones; /* when it takes no events */
};
int session_leg_digit(struct session_table *table,
		      const struct session_digit *digit);

/* Join two legs, or a leg and a service (peer 0). Both are taken out of what
 * they were joined with before. A leg without a codec yet may be joined:
 * media flows when both sides have one, transcoded when they differ. */
int session_leg_join(struct session_table *table, const char *session,
		     uint8_t leg, uint8_t peer, const char *service);

/* Join a leg with a sound by name. *ms: how long it plays, 0: without end.
 * ESRCH: there is no such sound; EAGAIN: they are not loaded yet. */
struct session_play {
	struct pl name;
	uint32_t times; /* 0: without end */
};
int session_leg_play(struct session_table *table, const char *session,
		     uint8_t leg, const struct session_play *play,
		     uint32_t *ms);
/* The jukebox has other sounds than before. */
void session_sounds_new(struct session_table *table);

/* The call is answered: who is not heard from now on is told of. ENOENT. */
int session_answered(struct session_table *table, const char *session);

/* Who wants silence: each ends only that one's, the operator all. */
enum session_husher {
	SESSION_HUSH_CALLER = 1 << 0, /* that one's tenant */
	SESSION_HUSH_CALLEE = 1 << 1,
	SESSION_HUSH_OPERATOR = 1 << 2,
	SESSION_HUSHERS = (1 << 3) - 1,
};

/* Who else hears the call (recording, consumer) hears silence from now on, or
 * the call again when nobody else wants silence. ENOENT; ENOTCONN: nobody
 * does. Any other: a successor would not know of it; there is silence then, to
 * be asked again. */
int session_tape(struct session_table *table, const char *session,
		 enum session_husher by, bool hushed);
/* Does anybody want silence? */
bool session_hushed(const struct session_table *table, const char *session);

/* The leg's peer, when it has one, is joined with nothing then. A session
 * without legs goes after the grace time. */
int session_leg_drop(struct session_table *table, const char *session,
		     uint8_t leg);
int session_drop(struct session_table *table, const char *session);

/* --- figures ---------------------------------------------------------------- */

/* The rungs of a leg's way up. */
enum leg_step {
	LEG_MADE,
	LEG_REMOTE,    /* first SDP of the far side */
	LEG_LOCAL,     /* first SDP of ours */
	LEG_STUN,      /* first authenticated check */
	LEG_NOMINATED, /* a pair was nominated */
	LEG_DTLS,      /* handshake done, fingerprint right */
	LEG_RTP_IN,    /* first authenticated packet */
	LEG_RTP_OUT,
	LEG_STEPS,
};

/* From our receiver and from the far side's reports. */
struct leg_stats {
	uint64_t packets_in, octets_in, lost_in, dups_in, refused_in;
	uint64_t packets_out, octets_out;
	uint32_t jitter_in_us;
	uint32_t switches;    /* changes of the source behind our stream */
	int32_t far_lost;     /* RFC 3550, 6.4.1; may be negative */
	uint8_t far_fraction; /* of 256, latest interval */
	uint32_t far_jitter_us;
	uint32_t rtt_us; /* 0: not known */
	/* by its extended reports (RFC 3611): */
	bool far_xr;
	uint8_t far_xr_loss, far_xr_discard; /* of 256 */
	uint8_t far_xr_mos; /* times 10; 0: not said */
	/* what came from it and was transcoded: */
	uint64_t concealed, repaired, late, reordered;
	/* and was lost, but brought along by a later one (RFC 2198): */
	uint64_t restored;
};

/* Of the same, at the row before (session_row_h). */
struct leg_before {
	uint64_t packets_in, lost_in, packets_out;
	int32_t far_lost;
};

/* What its voice is like; levels in dBov, METER_NONE: not known. */
struct leg_voice {
	int8_t level, top; /* of the latest second: mean and peak */
	uint64_t clipped;  /* times that it was cut off at full scale */
	const char *quiet; /* why it is not heard; empty: it is */
	uint64_t quiet_ms; /* in all */
};

/* Of its video, when it is on; codec NULL: it is not. */
struct leg_sight {
	const char *codec;
	uint64_t packets_in, lost_in, packets_out;
	uint64_t resent;  /* packets that its far side had lost */
	uint32_t pictures; /* whole ones that it was asked for */
};

enum {
	LEG_WHY = 176
};

struct leg_figures {
	uint8_t leg;
	enum sdpm_profile profile;
	uint8_t peer;        /* joined with; 0: none */
	const char *service; /* or this one; NULL: none */
	bool recorded;       /* the call: of leg 1 alone */
	bool hushed;         /* ... but for now */
	const char *consumer; /* that gets its audio; NULL: none; the same */
	char offered[128];   /* the far side's formats, in its order */
	char chosen[32];     /* name/clock/channels; empty: none yet */
	const char *secured; /* by this suite; NULL: not, or not yet */
	char why[LEG_WHY];   /* the reason for it */
	const char *way;     /* "relay", "transcode"; NULL: it goes nowhere */
	uint32_t ssrc_out, ssrc_in;
	uint32_t resumes;          /* processes that died under it */
	uint64_t at_ms[LEG_STEPS]; /* 0: not reached */
	uint64_t last_in_ms;       /* latest authentic packet; 0: none */
	struct leg_stats stats;
	struct leg_before before;
	uint64_t not_authentic; /* packets of refused_in */
	struct leg_voice voice;
	struct leg_sight video;
};

struct session_figures {
	char session[SESSION_ID_LEN + 1];
	char call[SESSION_ID_LEN + 1];
	char tenant[SESSION_TENANT_MAX + 1];
	size_t nlegs;
	struct leg_figures legs[SESSION_LEGS_MAX];
};

/* figs is large (about 10 kB). */
int session_query(const struct session_table *table, const char *session,
		  struct session_figures *figs);

/* Its call id, for logs; NULL when there is none. */
/* What the leg is like, for another worker to go on with (leg_form.h),
 * appended. ENOENT: nothing was agreed on yet. */
int session_form(const struct session_table *table, const char *id, uint8_t nr,
		 struct mbuf *mb);
const char *session_call(const struct session_table *table,
			 const char *session);

/* Calls h with the id of every session, until it returns true. */
typedef bool(session_each_h)(const char *session, void *arg);
void session_each(const struct session_table *table, session_each_h *h,
		  void *arg);

/* What transcoding has done, of all sessions there ever were. */
const struct transcode_stats *session_sound(const struct session_table *table);
/* Lost packets that were taken from redundant audio, of the same. */
uint64_t session_restored(const struct session_table *table);
/* How often a leg was found not to be heard: an array of LEG_QUIETS
 * (leg_watch.h). */
const uint64_t *session_quiets(const struct session_table *table);

const char *leg_step_name(enum leg_step step);
const char *session_cause_name(enum session_cause cause);

#endif
