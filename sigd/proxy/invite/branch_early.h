/*
 * branch_early.h  The dialogs of a try before it is answered
 *
 * Each To tag of its provisional responses is a dialog of its own (RFC 3261
 * 12.1.1): behind one PBX several phones may ring. What they say reliably is
 * acknowledged end to end (RFC 3262), so what is asked within such a dialog
 * must find its way: this worker knows it, and no other (indialog_early.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_BRANCH_EARLY_H
#define SIGD_PROXY_INVITE_BRANCH_EARLY_H

#include "sigd/call/call_record.h"
#include "sigd/sip/smsg.h"

struct branch;
struct invite;
struct proxy;

enum {
	EARLY_DIALOGS_MAX = 8 /* of a try */
};

struct early {
	struct le le;
	struct smsg *msg; /* the 18x that began it */
	struct mbuf *sdp; /* what it has answered our offer with; NULL: not */
	char *target;     /* its remote target since; NULL: as in msg */
	uint32_t cseq;    /* highest that it has used; 0: none */
	uint32_t ahead;   /* of the CSeq of its INVITE is what goes there now */
	uint32_t rseq;    /* of the 18x that told ours to the caller; 0: none */
	bool reliable;    /* its answer came reliably: it stands */
	bool answered;    /* and the caller's answer to that in its PRACK */
};

/* The dialog of this To tag; NULL: none. */
struct early *branch_early_find(const struct branch *branch,
				const struct pl *tag);
/* The same, begun by this 18x. NULL: it begins none, or there are too many. */
struct early *branch_early_note(struct branch *branch, const struct smsg *msg);
void branch_early_flush(struct branch *branch);
/* The number of an 18x that the caller has to acknowledge (RFC 3262 3); 0: it
 * has not. */
uint32_t branch_rseq(const struct branch *branch, const struct smsg *msg);

/* --- what is asked within one (invite_early.c) --------------------------------- */

struct early_key {
	const char *call;
	unsigned side;        /* who asks: CALL_CALLER or CALL_CALLEE */
	uint8_t leg;
	struct pl callee_tag;
};

enum early_found {
	EARLY_ELSEWHERE, /* no such call is being set up here */
	EARLY_UNKNOWN,   /* it is, and has no such dialog */
	EARLY_HERE,
};

/* rec gets the dialog as a record would have it; the request is noted. */
enum early_found early_enter(struct proxy *px, const struct early_key *key,
			     uint32_t cseq, struct call_record *rec);

/* What a description in a PRACK or UPDATE is (RFC 3262 5, RFC 3311 5). */
enum early_turn {
	EARLY_ANSWER,  /* to our offer in an 18x */
	EARLY_OFFER,   /* of an agreement that changes */
	EARLY_NOT_YET, /* there is none yet */
	EARLY_CROSSED, /* an offer of the other side is open; or another dialog
			  is heard */
};

enum early_turn early_turn(const struct proxy *px, const struct early_key *key,
			   bool prack);
/* The caller has answered: it hears that dialog. */
void early_answered(struct proxy *px, const struct early_key *key);
/* What goes there is so far ahead from now on (call_record.h). */
void early_shift(struct proxy *px, const struct early_key *key, uint32_t shift);
/* Remote targets that a 2xx has confirmed; unset: as before. */
void early_targets(struct proxy *px, const struct early_key *key,
		   const struct pl target[CALL_SIDES]);

#endif
