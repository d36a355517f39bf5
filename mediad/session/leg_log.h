/*
 * leg_log.h  What happens to a leg, for the log of its call (call_log.h)
 *
 * Told at the change, and bounded: so many notes of a session, so many of a
 * kind, so many strangers; what is over that, nobody is told. The kinds and
 * their data are in docs/timeline.md.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_LEG_LOG_H
#define MEDIAD_SESSION_LEG_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/call_log.h"
#include "mediad/sdp/sdp_decide.h"
#include "mediad/transport/path_note.h"

struct leg;
struct session;
struct session_remote;
struct session_table;
struct strm_pkt;

enum {
	LEG_LOG_NOTES = 150, /* of a session, beside figures */
	LEG_LOG_SAME = 8,    /* of one thing that happens to a path */
	LEG_LOG_STRANGERS = 4,
	LEG_LOG_CANDS = 8,
	LEG_LOG_CODECS = 8, /* changes of what comes */
};

/* What was told, so that it is told once. */
struct leg_log {
	uint8_t events[PATH_EVENTS];
	struct sa strangers[LEG_LOG_STRANGERS];
	uint8_t nstrangers, ncands, codecs, ease;
	struct {
		uint32_t hash; /* of the address */
		uint8_t type;
	} cands[LEG_LOG_CANDS];
	bool rtp_out, rtcp_in, not_authentic, event;
	uint32_t event_ts;
	const char *way;
	const char *service;
	uint8_t peer;
};

/* --- leg_log.c ------------------------------------------------------------------- */

/* data may be NULL. */
void session_log(struct session *session, const char *kind,
		 const struct call_log_data *data);
void leg_log(struct leg *leg, const char *kind,
	     const struct call_log_data *data);
/* Of a leg that comes back: what was told before it is not told again. */
void leg_log_revived(struct leg *leg);
/* A path_note_h; arg is the leg. */
path_note_h leg_log_path;
void leg_log_rtp_in(struct leg *leg, uint8_t pt);
void leg_log_rtcp_in(struct leg *leg);
/* Another codec than agreed on comes. */
void leg_log_codec(struct leg *leg, const struct sdpm_map *map);
/* With whom it is joined, and by which way. */
void leg_log_way(struct leg *leg);
/* What is only counted where it happens. */
void leg_log_look(struct leg *leg);

/* --- leg_log_keys.c ------------------------------------------------------------- */

/* A packet of telephone-events of the leg. */
void leg_log_event(struct leg *leg, const struct strm_pkt *sp,
		   const uint8_t *pkt);
/* A key: `in`: its far side pressed it; else it is told of it. by: "rtp",
 * "tone", "told". */
void leg_log_key(struct leg *leg, bool in, const char *by, uint8_t code);

/* --- leg_log_sdp.c ---------------------------------------------------------------- */

void leg_log_offer(struct leg *leg, bool ours);
/* What it says of where it is. */
void leg_log_cands(struct leg *leg, const struct sdpm_desc *desc);
/* choice is in force; answered: by the far side's answer. */
void leg_log_agreed(struct leg *leg, const struct sdpm_verdict *verdict,
		    bool answered);
/* An offer or answer came to nothing. */
void session_log_refused(struct session_table *table,
			 const struct session_remote *remote, int err,
			 const struct sdpm_error *why);

/* --- session_rows.c --------------------------------------------------------------- */

/* Are its figures due? */
void session_rows_look(struct session *session, uint64_t now_ms);
/* The leg is about to end. */
void session_rows_end(struct leg *leg);

#endif
