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
#include <string.h>

#include "common/countof.h"
#include "common/log.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/hop_back.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/verdict.h"
#include "sigd/proxy/who/user_calls.h"

/* What was sought there comes to nothing. */
static void leave_place(struct invite *inv)
{
	if (inv->hunt.placed)
		conn_calls_leave(inv->px, inv->hunt.placed, inv->rec.call);
	inv->hunt.placed = NULL;
}

void hunt_clear(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;

	leave_place(inv);
	hunt->place = mem_deref(hunt->place);
	hunt->user_place = mem_deref(hunt->user_place);
	hunt->lookup = mem_deref(hunt->lookup);
	hunt->locate = mem_deref(hunt->locate);
	hunt->msg = mem_deref(hunt->msg);
	hunt->ways = mem_deref(hunt->ways);
	hunt->devices = mem_deref(hunt->devices);
	hunt->route_ask = mem_deref(hunt->route_ask);
	hunt->stop = true;
}

/* --- the best response ---------------------------------------------------------- */

static void best_keep(struct hunt *hunt, const struct invite_result *result)
{
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

static void finish(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;
	const enum status why = hunt->code ? hunt->why : STATUS_NOT_REGISTERED;
	const uint16_t code = hunt->code ? hunt->code : 480;

	if (!hunt->msg || pass_on(inv, hunt))
		invite_refuse(inv, code, why);
	else
		invite_give_up(inv, why);
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
	best_keep(hunt, result);
	hunt->stop |= !result->next;
	hunt->other_way = result->other_way;
	/* step 5: a 6xx speaks for all */
	if (result->code >= 600)
		invite_hush(inv, NULL);
	if (!inv->winner && !trying(inv))
		hunt_on(inv);
}

/* The last one has failed, and another may do better. */
static void failover(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;

	conn_figures_count(inv->px->conns, hunt->sought, CONN_FAILOVER);
	hunt->sought = NULL;
	hunt->ways = mem_deref(hunt->ways);
}

/* A target to which nothing could be sent. */
static void missed(struct invite *inv, uint16_t code, enum status why)
{
	const struct invite_result result = {.code = code,
					     .why = why,
					     .next = true};

	invite_result(inv, &result);
}

static void connection_try(struct invite *inv,
			   const struct route_connection *conn,
			   const struct conn_way *way)
{
	int err = branch_start_connection(inv, conn, way);

	if (!err) {
		inv->hunt.placed = NULL;
		return;
	}
	leave_place(inv);
	log_warn(inv->rec.call, "try not begun", "to=%s err=%s", conn->name,
		 strerror(err));
	conn_figures_count(inv->px->conns, conn, CONN_FAILED);
	missed(inv, 500, STATUS_OVERLOAD);
}

static void connection_away(struct invite *inv,
			    const struct route_connection *conn,
			    enum status why)
{
	log_info(inv->rec.call, "try failed", "to=%s why=%s", conn->name,
		 status_text(why));
	conn_figures_count(inv->px->conns, conn, CONN_FAILED);
	leave_place(inv);
	missed(inv, why == STATUS_CALL_LIMIT ? 503 : 500, why);
}

/* Should the first one fail. */
static void ways_keep(struct hunt *hunt, const struct conn_way *ways)
{
	const size_t n = ways->left + 1u;

	hunt->ways = mem_deref(hunt->ways);
	hunt->way  = 0;
	/* without memory there is but the first */
	if (n > 1)
		hunt->ways = mem_alloc(n * sizeof(*ways), NULL);
	if (hunt->ways)
		memcpy(hunt->ways, ways, n * sizeof(*ways));
}

static void on_located(enum status code, const struct conn_way *way, void *arg)
{
	struct invite *inv = arg;
	struct hunt *hunt = &inv->hunt;
	struct conn_ask *ask = hunt->locate;

	hunt->locate = NULL;
	if (code == STATUS_OK) {
		ways_keep(hunt, way);
		connection_try(inv, hunt->sought, way);
	} else {
		connection_away(inv, hunt->sought, code);
	}
	mem_deref(ask);
}

static void connection_way(struct invite *inv,
			   const struct route_connection *conn)
{
	struct hunt *hunt = &inv->hunt;
	struct conn_way way;
	int err;

	hunt->placed = conn;
	if (hunt->ways) {
		connection_try(inv, conn, &hunt->ways[hunt->way]);
		return;
	}
	err = conn_way_find(&hunt->locate, &way, inv->px, conn, on_located,
			    inv);
	if (!err)
		connection_try(inv, conn, &way);
	else if (err != EINPROGRESS)
		connection_away(inv, conn, STATUS_TARGET_DOWN);
}

static void on_service_route(const struct pl *route, void *arg)
{
	struct invite *inv = arg;
	struct hunt *hunt = &inv->hunt;

	hunt->route_ask = mem_deref(hunt->route_ask);
	(void)pl_strcpy(route, hunt->service_route,
			sizeof(hunt->service_route));
	connection_way(inv, hunt->sought);
}

/* Where it shall pass, then where that is. */
static void connection_locate(struct invite *inv,
			      const struct route_connection *conn)
{
	struct hunt *hunt = &inv->hunt;

	hunt->placed = conn;
	hunt->service_route[0] = '\0';
	if (service_route_find(&hunt->route_ask, inv->px, conn,
			       on_service_route, inv))
		connection_way(inv, conn);
}

static void on_place(enum status code, void *arg)
{
	struct invite *inv = arg;
	struct hunt *hunt = &inv->hunt;
	struct conn_calls_ask *ask = hunt->place;

	hunt->place = NULL;
	if (code == STATUS_OK)
		connection_locate(inv, hunt->sought);
	else
		connection_away(inv, hunt->sought, code);
	mem_deref(ask);
}

static void connection_seek(struct invite *inv,
			    const struct route_connection *conn)
{
	struct hunt *hunt = &inv->hunt;
	int err;

	hunt->sought = conn;
	hunt->other_way = false;
	conn_figures_count(inv->px->conns, conn, CONN_TRY);
	err = conn_calls_take(&hunt->place, inv->px, conn, inv->rec.call,
			      on_place, inv);
	if (!err)
		connection_locate(inv, conn);
	else if (err != EINPROGRESS)
		connection_away(inv, conn, STATUS_REDIS_DOWN);
}

static void devices_start(struct invite *inv, const struct registrar_list *list)
{
	const bool any = invite_devices_begin(inv, list);

	if (!any && inv->hunt.device)
		missed(inv, 480, STATUS_NOT_REGISTERED);
	else if (!any)
		missed(inv, 482, STATUS_LOOP);
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
		missed(inv, 480, STATUS_NOT_REGISTERED);
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

	pl_set_str(&params.aor.tenant, inv->rec.tenant);
	pl_set_str(&params.aor.user, inv->rec.side[CALL_CALLEE].user);
	err = registrar_lookup(&inv->hunt.lookup, &params);
	if (err)
		invite_fail(inv, status_of_errno(err));
}

static void on_user_place(enum status code, void *arg)
{
	struct invite *inv = arg;
	struct user_calls_ask *ask = inv->hunt.user_place;

	inv->hunt.user_place = NULL;
	if (code == STATUS_OK)
		user_lookup(inv);
	else if (code == STATUS_CALL_LIMIT)
		missed(inv, 486, code);
	else
		invite_fail(inv, code);
	mem_deref(ask);
}

static void user_seek(struct invite *inv, const struct route_user *user)
{
	const struct user_calls_of of = {inv->rec.tenant, user, inv->rec.call};
	int err;

	str_ncpy(inv->rec.side[CALL_CALLEE].user, user->name,
		 sizeof(inv->rec.side[CALL_CALLEE].user));
	err = user_calls_take(&inv->hunt.user_place, inv->px, &of,
			      on_user_place, inv);
	if (!err)
		user_lookup(inv);
	else if (err != EINPROGRESS)
		invite_fail(inv, status_of_errno(err));
}

/* RFC 3263 4.3: another address of the same name. */
static bool has_other_way(const struct hunt *hunt)
{
	return hunt->other_way && hunt->sought && hunt->ways &&
	       hunt->ways[hunt->way].left;
}

static void hunt_on(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;
	const struct route_target *target;

	/* only a 6xx speaks for a user's other devices (RFC 3261 16.7) */
	if (hunt->code < 600 && invite_devices_next(inv))
		return;
	if (!hunt->stop && has_other_way(hunt)) {
		++hunt->way;
		connection_seek(inv, hunt->sought);
		return;
	}
	if (hunt->stop || hunt->next >= hunt->ntargets) {
		finish(inv);
		return;
	}
	failover(inv);
	target = &hunt->targets[hunt->next++];
	switch (target->kind) {
	case ROUTE_TO_USER:
		user_seek(inv, target->user);
		break;
	case ROUTE_TO_CONNECTION:
		connection_seek(inv, target->connection);
		break;
	case ROUTE_TO_SERVICE:
	case ROUTE_TO_REJECT:
		/* never behind another target */
		missed(inv, 500, STATUS_INTERNAL);
		break;
	}
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

static void healthy_first(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;
	unsigned up = health_order(inv->px->health, hunt->targets,
				   hunt->ntargets);

	for (unsigned i = up; i < hunt->ntargets; i++)
		log_info(inv->rec.call, "put last, as it is down", "to=%s",
			 hunt->targets[i].connection->name);
}

void invite_hunt(struct invite *inv)
{
	struct proxy *px = inv->px;

	if (!inv->hunt.breadth) { /* RFC 5393 5.3.3.2 */
		invite_refuse(inv, 440, STATUS_LOOP);
		return;
	}
	healthy_first(inv);
	if (ask_first(inv)) {
		invite_fail(inv, STATUS_NO_MEDIA_NODE);
		return;
	}
	wheel_start(px->deps.wheel, &inv->limit, px->cfg.setup_ms, on_limit,
		    inv);
	hunt_on(inv);
}
