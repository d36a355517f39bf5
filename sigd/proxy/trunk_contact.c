/*
 * trunk_contact.c  The Contact under which we are registered at a PBX
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/trunk_contact.h"

void trunk_contact_print(char user[TRUNK_CONTACT_MAX],
			 const struct route_connection *conn)
{
	/* names of tenants and connections hold no dot */
	re_snprintf(user, TRUNK_CONTACT_MAX, "%s.%s", conn->tenant->id,
		    conn->name);
}

const struct route_connection *
trunk_contact_find(const struct route_table *table, const struct pl *user)
{
	const struct route_connection *conn;
	const struct route_tenant *tenant;
	const char *dot = pl_strchr(user, '.');
	struct pl id, name;

	if (!dot)
		return NULL;

	id   = (struct pl){user->p, (size_t)(dot - user->p)};
	name = (struct pl){dot + 1, user->l - id.l - 1};
	tenant = route_tenant_by_id(table, &id);
	conn   = tenant ? route_connection_find(tenant, &name) : NULL;
	return conn && conn->kind == ROUTE_REGISTER ? conn : NULL;
}
