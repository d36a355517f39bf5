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
