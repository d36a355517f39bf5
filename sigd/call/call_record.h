/*
 * call_record.h  What every worker must know of a call, in Redis
 *
 * The record holds what a dialog's cookie cannot: all that changes. It is
 * written when the call begins (call_setup.h) and again before a 2xx goes to
 * the caller, read once per request in a dialog, and removed by the script
 * that writes the call's one CDR: whoever ends the call first, there is one
 * CDR.
 *
 * Keys: `cb:{c:<x>}:rec:<call>` (hash; `..:over:<call>` what was kept of one
 * that has ended), `cb:{c:<x>}:calls` (sorted set: which calls there are),
 * `cb:{c:<x>}:cdr` (stream) and `cb:{c:<x>}:cdr:media` (stream: what media
 * knew of calls with a CDR, mediad/control/sheet.h), where x is the first digit of
 * the call id: they share a hash tag, so that one script may touch all in a
 * Redis Cluster, and sixteen shards spread the load.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_RECORD_H
#define SIGD_CALL_CALL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/status.h"
#include "sigd/call/cookie.h"

struct redis_link;

enum {
	CALL_TEXT_MAX = 256, /* Call-ID, tags, users */
	CALL_URI_MAX  = 512, /* remote targets */
	CALL_CONN_MAX = 32,  /* name of a connection */
	CALL_AT_MAX = 31,
	CALL_ROUTES_MAX = 1024,
	CALL_ACK_MAX = 2048,
	CALL_WHY_MAX = 1500, /* of the decision's explanation */
	/* A record outlives its call's deadline by so long: nobody may be
	 * there to act when that passes. Seconds. */
	CALL_KEEP_S = 86400,
};

enum call_state { CALL_SETUP, CALL_UP };

/* One side of the dialog as we see it. */
struct call_side {
	char user[CALL_TEXT_MAX];    /* of the AOR, unescaped */
	char tag[CALL_TEXT_MAX];
	char target[CALL_URI_MAX];   /* its Contact: the remote target */
	char uri[CALL_URI_MAX];      /* its From or To URI, as in the caller's
					dialog */
	char far[CALL_URI_MAX];      /* ... as in the callee's dialog; empty:
					the same */
	char routes[CALL_ROUTES_MAX];/* value of the Route towards it: what
					stands between it and us */
	char conn[CALL_CONN_MAX + 1];/* connection; empty: a user's device */
	uint8_t profile;             /* of its leg: enum ctl_profile */
	uint32_t cseq;               /* highest CSeq it has used; 0: none */
	uint32_t shift;              /* added to the CSeq of what goes to it:
					one for each challenge of its that we
					answered, and for each CSeq that the
					other side used twice */
	uint32_t invite_cseq;        /* of its last INVITE within the dialog;
					0: none */
	uint32_t invite_shift;       /* ... and how far ahead that went on */
	uint32_t delayed_cseq;       /* of the last one that made no offer: the
					answer is in its ACK; 0: none */
	uint32_t own_cseq;           /* of the last INVITE of it that we
					answered ourselves; 0: none */
	char own_at[CALL_AT_MAX + 1];/* ... and which worker */
	char ack[CALL_ACK_MAX];      /* credentials for the ACK of the last
					INVITE that it challenged
					(challenge.h); not in the CDR */
	size_t flow_len;             /* 0: this side is a service of ours */
	uint8_t flow[COOKIE_FLOW_MAX];
};

enum { CALL_CALLER, CALL_CALLEE, CALL_SIDES };

/* Plain data. */
struct call_record {
	char call[17];
	char session[17];
	char tenant[COOKIE_TENANT_MAX + 1];
	char there[COOKIE_TENANT_MAX + 1]; /* of the callee, when a number of
					      another tenant is called; empty:
					      the same */
	char media[COOKIE_MEDIA_MAX + 1]; /* "node/slot" */
	char callid[CALL_TEXT_MAX];
	char service[64]; /* service_name.h; empty: a call between users */
	char at[CALL_AT_MAX + 1];         /* "node/slot/epoch" that set it up */
	char why[CALL_WHY_MAX + 1];       /* it goes there, in words; not in
					     the CDR */
	uint8_t record;                   /* of the route, and so of the
					     caller's side: enum
					     route_recording */
	enum call_state state;
	uint8_t leg;                      /* of the callee in mediad */
	uint32_t offer_cseq;              /* of the caller's INVITE when it
					     had no offer: the ACK of that has
					     the answer to ours; 0: it had */
	uint32_t asked;                   /* a hash of what the caller's INVITE
					     asked for (call_again.h) */
	uint64_t start_ms;                /* unix ms: INVITE came */
	uint64_t up_ms;                   /* unix ms: answered; 0: not yet */
	struct call_side side[CALL_SIDES];
};

/* Whose user or connection this side is. */
const char *call_tenant(const struct call_record *rec, unsigned side);
/* Its sides are of two tenants: what one says is no word to the other. */
bool call_is_between(const struct call_record *rec);

/* code: STATUS_OK, STATUS_UNKNOWN_DIALOG (no such call), STATUS_REDIS_DOWN,
 * STATUS_INTERNAL. rec is NULL unless a load or an end was STATUS_OK. */
typedef void(call_record_h)(enum status code, const struct call_record *rec,
			    void *arg);

/* A question under way; the caller owns it, mem_deref() ends it unanswered.
 * The handler is called once, later. ENOTCONN: Redis is away. */
struct call_ask;

/* Write the whole record, to live for ttl_s seconds; its set-up is over.
 * STATUS_UNKNOWN_DIALOG: another worker has taken that over. */
int call_record_save(struct call_ask **askp, struct redis_link *link,
		     const struct call_record *rec, uint32_t ttl_s,
		     call_record_h *h, void *arg);
int call_record_load(struct call_ask **askp, struct redis_link *link,
		     const char *call, call_record_h *h, void *arg);

struct call_shift {
	unsigned side; /* whom it goes to */
	uint32_t shift, cseq;
	const char *ack; /* as in struct call_side; "": as before */
};

/* What goes to this side is so far ahead from now on, and so did the request
 * of the other side with this CSeq. Nobody is told; a call that has ended stays
 * ended. */
void call_record_shift(struct redis_link *link, const char *call,
		       const struct call_shift *shift);

/* keep: what the record said is there for a minute still, under another name,
 * for who must tell the sides (call_record_last()). */
struct call_end {
	const char *call;
	enum status reason;
	const char *who; /* "node/slot" of the worker that ends it */
	bool keep;
	uint32_t cdr_s; /* its CDR waits so long for who collects them; 0: there
			   is none */
	bool media_gone; /* its media worker: what that said last is all that
			    there is for the CDR */
};

/* End the call: CDR with this reason, record away. STATUS_UNKNOWN_DIALOG when
 * another has done so. */
int call_record_end(struct call_ask **askp, struct redis_link *link,
		    const struct call_end *end, call_record_h *h, void *arg);
/* The record; or, when the call has ended a moment ago, what was kept. */
int call_record_last(struct call_ask **askp, struct redis_link *link,
		     const char *call, call_record_h *h, void *arg);
/* What was kept need not be. Nobody is told. */
void call_record_forget(struct redis_link *link, const char *call);

#endif
