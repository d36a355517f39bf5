/*
 * txn_srv.c  Server transactions: what INVITE and the others have in common
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/sip/smsg_build.h"
#include "sigd/txn/txn_priv.h"

static size_t size_of(const struct smsg *req)
{
	return sizeof(struct txn_srv) + sizeof(*req) + req->raw.l;
}

static enum txn_class class_of(const struct smsg *req)
{
	return req->to.tag.l || req->method == SMSG_CANCEL ? TXN_WITHIN
							   : TXN_BEGINS;
}

static void destructor(void *arg)
{
	struct txn_srv *st = arg;

	if (st->req)
		st->table->stats.bytes -= size_of(st->req) + st->resp_len;
	wheel_stop(&st->life);
	wheel_stop(&st->repeat);
	hash_unlink(&st->le);
	mem_deref(st->resp);
	mem_deref(st->req);
}

int txn_srv_start(struct txn_srv **stp, struct txn_table *table,
		  const struct smsg *msg, const struct txn_dest *src,
		  txn_srv_end_h *endh, void *arg)
{
	struct txn_srv *st;
	int err;

	if (!msg->request || msg->method == SMSG_ACK)
		return EINVAL;
	if (txn_srv_exists(table, msg))
		return EALREADY;
	if (txn_table_full(table, class_of(msg), size_of(msg)))
		return ENFILE;

	st = mem_zalloc(sizeof(*st), destructor);
	if (!st)
		return ENOMEM;
	st->table = table;
	err = smsg_clone(&st->req, msg);
	if (err) {
		mem_deref(st);
		return err;
	}

	table->stats.bytes += size_of(st->req);
	st->kind =
		msg->method == SMSG_INVITE ? &txn_srv_invite : &txn_srv_other;
	st->dest = *src;
	st->endh = endh;
	st->arg = arg;
	txn_key_server(&st->key, table->secret, msg, &msg->method_name);
	hash_append(table->servers, (uint32_t)st->key.a, &st->le, st);
	table->stats.servers++;
	st->kind->start(st);
	*stp = st;
	return 0;
}

const struct smsg *txn_srv_request(const struct txn_srv *st)
{
	return st->req;
}

const struct txn_dest *txn_srv_source(const struct txn_srv *st)
{
	return &st->dest;
}

void txn_srv_redirect(struct txn_srv *st, const struct txn_dest *dest)
{
	st->dest = *dest;
}

void txn_srv_once(struct txn_srv *st, bool once)
{
	st->once = once;
}

bool txn_srv_answered(const struct txn_srv *st)
{
	return st->answered;
}

const char *txn_srv_state(const struct txn_srv *st)
{
	return txn_state_name(st->state);
}

int txn_srv_send(struct txn_srv *st)
{
	if (!st->resp)
		return 0;
	return st->table->sendh(&st->dest, st->resp, st->resp_len,
				st->table->arg);
}

/* "SIP/2.0 NNN" */
static int status_of(uint16_t *scode, const uint8_t *msg, size_t len)
{
	struct pl text = {(const char *)msg + 8, 3};
	uint32_t num;

	if (len < 12 || memcmp(msg, "SIP/2.0 ", 8) ||
	    shdr_number(&num, &text, 699) || num < 100)
		return EINVAL;
	*scode = (uint16_t)num;
	return 0;
}

int txn_srv_reply(struct txn_srv *st, const uint8_t *msg, size_t len)
{
	uint16_t scode;
	uint8_t *copy;
	int err = status_of(&scode, msg, len);

	if (!err)
		err = st->kind->may_reply(st, scode);
	if (err)
		return err;

	copy = mem_alloc(len, NULL);
	if (!copy)
		return ENOMEM;
	memcpy(copy, msg, len);
	mem_deref(st->resp);
	st->table->stats.bytes += len;
	st->table->stats.bytes -= st->resp_len;
	st->resp = copy;
	st->resp_len = len;

	err = txn_srv_send(st);
	if (scode >= 200)
		st->answered = true;
	st->kind->replied(st, scode);
	return err;
}

int txn_srv_respond(struct txn_srv *st, const struct smsg_reply *reply)
{
	/* the request's headers at most, and what is added */
	size_t size = st->req->raw.l + reply->body.l + reply->to_tag.l +
		      reply->ctype.l + 512,
	       len;
	uint8_t *buf;
	int err;

	for (size_t i = 0; i < reply->fieldc; i++)
		size += reply->fieldv[i].name.l + reply->fieldv[i].val.l + 4;
	buf = mem_alloc(size, NULL);
	if (!buf)
		return ENOMEM;

	err = smsg_reply_write(buf, size, &len, st->req, reply);
	if (!err)
		err = txn_srv_reply(st, buf, len);
	mem_deref(buf);
	return err;
}

void txn_srv_trying(struct txn_srv *st)
{
	const struct smsg_reply reply = {.scode = 100};

	(void)txn_srv_respond(st, &reply);
}

void txn_srv_end(struct txn_srv *st, int err)
{
	txn_srv_end_h *endh = st->endh;

	wheel_stop(&st->life);
	wheel_stop(&st->repeat);
	hash_unlink(&st->le);
	st->table->stats.servers--;
	if (err == ETIMEDOUT)
		st->table->stats.timeouts++;
	st->state = TXN_TERMINATED;
	st->endh = NULL;
	if (endh)
		endh(st, err, st->arg);
	mem_deref(st);
}

void txn_srv_attach(struct txn_srv *st, txn_srv_end_h *endh, void *arg)
{
	st->endh = endh;
	st->arg = arg;
}

void txn_srv_detach(struct txn_srv *st)
{
	const struct smsg_reply reply = {.scode = 500};

	if (!st)
		return;
	st->endh = NULL;
	if (st->answered)
		return;
	(void)txn_srv_respond(st, &reply);
	/* without memory for an answer nothing would ever end it */
	if (!st->answered)
		txn_srv_end(st, 0);
}

void txn_srv_forget(struct txn_srv *st)
{
	st->endh = NULL;
	txn_srv_end(st, 0);
}
