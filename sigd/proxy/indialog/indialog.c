/*
 * indialog.c  A request within a dialog: may it, and where does it go?
 *
 * It may when it shows a cookie of ours that was sealed for this Call-ID and
 * the caller's tag, and comes from the side that the cookie was given to.
 * Anything else is 403. Where it goes is in the call record; with Redis away
 * the hints in cookie and Contact serve.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "sigd/call/call_dialog.h"
#include "sigd/call/contact_token.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/end/hangup.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/proxy/methods.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/request.h"
#include "sigd/sip/smsg_sdp.h"

const struct smsg *indialog_request(const struct indialog *in)
{
	return in->st ? txn_srv_request(in->st) : in->ack;
}

unsigned indialog_side(const struct indialog *in)
{
	return in->cookie.direction == COOKIE_TO_CALLER ? CALL_CALLEE
							: CALL_CALLER;
}

uint8_t indialog_leg(const struct indialog *in, bool other)
{
	bool caller = (indialog_side(in) == CALL_CALLER) != other;

	return caller ? 1 : in->cookie.leg;
}

/* --- the cookie ------------------------------------------------------------- */

/* The token: user part of the topmost Route; or of the Request-URI, when we
 * are the far end (invite_service.c). */
static bool token_find(struct pl *token, const struct smsg *msg)
{
	struct shdr_addr route;

	if (smsg_hdr(msg, SHDR_ROUTE)) {
		if (smsg_addr(msg, SHDR_ROUTE, &route))
			return false;
		*token = route.uri.user;
	} else {
		*token = msg->uri.user;
	}
	return pl_isset(token);
}

bool indialog_claims(const struct request *rq)
{
	struct pl token;

	/* a request that makes a dialog may carry a preloaded Route: it is
	 * not obeyed, and taken off (request without a To tag) */
	return pl_isset(&rq->msg->to.tag) && token_find(&token, rq->msg) &&
	       token.l > 40;
}

/* The caller's tag stands in From when the caller sends, else in To. */
static enum status cookie_check(struct cookie *cookie, const struct proxy *px,
				const struct smsg *msg)
{
	const struct cookie_dialog as_caller = {msg->callid, msg->from.tag};
	const struct cookie_dialog as_callee = {msg->callid, msg->to.tag};
	struct pl token = PL("");

	(void)token_find(&token, msg);
	if (!cookie_open(cookie, px->deps.keyring, &as_caller, &token))
		return cookie->direction == COOKIE_TO_CALLER
			       ? STATUS_BAD_DIRECTION
			       : STATUS_OK;
	if (!cookie_open(cookie, px->deps.keyring, &as_callee, &token))
		return cookie->direction == COOKIE_TO_CALLER
			       ? STATUS_OK
			       : STATUS_BAD_DIRECTION;

	return STATUS_BAD_COOKIE;
}

enum status indialog_proof(const struct request *rq)
{
	struct cookie cookie;

	return indialog_claims(rq) ? cookie_check(&cookie, rq->px, rq->msg)
				   : STATUS_UNKNOWN_DIALOG;
}

void indialog_bye_arrived(struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);

	/* one that is ended with its worker has not arrived */
	if (msg && msg->method == SMSG_BYE && !in->byed &&
	    in->px->deps.transport) {
		in->byed = true;
		hangup_arrived(in->px, in->cookie.call);
	}
}

/* --- life --------------------------------------------------------------------- */

static void destructor(void *data)
{
	struct indialog *in = data;

	list_unlink(&in->le);
	indialog_bye_arrived(in);
	wheel_stop(&in->limit);
	mem_deref(in->ask);
	for (unsigned i = 0; i < INDIALOG_ASKS; i++)
		mem_deref(in->asks[i]);
	mem_deref(in->rec);
	mem_deref(in->ack);
	mem_deref(in->answer);
	mem_deref(in->sdp);
	mem_deref(in->out);
	mem_deref(in->refer_to);
	challenge_reset(&in->challenge);
	if (in->ct)
		txn_cli_detach(in->ct);
	if (in->st)
		txn_srv_detach(in->st);
}

static void on_server_end(struct txn_srv *st, int err, void *arg)
{
	struct indialog *in = arg;
	(void)st;

	in->st = NULL;
	/* no ACK of our 2xx (RFC 3261 13.3.1.4) */
	if (err == ETIMEDOUT && in->own)
		indialog_gone(in, STATUS_TIMEOUT);
	mem_deref(in);
}

void indialog_fail(struct indialog *in, enum status code)
{
	if (in->answer && !in->sdp)
		indialog_ack(in);
	indialog_rollback(in);
	if (in->st)
		reply_status(in->px, in->st, code);
	mem_deref(in);
}

/* --- where it goes ---------------------------------------------------------------- */

static enum status by_record(struct indialog *in)
{
	const struct call_side *side = &in->rec->side[!indialog_side(in)];

	if (flow_id_unpack(&in->to, side->flow, side->flow_len))
		return STATUS_INTERNAL;
	str_ncpy(in->target, side->target, sizeof(in->target));
	return STATUS_OK;
}

