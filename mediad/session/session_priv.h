/*
 * session_priv.h  Sessions and legs, for the files of this folder
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_PRIV_H
#define MEDIAD_SESSION_PRIV_H

#include <re.h>

#include "common/wheel.h"
#include "mediad/rtp/relay.h"
#include "mediad/rtp/report.h"
#include "mediad/sdp/sdp_write.h"
#include "mediad/session/leg_log.h"
#include "mediad/session/leg_watch.h"
#include "mediad/session/session.h"
#include "mediad/session/state_file.h"
#include "mediad/sound/codec.h"
#include "mediad/sound/bank.h"
#include "mediad/sound/service.h"
#include "mediad/sound/transcode.h"
#include "mediad/transport/path_rtp.h"
#include "mediad/transport/path_web.h"

struct session_table {
	struct hash *sessions; /* by id */
	size_t count;
	bool drain, strained;
	uint8_t ease; /* as in struct packer_params */
	struct session_cfg cfg;
	struct session_deps deps;
	struct wheel *wheel;
	struct sdpm_print print; /* of our certificate */
	struct sdpm_hosts hosts; /* of all browsers' legs */
	uint64_t wall_ms;        /* the wheel's 0, in ms since 1970 */
	uint32_t *serving;       /* see state_file_serving() */
	uint32_t nobody;         /* where it points without a state file */
	struct wheel_timer survive;
	session_lost_h *losth;
	session_up_h *uph;
	session_heard_h *heardh;
	session_played_h *playedh;
	session_agreed_h *agreedh;
	void *agreed_arg;
	void *arg;
	struct transcode_stats sound; /* of all legs there ever were */
	uint64_t restored;            /* the same; leg.restored */
	struct wheel_timer look;      /* who is not heard */
	session_quiet_h *quieth;
	session_note_h *noteh;
	session_row_h *rowh;
	void *note_arg;
	uint64_t quiets[LEG_QUIETS];
};

struct session {
	struct le le;
	struct session_table *table;
	char id[SESSION_ID_LEN + 1];
	char call[SESSION_ID_LEN + 1];
	char tenant[SESSION_TENANT_MAX + 1];
	struct leg *legs[SESSION_LEGS_MAX];
	struct wheel_timer empty;
	uint32_t not_resumed; /* bit n: leg n did not come back */
	bool poison;
	bool answered; /* both sides are expected to be heard */
	uint64_t answered_ms; /* of the wheel; 0: by a worker before */
	struct tap *tap;        /* NULL: nobody else hears it */
	unsigned tape;          /* parts of its recording that were begun */
	uint64_t tape_unix_s;   /* and when the first of them was */
	bool tape_before;       /* the last one is another process' */
	unsigned notes;         /* in the log of the call */
	uint64_t row_ms;        /* figures are due then; 0: not yet */
	uint8_t hushed;         /* who else hears it hears silence, because
				   these want it so (enum session_husher) */
};

struct leg_ear;
struct leg_keys;
struct leg_video;
struct state_leg;

/* What differs by kind of profile: one table each (leg_web.c for browsers,
 * leg_rtp.c for all others). */
