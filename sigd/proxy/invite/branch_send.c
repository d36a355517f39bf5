/*
 * branch_send.c  One try of a call: how its INVITE leaves
 *
 *   noted in Redis, and its offer made -> sent -> no answer: unreached
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/fault.h"
#include "common/log.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/invite/invite_diary.h"
#include "sigd/trace/trace.h"

/* --- its time ---------------------------------------------------------------- */

void branch_timers_stop(struct branch *branch)
{
	wheel_stop(&branch->timers.silence);
	wheel_stop(&branch->timers.ring);
	wheel_stop(&branch->timers.rung);
	wheel_stop(&branch->timers.c);
}

/* Of a device its user's others may still be tried. */
static bool leads_on(const struct branch *branch, enum route_failure failure)
{
	return !branch->to.conn || route_limits_when(&branch->limits, failure);
}

static void on_timer_c(void *arg)
{
	struct branch *branch = arg;
	const struct invite_result result = {
		.code = 480,
		.why = STATUS_NO_ANSWER,
		.next = leads_on(branch, ROUTE_UNANSWERED)};

	/* a person may not answer; a PBX that has nothing to say is sick */
	if (!branch->rang)
		branch_live_stuck(branch, "calls get 100 and no more");
	branch_over(branch, 0, &result);
}

void branch_rung(struct branch *branch)
{
	if (branch->to.conn && branch->limits.ring_ms &&
	    !wheel_runs(&branch->timers.rung))
		wheel_start(branch->inv->px->deps.wheel,
			    &branch->timers.rung, branch->limits.ring_ms,
			    on_timer_c, branch);
}

void branch_timer_c(struct branch *branch)
{
	struct proxy *px = branch->inv->px;

	wheel_start(px->deps.wheel, &branch->timers.c, px->cfg.timer_c_ms,
		    on_timer_c, branch);
}

/* --- it got nowhere ---------------------------------------------------------- */

void branch_way_gone(const struct branch *branch, uint32_t for_ms)
{
	struct proxy *px = branch->inv->px;

	if (branch->to.conn)
		way_failed(px->ways, &branch->to.flow.remote,
			   wheel_now(px->deps.wheel), for_ms);
}

/* It has never left us, whoever it was for: one call too long, or no memory,
 * says nothing of who was to get it. */
static bool is_ours(int err)
{
	return err == EMSGSIZE || err == EOVERFLOW || err == ENOMEM ||
	       err == ENOBUFS || err == ENOSPC || err == EINVAL;
}

void branch_unreached(struct branch *branch, int err)
{
	const struct branch_to *to = &branch->to;
	struct invite_result result = {.code = 500,
				       .why = STATUS_TARGET_DOWN,
				       .next = leads_on(
					       branch,
					       err == ETIMEDOUT
						       ? ROUTE_SILENT
						       : ROUTE_UNREACHABLE)};

	if (branch_takes_no_tcp(branch) && !branch_note(branch))
		return;
	if (err == ETIMEDOUT) {
		result.code = 408;
		result.why = STATUS_TARGET_TIMEOUT;
	} else if (!to->conn) {
		/* a flow that is gone counts as 430: the device is not there
		 * (RFC 5626 5.3) */
		result.code = 480;
		result.why = STATUS_FLOW_GONE;
	}
	result.other_way = true;
	if (err == ETIMEDOUT && branch->long_udp)
		branch_live_stuck(branch, "a long call gets no answer");
	else if (err == ETIMEDOUT)
		branch_live_gone(branch, "calls get no answer");
	else if (!is_ours(err))
		branch_live_gone(branch, "calls cannot be sent there");
	if (!is_ours(err))
		branch_way_gone(branch, 0);
	if (to->device)
		invite_devices_spare(branch->inv, branch);
	branch_over(branch, 0, &result);
}

/* --- it leaves --------------------------------------------------------------- */

static void on_silence(void *arg)
{
	branch_unreached(arg, ETIMEDOUT);
}

static void timers_start(struct branch *branch)
{
	const struct route_connection *conn = branch->to.conn;
	struct wheel *wheel = branch->inv->px->deps.wheel;

	branch_timer_c(branch);
	if (!conn && invite_devices_ring_ms(branch->inv))
		wheel_start(wheel, &branch->timers.ring,
			    invite_devices_ring_ms(branch->inv), on_timer_c,
			    branch);
	if (!conn)
		return;
	wheel_start(wheel, &branch->timers.silence, branch->limits.answer_ms,
		    on_silence, branch);
	/* what follows a challenge or redirection is still the same try */
	if (!branch->shift)
		wheel_start(wheel, &branch->timers.ring,
			    branch->limits.try_ms, on_timer_c, branch);
}

