/*
 * branch_write.c  The messages of a try
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/invite/device_media.h"
#include "sigd/proxy/end/bye.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/form.h"
#include "sigd/proxy/hop_back.h"
#include "sigd/proxy/invite/invite_priv.h"
#include "sigd/proxy/loop_guard.h"
#include "sigd/sip/smsg_build.h"

static void cookie_fill(struct cookie *cookie, const struct branch *branch,
			enum cookie_direction direction)
{
	const struct invite *inv = branch->inv;
	const bool to_caller = direction == COOKIE_TO_CALLER;
	const struct flow_id *to = to_caller ? &inv->caller : &branch->to.flow;
	size_t len = 0;

	memset(cookie, 0, sizeof(*cookie));
	cookie->direction = direction;
	cookie->leg = branch->leg;
	cookie->shift = to_caller ? 0 : branch->shift;
	str_ncpy(cookie->call, inv->rec.call, sizeof(cookie->call));
	str_ncpy(cookie->session, inv->rec.session, sizeof(cookie->session));
	str_ncpy(cookie->tenant, inv->rec.tenant, sizeof(cookie->tenant));
	str_ncpy(cookie->media, inv->rec.media, sizeof(cookie->media));
	if (!flow_id_pack(to, cookie->flow, &len))
		cookie->flow_len = len;
}

/* Our Record-Route value for the side that gets it. */
static int route_text(char text[HOP_ADDR_MAX], const struct branch *branch,
		      enum cookie_direction direction)
{
	const struct smsg *req = txn_srv_request(branch->inv->st);
	const struct hop_dialog dialog = {
		.id = {req->callid, req->from.tag},
		.shown_to = direction == COOKIE_TO_CALLER
				    ? &branch->to.flow
				    : &branch->inv->caller,
	};
	struct cookie cookie;

	cookie_fill(&cookie, branch, direction);
	return hop_route_text(text, branch->inv->px, &cookie, &dialog);
}

static void cseq_edit(struct smsg_edit *ed, uint32_t shift)
{
	struct pl text;

	if (!shift)
		return;
	text = smsg_edit_text(ed, "%u %r", ed->msg->cseq.num + shift,
			      &ed->msg->cseq.name);
	smsg_edit_set(ed, SHDR_CSEQ, &text);
}

/* As the registrar said, and no other (RFC 3608 section 5.1). */
static void service_route_edit(const struct branch *branch,
			       struct smsg_edit *ed)
{
	struct pl route;

	pl_set_str(&route, branch->inv->hunt.service_route);
	if (branch->to.conn && route.l)
		smsg_edit_push(ed, SHDR_ROUTE, &route);
}

static int invite_edit(struct branch *branch, struct smsg_edit *ed)
{
	struct proxy *px = branch->inv->px;
	const struct hop_side caller = {branch->inv->rec.call, CALL_CALLER};
	char route[HOP_ADDR_MAX];
	struct pl text;
	int err;

	pl_set_str(&text, branch->to.target);
	smsg_edit_uri(ed, &text);
	smsg_edit_hop(ed);
	if (branch_passes(branch))
		hop_clean_identity(ed);
	else
		hop_clean(ed);
	branch_identity(branch, ed);
	invite_divert_edit(branch, ed);
	/* only our table routes */
	smsg_edit_remove(ed, SHDR_ROUTE);
	smsg_edit_remove(ed, SHDR_PATH);
	service_route_edit(branch, ed);
	side_names_edit(ed, &branch->to.names);
	loop_breadth_edit(ed, branch->inv->hunt.breadth);
	cseq_edit(ed, branch->shift);
	session_edit(ed, &px->cfg.session, branch->session_least);
	challenge_edit(&branch->challenge, ed);
	form_edit(ed, branch->form);
	err = hop_contact(px, ed, &branch->to.flow, &caller);
	err = err ? err : route_text(route, branch, COOKIE_TO_CALLER);
	if (err)
		return err;

	text = smsg_edit_text(ed, "%s", route);
	smsg_edit_set(ed, SHDR_RECORD_ROUTE, &text);
	return ed->err;
}

int branch_invite_write(struct branch *branch, size_t *len)
{
	struct proxy *px = branch->inv->px;
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	struct pl sdp = PL(""), ctype = PL("application/sdp"), via;
	int err;

	if (!ed)
		return ENOMEM;

	smsg_edit_init(ed, txn_srv_request(branch->inv->st));
	if (branch->offer)
		pl_set_mbuf(&sdp, branch->offer);
	smsg_edit_body(ed, &ctype, &sdp);
	pl_set_str(&via, branch->mark.via);
	smsg_edit_set(ed, SHDR_VIA, &via);
	err = invite_edit(branch, ed);
	err = err ? err : smsg_edit_write(ed, px->buf, SMSG_MAX, len);
	mem_deref(ed);
	return err;
}

struct session_agreed branch_session(const struct branch *branch,
				     const struct smsg *answer)
{
	const struct session_limits *limits = &branch->inv->px->cfg.session;
	const struct smsg *req = txn_srv_request(branch->inv->st);

	return session_agree(limits,
			     session_offered(limits, branch->session_least,
					     req),
			     req, answer);
}

