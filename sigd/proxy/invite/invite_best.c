/*
 * invite_best.c  The best refusal of all, and that it answers (RFC 3261 16.7
 *                step 6)
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/proxy/hop_back.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/verdict.h"

void invite_best_keep(struct invite *inv, const struct invite_result *result)
{
	struct hunt *hunt = &inv->hunt;

	if (hunt->code && verdict_rank(result->code) >= verdict_rank(hunt->code))
		return;
	hunt->code = result->code;
	hunt->why = result->why;
	hunt->msg = mem_deref(hunt->msg);
	/* without memory we say it in our own words */
	if (result->msg)
		(void)smsg_clone(&hunt->msg, result->msg);
}

/* The refusal of who refused, as it came but for what was between us. */
static int pass_on(struct invite *inv, const struct hunt *hunt)
{
	const struct hop_back back = {
		.scode = hunt->code == hunt->msg->scode ? 0 : hunt->code,
		/* kept for who can answer it alone (branch.c) */
		.challenge = true};
	size_t len;
	int err = hop_back_write(inv->px, &len, txn_srv_request(inv->st),
				 hunt->msg, &back);

	return err ? err : txn_srv_reply(inv->st, inv->px->buf, len);
}

void invite_best_answer(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;
	const enum status why = hunt->code ? hunt->why : STATUS_NOT_REGISTERED;
	const uint16_t code = hunt->code ? hunt->code : 480;

	if (invite_announce_failure(inv))
		return;

	if (!hunt->msg || pass_on(inv, hunt))
		invite_refuse(inv, code, why);
	else
		invite_give_up(inv, why);
}
