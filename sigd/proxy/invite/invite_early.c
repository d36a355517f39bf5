/*
 * invite_early.c  A call that rings: what the caller hears, and what is asked
 *                 within the dialogs that there are already
 *
 * The first try that sends media is heard until a 2xx comes or it fails. An
 * 18x that is acknowledged end to end (RFC 3262) tells our description to the
 * caller for good: neither another 18x of that dialog nor its 2xx tells one
 * again. One that waits for mediad and comes again meanwhile is dropped: its
 * sender repeats it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/sip/smsg_sdp.h"

/* --- an 18x goes on ----------------------------------------------------------- */

/* sdp NULL: there is none to tell. */
static void forward(struct branch *branch, const struct smsg *msg,
		    const struct pl *sdp)
{
	struct early *early = branch_early_find(branch, &msg->to.tag);
	const uint32_t rseq = branch_rseq(branch, msg);

	if (early && early->rseq && early->rseq != rseq)
		sdp = NULL;
	if (sdp && early && rseq)
		early->rseq = rseq;
	(void)branch_forward(branch, msg, 0, sdp);
}

static void ringing_forward(struct invite *inv, const struct pl *sdp)
{
	struct smsg *msg = inv->ringing;

	inv->ringing = NULL;
	if (msg && inv->early)
		forward(inv->early, msg, sdp);
	mem_deref(msg);
}

/* --- early media ------------------------------------------------------------------ */

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
		inv->early->heard = NULL;
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
	enum status code = invite_answer_keep(inv, ans);
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

static int hear(struct invite *inv, struct branch *branch, struct early *early,
		const struct invite_steps *steps)
{
	struct pl sdp;

	pl_set_mbuf(&sdp, early->sdp);
	inv->early = branch;
	branch->heard = early;
	return invite_switch(inv, branch, &sdp, steps);
}

/* True when the 18x waits for mediad. */
static bool early_media(struct invite *inv, struct branch *branch,
			struct early *early, const struct smsg *msg)
{
	static const struct invite_steps steps = {
		on_early_remote, on_early_join, on_early_local};

	inv->ringing = mem_deref(inv->ringing);
	inv->ringer = NULL;
	if (smsg_clone(&inv->ringing, msg))
		return false;
	if (!hear(inv, branch, early, &steps))
		return true;
	inv->ringing = mem_deref(inv->ringing);
	return false;
}

/* Its answer; once it came reliably there is no other (RFC 3262 5). *news:
 * it is not the one we had. */
static bool answer_note(struct branch *branch, struct early *early,
			const struct smsg *msg, bool *news)
{
	struct pl sdp;

	*news = false;
	if (!early || early->reliable || smsg_sdp(msg, &sdp) || !sdp.l)
		return early && early->reliable;
	*news = !same_sdp(early->sdp, &sdp);
	if (*news && invite_sdp_keep(&early->sdp, &sdp))
		return false;
	early->reliable = branch_rseq(branch, msg) != 0;
	return true;
}

/* Whom we have made an offer hears nothing before it has answered: in its
 * PRACK, when that is asked for. */
static void ringing_delayed(struct branch *branch, const struct smsg *msg)
{
	struct invite *inv = branch->inv;
	struct pl sdp;

	if (!branch_rseq(branch, msg)) {
		forward(branch, msg, NULL);
	} else if (inv->sdp) {
		pl_set_mbuf(&sdp, inv->sdp);
		forward(branch, msg, &sdp);
	}
}

void invite_ringing(struct invite *inv, struct branch *branch,
		    const struct smsg *msg)
{
	struct early *early = branch_early_note(branch, msg);
	bool news, heard = answer_note(branch, early, msg, &news);
	struct pl sdp;

	if (invite_delayed(inv)) {
		ringing_delayed(branch, msg);
		return;
	}
	heard &= !inv->early || inv->early == branch;
	if (heard && (news || branch->heard != early)) {
		if (early_media(inv, branch, early, msg))
			return;
		heard = false;
	}
	/* the same as before: while mediad is asked the first one waits */
	if (heard && inv->ringing)
		return;
	if (heard && inv->sdp) {
		pl_set_mbuf(&sdp, inv->sdp);
		forward(branch, msg, &sdp);
	} else if (heard || !invite_ring(inv, branch, msg)) {
		forward(branch, msg, NULL);
	}
}