static enum status by_hints(struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	struct contact_token contact;

	if (flow_id_unpack(&in->to, in->cookie.flow, in->cookie.flow_len) ||
	    contact_token_open(&contact, in->px->deps.keyring,
			       &msg->uri.user) ||
	    strcmp(contact.call, in->cookie.call) ||
	    contact.side == indialog_side(in) || !contact.target[0])
		return STATUS_REDIS_DOWN;

	str_ncpy(in->target, contact.target, sizeof(in->target));
	return STATUS_OK;
}

/* What these carry is offer and answer. */
static bool describes(const struct smsg *msg)
{
	return msg->method == SMSG_INVITE || msg->method == SMSG_UPDATE ||
	       msg->method == SMSG_PRACK;
}

static bool has_offer(const struct smsg *msg)
{
	return msg->body.l && describes(msg);
}

/* The cookie vouches for the caller's tag, the record for the callee's: what
 * has another is no request of this dialog (RFC 3261 12.2.2). */
static bool in_dialog(const struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	const struct pl *tag = indialog_side(in) == CALL_CALLER
				       ? &msg->to.tag
				       : &msg->from.tag;

	return !in->rec || !pl_strcmp(tag, in->rec->side[CALL_CALLEE].tag);
}

void indialog_end(struct indialog *in, enum status reason)
{
	const struct call_name name = {in->cookie.call, in->cookie.session,
				       in->cookie.media};

	if (in->rec)
		hangup_sides(in->px, in->rec, 0, reason);
	else
		hangup_unknown(in->px, &name, reason);
}

void indialog_gone(struct indialog *in, enum status reason)
{
	if (!in->rec)
		return;
	log_info(in->cookie.call, "one side has left", "why=%s",
		 status_text(reason));
	/* without an ACK it is who should have sent it */
	diary_side(in->px, in->cookie.call, "side.gone",
		   reason == STATUS_TIMEOUT ? indialog_side(in)
					    : !indialog_side(in),
		   status_text(reason));
	hangup_sides(in->px, in->rec, HANGUP_BOTH, reason);
}

/* Should we die before the other side has heard it, another worker says so. */
static void hang_up(struct indialog *in)
{
	if (in->rec)
		hangup_forwarded(in->px, in->rec, !indialog_side(in));
	else
		indialog_end(in, STATUS_HANGUP);
}

/* It comes from where its side is: whoever hears our answer has a part in the
 * call. Else it may be forged, and a refusal is not repeated to its source. */
static void source_known(struct indialog *in)
{
	struct flow_id flow;
	bool known = flow_kind_reliable((enum flow_kind)in->from.kind);

	if (!in->st || !in->rec)
		return;
	if (!known) {
		const struct call_side *side = &in->rec->side[indialog_side(in)];

		known = !flow_id_unpack(&flow, side->flow, side->flow_len) &&
			flow_id_addressed(&flow) &&
			sa_cmp(&flow.remote, &in->remote, SA_ADDR);
	}
	if (known)
		txn_srv_once(in->st, false);
}

static void go(struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	enum status code = in->rec ? by_record(in) : by_hints(in);

	source_known(in);
	in->shift = indialog_shift(in);
	if (!in_dialog(in)) {
		indialog_fail(in, STATUS_UNKNOWN_DIALOG);
		return;
	}
	if (methods_refuse_dialog(in)) {
		mem_deref(in);
		return;
	}
	if (!in->st && (indialog_own_ack(in) || indialog_delayed_ack(in)))
		return;
	if (in->early) {
		if (code == STATUS_OK)
			indialog_early_go(in);
		else
			indialog_fail(in, code);
		return;
	}
	if (in->cookie.direction == COOKIE_TO_SERVICE) {
		indialog_service(in);
		return;
	}
	/* whatever the other side says to it, the call is over */
	if (msg->method == SMSG_BYE) {
		hang_up(in);
		(void)FAULT("sigd.bye.begun");
	}
	/* an offer needs mediad, which is asked through Redis; and whom its
	 * sender may have called is in the record */
	if (code == STATUS_OK && !in->rec &&
	    (has_offer(msg) || msg->method == SMSG_INVITE ||
	     msg->method == SMSG_REFER))
		code = STATUS_REDIS_DOWN;

	if (code != STATUS_OK)
		indialog_fail(in, code);
	else if (has_offer(msg))
		indialog_offer(in);
	else if (msg->method == SMSG_INVITE)
		indialog_delayed(in);
	else if (msg->method == SMSG_REFER)
		indialog_refer(in);
	else if (!in->st || !in->rec || !indialog_key(in))
		indialog_forward(in, NULL);
}

/* There is no record: the call has ended, or Redis has lost its data. The one
 * does no harm and the other would leave a side up for ever, so who hangs up
 * is heard: the other side says 481 itself if it knows better. */
