/*
 * peer.c  PBXs that we connect to: on whose terms, and when one is lost
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "routing/route_conn.h"
#include "sigd/proxy/proxy_priv.h"

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
