/*
 * methods.h  What a connection may send us: its `methods`
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_METHODS_H
#define SIGD_PROXY_METHODS_H

#include <stdbool.h>

struct indialog;
struct proxy;
struct route_connection;
struct txn_srv;

/* True: it may not, and has 405 with what it may (RFC 3261 8.2.1). conn NULL:
 * somebody else, who may. */
bool methods_refuse(struct proxy *px, struct txn_srv *st,
		    const struct route_connection *conn);
/* The same of a request within a dialog; from a connection, perhaps. */
bool methods_refuse_dialog(const struct indialog *in);

#endif
