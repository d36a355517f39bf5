/*
 * branch.c  One try of a call: its life
 *
 *   leg.local -> INVITE -> 18x ... -> 2xx: invite_won()
 *                                  -> else: invite_result()
 *
 * A try whose result is counted (done) goes on only to end what may still
 * come of it: its transaction is kept until it is over, so that a 2xx that
 * crosses our CANCEL is acknowledged and ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/verdict.h"
#include "sigd/proxy/who/identity.h"

static void timers_stop(struct branch *branch)
{
	wheel_stop(&branch->timers.silence);
	wheel_stop(&branch->timers.ring);
	wheel_stop(&branch->timers.c);
}

static void destructor(void *data)
{
	struct branch *branch = data;

	list_unlink(&branch->le);
	timers_stop(branch);
	challenge_reset(&branch->challenge);
	mem_deref(branch->ask);
	mem_deref(branch->note);
	mem_deref(branch->offer);
	branch_early_flush(branch);
	mem_deref(branch->answer);
	if (branch->ct)
		txn_cli_detach(branch->ct);
}

const char *branch_name(const struct branch *branch)
{
	return branch->to.conn ? branch->to.conn->name : "device";
}

bool branch_passes(const struct branch *branch)
{
	const struct route_connection *conn = branch->to.conn;

	return conn && !branch->inv->from &&
	       route_forwards_to(conn->tenant, conn);
}

/* --- the end ------------------------------------------------------------------- */

static void leg_drop(struct branch *branch)
{
	struct invite *inv = branch->inv;
	struct ctl_req req = {.verb = CTL_LEG_DROP};

	req.drop.leg = branch->leg;
	str_ncpy(req.session, inv->rec.session, sizeof(req.session));
	(void)media_client_tell(inv->px->deps.media, inv->rec.media, &req);
}

/* It counts no more. Frees it when nothing can come of it. */
static void leave(struct branch *branch, const char *reason)
{
	struct invite *inv = branch->inv;
	struct pl pl;

	branch->done = true;
	timers_stop(branch);
	if (branch->to.conn)
		conn_calls_leave(inv->px, branch->to.conn, inv->rec.call);
	branch->ask = mem_deref(branch->ask);
	if (inv->early == branch) {
		inv->early = NULL;
		inv->ringing = mem_deref(inv->ringing);
	}
	/* with the call its whole session goes */
	if (!inv->over)
		leg_drop(branch);
	if (!branch->ct) {
		mem_deref(branch);
		return;
	}
	pl_set_str(&pl, reason ? reason : "");
	(void)txn_cli_cancel(branch->ct, reason ? &pl : NULL);
}

void branch_drop(struct branch *branch, const char *reason)
{
	if (branch->done || branch == branch->inv->winner)
		return;
	log_info(branch->inv->rec.call, "try dropped", "to=%s leg=%u",
		 branch_name(branch), branch->leg);
	conn_figures_count(branch->inv->px->conns, branch->to.conn,
			   CONN_REFUSED);
	leave(branch, reason);
}

/* May free the call. scode: as it was said, for the log; 0: nothing was. */
static void over(struct branch *branch, uint16_t scode,
		 const struct invite_result *result)
{
	struct invite *inv = branch->inv;

	log_info(inv->rec.call, "try failed",
		 "to=%s leg=%u code=%u why=%s after_ms=%llu",
		 branch_name(branch), branch->leg, scode,
		 status_text(result->why),
		 (unsigned long long)(wheel_now(inv->px->deps.wheel) -
				      branch->start_ms));
	conn_figures_count(inv->px->conns, branch->to.conn,
			   result->next ? CONN_FAILED : CONN_REFUSED);
	leave(branch, NULL);
	invite_result(inv, result);
}

/* --- what it says ------------------------------------------------------------------ */

