/*
 * conn_way.c  The ways to a connection: our listener and its addresses; or
 *             where it has registered with us
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/registrar/registrar.h"
#include "sigd/sip/suri.h"
#include "sigd/transport/locate.h"

enum {
	LARGE = 1300 /* bytes */
};

/* The dearest first, where DNS has no opinion. */
static const enum flow_kind kinds[LOCATE_TRANSPORTS] = {
	[LOCATE_UDP] = FLOW_UDP,
	[LOCATE_TCP] = FLOW_TCP,
	[LOCATE_TLS] = FLOW_TLS,
};

static enum locate_transport located_by(enum route_conn_transport transport)
{
	switch (transport) {
	case ROUTE_UDP:
	case ROUTE_AUTO:
		return LOCATE_UDP;
	case ROUTE_TCP:
		return LOCATE_TCP;
	case ROUTE_TLS:
		return LOCATE_TLS;
	}
	return LOCATE_UDP;
}

static enum flow_kind kind_of(const struct route_connection *conn)
{
	return kinds[located_by(conn->peer.transport)];
}

/* One of sockets that can speak to an address of this family. */
static int listener_for(uint8_t *nr, const struct proxy *px,
			const struct route_connection *conn,
			enum flow_kind kind, int af)
{
	const char *name = conn->peer.listener;

	for (size_t i = 0; i < px->deps.nlisteners; i++) {
		const struct proxy_listener *l = &px->deps.listeners[i];

		if (l->kind != kind ||
		    (name && (!l->name || strcmp(name, l->name))) ||
		    (af && l->af && af != l->af))
			continue;
		*nr = (uint8_t)i;
		return 0;
	}
	return ENOENT;
}

int conn_listener(uint8_t *nr, const struct proxy *px,
		  const struct route_connection *conn)
{
	return listener_for(nr, px, conn, kind_of(conn), AF_UNSPEC);
}

int conn_flow_over(struct flow_id *flow, const struct proxy *px,
		   const struct route_connection *conn, enum flow_kind kind,
		   const struct sa *addr)
{
	memset(flow, 0, sizeof(*flow));
	str_ncpy(flow->node, px->deps.node, sizeof(flow->node));
	flow->slot = px->deps.slot;
	flow->kind = (uint8_t)kind;
	flow->tag = kind == FLOW_TLS ? conn->tls.tag : 0;
	flow->remote = *addr;
	return listener_for(&flow->listener, px, conn, kind, sa_af(addr));
}

int conn_flow(struct flow_id *flow, const struct proxy *px,
	      const struct route_connection *conn, const struct sa *addr)
{
	return conn_flow_over(flow, px, conn, kind_of(conn), addr);
}

/* --- asked for ----------------------------------------------------------------- */

struct conn_ask {
	struct proxy *px;
	const struct route_connection *conn;
	struct locate_ask *ask;
	struct registrar_ask *lookup;
	const struct locate_target *targets; /* while they are looked at */
	size_t ntargets;
	conn_way_h *h;
	void *arg;
};

static void destructor(void *data)
{
	struct conn_ask *ask = data;

	mem_deref(ask->ask);
	mem_deref(ask->lookup);
}

/* Which of them answered last time is not known of all: of none that it did
 * not. */
static bool is_bad(const struct conn_ask *ask, const struct sa *addr)
{
	const struct proxy *px = ask->px;

	return way_is_bad(px->ways, addr, wheel_now(px->deps.wheel)) ||
	       health_way_down(px->health, ask->conn, addr);
}

/* Ways to the targets that are bad, or that are not; how many there are now. */
static size_t ways_add(struct conn_way ways[CONN_WAYS_MAX], size_t n,
		       const struct conn_ask *ask, bool bad)
{
	for (size_t i = 0; i < ask->ntargets && n < CONN_WAYS_MAX; i++) {
		const struct sa *addr = &ask->targets[i].addr;

		/* it may be of a family that no listener speaks */
		if (is_bad(ask, addr) == bad &&
		    !conn_flow_over(&ways[n].flow, ask->px, ask->conn,
			       kinds[ask->targets[i].transport], addr))
			++n;
	}
	return n;
}

static void on_located(int err, const struct locate_target *targets, size_t n,
		       void *arg)
{
	struct conn_ask *ask = arg;
	struct conn_way ways[CONN_WAYS_MAX];
	size_t nways;
	(void)err;

	memset(ways, 0, sizeof(ways));
	ask->targets  = targets;
	ask->ntargets = n;
	nways = ways_add(ways, 0, ask, false);
	nways = ways_add(ways, nways, ask, true);
	for (size_t i = 0; i < nways; i++)
		ways[i].left = (uint8_t)(nways - 1 - i);
	ask->ask = mem_deref(ask->ask);
	/* the owner may free the question in here */
	ask->h(nways ? STATUS_OK : STATUS_TARGET_DOWN, ways, ask->arg);
}

