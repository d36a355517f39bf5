/*
 * branch.c  One branch of a call: a device that rings
 *
 * Each has its own leg in mediad and its own offer. RFC 3261 16.6, 16.7.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/invite.h"

static void destructor(void *data)
{
	struct branch *branch = data;

	list_unlink(&branch->le);
	mem_deref(branch->ask);
	mem_deref(branch->answer);
	if (branch->ct)
		txn_cli_detach(branch->ct);
}

static void cookie_fill(struct cookie *cookie, const struct branch *branch,
			enum cookie_direction direction)
{
	const struct invite *inv = branch->inv;
	const struct flow_id *to = direction == COOKIE_TO_CALLER
					   ? &inv->caller
					   : &branch->flow;
	size_t len = 0;

	memset(cookie, 0, sizeof(*cookie));
	cookie->direction = direction;
	cookie->leg	  = branch->leg;
	str_ncpy(cookie->call, inv->rec.call, sizeof(cookie->call));
	str_ncpy(cookie->session, inv->rec.session, sizeof(cookie->session));
	str_ncpy(cookie->tenant, inv->rec.tenant, sizeof(cookie->tenant));
	str_ncpy(cookie->media, inv->rec.media, sizeof(cookie->media));
	if (!flow_id_pack(to, cookie->flow, &len))
		cookie->flow_len = len;
}

/* Our Record-Route value for the side that gets it. */
static int route_text(struct branch *branch, struct smsg_edit *ed,
		      struct pl *route, enum cookie_direction direction)
{
	const struct smsg *req = txn_srv_request(branch->inv->st);
	const struct hop_dialog dialog = {
		.id = {req->callid, req->from.tag},
		.shown_to = direction == COOKIE_TO_CALLER
				    ? &branch->flow
				    : &branch->inv->caller,
	};
	struct cookie cookie;

	cookie_fill(&cookie, branch, direction);
	return hop_cookie(branch->inv->px, ed, route, &cookie, &dialog);
}

static int invite_write(struct branch *branch, const struct pl *sdp,
			char text[], size_t *len)
{
	struct invite *inv = branch->inv;
	struct proxy *px = inv->px;
	const struct hop_side caller = {inv->rec.call, CALL_CALLER};
	struct pl uri, route, ctype = PL("application/sdp");
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	int err;

	if (!ed)
		return ENOMEM;

	smsg_edit_init(ed, txn_srv_request(inv->st));
	pl_set_str(&uri, branch->binding.contact);
	smsg_edit_uri(ed, &uri);
	smsg_edit_hop(ed);
	hop_clean(ed);
	/* reliable provisional responses would need a PRACK of ours */
	smsg_edit_remove_token(ed, SHDR_SUPPORTED, "100rel");
	smsg_edit_body(ed, &ctype, sdp);
	err = hop_contact(px, ed, &branch->flow, &caller);
	if (!err)
		err = route_text(branch, ed, &route, COOKIE_TO_CALLER);
	if (!err) {
		smsg_edit_push(ed, SHDR_RECORD_ROUTE, &route);
		err = hop_via(px, ed, &branch->flow, text);
	}
	if (!err)
		err = smsg_edit_write(ed, px->buf, SMSG_MAX, len);
	mem_deref(ed);
	return err;
}

static void over(struct branch *branch, uint16_t scode)
{
	struct invite *inv = branch->inv;

	mem_deref(branch);
	invite_branch_over(inv, scode);
}

static void provisional(struct branch *branch, const struct smsg *msg)
{
	const struct pl none = PL("");

	/* 100 is hop by hop (RFC 3261 16.7 step 4) */
	if (msg->scode > 100 && !branch->inv->winner && !branch->inv->over)
		(void)branch_forward(branch, msg, &none);
}

/* The device repeats its 2xx until the caller's ACK, and we do not by
 * ourselves: so each one goes on (RFC 3261 16.7 step 5). With another tag it
 * is a further dialog, which nobody wants. */
static void repeated(struct branch *branch, const struct smsg *msg)
{
	const struct invite *inv = branch->inv;
	struct pl sdp;

	if (pl_cmp(&msg->to.tag, &branch->answer->to.tag)) {
		branch_release(branch, msg);
	} else if (inv->answered) {
		pl_set_mbuf(&sdp, inv->sdp);
		(void)branch_forward(branch, branch->answer, &sdp);
	}
}

