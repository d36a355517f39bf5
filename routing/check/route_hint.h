/*
 * route_hint.h  What a test may have meant by a name that there is not
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_CHECK_ROUTE_HINT_H
#define ROUTING_CHECK_ROUTE_HINT_H

struct route_table;

/* Of any tenant: a test may lead to another one. NULL: there is such a route,
 * or none of a name like that. The text is the table's. */
const char *route_hint_route(const struct route_table *table, const char *name);
/* ... such a connection, user or service. */
const char *route_hint_target(const struct route_table *table,
			      const char *name);

#endif
