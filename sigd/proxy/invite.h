/*
 * invite.h  A call being set up: one INVITE, its media and its branches
 *
 * Lives in the worker that took the INVITE, from then until the server
 * transaction ends. Nothing of it is needed for the dialog that it makes.
 *
 *   invite.c          its life: start, answer, refusal, CANCEL, end
 *   invite_service.c  a call that we answer ourselves (echo, tone ...)
 *   invite_user.c     a call to a user: lookup, a branch per device
 *   branch.c          one branch: offer, INVITE, answers
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_INVITE_H
#define SIGD_PROXY_INVITE_H

#include "common/wheel.h"
#include "sigd/media/media_client.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/registrar/registrar.h"

enum { INVITE_BRANCHES_MAX = 10, INVITE_ASKS = 3 };

struct invite {
	struct le le;
	struct proxy *px;
	struct txn_srv *st;
	struct call_record rec;
	struct flow_id caller;         /* flow of the INVITE */
	struct list branches;
	struct branch *winner;         /* its 2xx goes to the caller */
	struct registrar_ask *lookup;
	struct media_ask *asks[INVITE_ASKS]; /* pipelined, in order */
	struct call_ask *save;
	struct mbuf *sdp;              /* the answer to the caller */
	struct wheel_timer timer_c;
	uint16_t best;                 /* best final code so far; 0: none */
	uint8_t legs;                  /* given so far; 1 is the caller's */
	bool answered;                 /* a final response was given */
	bool over;                     /* given up: only branches are left,
					  for a 2xx that crosses the CANCEL */
};

/* One device that rings. */
struct branch {
	struct le le;
	struct invite *inv;
	struct binding binding;
	struct flow_id flow;
	uint8_t leg;
	struct media_ask *ask;  /* for its offer */
	struct txn_cli *ct;     /* NULL: not yet, or over */
	uint64_t ref;           /* of the INVITE, in proxy_send_failed() */
	struct smsg *answer;    /* its 2xx, when it is the winner */
};

/* --- invite.c --- */

/* Ask the session's worker; slot 0..INVITE_ASKS-1 of inv->asks. */
int invite_ask(struct invite *inv, unsigned slot, const struct ctl_req *req,
	       media_answer_h *h);
/* leg.remote of the caller's offer: makes the session. */
int invite_remote_offer(struct invite *inv, media_answer_h *h);
/* Give up: this answer to the caller, everything else away. Frees inv. */
void invite_fail(struct invite *inv, enum status code);
/* The same with a SIP code of a callee. */
void invite_fail_code(struct invite *inv, uint16_t scode);
/* Save the record as up; then h. */
void invite_save(struct invite *inv, call_record_h *h);
struct call_name invite_name(const struct invite *inv);
/* No branch but the winner shall ring any more. What has sent its INVITE ends
 * by an answer, the others are gone. */
void invite_hush(struct invite *inv, const char *reason);

/* --- invite_service.c, invite_user.c --- */
void invite_service(struct invite *inv, enum ctl_service service);
void invite_user(struct invite *inv, const struct registrar_aor *aor);
/* A branch is over without a 2xx. May free inv. */
void invite_branch_over(struct invite *inv, uint16_t scode);
/* A branch has a 2xx, kept in branch->answer. */
void invite_branch_won(struct invite *inv, struct branch *branch);

/* --- branch.c --- */
int branch_start(struct invite *inv, const struct binding *binding);
/* Frees a branch that has sent nothing yet; the others end by an answer. */
void branch_cancel(struct branch *branch, const char *reason);
/* A response of the branch, made fit for the caller; body may be empty. */
int branch_forward(struct branch *branch, const struct smsg *msg,
		   const struct pl *sdp);
/* ACK and BYE of a 2xx that nobody wants. */
void branch_release(struct branch *branch, const struct smsg *answer);

#endif
