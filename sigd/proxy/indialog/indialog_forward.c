/*
 * indialog_forward.c  A request within a dialog, to the other side and back
 *
 * RFC 3261 16.6, 16.7. An ACK has no transaction: it is sent and forgotten.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/call/call_dialog.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/hop_back.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/proxy/invite/branch_early.h"
#include "sigd/proxy/reply.h"
#include "sigd/sip/smsg_build.h"

/* What these carry is offer and answer (RFC 3261 13.2.1, RFC 3311, RFC 3262):
 * passed on as it came, it would join the two sides past mediad. */
static bool is_offering(const struct smsg *msg)
{
	return msg->method == SMSG_INVITE || msg->method == SMSG_ACK ||
	       msg->method == SMSG_PRACK || msg->method == SMSG_UPDATE;
}

static void body_edit(struct smsg_edit *ed, const struct pl *sdp)
{
	const struct pl ctype = PL("application/sdp"), none = PL("");

	if (sdp)
		smsg_edit_body(ed, &ctype, sdp);
	else if (is_offering(ed->msg))
		smsg_edit_body(ed, &none, &none);
}

static int request_write(struct indialog *in, char text[], size_t *len)
{
	const struct hop_side from = {in->cookie.call,
				      (uint8_t)indialog_side(in)};
	const struct smsg *msg = indialog_request(in);
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	struct pl uri, out, *sdp = in->out ? &out : NULL;
	int err = 0;

	if (!ed)
		return ENOMEM;

	if (in->out)
		pl_set_mbuf(&out, in->out);
	smsg_edit_init(ed, msg);
	pl_set_str(&uri, in->target);
	smsg_edit_uri(ed, &uri);
	smsg_edit_hop(ed);
	if (indialog_passes(in))
		hop_clean_identity(ed);
	else
		hop_clean(ed);
	indialog_map(in, ed);
	if (msg->method != SMSG_ACK)
		session_edit(ed, &in->px->cfg.session,
			     in->session_least);
	body_edit(ed, sdp);
	if (smsg_hdr(msg, SHDR_CONTACT))
		err = hop_contact(in->px, ed, &in->to, &from);
	if (!err)
		err = hop_via(in->px, ed, &in->to, text);
	if (!err)
		err = smsg_edit_write(ed, in->px->buf, SMSG_MAX, len);
	mem_deref(ed);
	return err;
}

static struct pl target_of(const struct smsg *msg)
{
	struct shdr_addr contact;

	return smsg_addr(msg, SHDR_CONTACT, &contact) || contact.star
		       ? (struct pl){NULL, 0}
		       : contact.uri.text;
}

/* Both remote targets are as they said last (RFC 3261 12.2.1.2, 12.2.2). */
static void refresh(struct indialog *in, const struct smsg *msg)
{
	const struct smsg *req = indialog_request(in);
	const unsigned me = indialog_side(in);
	const struct early_key key = indialog_early_key(in);
	struct pl target[CALL_SIDES];

	if (in->refreshed || !in->rec ||
	    (req->method != SMSG_INVITE && req->method != SMSG_UPDATE))
		return;
	in->refreshed = true;
	target[me]    = target_of(req);
	target[!me]   = target_of(msg);
	if (in->early)
		early_targets(in->px, &key, target);
	else
		call_targets(in->px->deps.redis, in->cookie.call, target);
}

/* A timer that its sender is to keep up: ours to say. */
static uint32_t session_refresh(struct indialog *in, const struct smsg *msg)
{
	const struct session_limits *limits = &in->px->cfg.session;
	const struct smsg *req = indialog_request(in);
	struct session_agreed timer;

	if (!session_may(req))
		return 0;
	timer = session_agree(limits,
			      session_offered(limits, in->session_least, req),
			      req, msg);
	if (in->rec)
		call_due_refresh(in->px, in->rec, timer.expires);
	return timer.ours ? timer.expires : 0;
}

