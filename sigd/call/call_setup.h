/*
 * call_setup.h  What a successor needs of a call that has no answer yet
 *
 * While a call is set up only one worker can end it: the one that has its
 * transactions. So that another can when that one dies, the INVITEs under way
 * are in Redis before they leave: from each head the transaction can be made
 * again, to cancel our INVITE or to answer the caller's.
 *
 * Key: the hash `cb:{c:<x>}:setup:<call>` beside the record, a field per leg:
 * "<flow> <user> <head>", hex, hex or "-", and the head as it is; the field
 * `taken` once somebody has taken the set-up over; and `answer`, the 2xx for the
 * caller, written before the record says that the call is up: should the worker
 * die in between, another one passes it on. When the call is answered only the
 * caller's INVITE and this one stay, for a minute; all goes when it ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_SETUP_H
#define SIGD_CALL_CALL_SETUP_H

#include "sigd/call/call_record.h"

struct smsg;

enum {
	CALL_HEAD_MAX = 4096,
	CALL_TRIES_MAX = 16, /* one for each leg */
};

/* One INVITE: the caller's to us (leg 1), or ours. */
struct call_try {
	uint8_t leg;
	size_t flow_len;
	uint8_t flow[COOKIE_FLOW_MAX];
	char user[CALL_TEXT_MAX]; /* whose device is asked; empty: none */
	struct pl head;           /* borrowed */
};

/*
 * The lines of an INVITE that its answers, its CANCEL and its ACKs are made
 * of: start line, Via, Record-Route, From, To, Call-ID, CSeq, Max-Forwards,
 * as a message of its own. EOVERFLOW.
 */
int call_head_write(char *head, size_t size, size_t *len,
		    const struct smsg *msg);

/* The call begins: its record, to live for ttl_s seconds, and the caller's
 * INVITE. The handler is told the record of the call that the same INVITE was
 * begun as before, by a worker that has died since; else NULL. */
int call_setup_begin(struct call_ask **askp, struct redis_link *link,
		     const struct call_record *rec,
		     const struct call_try *caller, uint32_t ttl_s,
		     call_record_h *h, void *arg);
/* An INVITE of ours is about to leave; the same leg again replaces it.
 * STATUS_UNKNOWN_DIALOG: the call has ended, or was taken over. */
int call_setup_try(struct call_ask **askp, struct redis_link *link,
		   const char *call, const struct call_try *try,
		   call_record_h *h, void *arg);

/* The 2xx that the caller will get, before the record is saved. Nobody is told;
 * a call that has ended or was taken over stays so. */
void call_setup_answer(struct redis_link *link, const char *call,
		       const struct pl *answer);

/* Borrowed. */
struct call_taken {
	const struct call_record *rec;
	const struct call_try *tries;
	size_t n;
	struct pl answer; /* the record is up: the 2xx for the caller */
};

/* code: STATUS_OK: ours to end now, or to answer; STATUS_UNKNOWN_DIALOG: it is
 * not being set up; STATUS_REDIS_DOWN, STATUS_INTERNAL: nothing was taken. All
 * is valid during the call. */
typedef void(call_take_h)(enum status code, const struct call_taken *taken,
			  void *arg);

/* Like struct call_ask. */
struct call_take;

/* Take the set-up over: its worker is dead. Who takes it again, because the
 * first one died as well, gets the same. */
int call_setup_take(struct call_take **takep, struct redis_link *link,
		    const char *call, call_take_h *h, void *arg);

#endif
