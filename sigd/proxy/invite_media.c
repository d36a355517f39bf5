/*
 * invite_media.c  What the caller hears: early media, and the 2xx
 *
 * Each try has its own leg; the caller's leg is answered once, and every 18x
 * and the 2xx that carries SDP carries the same bytes. mediad switches the
 * source behind it. The first try that sends media is heard until a 2xx comes
 * or it fails.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "sigd/proxy/invite.h"
#include "sigd/proxy/rebind.h"

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
static enum status answer_keep(struct invite *inv, const struct ctl_ans *ans)
{
	if (ans->status != STATUS_OK || inv->sdp)
		return ans->status;
	return invite_sdp_keep(&inv->sdp, &ans->sdp) ? STATUS_OVERLOAD
						     : STATUS_OK;
}

/* The questions, in this order: what the branch says, that the caller hears
 * it, and what the caller is to be told (NULL: it has had our offer). */
struct steps {
	media_answer_h *remote, *join, *local;
};

static int switch_to(struct invite *inv, const struct branch *branch,
		     const struct pl *sdp, const struct steps *steps)
{
	const struct branch_to *to = &branch->to;
	struct ctl_req remote = {.verb = CTL_LEG_REMOTE,
				 .remote = {.leg = branch->leg,
					    .kind = CTL_ANSWER,
					    .profile = side_profile(&to->flow,
								    to->conn),
					    .sdp = *sdp}};
	const struct ctl_req join = {.verb = CTL_LEG_JOIN,
				     .join = {.leg = 1, .peer = branch->leg}};
	const struct ctl_req local = {
		.verb = CTL_LEG_LOCAL,
		.local = {.leg = 1,
			  .want = CTL_ANSWER,
			  .profile = side_profile(&inv->caller, inv->from)}};
	int err;

	str_ncpy(remote.remote.call, inv->rec.call, sizeof(remote.remote.call));
	pl_set_str(&remote.remote.tenant, inv->rec.tenant);
	err = invite_ask(inv, 0, &remote, steps->remote);
	err = err ? err : invite_ask(inv, 1, &join, steps->join);
	if (!err && steps->local)
		err = invite_ask(inv, 2, &local, steps->local);
	return err;
}

/* --- early media -------------------------------------------------------------------- */

static void ringing_forward(struct invite *inv, const struct pl *sdp)
{
	struct smsg *msg = inv->ringing;

	inv->ringing = NULL;
	if (msg && inv->early)
		(void)branch_forward(inv->early, msg, 0, sdp);
	mem_deref(msg);
}

/* The caller hears nothing early, then; that it rings it shall know. */
static void early_refused(struct invite *inv, unsigned slot, enum status code)
{
	inv->asks[slot] = mem_deref(inv->asks[slot]);
	if (code == STATUS_OK)
		return;
	log_info(inv->rec.call, "no early media", "why=%s", status_text(code));
	for (unsigned i = 0; i < INVITE_ASKS; i++)
		inv->asks[i] = mem_deref(inv->asks[i]);
	ringing_forward(inv, NULL);
	if (inv->early)
		inv->early->early = mem_deref(inv->early->early);
	inv->early = NULL;
}

static void on_early_remote(const struct ctl_ans *ans, void *arg)
{
	early_refused(arg, 0, ans->status);
}

static void on_early_join(const struct ctl_ans *ans, void *arg)
{
	early_refused(arg, 1, ans->status);
}

static void on_early_local(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;
	enum status code = answer_keep(inv, ans);
	struct pl sdp;

	if (code == STATUS_OK) {
		pl_set_mbuf(&sdp, inv->sdp);
		ringing_forward(inv, &sdp);
	}
	early_refused(inv, 2, code);
}

static bool same_sdp(const struct mbuf *mb, const struct pl *sdp)
{
	return mb && mb->end == sdp->l && !memcmp(mb->buf, sdp->p, sdp->l);
}

/* True when the 18x waits for mediad. */
static bool early_media(struct invite *inv, struct branch *branch,
			const struct smsg *msg)
{
	static const struct steps steps = {on_early_remote, on_early_join,
					   on_early_local};

	if (invite_sdp_keep(&branch->early, &msg->body))
		return false;
	inv->ringing = mem_deref(inv->ringing);
	if (smsg_clone(&inv->ringing, msg))
		return false;
	inv->early = branch;
	if (!switch_to(inv, branch, &msg->body, &steps))
		return true;
	inv->ringing = mem_deref(inv->ringing);
	return false;
}