/* --- where it has registered ------------------------------------------------- */

/* The flow that its REGISTER came on, and the host of its Contact: what stands
 * there is what it takes for itself, behind NAT as well. */
static int binding_way(struct conn_way *way, const struct binding *binding)
{
	char port[8] = "";
	struct suri uri;
	struct pl text;

	pl_set_str(&text, binding->contact);
	if (flow_id_unpack(&way->flow, binding->flow, binding->flow_len) ||
	    suri_decode(&uri, &text) || !uri.host.l)
		return EBADMSG;
	if (uri.port)
		re_snprintf(port, sizeof(port), ":%u", uri.port);
	return re_snprintf(way->host, sizeof(way->host),
			   uri.ipv6 ? "[%r]%s" : "%r%s", &uri.host, port) < 0
		       ? EOVERFLOW
		       : 0;
}

static void on_bound(const struct registrar_list *list, void *arg)
{
	struct conn_ask *ask = arg;
	enum status code = list->code;
	struct conn_way way;

	memset(&way, 0, sizeof(way));
	if (code == STATUS_OK && !list->n)
		code = STATUS_NOT_REGISTERED;
	if (code == STATUS_OK && binding_way(&way, &list->bindings[0]))
		code = STATUS_TARGET_DOWN;
	ask->lookup = mem_deref(ask->lookup);
	/* the owner may free the question in here */
	ask->h(code, &way, ask->arg);
}

static int ask_binding(struct conn_ask *ask)
{
	struct registrar_params params = {.link = ask->px->deps.redis,
					  .aor.connection = true,
					  .h = on_bound,
					  .arg = ask};

	pl_set_str(&params.aor.tenant, ask->conn->tenant->id);
	pl_set_str(&params.aor.user, ask->conn->name);
	return registrar_lookup(&ask->lookup, &params);
}

/* --- the whole ---------------------------------------------------------------- */

/* What may be spoken to it, as far as we have listeners. */
static unsigned transports_of(enum locate_transport list[LOCATE_TRANSPORTS],
			      const struct proxy *px,
			      const struct route_connection *conn)
{
	unsigned n = 0;
	uint8_t nr;

	for (int i = 0; conn->peer.transport == ROUTE_AUTO &&
			i < LOCATE_TRANSPORTS; i++) {
		if (!listener_for(&nr, px, conn, kinds[i], AF_UNSPEC))
			list[n++] = (enum locate_transport)i;
	}
	if (!n)
		list[n++] = located_by(conn->peer.transport);
	return n;
}

static int ask_address(struct conn_ask *ask)
{
	const struct route_conn_peer *peer = &ask->conn->peer;
	struct locate_params params = {
		.host = peer->host,
		.port = peer->port_given ? peer->port : 0};

	params.ntransports =
		transports_of(params.transports, ask->px, ask->conn);
	return ask->px->deps.resolver ? locate(&ask->ask,
					       ask->px->deps.resolver, &params,
					       on_located, ask)
				      : EHOSTUNREACH;
}

int conn_way_find(struct conn_ask **askp, struct conn_way *way,
		  struct proxy *px, const struct route_connection *conn,
		  conn_way_h *h, void *arg)
{
	struct conn_ask *ask;
	int err;

	way->host[0] = '\0';
	way->left = 0;
	if (sa_af(&conn->peer.addr) != AF_UNSPEC)
		return conn_flow_over(&way->flow, px, conn, kind_of(conn),
				 &conn->peer.addr);
	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;

	ask->px = px;
	ask->conn = conn;
	ask->h = h;
	ask->arg = arg;
	err = conn->kind == ROUTE_INBOUND ? ask_binding(ask) : ask_address(ask);
	if (err) {
		mem_deref(ask);
		return err;
	}
	*askp = ask;
	return EINPROGRESS;
}

/* --- too long for UDP ------------------------------------------------------------ */

bool conn_is_large(struct flow_id *over, const struct proxy *px,
		   const struct route_connection *conn,
		   const struct flow_id *flow, size_t len)
{
	return len > LARGE && conn && conn->peer.transport == ROUTE_AUTO &&
	       flow->kind == FLOW_UDP &&
	       !conn_flow_over(over, px, conn, FLOW_TCP, &flow->remote);
}
