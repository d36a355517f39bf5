/*
 * side.h  How a side of a call is spoken to: its media, its way, its names
 *
 * A side is a user's device or a connection (routing/route_conn.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_SIDE_H
#define SIGD_PROXY_SIDE_H

#include "common/control/ctl_msg.h"
#include "routing/route_conn.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/who/caller_id.h"

/* --- media ------------------------------------------------------------------ */

/* conn: NULL for a device of the tenant; one that comes by WebSocket is a page,
 * others are telephones. tenant may be NULL. */
enum ctl_profile side_profile(const struct route_tenant *tenant,
			      const struct flow_id *flow,
			      const struct route_connection *conn);
/* What its leg is made with; texts are the connection's. */
void side_terms(struct ctl_terms *terms, const struct route_connection *conn);
/* ... by a policy; NULL: none. */
void side_policy(struct ctl_terms *terms,
		 const struct route_media_policy *policy);

/* What the media server does for this side beside passing it on: as the route
 * says (of a caller), else the user, else the connection, else the tenant.
 * tenant may be NULL; conn NULL: a device of this user. */
struct side_of {
	const struct route_tenant *tenant;
	const struct route_connection *conn;
	const char *user;
	enum route_recording route;
};
void side_services(struct ctl_terms *terms, const struct side_of *of);

/* --- names ------------------------------------------------------------------- */

/* The URIs of From and To as a side sees them; empty: as they came. */
struct side_names {
	char from[CALL_URI_MAX];
	char to[CALL_URI_MAX];
	struct caller_id caller; /* the name in From, among others */
};

/*
 * Towards a connection: its domain, and its from_user; target: the
 * Request-URI, CALL_URI_MAX bytes. callee: the number, unescaped. host: of the
 * Request-URI, "": the connection's own. EOVERFLOW.
 */
int side_names_connection(struct side_names *names, char target[],
			  const struct route_connection *conn,
			  const struct smsg *invite, const struct pl *callee,
			  const char *host);
/* ... and its policy on who is shown, then (who/caller_id.h). */
int side_names_shown(struct side_names *names, const struct caller_ask *ask,
		     const struct smsg *msg);
/* From is this number, unescaped, at this host. EOVERFLOW. */
int side_names_from(struct side_names *names, const struct pl *number,
		    const char *host);
/* Towards a device, from a connection: hosts of the tenant, so that the
 * device can call back. */
int side_names_device(struct side_names *names,
		      const struct route_tenant *tenant,
		      const struct smsg *invite);

/* The host in the URIs of its users; NULL: it has no domain but "*". */
const char *side_domain(const struct route_tenant *tenant);

/* From and To of a request: these URIs, with display name and tag as they
 * came. */
void side_names_edit(struct smsg_edit *ed, const struct side_names *names);


/* Whose user or connection this side is. NULL: a reload has taken it away. */
const struct route_tenant *side_tenant(const struct route_table *table,
				       const struct call_record *rec,
				       unsigned side);

/* How the user on the other side of the call speaks to the connection on this
 * one: over a line, perhaps (route_line.h). conn may be NULL. */
const struct route_connection *
line_of_side(const struct route_tenant *tenant, const struct call_record *rec,
	     unsigned side, const struct route_connection *conn);

/* The connection of this side, as that user speaks to it. NULL: there is none,
 * or a reload has taken it away. */
const struct route_connection *side_connection(const struct proxy *px,
					       const struct call_record *rec,
					       unsigned side);
/* ... when it could be shown who we are. */
const struct route_connection *side_login(const struct proxy *px,
					  const struct call_record *rec,
					  unsigned side);

#endif