/* Its other addresses are asked first from now on. */
static void way_gone(const struct branch *branch, uint32_t for_ms)
{
	struct proxy *px = branch->inv->px;

	if (branch->to.conn)
		way_failed(px->ways, &branch->to.flow.remote,
			   wheel_now(px->deps.wheel), for_ms);
}

static uint32_t retry_after_ms(const struct smsg *msg)
{
	struct pl val;

	return smsg_val(msg, SHDR_RETRY_AFTER, &val)
		       ? 1000 * min(pl_u32(&val), 3600u)
		       : 0;
}

/* What is a matter between the target and us is not the caller's: a
 * challenge, a new target, and that it has too much to do (RFC 3261 16.7 step
 * 6). */
static void refused(struct branch *branch, const struct smsg *msg)
{
	struct invite_result result = {.code = msg->scode,
				       .why = verdict_reason(msg->scode),
				       .msg = msg,
				       .next = verdict_elsewhere(msg->scode)};
	const bool device = !branch->to.conn;

	if ((msg->scode == 401 || msg->scode == 407) && branch_passes(branch)) {
		result.why = STATUS_AUTH_REQUIRED;
		result.next = false;
	} else if (msg->scode == 401 || msg->scode == 407) {
		result.code = 480;
		result.why = STATUS_AUTH_FAILED;
		result.next = !device;
		result.msg = NULL;
	} else if (msg->scode < 400) {
		result.code = 480;
		result.why = STATUS_MOVED;
		result.msg = NULL;
		result.next = invite_divert(branch, msg);
	} else if (msg->scode == 503) {
		result.code = 500;
		result.other_way = true;
		way_gone(branch, retry_after_ms(msg));
	}
	if (branch->to.device && msg->scode == 430)
		invite_devices_spare(branch->inv, branch);
	over(branch, msg->scode, &result);
}

static void on_timer_c(void *arg)
{
	const struct invite_result result = {.code = 480,
					     .why = STATUS_NO_ANSWER,
					     .next = true};

	over(arg, 0, &result);
}

static void timer_c_start(struct branch *branch)
{
	struct proxy *px = branch->inv->px;

	wheel_start(px->deps.wheel, &branch->timers.c, px->cfg.timer_c_ms,
		    on_timer_c, branch);
}

static void provisional(struct branch *branch, const struct smsg *msg)
{
	struct invite *inv = branch->inv;

	wheel_stop(&branch->timers.silence);
	/* 100 is hop by hop (RFC 3261 16.7 step 4) */
	if (msg->scode == 100 || branch->done || inv->winner)
		return;
	timer_c_start(branch);
	invite_ringing(inv, branch, msg);
}

/* The device repeats its 2xx until the caller's ACK, and we do not by
 * ourselves: so each one goes on (RFC 3261 16.7 step 5). With another tag it
 * is a further dialog, which nobody wants. */
static void repeated(struct branch *branch, const struct smsg *msg)
{
	struct invite *inv = branch->inv;

	if (pl_cmp(&msg->to.tag, &branch->answer->to.tag))
		branch_release(branch, msg);
	else if (inv->answered)
		(void)invite_answer_forward(inv);
}

static void success(struct branch *branch, const struct smsg *msg)
{
	struct invite *inv = branch->inv;

	if (inv->winner == branch) {
		repeated(branch, msg);
	} else if (branch->done || smsg_clone(&branch->answer, msg)) {
		branch_release(branch, msg);
	} else {
		timers_stop(branch);
		invite_won(inv, branch);
	}
}

/* --- again: a challenge answered, a redirection followed -------------------------- */

static int note(struct branch *branch);
static void unreached(struct branch *branch, int err);

/* The same with a CSeq of its own (RFC 3261 8.1.3.5, 22.2): a PBX would take
 * it for one that came by two ways otherwise (8.2.2.2). */
static void again(struct branch *branch)
{
	int err;

	txn_cli_detach(branch->ct);
	branch->ct = NULL;
	++branch->shift;
	err = note(branch);
	if (err)
		unreached(branch, err);
}

