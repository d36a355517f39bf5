/*
 * branch_live.c  What a try of a call says of the connection that was tried
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/proxy/conn/live.h"
#include "sigd/proxy/invite/invite_priv.h"

/* It is there, and says that it is not for this call. */
static bool is_answer(uint16_t scode)
{
	return scode != 408 &&
	       (scode < 500 || scode >= 600 || scode == 501 || scode == 505 ||
		scode == 513);
}

/* Another address of its name is tried first. */
static bool has_other_way(const struct branch *branch)
{
	const struct hunt *hunt = &branch->inv->hunt;

	return hunt->ways && hunt->ways[hunt->way].left;
}

void branch_live_rings(struct branch *branch)
{
	branch->rang = true;
	if (branch->to.conn)
		live_rings(branch->inv->px->live, branch->to.conn);
}

static struct live_call call_of(const struct branch *branch)
{
	const struct invite *inv = branch->inv;
	struct live_call call = {
		.callee = {inv->hunt.callee, inv->hunt.callee_len}};

	if (!inv->from)
		pl_set_str(&call.caller, inv->rec.side[CALL_CALLER].user);
	return call;
}

void branch_live_said(const struct branch *branch, uint16_t scode,
		      uint32_t retry_ms)
{
	const struct route_connection *conn = branch->to.conn;
	const struct live_call call = call_of(branch);
	struct live *live = branch->inv->px->live;
	char why[32];

	if (!conn)
		return;
	re_snprintf(why, sizeof(why), "calls get %u", scode);
	if (is_answer(scode))
		live_answered(live, conn);
	else if (has_other_way(branch))
		return;
	else if (scode == 503 && retry_ms)
		live_busy(live, conn, retry_ms);
	else
		live_failed(live, conn, why, &call);
}

void branch_live_gone(const struct branch *branch, const char *why)
{
	if (branch->to.conn && !has_other_way(branch))
		live_failed(branch->inv->px->live, branch->to.conn, why, NULL);
}

void branch_live_stuck(const struct branch *branch, const char *why)
{
	const struct live_call call = call_of(branch);

	if (branch->to.conn && !has_other_way(branch))
		live_failed(branch->inv->px->live, branch->to.conn, why,
			    &call);
}
