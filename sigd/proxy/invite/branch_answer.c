/*
 * branch_answer.c  One try of a call: what it says
 *
 * A 18x goes to the caller, a 2xx wins, and what refuses is asked once more
 * (branch_again.c) or counts. RFC 3261 16.7.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/invite/invite_diary.h"
#include "sigd/proxy/verdict.h"

static uint32_t retry_after_ms(const struct smsg *msg)
{
	struct pl val;

	return smsg_val(msg, SHDR_RETRY_AFTER, &val)
		       ? 1000 * min(pl_u32(&val), 3600u)
		       : 0;
}

static bool leads_on(const struct branch *branch, uint16_t scode)
{
	return branch->to.conn ? route_limits_next(&branch->limits, scode)
			       : verdict_elsewhere(scode);
}

/* What is a matter between the target and us is not the caller's: a
 * challenge, a new target, and that it has too much to do (RFC 3261 16.7 step
 * 6). */
static void refused(struct branch *branch, const struct smsg *msg)
{
	struct invite_result result = {.code = msg->scode,
				       .why = verdict_reason(msg->scode),
				       .msg = msg,
				       .next = leads_on(branch, msg->scode)};
	const bool device = !branch->to.conn;

	branch_live_said(branch, msg->scode, retry_after_ms(msg));
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
		branch_way_gone(branch, retry_after_ms(msg));
	}
	if (branch->to.device && msg->scode == 430)
		invite_devices_spare(branch->inv, branch);
	branch_over(branch, msg->scode, &result);
}

static void provisional(struct branch *branch, const struct smsg *msg)
{
	const struct branch_told told = {"try.ringing", msg->scode, STATUS_OK};
	struct invite *inv = branch->inv;

	wheel_stop(&branch->timers.silence);
	/* 100 is hop by hop (RFC 3261 16.7 step 4) */
	if (msg->scode == 100 || branch->done || inv->winner)
		return;
	if (!branch->rang)
		branch_diary(branch, &told);
	branch_live_rings(branch);
	branch_rung(branch);
	branch_timer_c(branch);
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
		branch_live_said(branch, msg->scode, 0);
		branch_timers_stop(branch);
		invite_won(inv, branch);
	}
}

static void on_refused(struct branch *branch, const struct smsg *msg)
{
	const struct branch_told told = {"try.again", msg->scode, STATUS_OK};

	if (!branch->done && branch_again(branch, msg)) {
		branch_diary(branch, &told);
		branch_repeat(branch);
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

void branch_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
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

/* A winner lives on without it. */
void branch_end(struct txn_cli *ct, int err, void *arg)
{
	struct branch *branch = arg;
	struct invite *inv = branch->inv;
	(void)ct;

	branch->ct = NULL;
	if (branch == inv->winner)
		return;
	if (!branch->done) {
		branch_unreached(branch, err);
		return;
	}
	mem_deref(branch);
	invite_settle(inv);
}
