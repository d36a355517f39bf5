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
#include "mediad/session/session.h"
#include "mediad/session/state_file.h"
#include "mediad/sound/service.h"
#include "mediad/transport/path_web.h"

struct session_table {
	struct hash *sessions; /* by id */
	size_t count;
	bool drain;
	struct session_cfg cfg;
	struct session_deps deps;
	struct wheel *wheel;
	struct sdpm_print print; /* of our certificate */
	uint64_t wall_ms;        /* the wheel's 0, in ms since 1970 */
	uint32_t *serving;       /* see state_file_serving() */
	uint32_t nobody;         /* where it points without a state file */
	struct wheel_timer survive;
	session_lost_h *losth;
	void *arg;
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
	struct sdpm_desc *desc;     /* the far side's offer, while open */
	struct sdpm_offer *offer;   /* ours, while open */
	struct sdpm_choice *choice; /* in force, NULL: none yet */
	uint64_t far_answer;        /* digest of the answer it ended in */
	struct sdpm_local local;
	char offered[128]; /* as in struct leg_figures */
	char why[96];
};

/* Without a record in the state file. */
enum {
	LEG_NO_RECORD = UINT32_MAX
};

struct leg {
	struct session *session;
	uint8_t nr; /* 1.. */
	struct path *path;
	struct leg_sdp sdp;
	struct leg *peer;              /* joined: each names the other */
	const struct service *service; /* or with this one */
	struct player *player;         /* its sound, when it plays */
	uint32_t playing;              /* what the player was made for */
	struct strm_in in;
	struct strm_out out;
	struct relay relay; /* of what comes in */
	uint64_t bad_rtp;
	struct report report;
	struct wheel_timer report_due;
	struct wheel_timer life; /* set-up, or grace when lost */
	bool lost, resumed;
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
int leg_make(struct leg **legp, struct session *session, uint8_t nr);
/* A leg without path and record: the parts that a resumed one has, too. */
int leg_alloc(struct leg **legp, struct session *session, uint8_t nr);
/* Ends it, with its record. */
void leg_drop(struct leg *leg);
void leg_lose(struct leg *leg, enum session_cause cause);
/* Keys are there: reports begin. */
void leg_report_start(struct leg *leg);
uint64_t leg_at(const struct leg *leg, enum leg_step step);
extern const struct path_handlers leg_path_handlers;

/* --- leg_sdp.c ----------------------------------------------------------------- */

void leg_sdp_init(struct leg *leg);
void leg_sdp_close(struct leg *leg);
int leg_sdp_hosts(struct leg *leg);
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
/* Why the codec was chosen. */
void leg_note_why(struct leg_sdp *sdp, const struct sdpm_verdict *verdict);

/* --- leg_join.c ------------------------------------------------------------------ */

/* The codec agreed on; NULL: none yet. */
const struct sdpm_map *leg_codec(const struct leg *leg);
/* Have packets flow as joins and agreements say. */
void leg_wire(struct leg *leg);
void leg_unjoin(struct leg *leg);

/* --- leg_store.c ------------------------------------------------------------------ */

/* Write the leg's record, as far as it has one. */
void leg_store(struct leg *leg);

#endif
