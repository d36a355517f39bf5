/*
 * invite_user.c  A call to a user: a branch for each of its devices
 *
 * RFC 3261 16.7: the first 2xx wins, the others are cancelled; without a 2xx
 * the best final response goes to the caller when all have ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/invite.h"

/* Step 6: a 6xx before all, else the lowest class; within it the lowest. */
static bool better(uint16_t code, uint16_t than)
{
	if (!than)
		return true;
	if (than >= 600)
		return false;
	return code >= 600 || code < than;
}

void invite_branch_over(struct invite *inv, uint16_t scode)
{
	if (inv->over) {
		if (list_isempty(&inv->branches))
			mem_deref(inv);
		return;
	}
	if (scode && better(scode, inv->best))
		inv->best = scode;
	/* step 5: a 6xx speaks for all devices */
	if (scode >= 600)
		invite_hush(inv, NULL);
	if (inv->winner || !list_isempty(&inv->branches))
		return;

	invite_fail_code(inv, inv->best ? inv->best : 480);
}

/* --- the 2xx ---------------------------------------------------------------- */

static void others_away(struct invite *inv)
{
	struct le *le;

	LIST_FOREACH(&inv->branches, le) {
		const struct branch *branch = le->data;
		struct ctl_req drop = {.verb = CTL_LEG_DROP};

		if (branch == inv->winner)
			continue;
		drop.drop.leg = branch->leg;
		str_ncpy(drop.session, inv->rec.session,
			 sizeof(drop.session));
		(void)media_client_tell(inv->px->deps.media, inv->rec.media,
					&drop);
	}
	invite_hush(inv, "SIP;cause=200;text=\"Call completed elsewhere\"");
}

static void on_saved(enum status code, const struct call_record *rec,
		     void *arg)
{
	struct invite *inv = arg;
	struct pl sdp;
	(void)rec;

	inv->save = mem_deref(inv->save);
	pl_set_mbuf(&sdp, inv->sdp);
	if (code != STATUS_OK) {
		invite_fail(inv, code);
		return;
	}
	/* one that cannot be sent now is sent when the device repeats it; one
	 * that cannot be written never is */
	if (branch_forward(inv->winner, inv->winner->answer, &sdp) &&
	    !txn_srv_answered(inv->st)) {
		invite_fail(inv, STATUS_INTERNAL);
		return;
	}
	inv->answered = true;
	++inv->px->counts.answered;
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
	enum status code = ans->status;

	if (code == STATUS_OK) {
		inv->sdp = mbuf_alloc(ans->sdp.l + 1);
		if (!inv->sdp || mbuf_write_pl(inv->sdp, &ans->sdp))
			code = STATUS_OVERLOAD;
		else
			mbuf_set_pos(inv->sdp, 0);
	}
	inv->asks[2] = mem_deref(inv->asks[2]);
	if (code != STATUS_OK)
		invite_fail(inv, code);
	else
		invite_save(inv, on_saved);
}

static int callee_fill(struct invite *inv, const struct branch *branch)
{
	struct call_side *side = &inv->rec.side[CALL_CALLEE];
	const struct smsg *msg = branch->answer;
	struct shdr_addr contact;
	int err = smsg_addr(msg, SHDR_CONTACT, 0, &contact);

	if (err)
		return err;

	inv->rec.leg   = branch->leg;
	side->flow_len = branch->binding.flow_len;
	memcpy(side->flow, branch->binding.flow, side->flow_len);
	err  = pl_strcpy(&contact.uri.text, side->target,
			 sizeof(side->target));
	err |= pl_strcpy(&msg->to.tag, side->tag, sizeof(side->tag));
	return err;
}

void invite_branch_won(struct invite *inv, struct branch *branch)
{
	const struct ctl_req answer = {
		.verb = CTL_LEG_REMOTE,
		.remote = {.leg = branch->leg, .kind = CTL_ANSWER,
			   .profile = CTL_BROWSER,
			   .sdp = branch->answer->body}};
	const struct ctl_req join = {.verb = CTL_LEG_JOIN,
				     .join = {.leg = 1,
					      .peer = branch->leg}};
	const struct ctl_req local = {
		.verb = CTL_LEG_LOCAL,
		.local = {.leg = 1, .want = CTL_ANSWER,
			  .profile = CTL_BROWSER}};
	struct ctl_req remote = answer;
	int err;

	inv->winner = branch;
	wheel_stop(&inv->timer_c);
	others_away(inv);
	str_ncpy(remote.remote.call, inv->rec.call,
		 sizeof(remote.remote.call));
	pl_set_str(&remote.remote.tenant, inv->rec.tenant);
	err = callee_fill(inv, branch) ? EBADMSG : 0;
	if (!err)
		err = invite_ask(inv, 0, &remote, on_answer);
	if (!err)
		err = invite_ask(inv, 1, &join, on_join);
	if (!err)
		err = invite_ask(inv, 2, &local, on_local);
	if (err)
		invite_fail(inv, status_of_errno(err));
}

/* --- the beginning ----------------------------------------------------------- */

/* RFC 3261 16.8: nobody answers, nobody refuses. */
static void on_timer_c(void *arg)
{
	struct invite *inv = arg;

	invite_fail(inv, STATUS_NO_ANSWER);
}

static void on_remote(const struct ctl_ans *ans, void *arg)
{
	settled(arg, 0, ans->status);
}

static void on_bindings(const struct registrar_list *list, void *arg)
{
	struct invite *inv = arg;
	enum status code = list->code;
	size_t started = 0;

	if (code == STATUS_OK && !list->n)
		code = STATUS_NOT_REGISTERED;
	if (code == STATUS_OK && invite_remote_offer(inv, on_remote))
		code = STATUS_NO_MEDIA_NODE;
	for (size_t i = 0; code == STATUS_OK && i < list->n &&
			   i < INVITE_BRANCHES_MAX; i++)
		started += !branch_start(inv, &list->bindings[i]);
	if (code == STATUS_OK && !started)
		code = STATUS_NO_MEDIA_NODE;

	inv->lookup = mem_deref(inv->lookup);
	if (code != STATUS_OK) {
		invite_fail(inv, code);
		return;
	}
	wheel_start(inv->px->deps.wheel, &inv->timer_c,
		    inv->px->cfg.timer_c_ms, on_timer_c, inv);
}

void invite_user(struct invite *inv, const struct registrar_aor *aor)
{
	const struct registrar_params params = {
		.link = inv->px->deps.redis, .aor = *aor, .h = on_bindings,
		.arg = inv};
	int err = registrar_lookup(&inv->lookup, &params);

	if (err)
		invite_fail(inv, status_of_errno(err));
}
