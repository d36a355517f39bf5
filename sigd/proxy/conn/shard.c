/*
 * shard.c  The names and shards of connections in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route.h"
#include "routing/route_line.h"
#include "sigd/proxy/conn/shard.h"

void trunk_reg_name(char name[TRUNK_NAME_MAX + 1],
		    const struct route_connection *conn)
{
	re_snprintf(name, TRUNK_NAME_MAX + 1, "%s/%s%s%s", conn->tenant->id,
		    conn->name, conn->user ? "/" : "",
		    conn->user ? conn->user->name : "");
}

unsigned upstream_shard(const struct route_connection *conn)
{
	char name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, conn);
	return hash_joaat_str(name) % UPSTREAM_SHARDS;
}

/* Up to the next '/', which is passed; or all of it. */
static struct pl part(struct pl *rest)
{
	const char *slash = pl_strchr(rest, '/');
	struct pl head = *rest;

	if (slash)
		head.l = (size_t)(slash - rest->p);
	pl_advance(rest, (ssize_t)min(head.l + 1, rest->l));
	return head;
}

const struct route_connection *
trunk_reg_find(const struct route_table *table, const struct pl *name)
{
	struct pl rest = *name;
	const struct pl id = part(&rest), conn_name = part(&rest);
	const struct route_tenant *tenant = route_tenant_by_id(table, &id);
	const struct route_connection *conn, *line;

	conn = tenant ? route_connection_find(tenant, &conn_name) : NULL;
	if (!conn || conn->kind != ROUTE_REGISTER)
		return NULL;
	if (!rest.l)
		return conn->login.username ? conn : NULL;
	line = route_line_of(tenant, &rest, conn);
	return line == conn ? NULL : line;
}
