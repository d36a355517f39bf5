/*
 * key_info.c  A key that mediad has heard, for who hears of keys by INFO
 *
 * The INFO is within the call's dialog with that side, in the other side's
 * name; any worker sends it. Nobody waits for its answer: a key is heard now or
 * not at all. Only a PBX that asks who we are gets it again, with credentials.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "routing/route_conn.h"
#include "sigd/call/call_own.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/side.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/sip/sdtmf.h"
#include "sigd/sip/smsg_build.h"

enum {
	KEYS_MAX = 1000, /* under way */
	ADDR_MAX = 1024
};

struct key_info {
	struct le le;
	struct proxy *px;
	char call[17];
	struct call_ask *ask;
	struct txn_cli *ct;
	struct call_record *rec; /* of a side that may challenge us */
	struct challenge challenge;
	unsigned side;
	struct sdtmf key;
};

static void destructor(void *data)
{
	struct key_info *info = data;

	list_unlink(&info->le);
	mem_deref(info->ask);
	mem_deref(info->rec);
	challenge_reset(&info->challenge);
	if (info->ct)
		txn_cli_detach(info->ct);
}

/* As the dialog of the side that it goes to has it. */
static const char *uri_of(const struct call_side *side, unsigned to_side)
{
	return to_side == CALL_CALLEE && side->far[0] ? side->far : side->uri;
}

static int info_write(const struct key_info *info, const struct call_record *rec,
		      const struct flow_id *flow, char branch[], size_t *len)
{
	const struct call_side *to = &rec->side[info->side];
	const struct call_side *from = &rec->side[!info->side];
	char via[HOP_VIA_MAX], from_val[ADDR_MAX], to_val[ADDR_MAX];
	char body[SDTMF_BODY_MAX];
	struct smsg_field fields[2];
	struct smsg_request req = {.method = "INFO",
				   .cseq = from->cseq + to->shift,
				   .ctype = PL("application/dtmf-relay")};
	struct pl route;
	int err;

	pl_set_str(&req.callid, rec->callid);
	err = hop_via_text(info->px, via, branch, &req.callid, flow);
	if (err)
		return err;
	if (re_snprintf(from_val, sizeof(from_val), "<%s>;tag=%s",
			uri_of(from, info->side), from->tag) < 0 ||
	    re_snprintf(to_val, sizeof(to_val), "<%s>;tag=%s",
			uri_of(to, info->side), to->tag) < 0)
		return EOVERFLOW;

	pl_set_str(&route, to->routes);
	req.routev = &route;
	req.routec = route.l ? 1 : 0;
	pl_set_str(&req.uri, to->target);
	pl_set_str(&req.via, via);
	pl_set_str(&req.from, from_val);
	pl_set_str(&req.to, to_val);
	(void)sdtmf_write(body, &info->key);
	pl_set_str(&req.body, body);
	req.fieldv = fields;
	challenge_fields(&info->challenge, fields, &req.fieldc);
	return smsg_request_write(info->px->buf, SMSG_MAX, len, &req);
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg);

/* The same with a CSeq of its own. */
static bool again(struct key_info *info, const struct smsg *msg)
{
	char body[SDTMF_BODY_MAX];
	struct challenge_asked asked = {.dialog = true};

	if (!info->rec || (msg->scode != 401 && msg->scode != 407))
		return false;
	asked.conn = side_login(info->px, info->rec, info->side);
	if (!asked.conn)
		return false;
	(void)sdtmf_write(body, &info->key);
	pl_set_str(&asked.body, body);
	pl_set_str(&asked.uri, info->rec->side[info->side].target);
	return !challenge_take(&info->challenge, info->px, &asked, msg) &&
	       !call_own_request(&info->ask, info->px->deps.redis, info->call,
				 info->side, on_record, info);
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct key_info *info = arg;

	if (msg->scode < 200)
		return;
	txn_cli_detach(ct);
	info->ct = NULL;
	if (!again(info, msg))
		mem_deref(info);
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct key_info *info = arg;
	(void)ct;
	(void)err;

	info->ct = NULL;
	mem_deref(info);
}

static int info_send(struct key_info *info, const struct call_record *rec)
{
	const struct call_side *to = &rec->side[info->side];
	struct txn_cli_params params = {.msg = info->px->buf,
					.resph = on_response,
					.endh = on_end,
					.arg = info};
	char branch[BRANCH_TEXT_MAX + 1];
	struct txn_dest dest;
	struct flow_id flow;
	int err;

	if (!to->flow_len)
		return ENOENT;
	err = flow_id_unpack(&flow, to->flow, to->flow_len);
	err = err ? err : info_write(info, rec, &flow, branch, &params.len);
	if (err)
		return err;
	dest_of_flow(&dest, &flow);
	params.dest = &dest;
	pl_set_str(&params.branch, branch);
	return txn_cli_start(&info->ct, info->px->txns, &params);
}

/* Of a side that may challenge us. */
static void keep(struct key_info *info, const struct call_record *rec)
{
	const struct route_connection *conn =
		side_login(info->px, rec, info->side);

	if (!conn || info->rec)
		return;
	conn_pins_fetch(info->px->pins, conn);
	info->rec = mem_alloc(sizeof(*rec), NULL);
	if (info->rec)
		*info->rec = *rec;
}

static void on_record(enum status code, const struct call_record *rec,
		      void *arg)
{
	struct key_info *info = arg;
	int err;

	info->ask = mem_deref(info->ask);
	if (code != STATUS_OK) {
		mem_deref(info);
		return;
	}
	keep(info, rec);
	err = info_send(info, rec);
	/* which one may be a secret */
	log_debug(rec->call, "a key is told", "side=%u err=%d", info->side,
		  err);
	if (err)
		mem_deref(info);
}

void proxy_key_heard(struct proxy *px, const struct proxy_key *key)
{
	struct key_info *info;

	if (list_count(&px->tasks) >= KEYS_MAX ||
	    !(info = mem_zalloc(sizeof(*info), destructor)))
		return;
	info->px = px;
	info->side = key->leg == 1 ? CALL_CALLER : CALL_CALLEE;
	info->key = (struct sdtmf){key->code, key->ms};
	str_ncpy(info->call, key->call, sizeof(info->call));
	list_append(&px->tasks, &info->le, info);
	if (call_own_request(&info->ask, px->deps.redis, key->call, info->side,
			     on_record, info))
		mem_deref(info);
}