void indialog_back(struct indialog *in, const struct smsg *msg,
		   const struct pl *sdp)
{
	const struct hop_side from = {in->cookie.call,
				      (uint8_t)!indialog_side(in)};
	/* a challenge is between the other side and us: the sender has no
	 * credentials for it, unless it is known there itself */
	const bool asked = msg->scode == 401 || msg->scode == 407;
	const bool passes = asked && indialog_passes(in);
	struct hop_back back = {.scode = asked && !passes ? 403 : 0,
				.challenge = passes,
				.reliable = true, .sdp = sdp,
				.keep_body = !sdp && !is_offering(msg)};
	char contact[HOP_ADDR_MAX];
	struct identity who;
	size_t len;
	int err = 0;

	if (!in->st)
		return;
	if (in->rec) {
		who = indialog_who_answers(in);
		back.who = &who;
	}
	if (msg->scode >= 200 && msg->scode < 300) {
		refresh(in, msg);
		back.session = session_refresh(in, msg);
	}
	if (smsg_hdr(msg, SHDR_CONTACT)) {
		err = hop_contact_text(contact, in->px, msg, &in->from,
				       &from);
		pl_set_str(&back.contact, contact);
	}
	if (!err)
		err = hop_back_write(in->px, &len, txn_srv_request(in->st),
				     msg, &back);
	if (!err)
		(void)txn_srv_reply(in->st, in->px->buf, len);
	else if (msg->scode >= 200 && !txn_srv_answered(in->st))
		reply_status(in->px, in->st, STATUS_INTERNAL);
}

/* Repeated ones go on until the ACK has gone back (RFC 3261 16.7 step 5). */
static void answered(struct indialog *in, const struct smsg *msg)
{
	struct pl sdp;

	if (in->sdp) {
		pl_set_mbuf(&sdp, in->sdp);
		indialog_back(in, in->answer, &sdp);
	} else if (!in->answer && !smsg_clone(&in->answer, msg)) {
		if (in->delayed)
			indialog_delayed_answer(in);
		else
			indialog_answer(in);
	}
}

static void send_on(struct indialog *in);

/* What these are refused with tells of the whole dialog (RFC 5057 5.1); NOTIFY
 * and its like have a life of their own. */
static bool ends_dialog(const struct indialog *in)
{
	const enum smsg_method method = indialog_request(in)->method;

	return !in->early && (method == SMSG_INVITE ||
			      method == SMSG_UPDATE || method == SMSG_INFO);
}

static bool answer_challenge(struct indialog *in, const struct smsg *msg)
{
	const struct smsg *req = indialog_request(in);
	struct pl body = PL("");

	if (in->out)
		pl_set_mbuf(&body, in->out);
	else if (!is_offering(req))
		body = req->body;
	return indialog_challenged(in, msg, &body);
}

/* What it refuses is what we have added, or lack. */
static bool is_ours_to_mend(struct indialog *in, const struct smsg *msg)
{
	if (msg->scode == 401 || msg->scode == 407)
		return !indialog_passes(in) && answer_challenge(in, msg);
	return msg->scode == 422 && in->rec && indialog_lengthened(in, msg);
}

/* Said once; within an early dialog it is the set-up's. */
static void changed(const struct indialog *in, uint16_t scode)
{
	const struct diary_change change = {
		.side = indialog_side(in), .code = scode,
		.method = indialog_request(in)->method == SMSG_INVITE
				  ? "INVITE"
				  : "UPDATE"};

	if (!in->final && (in->offer || in->delayed) && !in->early)
		diary_changed(in->px, in->cookie.call, &change);
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct indialog *in = arg;
	(void)ct;

	if (msg->scode == 100)
		return;
	if (in->st && is_ours_to_mend(in, msg)) {
		txn_cli_detach(in->ct);
		in->ct = NULL;
		send_on(in);
		return;
	}
	if (msg->scode >= 200) {
		changed(in, msg->scode);
		in->final = msg->scode;
		indialog_bye_arrived(in);
	}
	if (msg->scode >= 200 && msg->scode < 300 &&
	    (in->offer || in->delayed)) {
		answered(in, msg);
		return;
	}
	/* before the sender hears of it: its next offer comes behind */
	if (msg->scode >= 300)
		indialog_rollback(in);
	indialog_back(in, msg, NULL);
	if ((msg->scode == 481 || msg->scode == 408) && ends_dialog(in))
		indialog_gone(in, msg->scode == 481 ? STATUS_UNKNOWN_DIALOG
						    : STATUS_TARGET_TIMEOUT);
}

