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

#include "common/log.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/form.h"
#include "sigd/proxy/invite/invite_diary.h"

static void destructor(void *data)
{
	struct branch *branch = data;

	list_unlink(&branch->le);
	branch_timers_stop(branch);
	challenge_reset(&branch->challenge);
	mem_deref(branch->plan);
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

bool branch_is_to_stranger(const struct branch *branch)
{
	const struct route_tenant *tenant = branch->to.tenant;

	return tenant && strcmp(tenant->id, branch->inv->rec.tenant) != 0;
}

bool branch_passes(const struct branch *branch)
{
	const struct route_connection *conn = branch->to.conn;

	return conn && !branch->inv->from && !branch_is_to_stranger(branch) &&
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
	branch_timers_stop(branch);
	if (branch->to.conn)
		conn_calls_leave(inv->px, branch->to.conn, inv->rec.call);
	branch->ask = mem_deref(branch->ask);
	if (inv->early == branch) {
		inv->early = NULL;
		inv->ringing = mem_deref(inv->ringing);
	}
	if (inv->ringer == branch) {
		inv->ringer = NULL;
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
	const struct branch_told told = {.kind = "try.dropped"};

	if (branch->done || branch == branch->inv->winner)
		return;
	log_info(branch->inv->rec.call, "try dropped", "to=%s leg=%u",
		 branch_name(branch), branch->leg);
	branch_diary(branch, &told);
	conn_figures_count(branch->inv->px->conns, branch->to.conn,
			   CONN_REFUSED);
	leave(branch, reason);
}

void branch_over(struct branch *branch, uint16_t scode,
		 const struct invite_result *result)
{
	const struct branch_told told = {"try.failed", scode, result->why};
	struct invite *inv = branch->inv;

	branch_diary(branch, &told);
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

/* --- the beginning ------------------------------------------------------------------------- */

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
	branch->plan = mem_ref(inv->hunt.plan);
	branch->form = hunt_form(&inv->hunt);
	branch->to.tenant = invite_callee_tenant(inv);
	branch->leg = inv->leg = leg;
	branch->start_ms = wheel_now(inv->px->deps.wheel);
	list_append(&inv->branches, &branch->le, branch);
	return branch;
}

static int begin(struct branch *branch, int err)
{
	if (!err)
		branch_hide(branch);
	err = err ? err : branch_note(branch);
	err = err ? err : branch_ask_offer(branch);
	if (err)
		mem_deref(branch);
	return err;
}

int branch_offer_again(struct branch *branch)
{
	if (!branch->ask)
		return 0;
	branch->ask = mem_deref(branch->ask);
	return branch_ask_offer(branch);
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
	if (!err && to->tenant &&
	    (inv->from || branch_is_to_stranger(branch)))
		err = side_names_device(&to->names, to->tenant,
					txn_srv_request(inv->st));
	err = err ? err : branch_show_device(branch);
	return begin(branch, err);
}

int branch_start_connection(struct invite *inv,
			    const struct route_connection *conn,
			    const struct conn_way *way)
{
	const struct pl asked = {inv->hunt.callee, inv->hunt.callee_len};
	struct branch *branch = branch_new(inv);
	struct branch_to *to;
	struct pl callee;
	int err;

	if (!branch)
		return ENFILE;
	to = &branch->to;
	callee = form_callee(branch->form, &asked);
	to->conn = conn;
	branch->limits = inv->hunt.limits;
	if (!branch->limits.answer_ms) /* by no plan */
		route_limits_set(&branch->limits, NULL, NULL, conn);
	to->flow = way->flow;
	/* answered before the INVITE is noted, so before it leaves */
	conn_pins_fetch(inv->px->pins, conn);
	err = side_names_connection(&to->names, to->target, conn,
				    txn_srv_request(inv->st), &callee,
				    way->host);
	return begin(branch, err ? err : branch_show(branch));
}
