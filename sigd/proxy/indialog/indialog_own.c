/*
 * indialog_own.c  INVITEs within a dialog that we answer ourselves
 *
 * The 200 is repeated by the worker that has the transaction; the record says
 * which one that is, as the ACK may come to any.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/call/call_dialog.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/sip/smsg_build.h"

/* --- the 200 ------------------------------------------------------------------- */

/* Repeated until its ACK (RFC 3261 13.3.1.4). */
static void repeat(struct indialog *in)
{
	if (!txn_srv_answered(in->st))
		indialog_fail(in, STATUS_INTERNAL);
	else
		(void)txn_srv_repeat_2xx(in->st);
}

void indialog_own_answer(struct indialog *in, const struct pl *sdp)
{
	const struct smsg *msg = indialog_request(in);
	const uint32_t timer =
		session_answer(&in->px->cfg.session, msg).expires;
	struct smsg_field fields[1 + SESSION_FIELDS];
	struct smsg_reply reply = {.scode = 200, .body = *sdp,
				   .fieldv = fields, .fieldc = 1};
	char text[HOP_ADDR_MAX], session[SESSION_TEXT];

	if (!in->st)
		return;
	in->own = msg->method == SMSG_INVITE;
	if (in->own)
		call_answered_here(in->px->deps.redis, in->cookie.call,
				   indialog_side(in), msg->cseq.num,
				   in->px->at);
	/* the same Contact as ever: it is where requests come to */
	re_snprintf(text, sizeof(text), "<%r>", &msg->uri.text);
	pl_set_str(&fields[0].name, "Contact");
	pl_set_str(&fields[0].val, text);
	if (sdp->l)
		pl_set_str(&reply.ctype, "application/sdp");
	session_fields(&reply, fields, session, timer);
	if (in->rec)
		call_due_refresh(in->px, in->rec, timer);
	(void)txn_srv_respond(in->st, &reply);
	if (in->own)
		repeat(in);
}

static void on_offer(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;
	struct media_ask *done = in->asks[1];

	in->asks[1]   = NULL;
	in->opened[0] = ans->status == STATUS_OK ||
			ans->status == STATUS_TIMEOUT;
	if (ans->status != STATUS_OK)
		indialog_fail(in, ans->status);
	else
		indialog_own_answer(in, &ans->sdp);
	mem_deref(done);
}

void indialog_own_offer(struct indialog *in)
{
	int err = indialog_want_local(in, false, CTL_OFFER, on_offer);

	if (err)
		indialog_fail(in, status_of_errno(err));
}

/* --- its ACK ------------------------------------------------------------------- */

bool indialog_stop_repeats(struct proxy *px, const char *call, uint32_t cseq)
{
	struct le *le;

	LIST_FOREACH(&px->dialogs, le) {
		struct indialog *in = le->data;

		if (!in->st || !in->own || strcmp(in->cookie.call, call) ||
		    indialog_request(in)->cseq.num != cseq)
			continue;
		/* its answer is told to mediad by who got the ACK */
		in->opened[0] = false;
		txn_srv_acked(in->st);
		return true;
	}
	return invite_acked(px, call);
}

/* The ACK of the call's first INVITE, when that made no offer: the answer to
 * ours is in it, and the other side waits for it, too. */
static bool is_first(const struct indialog *in)
{
	return in->rec && indialog_side(in) == CALL_CALLER &&
	       in->rec->offer_cseq && !in->rec->service[0] &&
	       in->rec->offer_cseq == in->ack->cseq.num;
}

static void on_told(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;

	in->asks[0] = mem_deref(in->asks[0]);
	if (ans->status != STATUS_OK) {
		log_info(in->cookie.call, "an answer in an ACK is of no use",
			 "why=%s", status_text(ans->status));
		/* of the call's first offer nothing stands without it */
		if (is_first(in))
			indialog_gone(in, ans->status);
		in->opened[0] = !is_first(in);
		indialog_rollback(in);
	}
	mem_deref(in);
}

/* The answer to an offer of ours; without one the offer does not count. */
static int tell_answer(struct indialog *in)
{
	const struct call_record *rec = in->rec;
	struct ctl_req req = {.verb = CTL_LEG_REMOTE};

	if (!in->ack->body.l && is_first(in)) {
		indialog_gone(in, STATUS_NO_OFFER);
		return ENOENT;
	}
	if (!in->ack->body.l) {
		in->opened[0] = true;
		indialog_rollback(in);
		return ENOENT;
	}
	req.remote.leg	   = indialog_leg(in, false);
	req.remote.kind	   = CTL_ANSWER;
	req.remote.profile = (enum ctl_profile)
				     rec->side[indialog_side(in)].profile;
	req.remote.sdp = in->ack->body;
	str_ncpy(req.remote.call, rec->call, sizeof(req.remote.call));
	pl_set_str(&req.remote.tenant, rec->tenant);
	return indialog_ask(in, 0, &req, on_told);
}

bool indialog_own_ack(struct indialog *in)
{
	const uint32_t cseq = in->ack->cseq.num;
	const bool service = in->cookie.direction == COOKIE_TO_SERVICE;
	const struct call_side *side =
		in->rec ? &in->rec->side[indialog_side(in)] : NULL;

	if (is_first(in)) {
		indialog_ack_forward(in);
		if (tell_answer(in))
			mem_deref(in);
		return true;
	}
	if (!service && (!side || side->own_cseq != cseq))
		return false;

	if (!indialog_stop_repeats(in->px, in->cookie.call, cseq) && side &&
	    strcmp(side->own_at, in->px->at))
		(void)indialog_pass(in, side->own_at);
	/* the first ACK of a service's caller answers nothing */
	if (!side || (service && !in->ack->body.l) || tell_answer(in))
		mem_deref(in);
	return true;
}