/* --- what is asked within a dialog ---------------------------------------------------- */

static struct early *find(struct branch **branchp, const struct invite *inv,
			  const struct early_key *key)
{
	struct le *le;

	for (le = inv ? list_head(&inv->branches) : NULL; le; le = le->next) {
		struct branch *branch = le->data;
		struct early *early;

		if (branch->leg != key->leg || branch->done)
			continue;
		early = branch_early_find(branch, &key->callee_tag);
		*branchp = branch;
		if (early)
			return early;
	}
	return NULL;
}

static struct invite *pending(const struct proxy *px, const char *call)
{
	struct invite *inv = invite_find_call(px, call);

	return inv && !inv->answered ? inv : NULL;
}

static void note_cseq(uint32_t *high, uint32_t cseq)
{
	*high = max(*high, cseq);
}

enum early_found early_enter(struct proxy *px, const struct early_key *key,
			     uint32_t cseq, struct call_record *rec)
{
	struct invite *inv = pending(px, key->call);
	struct branch *branch = NULL;
	struct early *early = find(&branch, inv, key);

	if (!inv)
		return EARLY_ELSEWHERE;
	if (!early)
		return EARLY_UNKNOWN;
	note_cseq(key->side == CALL_CALLER ? &inv->rec.side[CALL_CALLER].cseq
					   : &early->cseq,
		  cseq);
	*rec = inv->rec;
	if (branch_record(branch, early->msg, rec))
		return EARLY_UNKNOWN;
	if (early->target)
		str_ncpy(rec->side[CALL_CALLEE].target, early->target,
			 sizeof(rec->side[CALL_CALLEE].target));
	return EARLY_HERE;
}

enum early_turn early_turn(const struct proxy *px, const struct early_key *key,
			   bool prack)
{
	const struct invite *inv = pending(px, key->call);
	struct branch *branch = NULL;
	const struct early *early = find(&branch, inv, key);
	bool open;

	if (!early)
		return EARLY_NOT_YET;
	open = invite_delayed(inv) && early->rseq && !early->answered;
	if (open && prack && key->side == CALL_CALLER)
		return EARLY_ANSWER;
	if (open)
		return EARLY_CROSSED;
	/* both agreements stand: what was said unreliably may change yet */
	if (!early->rseq || !early->reliable)
		return EARLY_NOT_YET;
	return inv->early == branch && branch->heard == early ? EARLY_OFFER
							      : EARLY_CROSSED;
}

void early_answered(struct proxy *px, const struct early_key *key)
{
	static const struct invite_steps steps = {on_early_remote,
						  on_early_join, NULL};
	struct invite *inv = pending(px, key->call);
	struct branch *branch = NULL;
	struct early *early = find(&branch, inv, key);

	if (!early)
		return;
	early->answered = true;
	if (!inv->early && !inv->winner && early->sdp)
		(void)hear(inv, branch, early, &steps);
}

void early_shift(struct proxy *px, const struct early_key *key, uint32_t shift)
{
	struct branch *branch = NULL;
	struct early *early = find(&branch, pending(px, key->call), key);

	if (early && key->side == CALL_CALLER)
		early->ahead = shift - branch->shift;
}

void early_targets(struct proxy *px, const struct early_key *key,
		   const struct pl target[CALL_SIDES])
{
	struct invite *inv = pending(px, key->call);
	struct branch *branch = NULL;
	struct early *early = find(&branch, inv, key);
	struct call_side *caller = inv ? &inv->rec.side[CALL_CALLER] : NULL;

	if (!early)
		return;
	if (target[CALL_CALLER].l && target[CALL_CALLER].l < CALL_URI_MAX)
		(void)pl_strcpy(&target[CALL_CALLER], caller->target,
				sizeof(caller->target));
	if (target[CALL_CALLEE].l && target[CALL_CALLEE].l < CALL_URI_MAX) {
		early->target = mem_deref(early->target);
		(void)pl_strdup(&early->target, &target[CALL_CALLEE]);
	}
}
