/*
 * trunk_contact.h  The Contact under which we are registered at a PBX
 *
 * Its user part names the connection, the same from every worker, and is what
 * tells two connections apart that are registered at one PBX: calls to them
 * come from the same address. It proves nothing: the source must be right too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_TRUNK_CONTACT_H
#define SIGD_PROXY_CONN_TRUNK_CONTACT_H

#include <re.h>

struct route_connection;
struct route_table;

/* "tenant.connection"; of a line with ".user" behind it, escaped as a URI has
 * it. */
enum { TRUNK_CONTACT_MAX = 80 + 3 * 64 };

void trunk_contact_print(char user[TRUNK_CONTACT_MAX],
			 const struct route_connection *conn);
/* NULL: not the Contact of a connection that registers, or of a line. user: as
 * in the Request-URI. */
const struct route_connection *
trunk_contact_find(const struct route_table *table, const struct pl *user);

#endif