static void on_refused(struct branch *branch, const struct smsg *msg)
{
	if (!branch->done && branch_again(branch, msg)) {
		again(branch);
		return;
	}
	/* the transaction goes on to absorb what is repeated */
	txn_cli_detach(branch->ct);
	branch->ct = NULL;
	if (!branch->done)
		refused(branch, msg);
	else {
		struct invite *inv = branch->inv;

		mem_deref(branch);
		invite_settle(inv);
	}
}

/* --- the transaction ----------------------------------------------------------------- */

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct branch *branch = arg;
	(void)ct;

	if (branch->to.conn)
		way_answered(branch->inv->px->ways, &branch->to.flow.remote);
	if (msg->scode < 200)
		provisional(branch, msg);
	else if (msg->scode < 300)
		success(branch, msg);
	else
		on_refused(branch, msg);
}

static void unreached(struct branch *branch, int err)
{
	const struct branch_to *to = &branch->to;
	struct invite_result result = {.code = 500,
				       .why = STATUS_TARGET_DOWN,
				       .next = true};

	if (branch_takes_no_tcp(branch) && !note(branch))
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
	way_gone(branch, 0);
	if (to->device)
		invite_devices_spare(branch->inv, branch);
	over(branch, 0, &result);
}

/* A winner lives on without it. */
static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct branch *branch = arg;
	struct invite *inv = branch->inv;
	(void)ct;

	branch->ct = NULL;
	if (branch == inv->winner)
		return;
	if (!branch->done) {
		unreached(branch, err);
		return;
	}
	mem_deref(branch);
	invite_settle(inv);
}

/* --- the beginning ------------------------------------------------------------------------- */

static void on_silence(void *arg)
{
	unreached(arg, ETIMEDOUT);
}

static void timers_start(struct branch *branch)
{
	const struct route_connection *conn = branch->to.conn;
	struct wheel *wheel = branch->inv->px->deps.wheel;

	timer_c_start(branch);
	if (!conn && invite_devices_ring_ms(branch->inv))
		wheel_start(wheel, &branch->timers.ring,
			    invite_devices_ring_ms(branch->inv), on_timer_c,
			    branch);
	if (!conn)
		return;
	wheel_start(wheel, &branch->timers.silence, conn->times.answer,
		    on_silence, branch);
	/* what follows a challenge or redirection is still the same try */
	if (!branch->shift)
		wheel_start(wheel, &branch->timers.ring, conn->times.ring,
			    on_timer_c, branch);
}

