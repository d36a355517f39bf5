/*
 * indialog_delayed.c  An INVITE within a dialog that makes no offer
 *
 * The other side is asked to make one, and the answer comes in the ACK (RFC
 * 3261 14.1, 14.2): so that both follow what has changed, as when a PBX takes a
 * call from hold. Between them mediad turns the one's offer into ours to the
 * sender, and its answer into ours to the other side. The ACK may come to any
 * worker: that its INVITE was such a one is in the record.
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/log.h"
#include "sigd/proxy/indialog/indialog_priv.h"
#include "sigd/sip/smsg_sdp.h"

void indialog_delayed(struct indialog *in)
{
	in->delayed = true;
	indialog_forward(in, NULL);
}

/* --- the 2xx: the other side's offer --------------------------------------------- */

static void on_remote(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;

	in->asks[0] = mem_deref(in->asks[0]);
	in->opened[1] = indialog_may_be_open(ans->status);
	in->why = ans->status;
	if (ans->status != STATUS_OK && !in->asks[1])
		indialog_fail(in, ans->status);
}

static void on_offer(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;
	struct media_ask *done = in->asks[1];
	enum status code = in->why != STATUS_OK ? in->why : ans->status;

	in->asks[1] = NULL;
	in->opened[0] = indialog_may_be_open(ans->status);
	if (code == STATUS_OK && indialog_sdp_keep(in, &ans->sdp))
		code = STATUS_OVERLOAD;
	if (code != STATUS_OK) {
		indialog_fail(in, code);
	} else {
		/* who gets the ACK goes on with it */
		in->opened[0] = in->opened[1] = false;
		indialog_back(in, in->answer, &ans->sdp);
	}
	mem_deref(done);
}

void indialog_delayed_answer(struct indialog *in)
{
	struct pl sdp;
	int err;

	if (smsg_sdp(in->answer, &sdp) || !sdp.l) {
		indialog_fail(in, STATUS_NO_OFFER);
		return;
	}
	err = indialog_tell_remote(in, true, CTL_OFFER, on_remote);
	if (!err)
		err = indialog_want_local(in, false, CTL_OFFER, on_offer);
	if (err)
		indialog_fail(in, status_of_errno(err));
}

/* --- the ACK: the sender's answer ------------------------------------------------------ */

/* The other side waits for it whatever it may hold; nothing has changed. */
static void in_vain(struct indialog *in, enum status code)
{
	log_info(in->cookie.call, "an answer in an ACK is of no use", "why=%s",
		 status_text(code));
	in->opened[0] = in->opened[1] = true;
	indialog_rollback(in);
	indialog_forward(in, NULL);
}

static void on_answer_remote(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;

	in->asks[0] = mem_deref(in->asks[0]);
	in->why = ans->status;
}

static void on_answer_local(const struct ctl_ans *ans, void *arg)
{
	struct indialog *in = arg;
	struct media_ask *done = in->asks[1];

	in->asks[1] = NULL;
	if (in->why != STATUS_OK || ans->status != STATUS_OK)
		in_vain(in, in->why != STATUS_OK ? in->why : ans->status);
	else
		indialog_forward(in, &ans->sdp);
	mem_deref(done);
}

bool indialog_delayed_ack(struct indialog *in)
{
	const uint32_t cseq = in->ack->cseq.num;
	struct pl sdp;
	int err;

	if (!in->rec || !cseq ||
	    in->rec->side[indialog_side(in)].delayed_cseq != cseq)
		return false;
	if (smsg_sdp(in->ack, &sdp) || !sdp.l) {
		in_vain(in, STATUS_NO_OFFER);
		return true;
	}
	err = indialog_tell_remote(in, false, CTL_ANSWER, on_answer_remote);
	if (!err)
		err = indialog_want_local(in, true, CTL_ANSWER,
					  on_answer_local);
	if (err)
		in_vain(in, status_of_errno(err));
	return true;
}