static void success(struct branch *branch, const struct smsg *msg)
{
	struct invite *inv = branch->inv;

	if (inv->winner == branch) {
		repeated(branch, msg);
		return;
	}
	if (inv->over || inv->winner || smsg_clone(&branch->answer, msg)) {
		branch_release(branch, msg);
		over(branch, 487);
		return;
	}
	invite_branch_won(inv, branch);
}

/* What is a matter between the device and us is not the caller's: a new
 * target, a challenge, and that it has too much to do (RFC 3261 16.7 step 6).
 */
static uint16_t code_onward(uint16_t scode)
{
	if (scode < 400 || scode == 401 || scode == 407)
		return 480;
	return scode == 503 ? 500 : scode;
}

/* Refused: told at once, while the transaction goes on to absorb repeats. */
static void refused(struct branch *branch, uint16_t scode)
{
	txn_cli_detach(branch->ct);
	branch->ct = NULL;
	over(branch, code_onward(scode));
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct branch *branch = arg;
	(void)ct;

	if (msg->scode < 200)
		provisional(branch, msg);
	else if (msg->scode < 300)
		success(branch, msg);
	else
		refused(branch, msg->scode);
}

/* The transaction is over. A winner lives on without it. */
static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct branch *branch = arg;
	(void)ct;

	branch->ct = NULL;
	if (branch != branch->inv->winner)
		over(branch, err == ETIMEDOUT	? 408
			     : err == ECANCELED ? 487
						: 480);
}

static void send_invite(struct branch *branch, const struct pl *sdp)
{
	struct proxy *px = branch->inv->px;
	struct txn_cli_params params = {.resph = on_response,
					.endh = on_end, .arg = branch};
	char text[BRANCH_TEXT_MAX + 1];
	struct txn_dest dest;
	int err = invite_write(branch, sdp, text, &params.len);

	if (!err) {
		dest_of_flow(&dest, &branch->flow);
		params.dest = &dest;
		params.msg  = px->buf;
		pl_set_str(&params.branch, text);
		err = hop_start(px, &branch->ct, &branch->ref, &params);
	}
	/* a flow that is gone counts as 430: the device is not there (RFC
	 * 5626 5.3) */
	if (err)
		over(branch, 480);
}

static void on_offer(const struct ctl_ans *ans, void *arg)
{
	struct branch *branch = arg;
	const struct pl sdp = ans->sdp;
	struct media_ask *ask = branch->ask;

	branch->ask = NULL;
	if (ans->status != STATUS_OK)
		over(branch, status_info(ans->status)->sip);
	else
		send_invite(branch, &sdp);
	mem_deref(ask);
}

int branch_start(struct invite *inv, const struct binding *binding)
{
	struct branch *branch;
	struct ctl_req req = {.verb = CTL_LEG_LOCAL,
			      .local = {.want = CTL_OFFER,
					.profile = CTL_BROWSER}};
	struct flow_id flow;
	int err = flow_id_unpack(&flow, binding->flow, binding->flow_len);

	if (err || inv->legs >= CTL_LEG_MAX)
		return err ? err : ENFILE;

	branch = mem_zalloc(sizeof(*branch), destructor);
	if (!branch)
		return ENOMEM;

	branch->inv	= inv;
	branch->binding = *binding;
	branch->flow	= flow;
	branch->leg	= ++inv->legs;
	list_append(&inv->branches, &branch->le, branch);

	req.local.leg = branch->leg;
	str_ncpy(req.session, inv->rec.session, sizeof(req.session));
	err = media_client_ask(&branch->ask, inv->px->deps.media,
			       inv->rec.media, &req, on_offer, branch);
	if (err)
		mem_deref(branch);
	return err;
}

void branch_cancel(struct branch *branch, const char *reason)
{
	struct pl pl;

	if (branch == branch->inv->winner)
		return;
	if (!branch->ct) {
		mem_deref(branch);
		return;
	}
	if (reason)
		pl_set_str(&pl, reason);
	(void)txn_cli_cancel(branch->ct, reason ? &pl : NULL);
}