void invite_ringing(struct invite *inv, struct branch *branch,
		    const struct smsg *msg)
{
	/* whom we have made an offer hears nothing before it has answered */
	const bool delayed = invite_delayed(inv);
	bool heard = msg->body.l && !delayed &&
		     (!inv->early || inv->early == branch);
	struct pl sdp;

	if (heard && !same_sdp(branch->early, &msg->body)) {
		if (early_media(inv, branch, msg))
			return;
		heard = false;
	}
	if (delayed && msg->body.l)
		(void)invite_sdp_keep(&branch->early, &msg->body);
	/* the same as before: while mediad is asked the first one waits */
	if (heard && inv->ringing)
		return;
	if (heard && inv->sdp) {
		pl_set_mbuf(&sdp, inv->sdp);
		(void)branch_forward(branch, msg, 0, &sdp);
	} else {
		(void)branch_forward(branch, msg, 0, NULL);
	}
}

/* --- the 2xx ------------------------------------------------------------------------- */

static void on_saved(enum status code, const struct call_record *rec, void *arg)
{
	struct invite *inv = arg;
	struct pl sdp;
	(void)rec;

	(void)FAULT("sigd.answer.saved");
	inv->save = mem_deref(inv->save);
	pl_set_mbuf(&sdp, inv->sdp);
	if (code != STATUS_OK) {
		invite_unsaved(inv, code);
		return;
	}
	/* one that cannot be sent now is sent when the device repeats it; one
	 * that cannot be written never is */
	if (branch_forward(inv->winner, inv->winner->answer, 0, &sdp) &&
	    !txn_srv_answered(inv->st)) {
		invite_fail(inv, STATUS_INTERNAL);
		return;
	}
	inv->answered = true;
	invite_setup_end(inv);
	rebind_up(inv->px, &inv->rec);
	++inv->px->counts.answered;
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
	enum status code = answer_keep(inv, ans);

	inv->asks[2] = mem_deref(inv->asks[2]);
	if (code != STATUS_OK)
		invite_fail(inv, code);
	else
		invite_save(inv, on_saved);
}

/* Our offer has been made when the session was. */
static void on_join_delayed(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;
	enum status code = ans->status;

	inv->asks[1] = mem_deref(inv->asks[1]);
	if (code == STATUS_OK && !inv->sdp)
		code = STATUS_INTERNAL;
	if (code != STATUS_OK)
		invite_fail(inv, code);
	else
		invite_save(inv, on_saved);
}

void invite_won(struct invite *inv, struct branch *branch)
{
	static const struct steps answering = {on_answer, on_join, on_local};
	static const struct steps offering = {on_answer, on_join_delayed, NULL};
	const struct steps *steps =
		invite_delayed(inv) ? &offering : &answering;
	const struct smsg *answer = branch->answer;
	struct pl sdp = answer->body;
	int err;

	(void)FAULT("sigd.answer.taken");
	inv->winner = branch;
	inv->ringing = mem_deref(inv->ringing);
	for (unsigned i = 0; i < INVITE_ASKS; i++)
		inv->asks[i] = mem_deref(inv->asks[i]);
	wheel_stop(&inv->limit);
	log_info(inv->rec.call, "answered", "to=%s leg=%u code=%u",
		 branch_name(branch), branch->leg, answer->scode);
	conn_figures_count(inv->px->conns, branch->to.conn, CONN_ANSWERED);
	invite_hush(inv, "SIP;cause=200;text=\"Call completed elsewhere\"");
	/* its answer may have come in the 18x */
	if (!sdp.l && branch->early)
		pl_set_mbuf(&sdp, branch->early);
	if (!sdp.l || branch_record(branch, answer, &inv->rec)) {
		invite_refuse(inv, 500, STATUS_BAD_MESSAGE);
		return;
	}
	err = switch_to(inv, branch, &sdp, steps);
	if (err)
		invite_fail(inv, status_of_errno(err));
}
