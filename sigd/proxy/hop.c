/*
 * hop.c  The message as it leaves us: our Via, our host, where it goes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "sigd/call/branch_token.h"
#include "sigd/call/contact_token.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/proxy_priv.h"

uint64_t proxy_unix_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void dest_of_flow(struct txn_dest *dest, const struct flow_id *id)
{
	memset(dest, 0, sizeof(*dest));
	dest->kind = id->kind;
	dest->reliable = flow_kind_reliable((enum flow_kind)id->kind);
	if (flow_id_pack(id, dest->id, &dest->id_len))
		dest->id_len = 0;
}

int flow_of_dest(struct flow_id *id, const struct txn_dest *dest)
{
	return flow_id_unpack(id, dest->id, dest->id_len);
}

/* The listener that speaks to this flow: for a peer the one named in it, for
 * connections of ours that which they came to, else the first of the kind. */
const char *hop_host(const struct proxy *px, const struct flow_id *to)
{
	const struct proxy_listener *l = px->deps.listeners;
	const struct flow *flow;

	if (flow_id_addressed(to) && to->listener < px->deps.nlisteners)
		return l[to->listener].advertise;

	flow = flow_table_find(transport_flows(px->deps.transport), to);
	if (flow && flow_listener(flow) < px->deps.nlisteners)
		return l[flow_listener(flow)].advertise;
	for (size_t i = 0; i < px->deps.nlisteners; i++) {
		if (l[i].kind == (enum flow_kind)to->kind)
			return l[i].advertise;
	}
	return px->deps.nlisteners ? l[0].advertise : "cordboard.invalid";
}

/* "ws" also over TLS: RFC 7118 5.5 knows no wss in URIs. */
const char *hop_transport(const struct flow_id *to)
{
	switch (to->kind) {
	case FLOW_UDP:
		return "udp";
	case FLOW_TCP:
		return "tcp";
	case FLOW_TLS:
		return "tls";
	default:
		return "ws";
	}
}

static int via_print(struct proxy *px, struct hop_mark *mark,
		     const struct pl *callid, const struct flow_id *to,
		     uint32_t loop)
{
	char *via = mark->via, *branch = mark->branch;
	struct branch_owner owner = {.slot = px->deps.slot,
				     .epoch = px->deps.epoch,
				     .num = ++px->branch_num,
				     .loop = loop};
	int err;

	str_ncpy(owner.node, px->deps.node, sizeof(owner.node));
	err = branch_token_make(branch, px->deps.keyring,
				proxy_unix_ms() / 1000, &owner, callid);
	if (err)
		return err;

	return re_snprintf(via, HOP_VIA_MAX, "SIP/2.0/%s %s;branch=%s;rport",
			   flow_kind_name((enum flow_kind)to->kind),
			   hop_host(px, to), branch) < 0
		       ? EOVERFLOW
		       : 0;
}

const char *hop_param(const struct flow_id *to)
{
	switch (to->kind) {
	case FLOW_TCP:
		return ";transport=tcp";
	case FLOW_TLS:
		return ";transport=tls";
	default:
		return "";
	}
}

int hop_via_text(struct proxy *px, char via[HOP_VIA_MAX], char branch[],
		 const struct pl *callid, const struct flow_id *to)
{
	struct hop_mark mark;
	int err = via_print(px, &mark, callid, to, 0);

	if (err)
		return err;
	memcpy(via, mark.via, sizeof(mark.via));
	memcpy(branch, mark.branch, sizeof(mark.branch));
	return 0;
}

int hop_via(struct proxy *px, struct smsg_edit *ed, const struct flow_id *to,
	    char branch[])
{
	char via[HOP_VIA_MAX];
	struct pl text;
	int err = hop_via_text(px, via, branch, &ed->msg->callid, to);

	if (err)
		return err;

	/* the way so far is nobody's business: what answers the request has
	 * its Vias (hop_back.c) */
	text = smsg_edit_text(ed, "%s", via);
	smsg_edit_set(ed, SHDR_VIA, &text);
	return ed->err;
}

int hop_contact_text(char text[HOP_ADDR_MAX], struct proxy *px,
		     const struct smsg *msg, const struct flow_id *to,
		     const struct hop_side *from)
{
	struct shdr_addr contact;
	struct pl target = PL("");

	if (!smsg_addr(msg, SHDR_CONTACT, &contact) && !contact.star)
		target = contact.uri.text;
	return hop_contact_of(text, px, &target, to, from);
}

int hop_contact_of(char text[HOP_ADDR_MAX], struct proxy *px,
		   const struct pl *target, const struct flow_id *to,
		   const struct hop_side *from)
{
	char token[SEAL_TEXT_MAX + 1];
	int err;

	err = contact_token_make(token, px->deps.keyring,
				 proxy_unix_ms() / 1000, from->call, from->side,
				 target);
	if (err)
		return err;

	return re_snprintf(text, HOP_ADDR_MAX, "<sip:%s@%s;transport=%s>",
			   token, hop_host(px, to), hop_transport(to)) < 0
		       ? EOVERFLOW
		       : 0;
}

