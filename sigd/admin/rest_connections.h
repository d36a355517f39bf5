/*
 * rest_connections.h  What the routes of connections share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_REST_CONNECTIONS_H
#define SIGD_ADMIN_REST_CONNECTIONS_H

#include "sigd/admin/rest_priv.h"

struct route_connection;
struct route_table;

const struct route_table *rest_table(struct admin *admin);
/* One as an object in an array, or at the top. False: resp is an error. */
bool rest_connection_write(struct jsonw *json, struct admin *admin,
			   struct admin_resp *resp,
			   const struct route_connection *conn);

#endif
