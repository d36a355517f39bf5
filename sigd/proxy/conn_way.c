/*
 * conn_way.c  The way to a connection: our listener and its address
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/conn_way.h"
#include "sigd/transport/resolve.h"

int conn_listener(uint8_t *nr, const struct proxy *px,
		  const struct route_connection *conn)
{
	const char *name = conn->peer.listener;

	for (size_t i = 0; i < px->deps.nlisteners; i++) {
		const struct proxy_listener *l = &px->deps.listeners[i];

		if (l->kind != FLOW_UDP ||
		    (name && (!l->name || strcmp(name, l->name))))
			continue;
		*nr = (uint8_t)i;
		return 0;
	}
	return ENOENT;
}

static int flow_fill(struct flow_id *flow, const struct proxy *px,
		     const struct route_connection *conn,
		     const struct sa *addr)
{
	memset(flow, 0, sizeof(*flow));
	str_ncpy(flow->node, px->deps.node, sizeof(flow->node));
	flow->slot   = px->deps.slot;
	flow->kind   = FLOW_UDP;
	flow->remote = *addr;
	return conn_listener(&flow->listener, px, conn);
}

/* --- by name ----------------------------------------------------------------- */

struct conn_ask {
	struct proxy *px;
	const struct route_connection *conn;
	struct resolve_ask *ask;
	conn_way_h *h;
	void *arg;
};

static void destructor(void *data)
{
	struct conn_ask *ask = data;

	mem_deref(ask->ask);
}

static void on_addrs(int err, const struct sa *addrs, size_t n, void *arg)
{
	struct conn_ask *ask = arg;
	struct conn_way way;
	struct sa addr;
	(void)n;

	memset(&way, 0, sizeof(way));
	if (!err) {
		addr = addrs[0];
		sa_set_port(&addr, ask->conn->peer.port);
		err = flow_fill(&way.flow, ask->px, ask->conn, &addr);
	}
	ask->ask = mem_deref(ask->ask);
	/* the owner may free the question in here */
	ask->h(err ? STATUS_TARGET_DOWN : STATUS_OK, &way, ask->arg);
}

int conn_way_find(struct conn_ask **askp, struct conn_way *way,
		  struct proxy *px, const struct route_connection *conn,
		  conn_way_h *h, void *arg)
{
	struct conn_ask *ask;
	int err;

	way->host[0] = '\0';
	if (sa_af(&conn->peer.addr) != AF_UNSPEC)
		return flow_fill(&way->flow, px, conn, &conn->peer.addr);
	if (!conn->peer.host || !px->deps.resolver)
		return EHOSTUNREACH;

	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;

	ask->px	  = px;
	ask->conn = conn;
	ask->h	  = h;
	ask->arg  = arg;
	err = resolve(&ask->ask, px->deps.resolver, conn->peer.host, on_addrs,
		      ask);
	if (err) {
		mem_deref(ask);
		return err;
	}
	*askp = ask;
	return EINPROGRESS;
}
