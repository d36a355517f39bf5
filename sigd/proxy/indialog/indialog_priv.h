/*
 * indialog_priv.h  A request within a dialog, while it is served
 *
 *   indialog.c          may it? where does it go? (cookie, record, hints)
 *   indialog_forward.c  to the other side, and its answers back
 *   indialog_map.c      as the other side knows it: URIs, CSeq, credentials
 *   indialog_names.c    who speaks
 *   indialog_offer.c    offers and answers inside: mediad in between
 *   indialog_delayed.c  INVITEs without offer, and their ACKs
 *   indialog_own.c      INVITEs that we answer ourselves, and their ACKs
 *   indialog_info.c     keys
 *   indialog_refer.c    whom a REFER names, as its receiver can reach them
 *   indialog_service.c  the far end is ours
 *   indialog_early.c    before the call is answered
 *
 * Any worker can do it: what it needs is in the cookie and in the record.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INDIALOG_INDIALOG_PRIV_H
#define SIGD_PROXY_INDIALOG_INDIALOG_PRIV_H

#include "common/wheel.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/indialog/indialog.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/proxy/who/identity.h"

struct route_connection;

enum { INDIALOG_ASKS = 2 };

struct indialog {
	struct le le;
	struct proxy *px;
	struct txn_srv *st;          /* NULL: an ACK */
	struct smsg *ack;            /* the ACK itself */
	struct cookie cookie;
	struct call_record *rec;     /* NULL: Redis is away, hints serve */
	struct flow_id from;         /* flow the request came on */
	struct sa local, remote;     /* ... and its addresses */
	struct flow_id to;           /* flow of the other side */
	char target[CALL_URI_MAX];   /* new Request-URI */
	struct call_ask *ask;
	struct media_ask *asks[INDIALOG_ASKS];
	struct txn_cli *ct;
	uint64_t ref;                /* of what was sent */
	struct wheel_timer limit;    /* INVITE: timer C, RFC 3261 16.6 step 11;
					others: while it can be told */
	struct smsg *answer;         /* 2xx to the offer */
	struct mbuf *sdp;            /* our answer; NULL: mediad is asked */
	struct challenge challenge;  /* of the other side, a connection */
	struct mbuf *out;            /* the SDP that went on; NULL: none */
	uint32_t shift;              /* of the CSeq on the other side */
	uint32_t session_least;      /* s, that the other side wants; or 0 */
	uint16_t final;
	bool offer;                  /* the request carries an offer */
	enum status why;             /* mediad refused the first of two */
	/* legs whose offer is open, by us: the sender's, the other side's */
	bool opened[2];
	bool delayed;                /* an INVITE without offer */
	bool own;                    /* its 2xx is ours: the ACK is for us */
	bool early;                  /* the call is not answered: rec is as
					branch_early.h knows it */
	bool passed;                 /* by another worker */
	bool refreshed;              /* remote targets are as the 2xx says */
	bool byed;                   /* a BYE: the other side has it, or will
					never */
	char *refer_to;              /* instead of its Refer-To; NULL: as is */
};

/* The request, of the transaction or the ACK. */
const struct smsg *indialog_request(const struct indialog *in);
/* Which side sent it: CALL_CALLER or CALL_CALLEE. */
unsigned indialog_side(const struct indialog *in);
/* The legs in mediad of the sender and of the other side. */
uint8_t indialog_leg(const struct indialog *in, bool other);
/* The call is over: session and record go. */
void indialog_end(struct indialog *in, enum status reason);
/* What was offered does not count (leg.rollback): so that the next offer is
 * possible. */
void indialog_rollback(struct indialog *in);
/* One side has no dialog any more: RFC 3261 12.2.1.2. Both are told. */
void indialog_gone(struct indialog *in, enum status reason);
/* A BYE has its answer from the other side, or none will come. */
void indialog_bye_arrived(struct indialog *in);
/* Answer and free. */
void indialog_fail(struct indialog *in, enum status code);

/* sdp NULL: the body as it came, unless it may describe media: that is
 * mediad's to write. */
