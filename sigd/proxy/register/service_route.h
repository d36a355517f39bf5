/*
 * service_route.h  The way through a PBX's network that it told when we
 *                  registered (RFC 3608)
 *
 * Key: the hash `cb:{u:<shard>}:routes`, a field for each registration that has
 * one (shard.h): a value for Route. sigd/upstream/kept.c writes it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_SERVICE_ROUTE_H
#define SIGD_PROXY_REGISTER_SERVICE_ROUTE_H

#include <re.h>

struct proxy;
struct route_connection;
struct service_ask;

enum { SERVICE_ROUTE_MAX = 255 }; /* bytes; a longer one is not kept */

/* route: empty: none, or Redis is away. Valid during the call. */
typedef void(service_route_h)(const struct pl *route, void *arg);

/* 0: h is called once, later; mem_deref() ends the question before. ENOENT: it
 * is not registered with; or another error: there is none. */
int service_route_find(struct service_ask **askp, struct proxy *px,
		       const struct route_connection *conn,
		       service_route_h *h, void *arg);

#endif
