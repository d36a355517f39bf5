/*
 * peer.c  PBXs that we connect to: on whose terms, and when one is lost
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "routing/route_conn.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/hop.h"

int proxy_peer_terms(struct transport_peer *terms, const struct flow_id *peer,
		     void *arg)
{
	const struct proxy *px = arg;
	const struct route_connection *conn =
		route_terms_find(px->deps.routes, peer->tag);

	if (!conn)
		return ENOENT;
	*terms = (struct transport_peer){.name = conn->tls.name,
					 .verify = conn->tls.verify,
					 .ca = conn->tls.ca,
					 .cert = conn->tls.cert,
					 .key = conn->tls.key};
	return 0;
}

static uint16_t default_port(enum flow_kind kind)
{
	return kind == FLOW_TLS ? ROUTE_SIPS_PORT : ROUTE_SIP_PORT;
}

void conn_peer(struct flow_id *flow, const struct proxy *px,
	       const struct route_connection *conn, const struct smsg *msg)
{
	struct transport *transport = px->deps.transport;
	struct flow *from = flow_table_find(transport_flows(transport), flow);
	const struct sa *addr = conn ? &conn->peer.addr : NULL;
	struct flow_id peer;
	struct pl val;

	if (!from || !addr || sa_af(addr) == AF_UNSPEC ||
	    !sa_cmp(addr, flow_remote(from), SA_ADDR) ||
	    conn_flow(&peer, px, conn, addr) || peer.kind != flow->kind)
		return;
	/* RFC 5923 section 5: the port that it names is where it listens */
	if (shdr_param(&msg->via.params, "alias", &val) &&
	    sa_port(addr) == (msg->via.port ? msg->via.port
					    : default_port(peer.kind)))
		transport_alias(transport, from, &peer);
	*flow = peer;
}

/* Where it was sent from, and to what port (RFC 3261 18.2.1, 18.2.2). */
static int via_addr(struct sa *addr, const struct shdr_via *via,
		    enum flow_kind kind)
{
	const struct pl *host = pl_isset(&via->received) ? &via->received
							 : &via->host;

	return sa_set(addr, host, via->port ? via->port : default_port(kind));
}

int conn_answer(struct proxy *px, const struct flow_id *gone,
		const uint8_t *msg, size_t len)
{
	static const char name[] = "\r\nVia: ";
	char to[FLOW_TEXT_MAX + 1];
	const enum flow_kind kind = (enum flow_kind)gone->kind;
	struct route_origin from = {.addr = NULL};
	const struct route_connection *conn;
	struct pl text = {(const char *)msg, len}, val;
	struct shdr_via via;
	struct flow_id flow;
	struct sa addr;
	const char *p;

	if ((kind != FLOW_TCP && kind != FLOW_TLS) ||
	    flow_id_addressed(gone) || len < 8 || memcmp(msg, "SIP/2.0 ", 8))
		return ENOTCONN;
	/* as we write it ourselves: the first Via is the topmost one */
	p = memmem(text.p, text.l, name, sizeof(name) - 1);
	if (!p)
		return ENOTCONN;
	val.p = p + sizeof(name) - 1;
	val.l = (size_t)(text.p + text.l - val.p);
	p = memchr(val.p, '\r', val.l);
	val.l = p ? (size_t)(p - val.p) : 0;
	if (shdr_via_next(&via, &val) || via_addr(&addr, &via, kind))
		return ENOTCONN;
	from.addr = &addr;
	conn = route_connection_by_source(px->deps.routes, &from);
	if (!conn || conn_flow_over(&flow, px, conn, kind, &addr))
		return ENOTCONN;
	log_info(NULL, "an answer goes over another connection",
		 "connection=%s flow=%s", conn->name,
		 flow_id_text(to, &flow));
	return transport_send(px->deps.transport, &flow, msg, len, 0);
}

/* Whichever worker's word for it this is. */
static bool goes_there(const struct txn_dest *dest, void *arg)
{
	const struct flow_id *peer = arg;
	struct flow_id id;

	return dest->kind == peer->kind && !flow_of_dest(&id, dest) &&
	       flow_id_addressed(&id) && id.listener == peer->listener &&
	       id.tag == peer->tag && sa_cmp(&id.remote, &peer->remote, SA_ALL);
}

void proxy_peer_lost(const struct flow_id *peer, int err, void *arg)
{
	struct proxy *px = arg;
	struct flow_id id = *peer;
	uint32_t n = txn_cli_lost(px->txns, goes_there, &id, err);
	char text[FLOW_TEXT_MAX + 1];

	log_info(NULL, "a connection to a PBX has ended",
		 "flow=%s why=%s unanswered=%u", flow_id_text(text, peer),
		 strerror(err), n);
}