static void send_invite(struct branch *branch)
{
	struct proxy *px = branch->inv->px;
	struct txn_cli_params params = {.resph = on_response,
					.endh = on_end,
					.arg = branch};
	struct txn_dest dest;
	int err = branch_invite_write(branch, &params.len);

	if (!err && branch_is_large(branch, params.len)) {
		err = note(branch);
		if (!err)
			return;
	}
	if (!err) {
		dest_of_flow(&dest, &branch->to.flow);
		params.dest = &dest;
		params.msg = px->buf;
		pl_set_str(&params.branch, branch->mark.branch);
		err = hop_start_marked(px, &branch->ct, branch->mark.ref,
				       &params);
	}
	(void)FAULT("sigd.invite.sent");
	if (err)
		unreached(branch, err);
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

static int note(struct branch *branch)
{
	const struct branch_to *to = &branch->to;
	struct call_try try = {.leg = branch->leg};
	struct invite *inv = branch->inv;
	struct proxy *px = inv->px;
	const struct smsg *req = txn_srv_request(inv->st);
	size_t len;
	int err;

	branch->noted = false;
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

		over(branch, 0, &result);
	} else {
		char flow[FLOW_TEXT_MAX + 1];

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

static int ask_offer(struct branch *branch)
{
	char net[DEVICE_NET_MAX];
	const struct branch_to *to = &branch->to;
	struct invite *inv = branch->inv;
	struct ctl_req req = {.verb = CTL_LEG_LOCAL,
			      .local = {.leg = branch->leg,
					.want = CTL_OFFER,
					.profile = side_profile(&to->flow,
								to->conn)}};

	device_branch_terms(&req.local.terms, net, branch);
	str_ncpy(req.session, inv->rec.session, sizeof(req.session));
	return media_client_ask(&branch->ask, inv->px->deps.media,
				inv->rec.media, &req, on_offer, branch);
}

/* Not of a branch that may still say something, and not at once again that of
 * the last one. 0: all are in use. */
static uint8_t leg_free(struct invite *inv)
{
	for (unsigned i = 1; i < CTL_LEG_MAX; i++) {
		const uint8_t leg = (uint8_t)(2 + (inv->leg - 2 + i) %
							  (CTL_LEG_MAX - 1));
		struct le *le = list_head(&inv->branches);

		while (le && ((struct branch *)le->data)->leg != leg)
			le = le->next;
		if (!le)
			return leg;
	}
	return 0;
}

static struct branch *branch_new(struct invite *inv)
{
	const uint8_t leg = leg_free(inv);
	struct branch *branch;

	if (!leg)
		return NULL;
	branch = mem_zalloc(sizeof(*branch), destructor);
	if (!branch)
		return NULL;

	branch->inv = inv;
	branch->leg = inv->leg = leg;
	branch->start_ms = wheel_now(inv->px->deps.wheel);
	list_append(&inv->branches, &branch->le, branch);
	return branch;
}

/* A user who wants it: his From is checked, so he cannot leave it out himself;
 * who is trusted is told in P-Asserted-Identity. */
static void hide_caller(struct branch *branch)
{
	const struct invite *inv = branch->inv;

	const struct route_connection *conn = branch->to.conn;

	/* one whose From is fixed would not know us by another, and hides us
	 * itself: Privacy goes on */
	if (!inv->from && !branch_passes(branch) &&
	    !(conn && conn->from_user) &&
	    identity_private(txn_srv_request(inv->st)))
		str_ncpy(branch->to.names.from, IDENTITY_ANONYMOUS,
			 sizeof(branch->to.names.from));
}

static int begin(struct branch *branch, int err)
{
	if (!err)
		hide_caller(branch);
	err = err ? err : note(branch);
	err = err ? err : ask_offer(branch);
	if (err)
		mem_deref(branch);
	return err;
}

int branch_offer_again(struct branch *branch)
{
	if (!branch->ask)
		return 0;
	branch->ask = mem_deref(branch->ask);
	return ask_offer(branch);
}

int branch_start_device(struct invite *inv, const struct binding *binding)
{
	struct branch *branch = branch_new(inv);
	struct branch_to *to;
	int err = 0;

	if (!branch)
		return ENFILE;
	to = &branch->to;
	err = flow_id_unpack(&to->flow, binding->flow, binding->flow_len);
	to->device = binding->device;
	str_ncpy(to->target, binding->contact, sizeof(to->target));
	str_ncpy(to->user, inv->rec.side[CALL_CALLEE].user, sizeof(to->user));
	if (!err && inv->from)
		err = side_names_device(&to->names, inv->from->tenant,
					txn_srv_request(inv->st));
	return begin(branch, err);
}

int branch_start_connection(struct invite *inv,
			    const struct route_connection *conn,
			    const struct conn_way *way)
{
	const struct pl callee = {inv->hunt.callee, inv->hunt.callee_len};
	struct branch *branch = branch_new(inv);
	struct branch_to *to;

	if (!branch)
		return ENFILE;
	to = &branch->to;
	to->conn = conn;
	to->flow = way->flow;
	/* answered before the INVITE is noted, so before it leaves */
	conn_pins_fetch(inv->px->pins, conn);
	return begin(branch, side_names_connection(&to->names, to->target, conn,
						   txn_srv_request(inv->st),
						   &callee, way->host));
}