static void hang_up_unknown(struct indialog *in)
{
	enum status code = STATUS_UNKNOWN_DIALOG;

	indialog_end(in, STATUS_HANGUP);
	if (in->cookie.direction != COOKIE_TO_SERVICE)
		code = by_hints(in);
	if (code == STATUS_OK)
		indialog_forward(in, NULL);
	else
		indialog_fail(in, STATUS_UNKNOWN_DIALOG);
}

/* What is of a call that is over is a stray, although it shows a cookie: a
 * question of its source. True: too many of these; then freed. */
static bool is_flood(struct indialog *in)
{
	if (gate_source(in->px->gate, &in->remote) == GATE_OPEN)
		return false;
	if (in->st)
		txn_srv_forget(in->st);
	in->st = NULL;
	mem_deref(in);
	return true;
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct indialog *in = arg;

	in->ask = mem_deref(in->ask);
	if (code == STATUS_OK && rec->state == CALL_SETUP) {
		indialog_early_elsewhere(in, rec);
		return;
	}
	if (code == STATUS_OK) {
		in->rec = mem_alloc(sizeof(*rec), NULL);
		if (in->rec)
			*in->rec = *rec;
		else
			code = STATUS_OVERLOAD;
	}
	if (code == STATUS_OK || code == STATUS_REDIS_DOWN)
		go(in);
	else if (code == STATUS_UNKNOWN_DIALOG &&
		 indialog_request(in)->method == SMSG_BYE)
		hang_up_unknown(in);
	else if (code != STATUS_UNKNOWN_DIALOG || !is_flood(in))
		indialog_fail(in, code);
}

static struct indialog *make(struct request *rq, struct txn_srv *st,
			     const struct cookie *cookie)
{
	struct indialog *in = mem_zalloc(sizeof(*in), destructor);

	if (!in)
		return NULL;

	in->px	   = rq->px;
	in->cookie = *cookie;
	in->from   = rq->src->id;
	if (rq->src->local)
		in->local = *rq->src->local;
	if (rq->src->remote)
		in->remote = *rq->src->remote;
	list_append(&rq->px->dialogs, &in->le, in);
	if (!st && smsg_clone(&in->ack, rq->msg))
		return mem_deref(in);
	in->st = st;
	if (st)
		txn_srv_attach(st, on_server_end, in);
	return in;
}

static enum call_request kind_of(const struct smsg *msg)
{
	if (msg->method == SMSG_INVITE)
		return msg->body.l ? CALL_INVITE : CALL_DELAYED;
	return msg->method == SMSG_ACK ? CALL_ACK : CALL_REQUEST;
}

/* The record is read, and the request noted in it. */
static int enter(struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	const struct call_enter enter = {
		.call = in->cookie.call,
		.side = indialog_side(in),
		.callee_tag = indialog_side(in) == CALL_CALLER ? msg->to.tag
							: msg->from.tag,
		.cseq = msg->cseq.num,
		.request = kind_of(msg)};

	return call_enter(&in->ask, in->px->deps.redis, &enter, on_record,
			  in);
}

/* A body that is no description is for nobody (RFC 3261 8.2.3). */
static bool fits(struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	struct pl sdp;

	if (!in->st || !describes(msg) || !smsg_sdp(msg, &sdp))
		return true;
	indialog_fail(in, STATUS_BAD_MEDIA_TYPE);
	return false;
}

void indialog_serve(struct request *rq, struct txn_srv *st)
{
	struct proxy *px = rq->px;
	struct indialog *in;
	struct cookie cookie;
	enum status code = cookie_check(&cookie, px, rq->msg);

	if (code != STATUS_OK) {
		if (st)
			reply_status(px, st, code);
		return;
	}
	in = make(rq, st, &cookie);
	if (!in) {
		if (st)
			reply_status(px, st, STATUS_OVERLOAD);
		return;
	}
	in->passed = rq->passed;
	if (!fits(in) || indialog_early(in))
		return;
	if (in->early || enter(in))
		go(in);
}

/* An ACK that another worker got. */
void indialog_acked(struct proxy *px, const struct smsg *msg)
{
	struct cookie cookie;

	if (cookie_check(&cookie, px, msg) == STATUS_OK)
		(void)indialog_stop_repeats(px, cookie.call, msg->cseq.num);
}

bool indialog_cancel(struct proxy *px, const struct txn_srv *st,
		     const struct pl *reason)
{
	struct le *le;

	LIST_FOREACH(&px->dialogs, le) {
		struct indialog *in = le->data;

		if (in->st != st)
			continue;
		/* too late once it is answered (RFC 3261 9.2) */
		if (in->ct)
			(void)txn_cli_cancel(in->ct, reason);
		else if (!in->answer && !txn_srv_answered(st))
			indialog_fail(in, STATUS_CANCELLED);
		return true;
	}
	return false;
}

void indialog_send_failed(struct proxy *px, uint64_t ref, int err)
{
	struct le *le;

	LIST_FOREACH(&px->dialogs, le) {
		const struct indialog *in = le->data;

		if (in->ct && in->ref == ref) {
			txn_cli_transport_error(in->ct, err);
			return;
		}
	}
}
