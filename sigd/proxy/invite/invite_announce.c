/*
 * invite_announce.c  What a caller hears of us before there is an answer: an
 *                    announcement, then the refusal; or that it rings
 *
 * All of it is early media (183 with our description), which a caller gets who
 * has made an offer and does not insist on reliable responses (RFC 3262).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/reply.h"
#include "sigd/proxy/service_name.h"
#include "sigd/proxy/side.h"
#include "sigd/sip/smsg_build.h"

enum {
	TAIL_MS = 200,       /* what is under way is heard */
	LENGTH_MAX_MS = 600000,
};

static bool hears_early(const struct invite *inv)
{
	return !invite_delayed(inv) &&
	       !smsg_has_token(txn_srv_request(inv->st), SHDR_REQUIRE,
			       "100rel");
}

/* 183 of our own, with the tag that our refusal has, too. */
static void progress(struct invite *inv)
{
	struct smsg_reply reply = {.scode = 183};
	char tag[17];

	reply_tag(tag, inv->px, txn_srv_request(inv->st));
	pl_set_str(&reply.to_tag, tag);
	pl_set_str(&reply.ctype, "application/sdp");
	pl_set_mbuf(&reply.body, inv->sdp);
	invite_heard(inv, reply.scode);
	(void)txn_srv_respond(inv->st, &reply);
}

/* --- an announcement ---------------------------------------------------------------- */

static void over(struct invite *inv)
{
	const struct route_announcement *what = inv->announce.what;

	wheel_stop(&inv->limit);
	for (unsigned i = 0; i < INVITE_ASKS; i++)
		inv->asks[i] = mem_deref(inv->asks[i]);
	if (inv->announce.failure)
		invite_best_answer(inv);
	else
		invite_refuse(inv, what->code, STATUS_ROUTE_REJECTED);
}

static void on_over(void *arg)
{
	over(arg);
}

/* It is not heard, then. */
static void unheard(struct invite *inv, enum status code)
{
	log_warn(inv->rec.call, "no announcement", "sound=%s why=%s",
		 inv->announce.what->sound, status_text(code));
	over(inv);
}

static void announce(struct invite *inv);

static void on_remote(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;

	inv->asks[0] = mem_deref(inv->asks[0]);
	if (ans->status == STATUS_OK)
		return;
	if (invite_move(inv, ans->status))
		announce(inv);
	else
		unheard(inv, ans->status);
}

static void on_join(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;

	inv->asks[1] = mem_deref(inv->asks[1]);
	inv->announce.ms = min(ans->ms, LENGTH_MAX_MS);
	if (ans->status != STATUS_OK)
		unheard(inv, ans->status);
}

static void on_local(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;
	enum status code = invite_answer_keep(inv, ans);

	inv->asks[2] = mem_deref(inv->asks[2]);
	if (code != STATUS_OK) {
		unheard(inv, code);
		return;
	}
	progress(inv);
	wheel_start(inv->px->deps.wheel, &inv->limit,
		    inv->announce.ms + TAIL_MS, on_over, inv);
}

static int ask(struct invite *inv, const struct ctl_leg_join *what,
	       media_answer_h *joinh, media_answer_h *localh)
{
	const struct ctl_req join = {.verb = CTL_LEG_JOIN, .join = *what};
	const struct ctl_req local = {
		.verb = CTL_LEG_LOCAL,
		.local = {.leg = 1,
			  .want = CTL_ANSWER,
			  .profile = device_caller_profile(inv)}};
	int err = invite_ask(inv, 1, &join, joinh);

	return err ? err : invite_ask(inv, 2, &local, localh);
}

static void announce(struct invite *inv)
{
	const struct route_announcement *what = inv->announce.what;
	struct ctl_leg_join join = {
		.leg = 1, .service = CTL_SOUND, .times = what->times};
	int err = 0;

	pl_set_str(&join.sound, what->sound);
	if (!inv->announce.failure)
		err = invite_remote_offer(inv, on_remote);
	err = err ? err : ask(inv, &join, on_join, on_local);
	if (err)
		unheard(inv, status_of_errno(err));
}

