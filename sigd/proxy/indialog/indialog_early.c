/*
 * indialog_early.c  A request within a dialog before the call is answered
 *
 * Only the worker that has the set-up knows the dialogs of its tries
 * (branch_early.h): a request that came to another one is passed on to it as
 * it is, and served there as if it had come there. What it did of an offer
 * would else be done twice, and beside the 2xx that may come meanwhile.
 *
 * The caller's BYE is a CANCEL by another name; who rings has none (RFC 3261
 * 15).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/end/takeover.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/proxy/invite/branch_early.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_sdp.h"

struct early_key indialog_early_key(const struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	const unsigned side = indialog_side(in);

	return (struct early_key){
		.call = in->cookie.call,
		.side = side,
		.leg = in->cookie.leg,
		.callee_tag = side == CALL_CALLER ? msg->to.tag : msg->from.tag,
	};
}

/* --- passed on ------------------------------------------------------------------ */

/* "node/slot/epoch" */
int indialog_at_read(struct tube_addr *at, const char *text)
{
	struct pl all, node, slot, epoch;

	pl_set_str(&all, text);
	memset(at, 0, sizeof(*at));
	if (re_regex(all.p, all.l, "[^/]+/[0-9]+/[0-9]+", &node, &slot,
		     &epoch) ||
	    pl_strcpy(&node, at->node, sizeof(at->node)))
		return EBADMSG;
	at->slot = (uint8_t)pl_u32(&slot);
	at->epoch = pl_u32(&epoch);
	return 0;
}

int indialog_pass(const struct indialog *in, const char *to)
{
	const struct transport_src src = {.id = in->from,
					  .local = &in->local,
					  .remote = &in->remote};
	const struct smsg *msg = indialog_request(in);
	struct tube_addr at;
	int err = indialog_at_read(&at, to);

	return err ? err
		   : transport_forward_response(in->px->deps.transport, &at,
						&src,
						(const uint8_t *)msg->raw.p,
						msg->raw.l);
}

/* Who had it is dead, and so is what it began. */
static void orphaned(struct indialog *in)
{
	const bool bye = indialog_request(in)->method == SMSG_BYE &&
			 indialog_side(in) == CALL_CALLER;

	if (bye)
		takeover_call(in->px, in->cookie.call);
	indialog_fail(in, bye ? STATUS_OK : STATUS_UNKNOWN_DIALOG);
}

void indialog_early_elsewhere(struct indialog *in,
			      const struct call_record *rec)
{
	if (!strcmp(rec->at, in->px->at)) {
		indialog_fail(in, STATUS_UNKNOWN_DIALOG);
	} else if (!in->st || in->passed || indialog_pass(in, rec->at)) {
		orphaned(in);
	} else {
		/* its answer comes from there */
		txn_srv_forget(in->st);
		in->st = NULL;
		mem_deref(in);
	}
}

/* --- offers and answers -------------------------------------------------------------- */

static void on_answer(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;
	const struct early_key key = indialog_early_key(in);
	const enum status code = ans->status;

	in->asks[0] = mem_deref(in->asks[0]);
	if (code != STATUS_OK) {
		indialog_fail(in, code);
		return;
	}
	early_answered(in->px, &key);
	indialog_forward(in, NULL);
}

/* RFC 3311 5.2: there is no agreement yet that could change. */
static void not_yet(struct indialog *in)
{
	struct smsg_field field = {PL("Retry-After"), PL("1")};
	struct smsg_reply reply = {.scode = 500, .fieldv = &field,
				   .fieldc = 1};

	(void)txn_srv_respond(in->st, &reply);
	mem_deref(in);
}

static void describe(struct indialog *in, bool prack)
{
	const struct early_key key = indialog_early_key(in);
	int err;

	switch (early_turn(in->px, &key, prack)) {
	case EARLY_ANSWER:
		err = indialog_tell_remote(in, false, CTL_ANSWER, on_answer);
		if (err)
			indialog_fail(in, status_of_errno(err));
		break;
	case EARLY_OFFER:
		indialog_offer(in);
		break;
	case EARLY_NOT_YET:
		not_yet(in);
		break;
	case EARLY_CROSSED:
		indialog_fail(in, STATUS_OFFER_PENDING);
		break;
	}
}

/* --- what may be asked ------------------------------------------------------------------ */

static void bye(struct indialog *in)
{
	const bool over = indialog_side(in) == CALL_CALLER &&
			  invite_lost(in->px, in->cookie.call,
				      STATUS_CANCELLED);

	indialog_fail(in, over ? STATUS_OK : STATUS_UNKNOWN_DIALOG);
}

void indialog_early_go(struct indialog *in)
{
	const struct smsg *msg = indialog_request(in);
	const bool prack = msg->method == SMSG_PRACK;

	if (msg->method == SMSG_BYE)
		bye(in);
	else if (msg->method == SMSG_INVITE) /* RFC 3261 14.1 */
		indialog_fail(in, STATUS_OFFER_PENDING);
	else if (msg->body.l && (prack || msg->method == SMSG_UPDATE))
		describe(in, prack);
	else if (msg->method == SMSG_REFER)
		indialog_refer(in);
	else if (!indialog_key(in))
		indialog_forward(in, NULL);
}

bool indialog_early(struct indialog *in)
{
	const struct early_key key = indialog_early_key(in);
	struct call_record *rec;
	enum early_found found;

	if (!in->st || in->cookie.direction == COOKIE_TO_SERVICE)
		return false;
	rec = mem_alloc(sizeof(*rec), NULL);
	if (!rec) {
		indialog_fail(in, STATUS_OVERLOAD);
		return true;
	}
	found = early_enter(in->px, &key, indialog_request(in)->cseq.num, rec);
	if (found != EARLY_HERE) {
		mem_deref(rec);
		if (found == EARLY_UNKNOWN)
			indialog_fail(in, STATUS_UNKNOWN_DIALOG);
		return found == EARLY_UNKNOWN;
	}
	in->early = true;
	in->rec = rec;
	return false;
}
