/*
 * conn_way.c  The way to a connection: our listener and its address
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/conn_way.h"

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

int conn_way_find(struct conn_ask **askp, struct conn_way *way,
		  struct proxy *px, const struct route_connection *conn,
		  conn_way_h *h, void *arg)
{
	(void)askp;
	(void)h;
	(void)arg;

	way->host[0] = '\0';
	if (sa_af(&conn->peer.addr) == AF_UNSPEC)
		return EHOSTUNREACH;
	return flow_fill(&way->flow, px, conn, &conn->peer.addr);
}
