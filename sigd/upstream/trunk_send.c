/*
 * trunk_send.c  The REGISTER to a PBX, to one address after the other
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/id.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_journal.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/conn/trunk_contact.h"
#include "sigd/proxy/conn/way_health.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/own_request.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/trace/trace.h"
#include "sigd/upstream/trunk_reg_priv.h"

static unsigned ways_left(const struct trunk_reg *reg)
{
	return reg->ways ? reg->ways[reg->way].left : 0;
}

/* Others are asked sooner than the transaction gives up. */
static void on_silence(void *arg)
{
	struct trunk_reg *reg = arg;

	if (reg->ct)
		txn_cli_transport_error(reg->ct, ETIMEDOUT);
}

static int send_register(struct trunk_reg *reg, uint32_t expires_s)
{
	const struct route_connection *conn = reg->conn;
	struct txn_cli *ct = NULL;
	char uri[TRUNK_URI_MAX], from[TRUNK_URI_MAX], to[TRUNK_URI_MAX], contact[TRUNK_URI_MAX],
		expires[16], user[TRUNK_CONTACT_MAX], tag[17];
	struct smsg_field fields[3];
	struct trace_dialog dialog = {.led = false};
	struct own_request req = {.method = "REGISTER", .to = &reg->to,
				  .cseq = ++reg->state.cseq,
				  .fieldv = fields, .fieldc = 3,
				  .challenge = &reg->challenge,
				  .resph = trunk_reg_response,
				  .endh = trunk_reg_end, .arg = reg};
	int err;

	trunk_contact_print(user, conn);
	id_make(tag);
	re_snprintf(uri, sizeof(uri), "sip:%s", conn->peer.domain);
	re_snprintf(to, sizeof(to), "<sip:%s@%s>", conn->login.username,
		    conn->peer.domain);
	re_snprintf(from, sizeof(from), "%s;tag=%s", to, tag);
	re_snprintf(contact, sizeof(contact), "<sip:%s@%s%s>", user,
		    hop_host(reg->px, &reg->to), hop_param(&reg->to));
	re_snprintf(expires, sizeof(expires), "%u", expires_s);
	pl_set_str(&req.uri, uri);
	pl_set_str(&req.from, from);
	pl_set_str(&req.to_val, to);
	pl_set_str(&req.callid, reg->state.callid);
	pl_set_str(&fields[0].name, "Contact");
	pl_set_str(&fields[0].val, contact);
	pl_set_str(&fields[1].name, "Expires");
	pl_set_str(&fields[1].val, expires);
	/* proxies on the way may ask to be passed (RFC 3327 5.1) */
	pl_set_str(&fields[2].name, "Supported");
	pl_set_str(&fields[2].val, "path");

	/* who takes over must not use this CSeq again (RFC 3261 10.2) */
	reg->h.stateh(reg, reg->h.arg);
	reg->h.senth(reg->h.arg);
	reg->sent_us = journal_now_us();
	reg->rtt_us = 0;
	dialog.callid = req.callid;
	pl_set_str(&dialog.tag, tag);
	trace_connection(reg->px->deps.trace, &dialog, conn->tenant->id,
			 conn->name);
	err = own_request_send(&ct, reg->px, &req);
	if (err)
		return err;
	reg->ct = ct;
	if (ways_left(reg) || reg->leaving)
		wheel_start(reg->px->deps.wheel, &reg->silence,
			    conn->times.answer, on_silence, reg);
	return 0;
}

void trunk_reg_attempt(struct trunk_reg *reg)
{
	if (send_register(reg, reg->leaving ? 0 : reg->expires_s) &&
	    !trunk_reg_next_way(reg, 0))
		trunk_reg_failed(reg, 0, "it could not be sent",
				 TRUNK_BACKOFF_MIN_MS);
}

/* RFC 3263 4.3: another address of the same name, which may have forgotten
 * nothing: what a challenge of the last one said is not for it. */
bool trunk_reg_next_way(struct trunk_reg *reg, uint32_t retry_after_ms)
{
	way_failed(reg->px->ways, &reg->to.remote,
		   wheel_now(reg->px->deps.wheel), retry_after_ms);
	if (!ways_left(reg))
		return false;
	reg->to = reg->ways[++reg->way].flow;
	challenge_reset(&reg->challenge);
	trunk_reg_attempt(reg);
	return true;
}