struct leg_kind {
	/* The path of a new leg, and what else it needs. */
	int (*make)(struct leg *leg, const struct session_terms *terms);
	/* What we want of the far side, beside the other leg (NULL: none). */
	void (*want)(struct sdpm_policy *policy, const struct leg *leg,
		     const struct leg *other, bool offering);
	/* The far side has offered: will it do? Nothing follows yet. NULL:
	 * it will. */
	int (*look)(struct leg *leg, const struct sdpm_choice *next,
		    struct sdpm_error *why);
	/* What it said is about to be in force. */
	int (*hear)(struct leg *leg, const struct sdpm_choice *next,
		    struct sdpm_error *why);
	/* We are about to speak: our addresses and names into sdp.local. */
	int (*speak)(struct leg *leg);
	/* An agreement is in force: sdp.choice. */
	void (*agree)(struct leg *leg);
	/* Nothing was sent since the report before. NULL: nothing to do. */
	void (*idle)(struct leg *leg);
	/* leg->life is over. */
	void (*overdue)(struct leg *leg);
	/* The path to its record; EAGAIN: it could not be resumed. */
	int (*store)(const struct leg *leg, struct state_leg *st);
	/* And back; *st gets what its choice has lost. */
	int (*revive)(struct leg *leg, struct state_leg *st);
	/* A path for video, ready to be told in SDP: the leg's own, once
	 * more, or another one. NULL: there is no video. */
	int (*video)(struct leg *leg, struct path **pathp, struct leg_video *v);
	/* What was agreed on of video takes effect on its path; may be
	 * NULL. */
	void (*see)(struct leg *leg, struct leg_video *v);
};

/* RFC 3264: who waits for whom. */
enum leg_turn {
	LEG_STABLE,
	LEG_TO_ANSWER, /* the far side's offer is open */
	LEG_OFFERED,   /* ours is */
};

struct leg_sdp {
	enum leg_turn turn;
	bool answered; /* the latest exchange ended in an answer of ours */
	enum sdpm_dir open_dir;     /* the far side's, in its open offer */
	struct sdpm_desc *desc;     /* the far side's offer, while open */
	const struct sdpm_desc *said; /* what kind->hear() is about */
	struct sdpm_offer *offer;   /* ours, while open, and until the next
				       one: another answer may come yet */
	struct sdpm_choice *choice; /* in force, NULL: none yet */
	struct sdpm_choice *prior;  /* until then: what was in force at another
				       worker (leg_form.h); NULL: nothing */
	struct sdpm_video *vprior;  /* the same of video */
	uint64_t far_answer;        /* digest of the answer it ended in */
	struct sdpm_local local;
	struct sdpm_host own;       /* local's, of a path with ports of its own */
	char offered[128]; /* as in struct leg_figures */
	char why[LEG_WHY];
};

/* Without a record in the state file. */
enum {
	LEG_NO_RECORD = UINT32_MAX
};

/* An offer may wait while it rings, for longer than Timer C (RFC 3261, 16.6),
 * so in times of the set-up; so may a first packet of plain RTP, because who
 * calls us says nothing before we have picked up. */
enum {
	LEG_RINGING = 4
};

/* What a leg's connection or user asks for. */
struct leg_terms {
	uint8_t ncodecs;
	enum sdpm_codec codecs[SDPM_CODECS]; /* best first */
	uint16_t ptime;                      /* ms; 0: as always */
	int af; /* that an offer is to name, or AF_UNSPEC */
	bool video; /* of any leg: may it have any? */
	enum session_digits digits;
	uint8_t nsuites;
	enum sdpm_suite suites[SDPM_SUITES]; /* best first */
	char policy[SESSION_POLICY_MAX + 1]; /* what all this is called */
	enum session_order order;
	bool noise; /* comfort noise is agreed on */
	struct session_opus opus;
	/* of any leg, too: */
	char music[SOUND_NAME_MAX + 1]; /* while its far side has the call
					   on hold; empty: none */
	enum session_recording record;
	char fork[SOUND_NAME_MAX + 1]; /* consumer; empty: none */
	char owner[SESSION_TENANT_MAX + 1]; /* tenant of its far side; empty:
					       the session's */
};

/* Of the service `sound`. */
struct leg_play {
	char name[SOUND_NAME_MAX + 1];
	uint32_t times; /* 0: without end */
	uint64_t at_ms; /* when it began, of the wheel; 0: not yet */
	bool over;
};

