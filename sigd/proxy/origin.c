/*
 * origin.c  Whose request is it?
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/conn/trunk_contact.h"
#include "sigd/proxy/origin.h"
#include "sigd/proxy/register/reg_forward.h"
#include "sigd/proxy/request.h"

/* That of the domain in the Request-URI, which must be the one of who asks
 * too: the same name at another tenant is somebody else (RFC 3261 10.3 step
 * 5; calls between tenants are not served). */
static const struct route_tenant *tenant_of(const struct route_table *table,
					    const struct smsg *msg)
{
	const struct shdr_addr *who =
		msg->method == SMSG_REGISTER ? &msg->to : &msg->from;
	const struct route_tenant *tenant =
		route_tenant_by_domain(table, &msg->uri.host);

	return tenant == route_tenant_by_domain(table, &who->uri.host)
		       ? tenant
		       : NULL;
}

/* Who comes by WebSocket is a page: never a PBX, wherever it is. */
static bool from_page(enum flow_kind kind)
{
	return kind == FLOW_WSS || kind == FLOW_WS;
}

static bool on_named(const char *name, void *arg)
{
	return transport_flow_named(arg, name);
}

/* By its own word about itself, not by that of a sister connection. */
static bool sends_from(const struct route_connection *conn,
		       const struct route_origin *from)
{
	const struct sa *addr = from->addr;

	if (!route_connection_shown(conn, from))
		return false;
	return conn->nsources ? route_connection_admits(conn, addr)
			      : sa_cmp(&conn->peer.addr, addr, SA_ALL);
}

/* The tenant of the device that a PBX asks for; NULL: none. */
static const struct route_tenant *
device_tenant(const struct route_table *table, const struct request *rq)
{
	struct device_token device;
	struct pl id;

	if (!reg_forward_named(&device, rq->px, rq->msg))
		return NULL;
	pl_set_str(&id, device.tenant);
	return route_tenant_by_id(table, &id);
}

static const struct route_connection *
connection_of(const struct route_table *table, const struct request *rq)
{
	const struct proxy_deps *deps = &rq->px->deps;
	const struct route_connection *named, *conn;
	struct route_origin from = {.addr = rq->src->remote,
				    .namedh = on_named,
				    .arg = rq->src->flow};

	if (rq->msg->method == SMSG_REGISTER ||
	    from_page((enum flow_kind)rq->src->id.kind))
		return NULL;
	if (rq->src->listener < deps->nlisteners)
		from.listener = deps->listeners[rq->src->listener].name;

	named = trunk_contact_find(table, &rq->msg->uri.user);
	from.tenant = named ? named->tenant : device_tenant(table, rq);
	conn = route_connection_by_source(table, &from);
	/* one PBX may serve several connections: then its word counts */
	if (conn && named && sends_from(named, &from))
		return named;
	if (!conn && !named) {
		from.tenant = route_tenant_by_domain(table,
						     &rq->msg->uri.host);
		conn = from.tenant ? route_connection_by_source(table, &from)
				   : NULL;
	}
	return conn;
}

static const struct route_tenant *
foreign_tenant(const struct route_table *table, const struct request *rq)
{
	const struct route_tenant *tenant =
		route_tenant_by_domain(table, &rq->msg->uri.host);

	return tenant && tenant->nlogins &&
			       rq->msg->method != SMSG_REGISTER &&
			       !from_page((enum flow_kind)rq->src->id.kind)
		       ? tenant
		       : NULL;
}

void origin_find(struct origin *origin, const struct route_table *table,
		 const struct request *rq)
{
	origin->foreign	   = false;
	origin->connection = connection_of(table, rq);
	origin->tenant = origin->connection ? origin->connection->tenant
					    : tenant_of(table, rq->msg);
	if (origin->tenant)
		return;
	origin->tenant	= foreign_tenant(table, rq);
	origin->foreign = origin->tenant != NULL;
}

/* On a connection of ours to a peer its certificate was looked at when it was
 * made, by the terms that its tag stands for. */
static bool shown(const struct route_connection *conn, struct flow *flow,
		  const struct flow_id *id)
{
	const struct route_origin from = {.namedh = on_named, .arg = flow};

	if (!flow && flow_id_addressed(id) && id->kind == FLOW_TLS)
		return !conn->tls.shows || id->tag == conn->tls.tag;
	return route_connection_shown(conn, &from);
}

bool origin_admits(const struct route_connection *conn,
		   const struct proxy *px, const struct flow_id *id)
{
	struct flow *flow =
		flow_table_find(transport_flows(px->deps.transport), id);
	const uint8_t nr = flow ? flow_listener(flow) : id->listener;
	const char *want = conn->peer.listener;
	const char *have = nr < px->deps.nlisteners
				   ? px->deps.listeners[nr].name
				   : NULL;

	return !from_page((enum flow_kind)id->kind) &&
	       (flow || flow_id_addressed(id)) &&
	       (!want || (have && !strcmp(want, have))) &&
	       shown(conn, flow, id) &&
	       route_connection_admits(conn, flow ? flow_remote(flow)
						  : &id->remote);
}

struct pl origin_callee(const struct origin *origin,
			const struct route_table *table,
			const struct smsg *msg)
{
	const struct route_connection *named =
		origin->connection
			? trunk_contact_find(table, &msg->uri.user)
			: NULL;
	struct pl callee = named ? msg->to.uri.user : msg->uri.user;

	/* whose line it came by, whatever it is called there */
	if (named && named->user)
		pl_set_str(&callee, named->user->name);
	return callee;
}
