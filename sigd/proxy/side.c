/*
 * side.c  How a side of a call is spoken to: its media and its names
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/control/ctl_msg.h"
#include "routing/route.h"
#include "routing/route_line.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/identity.h"

static enum ctl_profile connection_profile(enum route_media_profile profile)
{
	switch (profile) {
	case ROUTE_MEDIA_RTP:
		return CTL_RTP;
	case ROUTE_MEDIA_SDES:
		return CTL_SDES;
	case ROUTE_MEDIA_OSRTP:
		return CTL_OSRTP;
	case ROUTE_MEDIA_DTLS:
		return CTL_DTLS;
	}
	return CTL_RTP;
}

/* Keys are for a way that nobody else reads. */
static enum ctl_profile telephone_profile(const struct route_tenant *tenant,
					  const struct flow_id *flow)
{
	if (!tenant ||
	    (flow->kind != FLOW_TLS && !tenant->devices.sdes.in_clear))
		return CTL_RTP;
	switch (tenant->devices.media) {
	case ROUTE_DEVICE_MEDIA_AUTO:
		return CTL_OSRTP;
	case ROUTE_DEVICE_MEDIA_RTP:
		return CTL_RTP;
	case ROUTE_DEVICE_MEDIA_SDES:
		return CTL_SDES;
	}
	return CTL_RTP;
}

enum ctl_profile side_profile(const struct route_tenant *tenant,
			      const struct flow_id *flow,
			      const struct route_connection *conn)
{
	if (conn)
		return connection_profile(conn->media.profile);
	return flow->kind == FLOW_WSS || flow->kind == FLOW_WS
		       ? CTL_BROWSER
		       : telephone_profile(tenant, flow);
}

static enum ctl_source source_of(enum route_media_source source)
{
	switch (source) {
	case ROUTE_SOURCE_STRICT:
		return CTL_STRICT;
	case ROUTE_SOURCE_LEARN:
		return CTL_LEARN_ONCE;
	case ROUTE_SOURCE_NETWORK:
		return CTL_NETWORK;
	}
	return CTL_STRICT;
}

static enum ctl_digits digits_of(enum route_dtmf dtmf)
{
	switch (dtmf) {
	case ROUTE_DTMF_RFC4733:
		return CTL_DIGITS_RTP;
	case ROUTE_DTMF_INFO:
		return CTL_DIGITS_TOLD;
	case ROUTE_DTMF_AUTO:
		return CTL_DIGITS_AUTO;
	case ROUTE_DTMF_INBAND:
		return CTL_DIGITS_TONES;
	}
	return CTL_DIGITS_RTP;
}

static enum ctl_order order_of(enum route_media_order order)
{
	switch (order) {
	case ROUTE_ORDER_USUAL:
		return CTL_USUAL;
	case ROUTE_ORDER_PASSTHROUGH:
		return CTL_PASSTHROUGH;
	case ROUTE_ORDER_QUALITY:
		return CTL_QUALITY;
	case ROUTE_ORDER_COST:
		return CTL_COST;
	case ROUTE_ORDER_LISTED:
		return CTL_LISTED;
	}
	return CTL_NO_ORDER;
}

static enum ctl_dtx dtx_of(enum route_dtx dtx)
{
	switch (dtx) {
	case ROUTE_DTX_ASKED:
		return CTL_DTX_ASKED;
	case ROUTE_DTX_ALWAYS:
		return CTL_DTX_ALWAYS;
	case ROUTE_DTX_NEVER:
		return CTL_DTX_NEVER;
	}
	return CTL_DTX_ASKED;
}

/* 1 + complexity */
static uint32_t effort_of(enum route_effort effort)
{
	switch (effort) {
	case ROUTE_EFFORT_SERVER:
		return 0;
	case ROUTE_EFFORT_LOW:
		return 1;
	case ROUTE_EFFORT_MEDIUM:
		return 6;
	case ROUTE_EFFORT_HIGH:
		return 11;
	}
	return 0;
}

