/*
 * device_media.c  Whose RTP is taken for that of a user's device
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route.h"
#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/side.h"

bool device_behind_nat(const struct flow_id *flow, const struct pl *said)
{
	struct sa addr;

	if (!sa_isset(&flow->remote, SA_ADDR) || !pl_isset(said))
		return false;
	/* a name that is not looked up is not its address either */
	return sa_set(&addr, said, 0) ||
	       !sa_cmp(&addr, &flow->remote, SA_ADDR);
}

/* Who speaks to us over UDP has its media where its signalling is; of a
 * WebSocket's flow nothing is known, and nothing is asked for. */
static void family_set(struct ctl_terms *terms, const struct flow_id *flow)
{
	switch (sa_af(&flow->remote)) {
	case AF_INET:
		terms->family = CTL_IP4;
		break;
	case AF_INET6:
		terms->family = CTL_IP6;
		break;
	default:
		break;
	}
}

/* A device of a user. */
struct owner {
	const struct route_tenant *tenant; /* may be NULL */
	const char *user;
};

static void terms_of(struct ctl_terms *terms, char net[DEVICE_NET_MAX],
		     const struct owner *owner, const struct flow_id *flow,
		     const struct pl said[2])
{
	const struct route_tenant *tenant = owner->tenant;
	enum route_device_source source =
		tenant ? tenant->devices.media_source : ROUTE_DEVICE_STRICT;

	memset(terms, 0, sizeof(*terms));
	terms->source = CTL_STRICT;
	terms->video = !tenant || tenant->devices.video;
	if (tenant) {
		pl_set_str(&terms->suites, tenant->devices.sdes.list);
		side_policy(terms, route_media_policy_of(tenant, owner->user));
	}
	family_set(terms, flow);
	if (!sa_isset(&flow->remote, SA_ADDR) || source == ROUTE_DEVICE_STRICT)
		return;
	if (source == ROUTE_DEVICE_AUTO && !device_behind_nat(flow, &said[0]) &&
	    !device_behind_nat(flow, &said[1]))
		return;

	re_snprintf(net, DEVICE_NET_MAX, "%j/%u", &flow->remote,
		    sa_af(&flow->remote) == AF_INET ? 32 : 128);
	terms->source = CTL_LEARN_ONCE;
	pl_set_str(&terms->networks, net);
}

/* The media worker tells both tenants of a call between two. */
static void owner_tell(struct ctl_terms *terms, const struct call_record *rec,
		       const char *tenant)
{
	if (*tenant && strcmp(tenant, rec->tenant))
		pl_set_str(&terms->owner, tenant);
}

/* As it was when the call began: the leg has that one. */
enum ctl_profile device_caller_profile(const struct invite *inv)
{
	return (enum ctl_profile)inv->rec.side[CALL_CALLER].profile;
}

enum ctl_profile device_branch_profile(const struct branch *branch)
{
	return side_profile(invite_callee_tenant(branch->inv),
			    &branch->to.flow, branch->to.conn);
}

/* A telephone's, when no connection is meant: what it says of itself stands in
 * its Contact and its Via. */
void device_caller_terms(struct ctl_terms *terms, char net[DEVICE_NET_MAX],
			 const struct invite *inv)
{
	const struct smsg *msg = txn_srv_request(inv->st);
	struct shdr_addr contact;
	struct pl said[2] = {PL(""), msg->via.host}, id;
	const struct route_tenant *tenant;
	struct owner owner;
	struct side_of of = {
		.conn = inv->from,
		.user = inv->rec.side[CALL_CALLER].user,
		.route = (enum route_recording)inv->rec.record,
	};

	pl_set_str(&id, inv->rec.tenant);
	tenant = route_tenant_by_id(inv->hunt.table, &id);
	of.tenant = tenant;
	if (inv->from) {
		side_terms(terms, inv->from);
		family_set(terms, &inv->caller);
	} else {
		if (!smsg_addr(msg, SHDR_CONTACT, &contact) && !contact.star)
			said[0] = contact.uri.host;
		owner = (struct owner){tenant, of.user};
		terms_of(terms, net, &owner, &inv->caller, said);
	}
	side_services(terms, &of);
}

/* A telephone's, when no connection is meant. */
void device_branch_terms(struct ctl_terms *terms, char net[DEVICE_NET_MAX],
			 const struct branch *branch)
{
	const struct branch_to *to = &branch->to;
	const struct side_of of = {
		.tenant = invite_callee_tenant(branch->inv),
		.conn = to->conn,
		.user = to->user,
	};
	const struct owner owner = {of.tenant, of.user};
	struct pl said[2] = {PL(""), PL("")}, text;
	struct suri uri;

	if (to->conn) {
		side_terms(terms, to->conn);
		family_set(terms, &to->flow);
	} else {
		pl_set_str(&text, to->target);
		if (!suri_decode(&uri, &text))
			said[0] = uri.host;
		terms_of(terms, net, &owner, &to->flow, said);
	}
	side_services(terms, &of);
	owner_tell(terms, &branch->inv->rec, of.tenant ? of.tenant->id : "");
}

void device_side_terms(struct ctl_terms *terms, char net[DEVICE_NET_MAX],
		       const struct proxy *px, const struct call_record *rec,
		       unsigned side)
{
	const struct call_side *of = &rec->side[side];
	const struct route_tenant *tenant =
		side_tenant(px->deps.routes, rec, side);
	const struct owner owner = {tenant, of->user};
	struct side_of services = {.tenant = tenant, .user = of->user};
	struct pl said[2] = {PL(""), PL("")}, text, name;
	struct flow_id flow;
	struct suri uri;

	memset(&flow, 0, sizeof(flow));
	(void)flow_id_unpack(&flow, of->flow, of->flow_len);
	if (side == CALL_CALLER)
		services.route = (enum route_recording)rec->record;
	pl_set_str(&name, of->conn);
	if (name.l) {
		services.conn = tenant ? route_connection_find(tenant, &name)
				       : NULL;
		side_terms(terms, services.conn);
		family_set(terms, &flow);
	} else {
		pl_set_str(&text, of->target);
		if (!suri_decode(&uri, &text))
			said[0] = uri.host;
		terms_of(terms, net, &owner, &flow, said);
	}
	side_services(terms, &services);
	owner_tell(terms, rec, call_tenant(rec, side));
}