int branch_back_write(struct branch *branch, const struct smsg *msg,
		      uint16_t scode, const struct pl *sdp, size_t *len)
{
	struct invite *inv = branch->inv;
	const struct hop_side callee = {inv->rec.call, CALL_CALLEE};
	struct hop_back back = {.scode = scode,
				.sdp = sdp,
				.reliable = branch_rseq(branch, msg) != 0,
				.dialog = msg->scode < 300};
	struct identity who = branch_who_answers(branch);
	char route[HOP_ADDR_MAX], contact[HOP_ADDR_MAX] = "";
	struct session_agreed timer;
	int err = 0;

	back.who = &who;
	if (msg->scode >= 200 && msg->scode < 300) {
		timer = branch_session(branch, msg);
		back.session = timer.ours ? timer.expires : 0;
	}
	if (back.dialog) {
		err = route_text(route, branch, COOKIE_TO_CALLEE);
		pl_set_str(&back.route, route);
	}
	/* where a callee that refuses could be reached is not the caller's */
	if (!err && back.dialog) {
		err = hop_contact_text(contact, inv->px, msg, &inv->caller,
				       &callee);
		pl_set_str(&back.contact, contact);
	}
	return err ? err
		   : hop_back_write(inv->px, len, txn_srv_request(inv->st), msg,
				    &back);
}

int branch_forward(struct branch *branch, const struct smsg *msg,
		   uint16_t scode, const struct pl *sdp)
{
	struct invite *inv = branch->inv;
	size_t len;
	int err = branch_back_write(branch, msg, scode, sdp, &len);

	if (!err)
		invite_heard(inv, scode ? scode : msg->scode);
	return err ? err : txn_srv_reply(inv->st, inv->px->buf, len);
}

static int ack_write(struct branch *branch, const struct smsg *answer,
		     const struct call_side *side, size_t *len)
{
	struct proxy *px = branch->inv->px;
	char via[HOP_VIA_MAX], text[BRANCH_TEXT_MAX + 1];
	struct smsg_request req = {.method = "ACK",
				   .from = answer->from.val,
				   .to = answer->to.val,
				   .callid = answer->callid,
				   .cseq = answer->cseq.num};
	struct smsg_field fields[2];
	struct pl route;
	int err;

	err = hop_via_text(px, via, text, &answer->callid, &branch->to.flow);
	if (err)
		return err;

	pl_set_str(&route, side->routes);
	pl_set_str(&req.uri, side->target);
	pl_set_str(&req.via, via);
	req.routev = &route;
	req.routec = route.l ? 1 : 0;
	req.fieldv = fields;
	challenge_fields(&branch->challenge, fields, &req.fieldc);
	return smsg_request_write(px->buf, SMSG_MAX, len, &req);
}

/* Its remote target; one that names none is where it was asked. */
static struct pl contact_of(const struct branch *branch,
			    const struct smsg *answer)
{
	struct shdr_addr contact;
	struct pl target;

	if (!smsg_addr(answer, SHDR_CONTACT, &contact) && !contact.star)
		return contact.uri.text;
	pl_set_str(&target, branch->to.target);
	return target;
}

int branch_record(const struct branch *branch, const struct smsg *answer,
		  struct call_record *rec)
{
	struct call_side *caller = &rec->side[CALL_CALLER];
	struct call_side *side = &rec->side[CALL_CALLEE];
	const struct branch_to *to = &branch->to;
	const struct pl target = contact_of(branch, answer);
	const struct early *early = branch_early_find(branch, &answer->to.tag);
	int err = flow_id_pack(&to->flow, side->flow, &side->flow_len);

	if (err)
		return EBADMSG;

	rec->leg = branch->leg;
	str_ncpy(rec->there, to->tenant ? to->tenant->id : "",
		 sizeof(rec->there));
	side->shift = branch->shift + (early ? early->ahead : 0);
	side->cseq = early ? early->cseq : 0;
	/* as the INVITE went: its ACK, and what PRACKs name (RFC 3262 7.2) */
	caller->invite_cseq = answer->cseq.num - branch->shift;
	caller->invite_shift = branch->shift;
	challenge_print(&branch->challenge, caller->invite_cseq, side->ack,
			sizeof(side->ack));
	side->profile = (uint8_t)device_branch_profile(branch);
	str_ncpy(side->conn, to->conn ? to->conn->name : "",
		 sizeof(side->conn));
	str_ncpy(caller->far, to->names.from, sizeof(caller->far));
	str_ncpy(side->far, to->names.to, sizeof(side->far));
	err = hop_routes_of(side->routes, answer);
	err |= pl_strcpy(&target, side->target, sizeof(side->target));
	err |= pl_strcpy(&answer->to.tag, side->tag, sizeof(side->tag));
	return err ? EBADMSG : 0;
}

static bool released(struct branch *branch, const struct pl *tag)
{
	uint32_t hash = hash_joaat((const uint8_t *)tag->p, tag->l);

	for (unsigned i = 0; i < branch->nreleased; i++) {
		if (branch->released[i] == hash)
			return true;
	}
	if (branch->nreleased < BRANCH_RELEASED_MAX)
		branch->released[branch->nreleased++] = hash;
	return false;
}

/* RFC 3261 13.2.2.4: a 2xx is acknowledged first, each time it comes, then
 * ended. */
void branch_release(struct branch *branch, const struct smsg *answer)
{
	struct proxy *px = branch->inv->px;
	struct call_record *rec = mem_alloc(sizeof(*rec), NULL);
	const struct call_side *side;
	size_t len;

	if (!rec)
		return;
	*rec = branch->inv->rec;
	side = &rec->side[CALL_CALLEE];
	if (!branch_record(branch, answer, rec) &&
	    !ack_write(branch, answer, side, &len) &&
	    !transport_send(px->deps.transport, &branch->to.flow, px->buf, len,
			    0) &&
	    !released(branch, &answer->to.tag))
		bye_send(px, rec, CALL_CALLEE, STATUS_CANCELLED);
	mem_deref(rec);
}