void side_policy(struct ctl_terms *terms,
		 const struct route_media_policy *policy)
{
	if (!policy)
		return;
	pl_set_str(&terms->policy, policy->name);
	if (policy->codecs[0])
		pl_set_str(&terms->codecs, policy->codecs);
	terms->order = order_of(policy->order);
	terms->ptime = policy->ptime;
	terms->noise = policy->noise;
	terms->opus.bitrate = policy->opus.bitrate;
	terms->opus.effort = effort_of(policy->opus.effort);
	terms->opus.narrow = policy->opus.narrow;
	terms->opus.dtx = dtx_of(policy->opus.dtx);
}

void side_terms(struct ctl_terms *terms, const struct route_connection *conn)
{
	memset(terms, 0, sizeof(*terms));
	terms->source = CTL_STRICT;
	if (!conn)
		return;
	terms->source = source_of(conn->media.source);
	terms->digits = digits_of(conn->media.dtmf);
	terms->video = conn->media.video;
	side_policy(terms, conn->media.policy);
	if (conn->media.codecs[0])
		pl_set_str(&terms->codecs, conn->media.codecs);
	pl_set_str(&terms->suites, conn->media.sdes.list);
	pl_set_str(&terms->networks, conn->media.network_list);
	if (conn->media.interface)
		pl_set_str(&terms->interface, conn->media.interface);
}

static enum ctl_recording recording_of(enum route_recording record)
{
	switch (record) {
	case ROUTE_RECORD_ALWAYS:
		return CTL_RECORD_ALWAYS;
	case ROUTE_RECORD_NEVER:
		return CTL_RECORD_NEVER;
	case ROUTE_RECORD_DEFAULT:
		break;
	}
	return CTL_RECORD_UNSAID;
}

void side_services(struct ctl_terms *terms, const struct side_of *of)
{
	const struct route_services all =
		route_services_of(of->tenant, of->conn);
	const struct route_user *user = NULL;
	enum route_recording record = all.record;
	struct pl name;

	if (of->tenant && !of->conn && of->user) {
		pl_set_str(&name, of->user);
		user = route_user_find(of->tenant, &name);
	}
	if (user && user->record != ROUTE_RECORD_DEFAULT)
		record = user->record;
	if (of->route != ROUTE_RECORD_DEFAULT)
		record = of->route;
	terms->record = recording_of(record);
	if (all.music)
		pl_set_str(&terms->music, all.music);
	if (all.fork)
		pl_set_str(&terms->fork, all.fork);
}

/* --- names ---------------------------------------------------------------------- */

static int uri_print(char *uri, const struct pl *user, const char *host)
{
	return re_snprintf(uri, CALL_URI_MAX, "sip:%r%s%s", user,
			   user->l ? "@" : "", host) < 0
		       ? EOVERFLOW
		       : 0;
}

/* user: unescaped. */
static int uri_escape(char *uri, const struct pl *user, const char *host)
{
	return re_snprintf(uri, CALL_URI_MAX, "sip:%H%s%s", suri_print_user,
			   user, user->l ? "@" : "", host) < 0
		       ? EOVERFLOW
		       : 0;
}

int side_names_connection(struct side_names *names, char target[],
			  const struct route_connection *conn,
			  const struct smsg *invite, const struct pl *callee,
			  const char *host)
{
	const struct route_conn_peer *peer = &conn->peer;
	struct pl user;
	int err;

	if (conn->from_user) {
		pl_set_str(&user, conn->from_user);
		err = uri_escape(names->from, &user, peer->domain);
	} else {
		err = uri_print(names->from, &invite->from.uri.user,
				peer->domain);
	}
	err = err ? err : uri_escape(names->to, callee, peer->domain);
	return err ? err
		   : uri_escape(target, callee, *host ? host : peer->target);
}

int side_names_shown(struct side_names *names, const struct caller_ask *ask,
		     const struct smsg *msg)
{
	struct pl number;

	caller_id_choose(&names->caller, ask, msg);
	if (ask->to->from_user)
		return 0;
	pl_set_str(&number, names->caller.number);
	if (names->caller.nobody)
		str_ncpy(names->from, IDENTITY_ANONYMOUS, sizeof(names->from));
	else if (names->caller.ours)
		return uri_escape(names->from, &number, ask->to->peer.domain);
	return 0;
}

