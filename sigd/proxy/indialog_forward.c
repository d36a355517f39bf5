/*
 * indialog_forward.c  A request within a dialog, to the other side and back
 *
 * RFC 3261 16.6, 16.7. An ACK has no transaction: it is sent and forgotten.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/proxy/indialog.h"

static int request_write(struct indialog *in, const struct pl *sdp,
			 char text[], size_t *len)
{
	const struct hop_side from = {in->cookie.call,
				      (uint8_t)indialog_side(in)};
	const struct smsg *msg = indialog_request(in);
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	struct pl uri, ctype = PL("application/sdp");
	int err = 0;

	if (!ed)
		return ENOMEM;

	smsg_edit_init(ed, msg);
	pl_set_str(&uri, in->target);
	smsg_edit_uri(ed, &uri);
	smsg_edit_hop(ed);
	hop_clean(ed);
	if (sdp)
		smsg_edit_body(ed, &ctype, sdp);
	if (smsg_hdr(msg, SHDR_CONTACT))
		err = hop_contact(in->px, ed, &in->to, &from);
	if (!err)
		err = hop_via(in->px, ed, &in->to, text);
	if (!err)
		err = smsg_edit_write(ed, in->px->buf, SMSG_MAX, len);
	mem_deref(ed);
	return err;
}

void indialog_back(struct indialog *in, const struct smsg *msg,
		   const struct pl *sdp)
{
	const struct hop_side from = {in->cookie.call,
				      (uint8_t)!indialog_side(in)};
	struct smsg_edit *ed = mem_alloc(sizeof(*ed), NULL);
	struct pl ctype = PL("application/sdp");
	size_t len;
	int err = 0;

	if (!ed)
		return;

	smsg_edit_init(ed, msg);
	smsg_edit_pop(ed, SHDR_VIA);
	if (sdp)
		smsg_edit_body(ed, &ctype, sdp);
	if (smsg_hdr(msg, SHDR_CONTACT))
		err = hop_contact(in->px, ed, &in->from, &from);
	if (!err)
		err = smsg_edit_write(ed, in->px->buf, SMSG_MAX, &len);
	mem_deref(ed);
	if (!err && in->st)
		(void)txn_srv_reply(in->st, in->px->buf, len);
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct indialog *in = arg;
	(void)ct;

	if (msg->scode == 100)
		return;
	if (msg->scode >= 200)
		in->final = msg->scode;
	if (msg->scode >= 200 && msg->scode < 300 && in->offer) {
		if (!in->answer && !smsg_clone(&in->answer, msg))
			indialog_answer(in);
		return;
	}
	indialog_back(in, msg, NULL);
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct indialog *in = arg;
	(void)ct;

	in->ct = NULL;
	/* a BYE has done its work even when the other side is not there */
	if (err && in->st && !in->final)
		reply_status(in->px, in->st,
			     indialog_request(in)->method == SMSG_BYE
				     ? STATUS_OK
			     : err == ETIMEDOUT ? STATUS_TARGET_TIMEOUT
						: STATUS_FLOW_GONE);
}

void indialog_forward(struct indialog *in, const struct pl *sdp)
{
	struct txn_cli_params params = {.resph = on_response,
					.endh = on_end, .arg = in};
	struct proxy *px = in->px;
	char text[BRANCH_TEXT_MAX + 1];
	struct txn_dest dest;
	int err = request_write(in, sdp, text, &params.len);

	if (!in->st) {
		if (!err)
			(void)transport_send(px->deps.transport, &in->to,
					     px->buf, params.len, 0);
		mem_deref(in);
		return;
	}
	if (!err) {
		dest_of_flow(&dest, &in->to);
		params.dest = &dest;
		params.msg  = px->buf;
		pl_set_str(&params.branch, text);
		err = txn_cli_start(&in->ct, px->txns, &params);
	}
	if (err)
		on_end(NULL, err, in);
}
