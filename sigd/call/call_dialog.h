/*
 * call_dialog.h  What a request within a dialog reads and changes in the record
 *
 * One script tells the record and notes the request: the highest CSeq of its
 * sender, and how far ahead it goes on. The other side is always shown a
 * rising CSeq: one that its sender uses twice goes on as the next one, as do
 * all behind it. JsSIP repeats a re-INVITE that was answered 491 with the same
 * CSeq, and PBXs end the call then (RFC 3261 12.2.2, 8.2.2.2).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_DIALOG_H
#define SIGD_CALL_CALL_DIALOG_H

#include "sigd/call/call_record.h"

enum call_request {
	CALL_REQUEST, /* any other */
	CALL_INVITE,
	CALL_DELAYED, /* an INVITE without offer */
	CALL_ACK,     /* has the CSeq of its INVITE: nothing is noted */
};

struct call_enter {
	const char *call;
	unsigned side;        /* who sends */
	struct pl callee_tag; /* as the request has it; another one than the
				 record's: nothing is noted */
	uint32_t cseq;
	enum call_request request;
};

/* The record as it is then; see call_record_load(). */
int call_enter(struct call_ask **askp, struct redis_link *link,
	       const struct call_enter *enter, call_record_h *h, void *arg);

/* We answer this INVITE ourselves: its ACK is for that worker
 * ("node/slot/epoch"). Nobody is told. */
void call_answered_here(struct redis_link *link, const char *call,
			unsigned side, uint32_t cseq, const char *at);

/* The remote targets that a 2xx has confirmed (RFC 3261 12.2.1.2, 12.2.2);
 * unset: as before. Nobody is told. */
void call_targets(struct redis_link *link, const char *call,
		  const struct pl target[CALL_SIDES]);

/* Its callee is this tenant's: what was called is a number of that one. Nobody
 * is told. */
void call_there(struct redis_link *link, const char *call, const char *tenant);

/* Its session is at this media worker ("node/slot") now. Nobody is told. */
void call_media(struct redis_link *link, const char *call, const char *media);

/* This side's device is there now (a packed flow id). Nobody is told. */
void call_flow(struct redis_link *link, const char *call, unsigned side,
	       const uint8_t *flow, size_t flow_len);

#endif