static void send_invite(struct branch *branch)
{
	struct proxy *px = branch->inv->px;
	struct txn_cli_params params = {.resph = branch_response,
					.endh = branch_end,
					.arg = branch};
	struct txn_dest dest;
	int err = branch_invite_write(branch, &params.len);

	if (!err && branch_is_large(branch, params.len)) {
		err = branch_note(branch);
		if (!err)
			return;
	}
	if (!err) {
		branch->long_udp = branch->to.flow.kind == FLOW_UDP &&
				   params.len > BRANCH_LONG;
		dest_of_flow(&dest, &branch->to.flow);
		params.dest = &dest;
		params.msg = px->buf;
		pl_set_str(&params.branch, branch->mark.branch);
		err = hop_start_marked(px, &branch->ct, branch->mark.ref,
				       &params);
	}
	(void)FAULT("sigd.invite.sent");
	if (err)
		branch_unreached(branch, err);
	else
		timers_start(branch);
}

/* What ends it should we die is known before it leaves. The offer is asked
 * for meanwhile. */
static void on_noted(enum status code, const struct call_record *rec, void *arg)
{
	struct branch *branch = arg;
	(void)rec;

	branch->note = mem_deref(branch->note);
	if (code != STATUS_OK) {
		invite_unsaved(branch->inv, code);
		return;
	}
	branch->noted = true;
	if (branch->offer)
		send_invite(branch);
}

/* Whose trace this is, too. */
static void label(const struct branch *branch, const struct smsg *req)
{
	const struct trace_dialog dialog = {req->callid, req->from.tag, true};
	const struct branch_to *to = &branch->to;
	struct trace *trace = branch->inv->px->deps.trace;
	struct pl user;

	pl_set_str(&user, to->user);
	if (to->conn)
		trace_connection(trace, &dialog, to->tenant->id, to->conn->name);
	else
		trace_user(trace, &dialog, to->tenant->id, &user);
	if (!to->conn)
		trace_device(trace, &dialog, to->tenant->id, &user, to->device);
}

int branch_note(struct branch *branch)
{
	const struct branch_to *to = &branch->to;
	struct call_try try = {.leg = branch->leg};
	struct invite *inv = branch->inv;
	struct proxy *px = inv->px;
	const struct smsg *req = txn_srv_request(inv->st);
	size_t len;
	int err;

	branch->noted = false;
	label(branch, req);
	str_ncpy(try.user, to->user, sizeof(try.user));
	err = hop_mark(&branch->mark, px, &req->callid, &to->flow,
		       inv->hunt.loop);
	err = err ? err : branch_invite_write(branch, &len);
	return err ? err
		   : invite_note(&branch->note, inv, &try, &to->flow, len,
				 on_noted, branch);
}

static int offer_keep(struct branch *branch, const struct pl *sdp)
{
	struct mbuf *mb = mbuf_alloc(sdp->l + 1);

	if (!mb || mbuf_write_pl(mb, sdp)) {
		mem_deref(mb);
		return ENOMEM;
	}
	mbuf_set_pos(mb, 0);
	branch->offer = mb;
	return 0;
}

static void on_offer(const struct ctl_ans *ans, void *arg)
{
	struct branch *branch = arg;
	struct media_ask *ask = branch->ask;
	enum status code = ans->status;

	branch->ask = NULL;
	if (code == STATUS_OK && offer_keep(branch, &ans->sdp))
		code = STATUS_OVERLOAD;
	if (code != STATUS_OK) {
		const struct invite_result result = {
			.code = status_info(code)->sip,
			.why = code,
			.next = true};

		branch_over(branch, 0, &result);
	} else {
		const struct branch_told told = {.kind = "try"};
		char flow[FLOW_TEXT_MAX + 1];

		branch_diary(branch, &told);
		log_info(branch->inv->rec.call, "try",
			 "to=%s leg=%u uri=%s flow=%s", branch_name(branch),
			 branch->leg, branch->to.target,
			 flow_id_text(flow, &branch->to.flow));
		(void)FAULT("sigd.invite.offered");
		if (branch->noted)
			send_invite(branch);
	}
	mem_deref(ask);
}

int branch_ask_offer(struct branch *branch)
{
	char net[DEVICE_NET_MAX];
	struct invite *inv = branch->inv;
	struct ctl_req req = {.verb = CTL_LEG_LOCAL,
			      .local = {.leg = branch->leg,
					.want = CTL_OFFER,
					.profile = device_branch_profile(branch)}};

	device_branch_terms(&req.local.terms, net, branch);
	str_ncpy(req.session, inv->rec.session, sizeof(req.session));
	return media_client_ask(&branch->ask, inv->px->deps.media,
				inv->rec.media, &req, on_offer, branch);
}

/* The same with a CSeq of its own (RFC 3261 8.1.3.5, 22.2): a PBX would take
 * it for one that came by two ways otherwise (8.2.2.2). */
void branch_repeat(struct branch *branch)
{
	int err;

	txn_cli_detach(branch->ct);
	branch->ct = NULL;
	++branch->shift;
	err = branch_note(branch);
	if (err)
		branch_unreached(branch, err);
}
