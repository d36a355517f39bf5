/*
 * invite_media.c  What the caller hears, and the 2xx
 *
 * Each try has its own leg; the caller's leg is answered once, and every 18x
 * and the 2xx that carries SDP carries the same bytes. mediad switches the
 * source behind it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "sigd/proxy/diary.h"
#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/proxy/end/call_due.h"
#include "sigd/proxy/end/call_rtt.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/invite/invite_diary.h"
#include "sigd/proxy/news.h"
#include "sigd/sip/smsg_sdp.h"

int invite_sdp_keep(struct mbuf **mbp, const struct pl *text)
{
	struct mbuf *mb = mbuf_alloc(text->l + 1);

	if (!mb || mbuf_write_pl(mb, text)) {
		mem_deref(mb);
		return ENOMEM;
	}
	mbuf_set_pos(mb, 0);
	mem_deref(*mbp);
	*mbp = mb;
	return 0;
}

/* The caller's answer, once. */
enum status invite_answer_keep(struct invite *inv, const struct ctl_ans *ans)
{
	if (ans->status != STATUS_OK || inv->sdp)
		return ans->status;
	return invite_sdp_keep(&inv->sdp, &ans->sdp) ? STATUS_OVERLOAD
						     : STATUS_OK;
}

int invite_switch(struct invite *inv, const struct branch *branch,
		  const struct pl *sdp, const struct invite_steps *steps)
{
	struct ctl_req remote = {.verb = CTL_LEG_REMOTE,
				 .remote = {.leg = branch->leg,
					    .kind = CTL_ANSWER,
					    .profile = device_branch_profile(branch),
					    .sdp = *sdp}};
	const struct ctl_req join = {.verb = CTL_LEG_JOIN,
				     .join = {.leg = 1,
					      .peer = branch->leg,
					      .up = branch == inv->winner}};
	const struct ctl_req local = {
		.verb = CTL_LEG_LOCAL,
		.local = {.leg = 1,
			  .want = CTL_ANSWER,
			  .profile = device_caller_profile(inv)}};
	int err = 0;

	str_ncpy(remote.remote.call, inv->rec.call, sizeof(remote.remote.call));
	pl_set_str(&remote.remote.tenant, inv->rec.tenant);
	if (sdp->l)
		err = invite_ask(inv, 0, &remote, steps->remote);
	err = err ? err : invite_ask(inv, 1, &join, steps->join);
	if (!err && steps->local)
		err = invite_ask(inv, 2, &local, steps->local);
	return err;
}

/* --- the 2xx ------------------------------------------------------------------------- */

/* The caller knows our description for good. */
static bool told(const struct invite *inv, const struct early *early)
{
	return early && early->rseq &&
	       (!invite_delayed(inv) || early->answered);
}

int invite_answer_forward(struct invite *inv)
{
	struct branch *branch = inv->winner;
	const struct smsg *answer = branch->answer;
	struct pl sdp;

	pl_set_mbuf(&sdp, inv->sdp);
	return branch_forward(
		branch, answer, 0,
		told(inv, branch_early_find(branch, &answer->to.tag)) ? NULL
								      : &sdp);
}

/* What the caller will get is known to others before the call is up. */
static void save(struct invite *inv, call_record_h *h)
{
	struct branch *branch = inv->winner;
	const struct smsg *answer = branch->answer;
	struct pl sdp, text;
	size_t len;

	pl_set_mbuf(&sdp, inv->sdp);
	if (!branch_back_write(
		    branch, answer, 0,
		    told(inv, branch_early_find(branch, &answer->to.tag))
			    ? NULL
			    : &sdp,
		    &len)) {
		text = (struct pl){(const char *)inv->px->buf, len};
		call_setup_answer(inv->px->deps.redis, inv->rec.call, &text);
	}
	inv->session_s = branch_session(branch, answer).expires;
	/* a device may come back before its 2xx has gone */
	rebind_up(inv->px, &inv->rec);
	invite_save(inv, h);
}