/* Nothing was heard of the other side; a BYE has done its work even so. */
static void unheard(struct indialog *in, int err)
{
	struct proxy *px = in->px;

	if (indialog_request(in)->method == SMSG_BYE)
		reply_status(px, in->st, STATUS_OK);
	else if (err == ECANCELED)
		reply_status(px, in->st, STATUS_CANCELLED);
	else if (err == ETIMEDOUT && indialog_request(in)->method == SMSG_INVITE)
		reply_status(px, in->st, STATUS_TARGET_TIMEOUT);
	else if (err == ETIMEDOUT) /* who asked has given up: RFC 4320 4.2 */
		reply_status_as(px, in->st, 408, STATUS_TARGET_TIMEOUT);
	else /* it may come back (RFC 5626 5.3; 430 is between proxies) */
		reply_status_as(px, in->st, 480, STATUS_FLOW_GONE);
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct indialog *in = arg;
	(void)ct;

	in->ct = NULL;
	wheel_stop(&in->limit);
	indialog_bye_arrived(in);
	if (!err || !in->st || in->final)
		return;
	indialog_rollback(in);
	unheard(in, err);
	if (err == ETIMEDOUT && ends_dialog(in))
		indialog_gone(in, STATUS_TARGET_TIMEOUT);
}

static void on_timer_c(void *arg)
{
	struct indialog *in = arg;

	if (in->ct)
		(void)txn_cli_cancel(in->ct, NULL);
}

/* The other side is silent, and who asks waits no longer than we would: it
 * hears of it before it gives up, and our transaction for it lives. */
static void on_silence(void *arg)
{
	struct indialog *in = arg;

	if (!in->ct)
		return;
	txn_cli_detach(in->ct);
	on_end(NULL, ETIMEDOUT, in);
}

static void limit_start(struct indialog *in)
{
	struct proxy *px = in->px;

	if (indialog_request(in)->method == SMSG_INVITE)
		wheel_start(px->deps.wheel, &in->limit, px->cfg.timer_c_ms,
			    on_timer_c, in);
	else
		wheel_start(px->deps.wheel, &in->limit,
			    txn_answerable_ms(px->txns), on_silence, in);
}

void indialog_ack_forward(struct indialog *in)
{
	struct proxy *px = in->px;
	char text[BRANCH_TEXT_MAX + 1];
	size_t len;

	if (!request_write(in, text, &len))
		(void)transport_send(px->deps.transport, &in->to, px->buf,
				     len, 0);
}

static void send_on(struct indialog *in)
{
	struct txn_cli_params params = {.resph = on_response,
					.endh = on_end, .arg = in};
	struct proxy *px = in->px;
	char text[BRANCH_TEXT_MAX + 1];
	struct txn_dest dest;
	int err = request_write(in, text, &params.len);

	indialog_challenge_prepare(in);

	if (!err) {
		dest_of_flow(&dest, &in->to);
		params.dest = &dest;
		params.msg  = px->buf;
		pl_set_str(&params.branch, text);
		err = hop_start(px, &in->ct, &in->ref, &params);
	}
	if (err)
		on_end(NULL, err, in);
	else
		limit_start(in);
}

static int out_keep(struct indialog *in, const struct pl *sdp)
{
	struct mbuf *mb = mbuf_alloc(sdp->l + 1);

	if (!mb || mbuf_write_pl(mb, sdp)) {
		mem_deref(mb);
		return ENOMEM;
	}
	mbuf_set_pos(mb, 0);
	in->out = mb;
	return 0;
}

void indialog_forward(struct indialog *in, const struct pl *sdp)
{
	if (sdp && out_keep(in, sdp))
		indialog_fail(in, STATUS_OVERLOAD);
	else if (in->st)
		send_on(in);
	else {
		indialog_ack_forward(in);
		mem_deref(in);
	}
}

void indialog_ack(struct indialog *in)
{
	char via[HOP_VIA_MAX], text[BRANCH_TEXT_MAX + 1];
	struct smsg_request req = {.method = "ACK",
				   .cseq = in->answer->cseq.num,
				   .from = in->answer->from.val,
				   .to = in->answer->to.val,
				   .callid = in->answer->callid};
	struct smsg_field fields[2];
	struct proxy *px = in->px;
	struct pl route;
	size_t len;

	req.fieldv = fields;
	challenge_fields(&in->challenge, fields, &req.fieldc);
	pl_set_str(&route,
		   in->rec ? in->rec->side[!indialog_side(in)].routes : "");
	req.routev = &route;
	req.routec = route.l ? 1 : 0;
	if (in->answer->method != SMSG_INVITE ||
	    hop_via_text(px, via, text, &req.callid, &in->to))
		return;

	pl_set_str(&req.uri, in->target);
	pl_set_str(&req.via, via);
	if (!smsg_request_write(px->buf, SMSG_MAX, &len, &req))
		(void)transport_send(px->deps.transport, &in->to, px->buf,
				     len, 0);
}
