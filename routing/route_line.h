/*
 * route_line.h  Lines: a user's own registration at a PBX
 *
 * The device shows us its password, and we hold the user's registration at a
 * connection of kind `register`, with credentials that never reach the device.
 * A line is that connection with the user's login instead of its own: whatever
 * is done with a connection can be done with a line. Part of a table (route.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_LINE_H
#define ROUTING_ROUTE_LINE_H

#include "routing/route_conn.h"

enum route_line_when {
	ROUTE_LINE_DEVICES = 1, /* while a device of the user is registered */
	ROUTE_LINE_ALWAYS,
};

struct route_line {
	const char *connection; /* its name */
	const char *username, *password, *realm;
	enum route_line_when when;
	struct route_connection *as; /* `base` is the connection's own */
	struct cfg_pos pos;
};

/* How this user speaks to this connection: over the user's line there, if
 * there is one; else conn. user: a name, %-decoded; conn may be NULL. */
const struct route_connection *
route_line_of(const struct route_tenant *tenant, const struct pl *user,
	      const struct route_connection *conn);

#endif
