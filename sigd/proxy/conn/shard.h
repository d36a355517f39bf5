/*
 * shard.h  The names and shards of connections in Redis
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_SHARD_H
#define SIGD_PROXY_CONN_SHARD_H

#include "routing/route_conn.h"

struct route_table;

enum {
	UPSTREAM_SHARDS = 16,
	TRUNK_NAME_MAX = 32 + 1 + ROUTE_CONN_MAX + 1 + 64,
};

/* "tenant/connection", of a line with "/user" behind it; TRUNK_NAME_MAX + 1
 * bytes. */
void trunk_reg_name(char name[TRUNK_NAME_MAX + 1],
		    const struct route_connection *conn);
/* 0..UPSTREAM_SHARDS - 1, by that name. */
unsigned upstream_shard(const struct route_connection *conn);
/* What has this name in the table: a connection that registers with its own
 * login, or a line; NULL. */
const struct route_connection *
trunk_reg_find(const struct route_table *table, const struct pl *name);

#endif
