/*
 * call_facts.h  The facts of a call, from what both daemons have told of it
 *
 * Each entry of the log in the order of time, then call_facts_end().
 * docs/timeline.md has the kinds of entries; what is not known is passed over.
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_CALL_FACTS_H
#define SIGD_ADMIN_CALL_FACTS_H

#include "common/call_log.h"
#include "sigd/admin/call_verdict.h"

struct call_facts_leg {
	char session[CALL_LOG_SESSION + 1]; /* that it is of */
	char former[CALL_LOG_SESSION + 1];  /* ... and was before */
	uint64_t quiet_ms; /* since when it is not heard; 0: it is */
};

/* Plain data, about 10 kB; zero to begin. */
struct call_facts {
	struct callv_facts out;
	struct call_facts_leg legs[CALLV_LEGS];
	char there[CALLV_NAME_MAX]; /* tenant whose number was tried last, when
				       it is not the caller's; "": it is */
	uint64_t first_ms, last_ms, up_ms, end_ms; /* 0: not yet */
	uint8_t leg;                     /* of who answered; 0: nobody yet */
	bool begun;                      /* its first entry is there */
	bool page;                       /* the caller came over WebSocket */
};

/* at_ms: its time by the common clock. */
void call_facts_entry(struct call_facts *facts,
		      const struct call_log_entry *entry, uint64_t at_ms);
void call_facts_end(struct call_facts *facts, uint64_t now_ms);

#endif
