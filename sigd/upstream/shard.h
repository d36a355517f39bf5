/*
 * shard.h  The names and shards of connections in Redis
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_SHARD_H
#define SIGD_UPSTREAM_SHARD_H

#include "routing/route_conn.h"

enum {
	UPSTREAM_SHARDS = 16,
	TRUNK_NAME_MAX = 32 + 1 + ROUTE_CONN_MAX,
};

/* "tenant/connection", TRUNK_NAME_MAX + 1 bytes. */
void trunk_reg_name(char name[TRUNK_NAME_MAX + 1],
		    const struct route_connection *conn);
/* 0..UPSTREAM_SHARDS - 1, by that name. */
unsigned upstream_shard(const struct route_connection *conn);

#endif
