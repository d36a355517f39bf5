/*
 * request.c  The steps of a request, from top to bottom
 *
 * Read this file first. RFC 3261 16.3 (validation), 16.4 (route information),
 * 16.5 (target) in our order:
 *
 *   transaction? -> of a dialog of ours, or a CANCEL of a request that is
 *   here? -> let in (gate.c)? -> acceptable? -> CANCEL -> in a dialog ->
 *   (job.c: tenant -> who is it? -> REGISTER | all else by the table)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/indialog/indialog.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/job.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/reg_journal.h"
#include "sigd/proxy/relay/relay.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/request.h"
#include "sigd/sip/smsg_build.h"

const char request_allow[] = "INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, "
			     "UPDATE, PRACK, INFO, REFER, MESSAGE, "
			     "SUBSCRIBE, NOTIFY, PUBLISH";

/* RFC 3261 8.2, 16.3: what we cannot or may not serve at all. */
static enum status acceptable(const struct smsg *msg)
{
	if (msg->uri.scheme != SURI_SIP && msg->uri.scheme != SURI_SIPS)
		return STATUS_BAD_URI_SCHEME;
	if (!msg->max_forwards && msg->method != SMSG_OPTIONS)
		return STATUS_TOO_MANY_HOPS;
	if (smsg_hdr(msg, SHDR_PROXY_REQUIRE))
		return STATUS_BAD_EXTENSION;

	return STATUS_OK;
}

/* 420 names what was not understood (RFC 3261 8.2.2.3), 501 what is. */
static void reply_refused(struct proxy *px, struct txn_srv *st,
			  enum status code)
{
	const struct smsg *msg = txn_srv_request(st);
	struct smsg_field field;
	struct smsg_reply reply = {
		.scode = status_info(code)->sip,
		.fieldv = &field,
		.fieldc = 1,
	};
	char tag[17];

	if (code == STATUS_BAD_EXTENSION) {
		pl_set_str(&field.name, "Unsupported");
		smsg_val(msg, SHDR_PROXY_REQUIRE, &field.val);
	} else {
		pl_set_str(&field.name, "Allow");
		pl_set_str(&field.val, request_allow);
	}
	reply_tag(tag, px, msg);
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(st, &reply);
}

/* These have no meaning without one (RFC 3261 15, RFC 3311, RFC 3262). */
static bool of_dialogs(enum smsg_method method)
{
	return method == SMSG_BYE || method == SMSG_UPDATE ||
	       method == SMSG_PRACK;
}

/* What is of something that was begun shows it by what we have sealed, or by
 * the request that is here: a tag alone is easily made up. */
static void ties_find(struct request *rq)
{
	const struct smsg *msg = rq->msg;
	const bool cancel = msg->method == SMSG_CANCEL;
	enum status code;

	if (cancel ? txn_srv_find_invite(rq->px->txns, msg) != NULL
		   : relay_claims(rq))
		code = STATUS_OK;
	else
		code = cancel ? STATUS_UNKNOWN_DIALOG : indialog_proof(rq);
	rq->ongoing = code == STATUS_OK;
	if (!rq->ongoing &&
	    (cancel || pl_isset(&msg->to.tag) || of_dialogs(msg->method)))
		rq->stray = code;
}

/* RFC 3261 9.2, 16.10: the CANCEL has its own 200; what it cancels ends with
 * a 487 of its own. */
static void serve_cancel(struct proxy *px, struct txn_srv *st)
{
	struct pl reason = PL("");
	struct txn_srv *invite;

	invite = txn_srv_find_invite(px->txns, txn_srv_request(st));
	(void)smsg_val(txn_srv_request(st), SHDR_REASON, &reason);
	reply_status(px, st, invite ? STATUS_OK : STATUS_UNKNOWN_DIALOG);
	if (invite && !job_cancel(px, invite) &&
	    !indialog_cancel(px, invite, &reason))
		invite_cancel(px, invite, &reason);
}

/* RFC 4028 8.1. */
static void reply_brief(struct proxy *px, struct txn_srv *st)
{
	struct smsg_field field;
	struct smsg_reply reply = {.scode = 422, .fieldv = &field,
				   .fieldc = 1};
	char tag[17], min[16];

	re_snprintf(min, sizeof(min), "%u", px->cfg.session.min);
	pl_set_str(&field.name, "Min-SE");
	pl_set_str(&field.val, min);
	reply_tag(tag, px, txn_srv_request(st));
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(st, &reply);
}

static void serve_new(struct request *rq, struct txn_srv *st)
{
	struct proxy *px = rq->px;
	const struct smsg *msg = rq->msg;
	enum status code = acceptable(msg);

	if (rq->stray)
		reply_stray(px, st, rq->stray);
	else if (msg->method == SMSG_CANCEL)
		serve_cancel(px, st);
	else if (code == STATUS_BAD_EXTENSION)
		reply_refused(px, st, code);
	else if (code != STATUS_OK)
		reply_status(px, st, code);
	else if (session_too_brief(&px->cfg.session, msg))
		reply_brief(px, st);
	else if (relay_claims(rq))
		relay_dialog_serve(rq, st);
	else if (rq->ongoing)
		indialog_serve(rq, st);
	else if (msg->method == SMSG_OTHER)
		reply_refused(px, st, STATUS_UNKNOWN_METHOD);
	else if (px->draining)
		reply_status(px, st, STATUS_DRAINING);
	else
		job_start(rq, st);
}

/* No room for a transaction: say so without one (RFC 3261 21.5.4). */
static void refuse(struct request *rq)
{
	const struct smsg_err err = {.scode = 503,
				     .reason = "Service Unavailable",
				     .answerable = true};

	reply_stateless(rq->px, rq, &err);
}

void request_serve(struct request *rq)
{
	struct proxy *px = rq->px;
	struct txn_srv *st = NULL;

	++px->counts.requests;
	switch (txn_recv_request(px->txns, rq->msg, &st)) {
	case TXN_ABSORBED:
		return;
	case TXN_ACK:
		if (indialog_proof(rq) == STATUS_OK &&
		    gate_call(px->gate, rq->msg) == GATE_OPEN)
			indialog_serve(rq, NULL);
		return;
	case TXN_NEW:
		break;
	}
	ties_find(rq);
	switch (gate_request(px->gate, rq)) {
	case GATE_OPEN:
		break;
	case GATE_OVERLOAD:
		reg_journal_early(rq, STATUS_OVERLOAD);
		reply_busy(px, rq, STATUS_OVERLOAD);
		return;
	case GATE_RATED:
		reg_journal_early(rq, STATUS_RATE_LIMITED);
		reply_busy(px, rq, STATUS_RATE_LIMITED);
		return;
	case GATE_DROP:
		return;
	}
	if (txn_srv_start(&st, px->txns, rq->msg, &rq->dest, NULL, NULL)) {
		refuse(rq);
		return;
	}
	/* of a dialog, too: until it is known that this is still there */
	txn_srv_once(st, rq->msg->method != SMSG_CANCEL || !rq->ongoing);
	serve_new(rq, st);
}