/* The Record-Route that we put in is the one above those that came with the
 * request; what stands above it was put there on the way to the device. */
static void route_swap(struct branch *branch, struct smsg_edit *ed)
{
	const struct smsg *req = txn_srv_request(branch->inv->st);
	unsigned above = smsg_count(req, SHDR_RECORD_ROUTE) + 1;
	unsigned count = smsg_count(ed->msg, SHDR_RECORD_ROUTE);
	struct pl route;

	if (route_text(branch, ed, &route, COOKIE_TO_CALLEE))
		return;
	if (count >= above)
		smsg_edit_replace_value(ed, SHDR_RECORD_ROUTE, count - above,
					&route);
	else /* it did not copy them: the dialog still goes through us */
		smsg_edit_push(ed, SHDR_RECORD_ROUTE, &route);
}

int branch_forward(struct branch *branch, const struct smsg *msg,
		   const struct pl *sdp)
{
	struct invite *inv = branch->inv;
	const struct hop_side callee = {inv->rec.call, CALL_CALLEE};
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	struct pl ctype = PL("application/sdp"), none = PL("");
	size_t len;
	int err;

	if (!ed)
		return ENOMEM;

	smsg_edit_init(ed, msg);
	/* without a second Via it is for nobody (RFC 3261 16.7 step 3) */
	if (smsg_count(msg, SHDR_VIA) < 2)
		ed->err = EBADMSG;
	smsg_edit_pop(ed, SHDR_VIA);
	route_swap(branch, ed);
	smsg_edit_remove(ed, SHDR_RSEQ);
	smsg_edit_remove(ed, SHDR_REQUIRE);
	smsg_edit_body(ed, sdp->l ? &ctype : &none, sdp);
	err = smsg_hdr(msg, SHDR_CONTACT)
		      ? hop_contact(inv->px, ed, &inv->caller, &callee)
		      : 0;
	if (!err)
		err = smsg_edit_write(ed, inv->px->buf, SMSG_MAX, &len);
	mem_deref(ed);
	if (!err)
		err = txn_srv_reply(inv->st, inv->px->buf, len);
	return err;
}

static int ack_write(struct branch *branch, const struct smsg *answer,
		     size_t *len)
{
	struct proxy *px = branch->inv->px;
	char via[HOP_VIA_MAX], text[BRANCH_TEXT_MAX + 1];
	struct smsg_request req = {.method = "ACK",
				   .cseq = answer->cseq.num};
	struct shdr_addr contact;
	int err;

	err = smsg_addr(answer, SHDR_CONTACT, 0, &contact);
	if (!err)
		err = hop_via_text(px, via, text, &answer->callid,
				   &branch->flow);
	if (err)
		return err;

	req.uri	   = contact.uri.text;
	req.from   = answer->from.val;
	req.to	   = answer->to.val;
	req.callid = answer->callid;
	pl_set_str(&req.via, via);
	return smsg_request_write(px->buf, SMSG_MAX, len, &req);
}

/* RFC 3261 13.2.2.4: a 2xx is acknowledged first, then ended. */
void branch_release(struct branch *branch, const struct smsg *answer)
{
	struct proxy *px = branch->inv->px;
	struct call_record *rec;
	struct shdr_addr contact;
	struct call_side *side;
	size_t len;

	if (!answer || ack_write(branch, answer, &len) ||
	    transport_send(px->deps.transport, &branch->flow, px->buf, len,
			   0) ||
	    smsg_addr(answer, SHDR_CONTACT, 0, &contact))
		return;

	rec = mem_alloc(sizeof(*rec), NULL);
	if (!rec)
		return;
	*rec = branch->inv->rec;
	side = &rec->side[CALL_CALLEE];
	memcpy(side->flow, branch->binding.flow, branch->binding.flow_len);
	side->flow_len = branch->binding.flow_len;
	if (!pl_strcpy(&contact.uri.text, side->target,
		       sizeof(side->target)) &&
	    !pl_strcpy(&answer->to.tag, side->tag, sizeof(side->tag)))
		hangup_bye(px, rec, CALL_CALLEE);
	mem_deref(rec);
}