void indialog_forward(struct indialog *in, const struct pl *sdp);
/* How far the CSeq of what goes to the other side is ahead, so far. */
uint32_t indialog_shift(const struct indialog *in);
/* From, To, and what tells who speaks; of an answer that last. */
void indialog_names_edit(const struct indialog *in, struct smsg_edit *ed);
struct identity indialog_who_answers(const struct indialog *in);
/* The request's edits towards the other side. */
void indialog_map(const struct indialog *in, struct smsg_edit *ed);
/* Before it leaves: so that a challenge can be answered. */
void indialog_challenge_prepare(const struct indialog *in);
/* The sender is a device that answers the other side's challenges itself. */
bool indialog_passes(const struct indialog *in);
/* A 401 or 407: true when the request can be sent again, with this body. */
bool indialog_challenged(struct indialog *in, const struct smsg *msg,
			 const struct pl *body);
/* A 422 to a timer that was ours: true when the request can be sent again,
 * with a longer one (RFC 4028 7.4). */
bool indialog_lengthened(struct indialog *in, const struct smsg *msg);
/* The ACK, without SDP. */
void indialog_ack_forward(struct indialog *in);
/* A response back to the sender; sdp NULL: as above. */
void indialog_back(struct indialog *in, const struct smsg *msg,
		   const struct pl *sdp);
/* The ACK of in->answer when the sender will never see it. */
void indialog_ack(struct indialog *in);
void indialog_offer(struct indialog *in);
/* A 2xx to a request with an offer. Takes in->answer. */
void indialog_answer(struct indialog *in);
void indialog_service(struct indialog *in);

/* --- indialog_own.c --- */

/* A 200 of ours, repeated until its ACK. */
void indialog_own_answer(struct indialog *in, const struct pl *sdp);
/* An INVITE without offer to a service: the offer is ours, in the 200, and the
 * answer comes in the ACK (RFC 3261 13.2.1). */
void indialog_own_offer(struct indialog *in);
/* True: the ACK is of a 200 of ours; then served and freed. */
bool indialog_own_ack(struct indialog *in);

/* --- indialog_delayed.c --- */

void indialog_delayed(struct indialog *in);
/* Its 2xx, with an offer. Takes in->answer. */
void indialog_delayed_answer(struct indialog *in);
/* True: the ACK answers that; then served and freed. */
bool indialog_delayed_ack(struct indialog *in);

/* --- indialog_early.c --- */

struct early_key indialog_early_key(const struct indialog *in);
/* Looks whether its dialog is one of a call that is being set up here: in->rec
 * then. True: it is none of that call, and served and freed. */
bool indialog_early(struct indialog *in);
void indialog_early_go(struct indialog *in);
/* It is being set up, says the record, but not here. */
void indialog_early_elsewhere(struct indialog *in,
			      const struct call_record *rec);
/* The request as it is, to the worker "node/slot/epoch". */
int indialog_pass(const struct indialog *in, const char *to);
int indialog_at_read(struct tube_addr *at, const char *text);

/* --- indialog_info.c --- */

/* True: it is a key, and mediad is asked to press it. */
bool indialog_key(struct indialog *in);

/* --- indialog_refer.c --- */

/* Sends the request on, when it is known where Refer-To leads to. */
void indialog_refer(struct indialog *in);

/* --- for these --- */
int indialog_ask(struct indialog *in, unsigned slot, const struct ctl_req *req,
		 media_answer_h *h);
int indialog_sdp_keep(struct indialog *in, const struct pl *sdp);
/* A leg's offer, when a question about it got this answer. */
bool indialog_may_be_open(enum status code);
int indialog_tell_remote(struct indialog *in, bool other,
			 enum ctl_sdp_kind kind, media_answer_h *h);
int indialog_want_local(struct indialog *in, bool other,
			enum ctl_sdp_kind kind, media_answer_h *h);
/* The connection of the other side; NULL: it is none, or one no more. */
const struct route_connection *
indialog_connection(const struct indialog *in);

#endif
