/*
 * rest_state.c  How a connection is doing, as the workers see it
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route_conn.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/admin/rest_state.h"
#include "sigd/proxy/conn/health.h"

/* What one of them says of all connections, by name. */
struct shelf {
	const char *key;
	struct health_row row;
	bool there;
};

static bool ask(struct shelf *shelf, struct admin *admin,
		struct admin_resp *resp, const char *name)
{
	const struct redis_val *val;

	if (!rest_ask(&val, admin, resp, "HGET", shelf->key, name, NULL))
		return false;

	const struct pl text = {val->str, val->type == REDIS_STR ? val->len
								  : 0};

	shelf->there = text.l && !health_row_parse(&shelf->row, &text);
	return true;
}

bool rest_state(struct rest_state *is, struct admin *admin,
		struct admin_resp *resp, const struct route_connection *conn)
{
	struct shelf forced = {.key = HEALTH_FORCED_KEY};
	struct shelf broken = {.key = HEALTH_BROKEN_KEY};
	struct shelf down = {.key = HEALTH_DOWN_KEY};
	struct health_rows rows = {.forced = NULL};
	const struct health_row *row;
	char name[HEALTH_NAME_MAX + 1];

	health_name(name, conn, NULL);
	if (!ask(&forced, admin, resp, name) ||
	    !ask(&broken, admin, resp, name) || !ask(&down, admin, resp, name))
		return false;
	rows.forced = forced.there ? &forced.row : NULL;
	rows.broken = broken.there ? &broken.row : NULL;
	rows.down = down.there && conn->times.probe ? &down.row : NULL;
	row = health_counts(&is->state, &rows, rest_now_ms());
	is->forced = forced.there;
	is->known = row != NULL;
	if (row)
		is->row = *row;
	return true;
}
