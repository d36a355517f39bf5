/*
 * shard.c  The names and shards of connections in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include "routing/route.h"
#include "sigd/upstream/shard.h"

void trunk_reg_name(char name[TRUNK_NAME_MAX + 1],
		    const struct route_connection *conn)
{
	re_snprintf(name, TRUNK_NAME_MAX + 1, "%s/%s", conn->tenant->id,
		    conn->name);
}

unsigned upstream_shard(const struct route_connection *conn)
{
	char name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, conn);
	return hash_joaat_str(name) % UPSTREAM_SHARDS;
}