void invite_announce(struct invite *inv, const struct route_announcement *what)
{
	inv->announce.what = what;
	if (hears_early(inv))
		announce(inv);
	else
		invite_refuse(inv, what->code, STATUS_ROUTE_REJECTED);
}

/* No connection could take it: they were tried, and did not refuse it. */
static bool has_failed(const struct hunt *hunt)
{
	return hunt->tried && (hunt->code == 408 || hunt->code == 430 ||
			       (hunt->code >= 500 && hunt->code < 600));
}

bool invite_announce_failure(struct invite *inv)
{
	const struct route_tenant *tenant = inv->hunt.plan->tenant;

	if (!tenant || !tenant->failure || inv->announce.what ||
	    !has_failed(&inv->hunt) || !hears_early(inv))
		return false;
	inv->announce.what = tenant->failure;
	inv->announce.failure = true;
	announce(inv);
	return true;
}

/* --- that it rings --------------------------------------------------------------------- */

static const char *ringback_of(const struct invite *inv)
{
	const struct route_services of =
		route_services_of(inv->hunt.plan->tenant, inv->from);

	return of.ringback && strcmp(of.ringback, "pass") ? of.ringback : NULL;
}

/* As it came, then. */
static void rings_as_is(struct invite *inv, bool tone)
{
	struct branch *branch = inv->ringer;
	struct smsg *msg = inv->ringing;
	struct pl sdp;

	inv->ringing = NULL;
	inv->ringer = NULL;
	pl_set_mbuf(&sdp, inv->sdp);
	if (branch && msg)
		(void)branch_forward(branch, msg, tone ? 183 : 0,
				     tone ? &sdp : NULL);
	mem_deref(msg);
}

static void ring_refused(struct invite *inv, unsigned slot, enum status code)
{
	inv->asks[slot] = mem_deref(inv->asks[slot]);
	if (code == STATUS_OK)
		return;
	log_warn(inv->rec.call, "no ring-back", "why=%s", status_text(code));
	for (unsigned i = 0; i < INVITE_ASKS; i++)
		inv->asks[i] = mem_deref(inv->asks[i]);
	inv->announce.no_tone = true;
	rings_as_is(inv, false);
}

static void on_ring_join(const struct ctl_ans *ans, void *arg)
{
	ring_refused(arg, 1, ans->status);
}

static void on_ring_local(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;
	enum status code = invite_answer_keep(inv, ans);

	if (code == STATUS_OK) {
		inv->announce.tone = true;
		rings_as_is(inv, true);
	}
	ring_refused(inv, 2, code);
}

bool invite_ring(struct invite *inv, struct branch *branch,
		 const struct smsg *msg)
{
	struct ctl_leg_join join = {.leg = 1, .service = CTL_SOUND};
	const char *name = ringback_of(inv);
	struct pl sdp;

	if (msg->scode != 180 || !name || inv->early || inv->winner ||
	    inv->announce.no_tone || branch_rseq(branch, msg) ||
	    !hears_early(inv))
		return false;
	if (inv->announce.tone) {
		pl_set_mbuf(&sdp, inv->sdp);
		(void)branch_forward(branch, msg, 183, &sdp);
		return true;
	}
	/* one that waits speaks for all */
	if (inv->ringer)
		return true;
	inv->ringing = mem_deref(inv->ringing);
	if (smsg_clone(&inv->ringing, msg))
		return false;
	inv->ringer = branch;
	pl_set_str(&join.sound, name);
	if (!ask(inv, &join, on_ring_join, on_ring_local))
		return true;
	inv->ringing = mem_deref(inv->ringing);
	inv->ringer = NULL;
	return false;
}