struct leg {
	struct session *session;
	const struct leg_kind *kind;
	enum sdpm_profile profile;
	uint8_t nr; /* 1.. */
	struct path *path;
	struct leg_terms terms;
	struct leg_sdp sdp;
	struct leg *peer;              /* joined: each names the other */
	const struct service *service; /* or with this one */
	struct player *player;         /* its sound, when it plays */
	uint64_t playing;              /* what the player was made for */
	struct leg_play play;
	struct wheel_timer unplayed; /* it cannot be: its end is due */
	struct strm_in in;
	struct strm_out out;
	uint8_t hears;      /* another codec than agreed on: 1 + its place in
			       choice->maps; 0: that one */
	uint8_t odd;        /* packets in a row of the same other one, */
	uint8_t odd_pt;     /* and its number */
	struct relay relay; /* of what comes in */
	struct transcode *transcode; /* that takes it over; NULL: none */
	struct keytone *keytone;     /* that takes over its events */
	struct leg_ear *ear;         /* that hears tones in its voice */
	struct leg_keys *keys;       /* that we press for it; NULL: none yet */
	struct leg_video *video;     /* NULL: never had any */
	struct transcode_stats sound;
	uint64_t restored; /* packets: lost, taken from redundant audio */
	struct leg_watch watch;
	struct leg_log log;
	struct leg_before before;
	uint64_t bad_rtp;
	struct report report;
	struct wheel_timer report_due;
	uint64_t reported; /* index to send, when the latest one was due */
	struct wheel_timer life; /* set-up; silence; grace when lost */
	uint64_t heard_ms;       /* any packet, or when we began to wait */
	uint64_t keyless_ms; /* since when DTLS is waited for; 0: it is not */
	bool lost;
	uint32_t resumes;
	bool stored;    /* the record has been written */
	uint8_t rejoin; /* resumed: to be joined with this leg */
	uint32_t rec;
	uint64_t at_ms[LEG_STEPS];
};

/* --- session.c ------------------------------------------------------------- */

int session_find(struct session **sp, const struct session_table *table,
		 const char *id);
int session_make(struct session **sp, struct session_table *table,
		 const char *id, const char *call, const char *tenant);
/* Start the time after which a session without legs goes. */
void session_check_empty(struct session *session);

/* --- leg.c ------------------------------------------------------------------- */

int leg_find(struct leg **legp, const struct session_table *table,
	     const char *session, uint8_t nr);
/* A new leg with all it needs, not negotiated. The session owns it. */
struct leg_make_params {
	uint8_t nr;
	enum sdpm_profile profile;
	const struct session_terms *terms;
};
int leg_make(struct leg **legp, struct session *session,
	     const struct leg_make_params *params);
/* A leg without path and record: the parts that a resumed one has, too. */
int leg_alloc(struct leg **legp, struct session *session, uint8_t nr);
const struct leg_kind *leg_kind_find(enum sdpm_profile profile);
/* Ends it, with its record. */
void leg_drop(struct leg *leg);
void leg_lose(struct leg *leg, enum session_cause cause);
/* A lost leg's path lives again. */
void leg_found(struct leg *leg);
/* Keys are there: reports begin. */
void leg_report_start(struct leg *leg);
/* Run kind->overdue() then. */
void leg_life(struct leg *leg, uint64_t ms);
uint64_t leg_at(const struct leg *leg, enum leg_step step);
/* The other tenant of the call, who is on this side or on that beside it; "":
 * there is none. */
const char *leg_there(const struct leg *leg);
extern const struct path_handlers leg_path_handlers;

/* --- leg_web.c, leg_rtp.c ------------------------------------------------------- */

extern const struct leg_kind leg_kind_web, leg_kind_rtp;

/* Fingerprints of the far SDP, at most SDPM_PRINTS_MAX; their number. */
size_t leg_prints(struct cert_fp *fps, const struct sdpm_peer *peer);

/* --- leg_reach.c --- */
/* By what the far side's SDP or a candidate says. */
bool leg_may_reach(const struct leg *leg, const struct sa *addr);
bool leg_rtp_reaches(const struct leg *leg, const struct path *path,
		     const struct sa *addr);

