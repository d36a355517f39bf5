/*
 * bye.c  A BYE of our own, to one side of a call
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/fault.h"
#include "common/log.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/call/branch_token.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/end/bye.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/sip/smsg_build.h"

enum { CSEQ_AHEAD = 1 << 16, FIELDS = 3, REASON_MAX = 64, ADDR_MAX = 1024 };

struct bye {
	struct le le;
	struct proxy *px;
	struct txn_cli *ct;
	struct call_record *rec; /* of a side that may challenge us */
	struct challenge challenge;
	unsigned side, again;
	enum status reason;
	bye_done_h *doneh; /* NULL: it is its own */
	void *arg;
};

static void destructor(void *data)
{
	struct bye *bye = data;

	list_unlink(&bye->le);
	if (bye->ct)
		txn_cli_detach(bye->ct);
	challenge_reset(&bye->challenge);
	mem_deref(bye->rec);
}

static void done(struct bye *bye)
{
	bye_done_h *h = bye->doneh;
	void *arg = bye->arg;

	if (h)
		h(arg);
	else
		mem_deref(bye);
}

/* --- its bytes ------------------------------------------------------------------ */

/* As the dialog of the side that it goes to has it. */
static const char *uri_of(const struct call_side *side, unsigned to_side)
{
	return to_side == CALL_CALLEE && side->far[0] ? side->far : side->uri;
}

static void fields_fill(const struct bye *bye, struct smsg_request *req,
			struct smsg_field fields[FIELDS],
			char reason[REASON_MAX])
{
	re_snprintf(reason, REASON_MAX, "cordboard;text=\"%s\"",
		    status_text(bye->reason));
	pl_set_str(&fields[0].name, "Reason");
	pl_set_str(&fields[0].val, reason);
	req->fieldv = fields;
	req->fieldc = 1;
	challenge_fields(&bye->challenge, fields, &req->fieldc);
}

/* Ahead of what the other side may have sent meanwhile, but below 2^31 as long
 * as that can be (RFC 3261 8.1.1.5). */
static uint32_t cseq_of(const struct bye *bye, const struct call_record *rec)
{
	const uint64_t used = (uint64_t)rec->side[!bye->side].cseq +
			      rec->side[bye->side].shift + bye->again;
	const uint64_t ahead = used + CSEQ_AHEAD;

	if (ahead <= INT32_MAX)
		return (uint32_t)ahead;
	return (uint32_t)min(max(used + 1, (uint64_t)INT32_MAX),
			     (uint64_t)UINT32_MAX);
}

/* From, To and CSeq of the side that we speak for. */
static int bye_write(const struct bye *bye, const struct call_record *rec,
		     const struct flow_id *flow, struct txn_cli_params *params,
		     char branch[])
{
	const struct call_side *to = &rec->side[bye->side];
	const struct call_side *from = &rec->side[!bye->side];
	char via[HOP_VIA_MAX], reason[REASON_MAX];
	char from_val[ADDR_MAX], to_val[ADDR_MAX];
	struct smsg_field fields[FIELDS];
	struct smsg_request req = {.method = "BYE",
				   .cseq = cseq_of(bye, rec)};
	struct pl route;
	int err;

	pl_set_str(&req.callid, rec->callid);
	err = hop_via_text(bye->px, via, branch, &req.callid, flow);
	if (err)
		return err;
	if (re_snprintf(from_val, sizeof(from_val), "<%s>;tag=%s",
			uri_of(from, bye->side), from->tag) < 0 ||
	    re_snprintf(to_val, sizeof(to_val), "<%s>;tag=%s",
			uri_of(to, bye->side), to->tag) < 0)
		return EOVERFLOW;

	pl_set_str(&route, to->routes);
	req.routev = &route;
	req.routec = route.l ? 1 : 0;
	pl_set_str(&req.uri, to->target);
	pl_set_str(&req.via, via);
	pl_set_str(&req.from, from_val);
	pl_set_str(&req.to, to_val);
	fields_fill(bye, &req, fields, reason);
	params->msg = bye->px->buf;
	return smsg_request_write(bye->px->buf, SMSG_MAX, &params->len, &req);
}

/* --- its life ------------------------------------------------------------------- */

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg);

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct bye *bye = arg;
	(void)ct;
	(void)err;

	bye->ct = NULL;
	done(bye);
}

static int try(struct bye *bye, const struct call_record *rec)
{
	const struct call_side *to = &rec->side[bye->side];
	struct txn_cli_params params = {.resph = on_response, .endh = on_end,
					.arg = bye};
	char branch[BRANCH_TEXT_MAX + 1];
	struct txn_dest dest;
	struct flow_id flow;
	uint64_t ref;
	int err;

	if (!to->flow_len)
		return ENOENT;
	err = flow_id_unpack(&flow, to->flow, to->flow_len);
	err = err ? err : bye_write(bye, rec, &flow, &params, branch);
	if (err)
		return err;

	dest_of_flow(&dest, &flow);
	params.dest = &dest;
	pl_set_str(&params.branch, branch);
	err = hop_start(bye->px, &bye->ct, &ref, &params);
	(void)FAULT("sigd.bye.sent");
	return err;
}

static bool challenged(struct bye *bye, const struct smsg *msg)
{
	struct challenge_asked asked = {.body = PL(""), .dialog = true};
	int err;

	if (!bye->rec || (msg->scode != 401 && msg->scode != 407))
		return false;
	asked.conn = side_login(bye->px, bye->rec, bye->side);
	if (!asked.conn)
		return false;
	pl_set_str(&asked.uri, bye->rec->side[bye->side].target);
	err = challenge_take(&bye->challenge, bye->px, &asked, msg);
	if (err) {
		log_warn(bye->rec->call, "challenge not answered",
			 "connection=%s method=BYE code=%u why=%s",
			 asked.conn->name, msg->scode, challenge_why(err));
		return false;
	}
	++bye->again;
	return !try(bye, bye->rec);
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct bye *bye = arg;

	if (msg->scode < 200)
		return;
	/* the transaction goes on to absorb what is repeated */
	txn_cli_detach(ct);
	bye->ct = NULL;
	if (!challenged(bye, msg))
		done(bye);
}

static struct bye *bye_new(struct proxy *px, const struct bye_params *params)
{
	struct bye *bye = mem_zalloc(sizeof(*bye), destructor);
	const struct route_connection *conn;

	if (!bye)
		return NULL;
	bye->px	    = px;
	bye->side   = params->side;
	bye->reason = params->reason;
	bye->doneh  = params->doneh;
	bye->arg    = params->arg;
	list_append(&px->byes, &bye->le, bye);
	conn = side_login(px, params->rec, params->side);
	if (!conn)
		return bye;
	conn_pins_fetch(px->pins, conn);
	bye->rec = mem_alloc(sizeof(*bye->rec), NULL);
	if (bye->rec)
		*bye->rec = *params->rec;
	return bye;
}

int bye_start(struct bye **byep, struct proxy *px,
	      const struct bye_params *params)
{
	struct bye *bye = bye_new(px, params);
	int err = bye ? try(bye, params->rec) : ENOMEM;

	if (err) {
		log_info(params->rec->call, "a BYE cannot be sent",
			 "side=%u err=%s", params->side, strerror(err));
		mem_deref(bye);
	} else if (byep) {
		*byep = bye;
	}
	return err;
}

void bye_send(struct proxy *px, const struct call_record *rec, unsigned side,
	      enum status reason)
{
	const struct bye_params params = {.rec = rec, .side = side,
					  .reason = reason};

	(void)bye_start(NULL, px, &params);
}
