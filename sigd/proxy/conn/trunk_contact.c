/*
 * trunk_contact.c  The Contact under which we are registered at a PBX
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "routing/route_line.h"
#include "sigd/proxy/conn/trunk_contact.h"
#include "sigd/sip/suri.h"

void trunk_contact_print(char user[TRUNK_CONTACT_MAX],
			 const struct route_connection *conn)
{
	/* names of tenants and connections hold no dot */
	struct pl whose = PL("");

	if (conn->user)
		pl_set_str(&whose, conn->user->name);
	re_snprintf(user, TRUNK_CONTACT_MAX, "%s.%s%s%H", conn->tenant->id,
		    conn->name, conn->user ? "." : "", suri_print_user,
		    &whose);
}

const struct route_connection *
trunk_contact_find(const struct route_table *table, const struct pl *user)
{
	const struct route_connection *conn, *line;
	const struct route_tenant *tenant;
	const char *dot = pl_strchr(user, '.');
	char whose[ROUTE_USER_MAX + 1];
	struct pl id, name, rest = PL("");
	size_t len;

	if (!dot)
		return NULL;

	id   = (struct pl){user->p, (size_t)(dot - user->p)};
	name = (struct pl){dot + 1, user->l - id.l - 1};
	dot  = pl_strchr(&name, '.');
	if (dot) {
		rest.p = dot + 1;
		rest.l = name.l - (size_t)(rest.p - name.p);
		name.l = (size_t)(dot - name.p);
	}
	tenant = route_tenant_by_id(table, &id);
	conn   = tenant ? route_connection_find(tenant, &name) : NULL;
	if (!conn || conn->kind != ROUTE_REGISTER)
		return NULL;
	if (!dot)
		return conn;
	if (suri_unescape(whose, sizeof(whose), &len, &rest))
		return NULL;
	rest = (struct pl){whose, len};
	line = route_line_of(tenant, &rest, conn);
	return line == conn ? NULL : line;
}