/* --- leg_secret.c -------------------------------------------------------------- */

/* A new key for each suite that the leg may use, for a stream whose next index
 * is this; without randomness none. */
void leg_secret_make(struct sdpm_policy *policy, const struct leg *leg,
		     uint64_t next);
/* An answer has taken one of those offered: if it never was in use, it begins
 * with what the stream's next index is now. */
void leg_secret_taken(struct sdpm_sdes *sdes, struct sdpm_policy *offered,
		      uint64_t next);
/* The keys of an agreement as its path has them; the caller wipes them. */
void leg_secret_keys(struct secure_keys *keys, const struct sdpm_choice *choice);
void leg_secret_keys_of(struct secure_keys *keys,
			const struct sdpm_sdes *sdes);
/* The suites of a leg's terms; EINVAL. */
int leg_secret_read(struct leg_terms *terms, struct pl list);
/* Memory whose keys are wiped when it is freed; zeroed. */
struct sdpm_choice *leg_secret_choice(void);
struct sdpm_offer *leg_secret_offer(void);
/* For keeping: the same in as little memory as it needs; a reference. */
struct sdpm_choice *leg_secret_keep(struct sdpm_choice *choice);
struct sdpm_offer *leg_secret_keep_offer(struct sdpm_offer *offer);

/* --- leg_want.c ------------------------------------------------------------------ */

/* The leg that this one is for: the one it is joined with, else one that has
 * agreed on a codec, else the caller's. */
const struct leg *leg_beside(const struct leg *leg);
/* What is to be offered to the far side, or agreed on with it. */
void leg_want(struct sdpm_policy *policy, const struct leg *leg, bool offering);
/* The terms of a leg; rule: of one that is no browser's, else NULL. EINVAL. */
int leg_terms_read(struct leg_terms *terms, struct source_rule *rule,
		   const struct session_terms *from);

/* --- leg_policy.c ---------------------------------------------------------------- */

/* Whose policy it has: its own, else that of the leg beside (may be NULL). */
const struct leg_terms *leg_policy_of(const struct leg *leg,
				      const struct leg *other);
/* NULL: it is known in SDP, and there is no module for it. */
const struct codec *leg_codec_impl(const struct leg *leg,
				   enum sdpm_codec codec);
/* Opus to the leg's far side, which asks for so much, beside the other one. */
void leg_policy_voice(struct codec_voice *voice, const struct leg *to,
		      const struct leg *from);
/* Never SESSION_ORDER_NONE. */
enum session_order leg_order(const struct leg *leg, const struct leg *other);
/* Codecs, and how they are to be, beside the other leg (NULL: none). */
void leg_policy(struct sdpm_policy *policy, const struct leg *leg,
		const struct leg *other);

/* --- leg_sdp.c ----------------------------------------------------------------- */

void leg_sdp_init(struct leg *leg);
void leg_sdp_close(struct leg *leg);
/* A new leg goes on with what was elsewhere; what cannot be read is as if it
 * had not been told. */
void leg_sdp_follow(struct leg *leg, const struct pl *form);
/* The far side's offer or answer. On failure nothing has changed. */
int leg_sdp_remote(struct leg *leg, const struct session_remote *remote,
		   struct sdpm_error *why);
/* Our offer or answer, appended to mb. */
int leg_sdp_local(struct leg *leg, bool answer, struct mbuf *mb,
		  struct sdpm_error *why);
/* No offer is open. */
void leg_sdp_rollback(struct leg *leg);
/* Fills *why, when there is one; returns err. */
int leg_sdp_refuse(struct sdpm_error *why, int err, uint16_t sip,
		   const char *text);
/* What was agreed on takes effect: rates, payload types, joins. Not stored. */
void leg_apply(struct leg *leg);

/* --- leg_note.c --------------------------------------------------------------- */