int hop_contact(struct proxy *px, struct smsg_edit *ed,
		const struct flow_id *to, const struct hop_side *from)
{
	char contact[HOP_ADDR_MAX];
	struct pl text;
	int err = hop_contact_text(contact, px, ed->msg, to, from);

	if (err)
		return err;

	text = smsg_edit_text(ed, "%s", contact);
	smsg_edit_set(ed, SHDR_CONTACT, &text);
	return ed->err;
}

static int route_print(char text[HOP_ADDR_MAX], const struct proxy *px,
		       const struct cookie *cookie,
		       const struct hop_dialog *dialog)
{
	char token[SEAL_TEXT_MAX + 1];
	int err = cookie_seal(token, px->deps.keyring, proxy_unix_ms() / 1000,
			      cookie, &dialog->id);

	if (err)
		return err;
	return re_snprintf(text, HOP_ADDR_MAX, "<sip:%s@%s;transport=%s;lr>",
			   token, hop_host(px, dialog->shown_to),
			   hop_transport(dialog->shown_to)) < 0
		       ? EOVERFLOW
		       : 0;
}

/* Some PBXs keep only so much of a route: then the hints stay behind. */
int hop_route_text(char text[HOP_ADDR_MAX], const struct proxy *px,
		   const struct cookie *cookie, const struct hop_dialog *dialog)
{
	struct cookie brief = *cookie;
	int err = route_print(text, px, &brief, dialog);

	if (!err && strlen(text) >= HOP_ROUTE_MAX) {
		brief.flow_len = 0;
		err = route_print(text, px, &brief, dialog);
	}
	if (!err && strlen(text) >= HOP_ROUTE_MAX) {
		brief.media[0] = '\0';
		err = route_print(text, px, &brief, dialog);
	}
	return err;
}

/* The Record-Route of the answer turned round (RFC 3261 12.1.2), without ours,
 * which stands last: the INVITE had no other. */
int hop_routes_of(char routes[CALL_ROUTES_MAX], const struct smsg *answer)
{
	char *const end = routes + CALL_ROUTES_MAX - 1, *p = end;
	struct shdr_addr route, next;
	struct smsg_iter it;
	int err;

	*p = '\0';
	smsg_iter_init(&it, answer, SHDR_RECORD_ROUTE);
	err = smsg_iter_addr(&it, &route);
	while (!err && !(err = smsg_iter_addr(&it, &next))) {
		const size_t comma = *p ? 2 : 0;

		if (route.val.l + comma > (size_t)(p - routes)) {
			err = EOVERFLOW;
			break;
		}
		p -= comma;
		memcpy(p, ", ", comma);
		p -= route.val.l;
		memcpy(p, route.val.p, route.val.l);
		route = next;
	}
	memmove(routes, p, (size_t)(end - p) + 1);
	return err == ENOENT ? 0 : err;
}

int hop_mark(struct hop_mark *mark, struct proxy *px, const struct pl *callid,
	     const struct flow_id *to, uint32_t loop)
{
	int err = via_print(px, mark, callid, to, loop);

	mark->ref = px->branch_num;
	return err;
}

int hop_start_marked(struct proxy *px, struct txn_cli **ctp, uint64_t ref,
		     const struct txn_cli_params *params)
{
	int err;

	px->send_ref = ref;
	err = txn_cli_start(ctp, px->txns, params);
	px->send_ref = 0;
	return err;
}

int hop_start(struct proxy *px, struct txn_cli **ctp, uint64_t *ref,
	      const struct txn_cli_params *params)
{
	*ref = px->branch_num;
	return hop_start_marked(px, ctp, *ref, params);
}

void hop_clean(struct smsg_edit *ed)
{
	/* credentials are for us alone */
	smsg_edit_remove(ed, SHDR_AUTHORIZATION);
	smsg_edit_remove(ed, SHDR_PROXY_AUTHORIZATION);
	hop_clean_identity(ed);
}

/* identity is ours to assert */
void hop_clean_identity(struct smsg_edit *ed)
{
	/* no header of ours comes from outside */
	smsg_edit_remove_prefix(ed, "X-Cordboard-");
	smsg_edit_remove(ed, SHDR_P_ASSERTED_IDENTITY);
	smsg_edit_remove(ed, SHDR_P_PREFERRED_IDENTITY);
	smsg_edit_remove(ed, SHDR_REMOTE_PARTY_ID);
	/* From stays as a dialog began (RFC 4916) */
	smsg_edit_remove_token(ed, SHDR_SUPPORTED, "from-change");
}