static void on_saved(enum status code, const struct call_record *rec, void *arg)
{
	struct invite *inv = arg;
	(void)rec;

	(void)FAULT("sigd.answer.saved");
	inv->save = mem_deref(inv->save);
	if (code != STATUS_OK) {
		invite_unsaved(inv, code);
		return;
	}
	/* one that cannot be sent now is sent when the device repeats it; one
	 * that cannot be written never is */
	if (invite_answer_forward(inv) &&
	    !txn_srv_answered(inv->st)) {
		invite_fail(inv, STATUS_INTERNAL);
		return;
	}
	inv->answered = true;
	invite_setup_end(inv);
	if (inv->hunt.replaced.up)
		call_due_replaced(inv->px, inv->hunt.replaced.call);
	++inv->px->counts.answered;
	news_call_answered(inv->px->news, &inv->rec);
	call_rtt_watch(inv->px, &inv->rec);
	diary_up(inv->px, &inv->rec);
	(void)FAULT("sigd.answer.sent");
}

static void settled(struct invite *inv, unsigned slot, enum status code)
{
	inv->asks[slot] = mem_deref(inv->asks[slot]);
	/* an answer that was lost does not matter once the last one came */
	if (code != STATUS_OK && !inv->answered)
		invite_fail(inv, code);
}

static void on_answer(const struct ctl_ans *ans, void *arg)
{
	settled(arg, 0, ans->status);
}

static void on_join(const struct ctl_ans *ans, void *arg)
{
	settled(arg, 1, ans->status);
}

static void on_local(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;
	enum status code = invite_answer_keep(inv, ans);

	inv->asks[2] = mem_deref(inv->asks[2]);
	if (code != STATUS_OK)
		invite_fail(inv, code);
	else
		save(inv, on_saved);
}

/* Our offer has been made when the session was. */
static void on_join_delayed(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;
	enum status code = ans->status;

	inv->asks[1] = mem_deref(inv->asks[1]);
	if (code == STATUS_OK && !inv->sdp)
		code = STATUS_INTERNAL;
	if (code != STATUS_OK) {
		invite_fail(inv, code);
		return;
	}
	/* its ACK has the answer, unless its PRACK had */
	if (told(inv, branch_early_find(inv->winner,
					&inv->winner->answer->to.tag)))
		inv->rec.offer_cseq = 0;
	save(inv, on_saved);
}

/* What mediad is told of the winner; false: nothing can be. Empty: what was
 * said reliably before stands, and may have been changed since (RFC 3311). */
static bool answer_of(struct pl *sdp, const struct branch *branch)
{
	const struct early *early =
		branch_early_find(branch, &branch->answer->to.tag);

	if (early && early->reliable) {
		*sdp = (struct pl){NULL, 0};
		if (branch->heard != early)
			pl_set_mbuf(sdp, early->sdp);
		return true;
	}
	if (smsg_sdp(branch->answer, sdp))
		return false;
	/* its answer may have come in the 18x */
	if (!sdp->l && early && early->sdp)
		pl_set_mbuf(sdp, early->sdp);
	return sdp->l != 0;
}

void invite_won(struct invite *inv, struct branch *branch)
{
	static const struct invite_steps answering = {on_answer, on_join,
						      on_local};
	static const struct invite_steps offering = {on_answer,
						     on_join_delayed, NULL};
	const struct invite_steps *steps =
		invite_delayed(inv) ? &offering : &answering;
	const struct smsg *answer = branch->answer;
	const struct branch_told told = {"try.answered", answer->scode,
					 STATUS_OK};
	struct pl sdp;
	int err;

	(void)FAULT("sigd.answer.taken");
	inv->winner = branch;
	inv->ringing = mem_deref(inv->ringing);
	inv->ringer = NULL;
	for (unsigned i = 0; i < INVITE_ASKS; i++)
		inv->asks[i] = mem_deref(inv->asks[i]);
	wheel_stop(&inv->limit);
	log_info(inv->rec.call, "answered", "to=%s leg=%u code=%u",
		 branch_name(branch), branch->leg, answer->scode);
	branch_diary(branch, &told);
	conn_figures_count(inv->px->conns, branch->to.conn, CONN_ANSWERED);
	invite_hush(inv, "SIP;cause=200;text=\"Call completed elsewhere\"");
	if (!answer_of(&sdp, branch) ||
	    branch_record(branch, answer, &inv->rec)) {
		invite_refuse(inv, 500, STATUS_BAD_MESSAGE);
		return;
	}
	invite_tenant_won(inv, branch);
	err = invite_switch(inv, branch, &sdp, steps);
	if (err)
		invite_fail(inv, status_of_errno(err));
}
