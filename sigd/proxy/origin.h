/*
 * origin.h  Whose request is it? A connection's, by where it comes from, or
 *           that of somebody who must prove who it is
 *
 * Only what comes over UDP counts as a connection's: a browser behind the
 * same address as a PBX is not that PBX. A REGISTER always has to prove
 * itself. So has a PBX that registers here, unless its `sources` say where it
 * is: the address that it registered from may be that of others tomorrow, or
 * today of all behind one NAT (docs/decisions/0012).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_ORIGIN_H
#define SIGD_PROXY_ORIGIN_H

#include "sigd/proxy/proxy_priv.h"

struct route_connection;
struct route_table;
struct route_tenant;

/* Borrowed from the table. */
struct origin {
	const struct route_tenant *tenant;     /* NULL: of no domain of ours */
	const struct route_connection *connection; /* NULL: must prove itself */
	bool foreign; /* From is of no domain of the tenant: a PBX that
			 registers here may say so, a user may not */
};

/* Whether who has logged in as this connection may do so from there. */
bool origin_admits(const struct route_connection *conn,
		   const struct proxy *px, const struct flow_id *flow);

void origin_find(struct origin *origin, const struct route_table *table,
		 const struct request *rq);

/* Whom the request asks for: the user of the Request-URI; or of To, when the
 * former is but the Contact that we registered (RFC 3261 10.2.1: what a
 * registrar puts there). */
struct pl origin_callee(const struct origin *origin,
			const struct route_table *table,
			const struct smsg *msg);

#endif
