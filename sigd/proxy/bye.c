/*
 * bye.c  A BYE of ours, to one side of a call that has ended
 *
 * Nobody waits for its answer, but a connection may ask who we are: then it is
 * sent again, with the credentials of that connection (challenge.h).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/call/branch_token.h"
#include "sigd/proxy/challenge.h"
#include "sigd/proxy/conn_pins.h"
#include "sigd/proxy/proxy_priv.h"

/* 2^16 ahead, so that what a side may have sent meanwhile does not collide. */
enum {
	CSEQ_AHEAD = 1 << 16,
	BYES_MAX = 10000 /* that may be asked who we are */
};

/* One to a connection with credentials. */
struct bye {
	struct le le;
	struct proxy *px;
	struct call_record rec;
	unsigned side; /* that it goes to */
	struct challenge challenge;
	uint32_t tries;
	struct txn_cli *ct;
};

static void destructor(void *data)
{
	struct bye *bye = data;

	list_unlink(&bye->le);
	challenge_reset(&bye->challenge);
	if (bye->ct)
		txn_cli_detach(bye->ct);
}

/* --- the request -------------------------------------------------------------- */

/* As the dialog of the side that it goes to has it. */
static const char *uri_of(const struct call_side *side, unsigned to_side)
{
	return to_side == CALL_CALLEE && side->far[0] ? side->far : side->uri;
}

/* What is sent, from plain data. */
struct letter {
	const struct call_record *rec;
	unsigned side;
	const struct challenge *challenge; /* NULL: none was answered */
	uint32_t tries;
};

/* From, To and CSeq of the side that we speak for. */
static int write_bye(struct proxy *px, size_t *len, char branch[],
		     const struct letter *letter, const struct flow_id *flow)
{
	const struct call_side *to = &letter->rec->side[letter->side];
	const struct call_side *from = &letter->rec->side[!letter->side];
	char via[HOP_VIA_MAX], from_val[1024], to_val[1024];
	struct smsg_field fields[2];
	struct smsg_request req = {.method = "BYE",
				   .cseq = from->cseq + CSEQ_AHEAD +
					   to->shift + letter->tries,
				   .fieldv = fields};
	struct pl route;
	int err;

	pl_set_str(&req.callid, letter->rec->callid);
	err = hop_via_text(px, via, branch, &req.callid, flow);
	if (err)
		return err;

	if (re_snprintf(from_val, sizeof(from_val), "<%s>;tag=%s",
			uri_of(from, letter->side), from->tag) < 0 ||
	    re_snprintf(to_val, sizeof(to_val), "<%s>;tag=%s",
			uri_of(to, letter->side), to->tag) < 0)
		return EOVERFLOW;

	pl_set_str(&route, to->routes);
	req.routev = &route;
	req.routec = route.l ? 1 : 0;
	if (letter->challenge)
		challenge_fields(letter->challenge, fields, &req.fieldc);
	pl_set_str(&req.uri, to->target);
	pl_set_str(&req.via, via);
	pl_set_str(&req.from, from_val);
	pl_set_str(&req.to, to_val);
	return smsg_request_write(px->buf, SMSG_MAX, len, &req);
}

/* params: its handlers. */
static int send_bye(struct txn_cli **ctp, struct proxy *px,
		    const struct letter *letter, struct txn_cli_params *params)
{
	const struct call_side *to = &letter->rec->side[letter->side];
	char branch[BRANCH_TEXT_MAX + 1];
	struct txn_dest dest;
	struct flow_id flow;
	int err;

	if (!to->flow_len || flow_id_unpack(&flow, to->flow, to->flow_len))
		return EINVAL;
	err = write_bye(px, &params->len, branch, letter, &flow);
	if (err)
		return err;

	dest_of_flow(&dest, &flow);
	params->dest = &dest;
	params->msg  = px->buf;
	pl_set_str(&params->branch, branch);
	return txn_cli_start(ctp, px->txns, params);
}

/* --- to who may ask who we are --------------------------------------------------- */

static const struct route_connection *connection(const struct proxy *px,
						 const struct call_record *rec,
						 unsigned side)
{
	const struct route_connection *conn;
	struct pl id, name;

	pl_set_str(&id, rec->tenant);
	pl_set_str(&name, rec->side[side].conn);
	if (!name.l)
		return NULL;
	conn = route_connection_find(route_tenant_by_id(px->deps.routes, &id),
				     &name);
	return conn && conn->login.username ? conn : NULL;
}

static int attempt(struct bye *bye);

static bool again(struct bye *bye, const struct smsg *msg)
{
	struct challenge_asked asked = {.body = PL(""), .dialog = true};
	int err;

	/* a reload may have taken it away */
	asked.conn = connection(bye->px, &bye->rec, bye->side);
	if (!asked.conn)
		return false;
	pl_set_str(&asked.uri, bye->rec.side[bye->side].target);
	err = challenge_take(&bye->challenge, bye->px, &asked, msg);
	if (err) {
		log_warn(bye->rec.call, "challenge not answered",
			 "connection=%s method=BYE code=%u why=%s",
			 asked.conn->name, msg->scode, challenge_why(err));
		return false;
	}
	++bye->tries;
	return !attempt(bye);
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct bye *bye = arg;

	if (msg->scode < 200)
		return;
	txn_cli_detach(ct);
	bye->ct = NULL;
	if ((msg->scode != 401 && msg->scode != 407) || !again(bye, msg))
		mem_deref(bye);
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct bye *bye = arg;
	(void)ct;
	(void)err;

	bye->ct = NULL;
	mem_deref(bye);
}

static int attempt(struct bye *bye)
{
	const struct letter letter = {&bye->rec, bye->side, &bye->challenge,
				      bye->tries};
	struct txn_cli_params params = {.resph = on_response,
					.endh = on_end,
					.arg = bye};

	return send_bye(&bye->ct, bye->px, &letter, &params);
}

static bool send_followed(struct proxy *px, const struct call_record *rec,
			  unsigned side)
{
	const struct route_connection *conn = connection(px, rec, side);
	struct bye *bye;

	if (!conn || list_count(&px->byes) >= BYES_MAX)
		return false;
	bye = mem_zalloc(sizeof(*bye), destructor);
	if (!bye)
		return false;
	bye->px	  = px;
	bye->rec  = *rec;
	bye->side = side;
	list_append(&px->byes, &bye->le, bye);
	conn_pins_fetch(px->pins, conn);
	if (attempt(bye))
		mem_deref(bye);
	return true;
}

void hangup_bye(struct proxy *px, const struct call_record *rec, unsigned side)
{
	const struct letter letter = {rec, side, NULL, 0};
	struct txn_cli_params params = {0};
	struct txn_cli *ct = NULL;

	if (!send_followed(px, rec, side) &&
	    !send_bye(&ct, px, &letter, &params))
		txn_cli_detach(ct);
}
