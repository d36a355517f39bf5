/*
 * invite_connection.c  A connection that is to be asked: its place, the way
 *                      there, and the next address of its name
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/conn/call_rate.h"
#include "sigd/proxy/conn/conn_figures.h"
#include "sigd/proxy/conn/live.h"
#include "sigd/proxy/invite/invite_diary.h"

void invite_connection_leave(struct invite *inv)
{
	if (inv->hunt.placed)
		conn_calls_leave(inv->px, inv->hunt.placed, inv->rec.call);
	inv->hunt.placed = NULL;
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
	invite_connection_leave(inv);
	log_warn(inv->rec.call, "try not begun", "to=%s err=%s", conn->name,
		 strerror(err));
	invite_diary_away(inv, conn, STATUS_OVERLOAD);
	conn_figures_count(inv->px->conns, conn, CONN_FAILED);
	invite_missed(inv, 500, STATUS_OVERLOAD);
}

static void connection_away(struct invite *inv,
			    const struct route_connection *conn,
			    enum status why)
{
	const struct route_target *target =
		&inv->hunt.targets[inv->hunt.next - 1];
	struct invite_result result = {.code = 500, .why = why, .next = true};

	log_info(inv->rec.call, "try failed", "to=%s why=%s", conn->name,
		 status_text(why));
	invite_diary_away(inv, conn, why);
	conn_figures_count(inv->px->conns, conn, CONN_FAILED);
	/* else another call has the trial */
	if (why == STATUS_TARGET_DOWN && inv->hunt.placed)
		live_failed(inv->px->live, conn, "it has no address", NULL);
	/* it has an address no more than one that cannot be reached */
	if (inv->hunt.placed)
		result.next = route_limits_when(&target->limits,
						ROUTE_UNREACHABLE);
	else
		result.code = 503;
	invite_connection_leave(inv);
	invite_result(inv, &result);
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
	/* that address of it has the other dialog */
	if (hunt->replaced.conn[0]) {
		way = (struct conn_way){.flow = hunt->replaced.flow};
		connection_try(inv, conn, &way);
		return;
	}
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

void invite_connection_seek(struct invite *inv,
			    const struct route_connection *conn)
{
	const struct conn_calls_of of = {
		.conn = conn,
		.call = inv->rec.call,
		.to = true,
		.only = inv->hunt.ntargets == 1,
		.instead = invite_replaces(inv)};
	struct hunt *hunt = &inv->hunt;
	/* another address of its name is the same call */
	const bool again = hunt->other_way;
	int err;

	hunt->sought = conn;
	hunt->other_way = false;
	conn_figures_count(inv->px->conns, conn, CONN_TRY);
	if (!again &&
	    !call_rate_take(inv->px->rates, conn->tenant, conn)) {
		connection_away(inv, conn, STATUS_RATE_LIMITED);
		return;
	}
	err = conn_calls_take(&hunt->place, inv->px, &of, on_place, inv);
	if (!err)
		connection_locate(inv, conn);
	else if (err != EINPROGRESS)
		connection_away(inv, conn, STATUS_REDIS_DOWN);
}

/* RFC 3263 4.3: another address of the same name. */
bool invite_connection_other_way(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;

	if (!hunt->other_way || !hunt->sought || !hunt->ways ||
	    !hunt->ways[hunt->way].left)
		return false;
	++hunt->way;
	invite_connection_seek(inv, hunt->sought);
	return true;
}

void invite_connection_failed(struct invite *inv)
{
	struct hunt *hunt = &inv->hunt;

	conn_figures_count(inv->px->conns, hunt->sought, CONN_FAILOVER);
	hunt->sought = NULL;
	hunt->other_way = false;
	hunt->ways = mem_deref(hunt->ways);
}
