/*
 * invite_hunt.c  The targets of the plan in order, and what came of them
 *
 * RFC 3261 16.7: a user's devices ring together, connections are tried one
 * after the other. The first 2xx wins; a 6xx, or a refusal that another
 * target would not change, ends the hunt; without a 2xx the best of all
 * responses goes to the caller.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/log.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/limit_note.h"
#include "sigd/proxy/who/user_calls.h"

void hunt_clear(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;

	invite_connection_leave(inv);
	hunt->place = mem_deref(hunt->place);
	hunt->user_place = mem_deref(hunt->user_place);
	hunt->tenant_place = mem_deref(hunt->tenant_place);
	hunt->lookup = mem_deref(hunt->lookup);
	hunt->locate = mem_deref(hunt->locate);
	hunt->msg = mem_deref(hunt->msg);
	hunt->ways = mem_deref(hunt->ways);
	hunt->devices = mem_deref(hunt->devices);
	hunt->diverted = mem_deref(hunt->diverted);
	hunt->route_ask = mem_deref(hunt->route_ask);
	hunt->stop = true;
}

const struct route_form *hunt_form(const struct hunt *hunt)
{
	return hunt->next ? hunt->targets[hunt->next - 1].form : NULL;
}

/* --- one target after the other --------------------------------------------------- */

static bool trying(const struct invite *inv)
{
	struct le *le;

	LIST_FOREACH(&inv->branches, le)
	{
		const struct branch *branch = le->data;

		if (!branch->done)
			return true;
	}
	return false;
}

static void hunt_on(struct invite *inv);

void invite_result(struct invite *inv, const struct invite_result *result)
{
	struct hunt *hunt = &inv->hunt;

	if (inv->over) {
		invite_settle(inv);
		return;
	}
	invite_best_keep(inv, result);
	/* of who has sent it elsewhere nobody else's word counts, but 6xx */
	hunt->stop |= !result->next && (!hunt->moved || result->code >= 600);
	hunt->other_way = result->other_way;
	/* step 5: a 6xx speaks for all */
	if (result->code >= 600)
		invite_hush(inv, NULL);
	if (!inv->winner && !trying(inv))
		hunt_on(inv);
}

void invite_missed(struct invite *inv, uint16_t code, enum status why)
{
	const struct invite_result result = {.code = code,
					     .why = why,
					     .next = true};

	invite_result(inv, &result);
}

static void devices_start(struct invite *inv, const struct registrar_list *list)
{
	const bool any = invite_devices_begin(inv, list);

	if (!any && (inv->hunt.device || inv->hunt.replaced.call[0]))
		invite_missed(inv, 480, STATUS_NOT_REGISTERED);
	else if (!any)
		invite_missed(inv, 482, STATUS_LOOP);
	else if (!invite_devices_next(inv))
		invite_fail(inv, STATUS_NO_MEDIA_NODE);
}

static void on_bindings(const struct registrar_list *list, void *arg)
{
	struct invite *inv = arg;
	struct registrar_ask *ask = inv->hunt.lookup;

	inv->hunt.lookup = NULL;
	if (list->code != STATUS_OK)
		invite_fail(inv, list->code);
	else if (!list->n)
		invite_missed(inv, 480, STATUS_NOT_REGISTERED);
	else
		devices_start(inv, list);
	mem_deref(ask);
}

static void user_lookup(struct invite *inv)
{
	struct registrar_params params = {.link = inv->px->deps.redis,
					  .h = on_bindings,
					  .arg = inv};
	int err;

	pl_set_str(&params.aor.tenant, call_tenant(&inv->rec, CALL_CALLEE));
	pl_set_str(&params.aor.user, inv->rec.side[CALL_CALLEE].user);
	err = registrar_lookup(&inv->hunt.lookup, &params);
	if (err)
		invite_fail(inv, status_of_errno(err));
}

static void on_user_place(enum status code, void *arg)
{
	struct invite *inv = arg;
	struct place_ask *ask = inv->hunt.user_place;

	inv->hunt.user_place = NULL;
	limit_note(inv->px, code, call_tenant(&inv->rec, CALL_CALLEE),
		   inv->rec.side[CALL_CALLEE].user);
	if (code == STATUS_OK)
		user_lookup(inv);
	else if (code == STATUS_CALL_LIMIT)
		invite_missed(inv, 486, code);
	else
		invite_fail(inv, code);
	mem_deref(ask);
}