/* The formats of the first audio m-line, in its order. */
void leg_note_formats(struct leg_sdp *sdp, const struct sdpm_desc *desc);
/* Why the codec of an agreement was chosen, in a sentence. answered: by the
 * far side's answer. */
void leg_note_why(struct leg *leg, const struct sdpm_choice *next,
		  const struct sdpm_verdict *verdict, bool answered);
/* How what comes from the leg goes on: "relay", "transcode"; NULL: nowhere. */
const char *leg_note_way(const struct leg *leg);

/* --- leg_join.c ------------------------------------------------------------------ */

/* The codec agreed on; NULL: none yet. */
const struct sdpm_map *leg_codec(const struct leg *leg);
/* Have packets flow as joins and agreements say. */
void leg_wire(struct leg *leg);
void leg_unjoin(struct leg *leg);
/* The same for a leg that goes on: an event that is on is over. */
void leg_part(struct leg *leg);

/* --- leg_play.c ------------------------------------------------------------------ */

/* Start and stop what it hears of us, as joins and agreements say. */
void leg_play_wire(struct leg *leg);
/* Its peer's far side has the call on hold, and it hears this sound instead of
 * what comes from there; NULL: it does not. */
const char *leg_music(const struct leg *leg);

/* --- figures.c ----------------------------------------------------------------- */

/* What it agreed on: offered, chosen, why. */
void leg_figures_codec(struct leg_figures *figs, const struct leg *leg);
/* From here on counts leg.before. */
void leg_figures_since(struct leg *leg);

/* --- session_tap.c ------------------------------------------------------------- */

/* Begin and end recording and fork, as its legs say. */
void session_tap_wire(struct session *session);
/* Leg 1 goes. */
void session_tap_end(struct session *session);
/* A packet of the leg, before it is sent on. */
void session_tap_packet(const struct leg *leg, const struct strm_pkt *sp,
			const uint8_t *pkt);

/* --- leg_flow.c ------------------------------------------------------------------ */

/* What it agreed on for telephone-events; NULL: none. */
const struct sdpm_map *leg_event(const struct leg *leg);
/* What its far side sends, which need not be what we send to it. */
const struct sdpm_map *leg_hears(const struct leg *leg);
/* A packet of this payload type has come: the way of the next ones may be
 * another. */
void leg_heard(struct leg *leg, uint8_t pt);
/* What a packet of redundant audio says itself, without the copies that it
 * brings along (RFC 2198); any other as it is. pkt as in relay_forward(). */
struct strm_pkt leg_primary(const struct leg *leg, const struct strm_pkt *sp,
			    const uint8_t *pkt);
/* Have what comes from the leg go to another (or to itself), by relay or
 * transcode; what flows as it should is left alone. */
void leg_flow(struct leg *leg, struct leg *to);
/* Its far side is told of a key, not in RTP. */
void leg_tell_key(const struct leg *to, uint8_t code, uint32_t ms);
/* Nowhere; an event that is on is told to be over. */
void leg_flow_stop(struct leg *leg);
/* The same without a word: a successor may go on with it. */
void leg_flow_close(struct leg *leg);

/* --- leg_xr.c ------------------------------------------------------------------ */

/* Behind a report, if it is to be said; its length, up to REPORT_XR_SIZE. */
size_t leg_xr_write(const struct leg *leg, const struct report_time *now,
		    uint8_t *buf);
/* By its reports, else by extended ones; 0: not known. */
uint32_t leg_rtt_us(const struct leg *leg);

/* --- leg_store.c ------------------------------------------------------------------ */

/* Write the leg's record, as far as it has one. */
void leg_store(struct leg *leg);
/* The same for who has to know: what it is now is not what a successor would
 * find. EAGAIN: the record of before stands, because the leg is being set up
 * anew; else as state_rec_write(). */
int leg_try_store(struct leg *leg);

#endif