int side_names_from(struct side_names *names, const struct pl *number,
		    const char *host)
{
	return uri_escape(names->from, number, host);
}

const char *side_domain(const struct route_tenant *tenant)
{
	for (uint32_t i = 0; i < tenant->ndomains; i++) {
		if (strcmp(tenant->domains[i], "*"))
			return tenant->domains[i];
	}
	return NULL;
}

int side_names_device(struct side_names *names,
		      const struct route_tenant *tenant,
		      const struct smsg *invite)
{
	const char *domain = side_domain(tenant);
	int err;

	names->from[0] = names->to[0] = '\0';
	if (!domain)
		return 0;
	err = uri_print(names->from, &invite->from.uri.user, domain);
	return err ? err : uri_print(names->to, &invite->to.uri.user, domain);
}

static struct pl addr_text(struct smsg_edit *ed, const struct shdr_addr *addr,
			   const char *uri, const struct caller_id *caller)
{
	const char *quote = addr->quoted ? "\"" : "";
	struct pl tag = PL("");

	if (pl_isset(&addr->tag))
		tag = smsg_edit_text(ed, ";tag=%r", &addr->tag);
	/* a name would tell as well (RFC 3323 4.1.1.3) */
	if (!strcmp(uri, IDENTITY_ANONYMOUS))
		return smsg_edit_text(ed, "\"Anonymous\" <%s>%r", uri, &tag);
	if (caller->how == ROUTE_NAME_USER || caller->how == ROUTE_NAME_NONE)
		return smsg_edit_text(ed, "%H<%s>%r", caller_id_name, caller,
				      uri, &tag);
	if (!pl_isset(&addr->dname))
		return smsg_edit_text(ed, "<%s>%r", uri, &tag);
	return smsg_edit_text(ed, "%s%r%s <%s>%r", quote, &addr->dname, quote,
			      uri, &tag);
}

void side_names_edit(struct smsg_edit *ed, const struct side_names *names)
{
	const struct caller_id as_is = {.how = ROUTE_NAME_PASS};
	struct pl text;

	if (names->from[0]) {
		text = addr_text(ed, &ed->msg->from, names->from,
				 &names->caller);
		smsg_edit_set(ed, SHDR_FROM, &text);
	}
	if (names->to[0]) {
		text = addr_text(ed, &ed->msg->to, names->to, &as_is);
		smsg_edit_set(ed, SHDR_TO, &text);
	}
}

const struct route_connection *
line_of_side(const struct route_tenant *tenant, const struct call_record *rec,
	     unsigned side, const struct route_connection *conn)
{
	const struct call_side *other = &rec->side[!side];
	struct pl user;

	/* a stranger has no line, whatever he is called at home */
	if (!conn || other->conn[0] || call_is_between(rec))
		return conn;
	pl_set_str(&user, other->user);
	return route_line_of(tenant, &user, conn);
}

const struct route_tenant *side_tenant(const struct route_table *table,
				       const struct call_record *rec,
				       unsigned side)
{
	struct pl id;

	pl_set_str(&id, call_tenant(rec, side));
	return route_tenant_by_id(table, &id);
}

const struct route_connection *side_connection(const struct proxy *px,
					       const struct call_record *rec,
					       unsigned side)
{
	const struct route_tenant *tenant;
	struct pl name;

	pl_set_str(&name, rec->side[side].conn);
	if (!name.l)
		return NULL;
	tenant = side_tenant(px->deps.routes, rec, side);
	return tenant ? line_of_side(tenant, rec, side,
				     route_connection_find(tenant, &name))
		      : NULL;
}

const struct route_connection *side_login(const struct proxy *px,
					  const struct call_record *rec,
					  unsigned side)
{
	const struct route_connection *conn = side_connection(px, rec, side);

	return conn && conn->login.username ? conn : NULL;
}