static void user_seek(struct invite *inv, const struct route_target *target)
{
	const struct route_user *user = target->user;
	const struct user_calls_of of = {call_tenant(&inv->rec, CALL_CALLEE),
					 user, inv->rec.call, false};
	int err;

	if (pl_isset(&target->device))
		inv->hunt.device = reg_instance_device(&target->device);
	str_ncpy(inv->rec.side[CALL_CALLEE].user, user->name,
		 sizeof(inv->rec.side[CALL_CALLEE].user));
	/* it has one place already, which the other call leaves */
	if (inv->hunt.replaced.call[0]) {
		user_lookup(inv);
		return;
	}
	err = user_calls_take(&inv->hunt.user_place, inv->px, &of,
			      on_user_place, inv);
	if (!err)
		user_lookup(inv);
	else if (err != EINPROGRESS)
		invite_fail(inv, status_of_errno(err));
}

/* By what the first target's route or group says. */
static bool is_enough(const struct hunt *hunt)
{
	const uint32_t most = hunt->targets[0].limits.tries;

	return most && hunt->tried >= most;
}

void invite_seek(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;
	const struct route_target *target = &hunt->targets[hunt->next - 1];

	switch (target->kind) {
	case ROUTE_TO_USER:
		user_seek(inv, target);
		break;
	case ROUTE_TO_CONNECTION:
		++hunt->tried;
		hunt->limits = target->limits;
		invite_connection_seek(inv, target->connection);
		break;
	case ROUTE_TO_SERVICE:
	case ROUTE_TO_REJECT:
	case ROUTE_TO_REDIRECT:
		/* never behind another target */
		invite_missed(inv, 500, STATUS_INTERNAL);
		break;
	}
}

static void hunt_on(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;

	/* only a 6xx speaks for a user's other devices (RFC 3261 16.7) */
	if (hunt->code < 600 && invite_devices_next(inv))
		return;
	if (!hunt->stop && invite_connection_other_way(inv))
		return;
	if (hunt->stop || hunt->next >= hunt->ntargets || is_enough(hunt)) {
		invite_best_answer(inv);
		return;
	}
	invite_connection_failed(inv);
	hunt->moved = false;
	invite_tenant_seek(inv, &hunt->targets[hunt->next++]);
}

/* --- the beginning ----------------------------------------------------------------- */

static void on_limit(void *arg)
{
	struct invite *inv = arg;

	invite_fail(inv, STATUS_NO_ANSWER);
}

static int ask_first(struct invite *inv);

/* At another media worker, what was asked of the first one. */
static void ask_again(struct invite *inv)
{
	int err = ask_first(inv);
	struct le *le;

	for (le = list_head(&inv->branches); le && !err; le = le->next)
		err = branch_offer_again(le->data);
	if (err)
		invite_fail(inv, STATUS_NO_MEDIA_NODE);
}

static void session_refused(struct invite *inv, enum status code)
{
	if (inv->answered)
		return;
	if (invite_move(inv, code))
		ask_again(inv);
	else
		invite_fail(inv, code);
}

static void on_remote(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;

	inv->asks[0] = mem_deref(inv->asks[0]);
	if (ans->status != STATUS_OK)
		session_refused(inv, ans->status);
}

static void on_own_offer(const struct ctl_ans *ans, void *arg)
{
	struct invite *inv = arg;
	enum status code = ans->status;

	if (code == STATUS_OK && invite_sdp_keep(&inv->sdp, &ans->sdp))
		code = STATUS_OVERLOAD;
	inv->asks[0] = mem_deref(inv->asks[0]);
	if (code != STATUS_OK)
		session_refused(inv, code);
}

static int ask_first(struct invite *inv)
{
	return invite_delayed(inv) ? invite_local_offer(inv, on_own_offer)
				   : invite_remote_offer(inv, on_remote);
}

void invite_hunt(struct invite *inv)
{
	const uint32_t total_ms = inv->hunt.targets[0].limits.total_ms;
	struct proxy *px = inv->px;

	if (!inv->hunt.breadth) { /* RFC 5393 5.3.3.2 */
		invite_refuse(inv, 440, STATUS_LOOP);
		return;
	}
	if (ask_first(inv)) {
		invite_fail(inv, STATUS_NO_MEDIA_NODE);
		return;
	}
	wheel_start(px->deps.wheel, &inv->limit,
		    total_ms && total_ms < px->cfg.setup_ms
			    ? total_ms
			    : px->cfg.setup_ms,
		    on_limit, inv);
	hunt_on(inv);
}
