/*
 * txn_cli_invite.c  INVITE client transaction (RFC 3261 17.1.1 and 9.1, RFC
 *                   6026 7.2)
 *
 *   Calling -1xx-> Proceeding
 *   Calling, Proceeding -2xx-> Accepted -M->
 *   Calling, Proceeding -3xx..6xx-> Completed -D->
 *   Calling -B->
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/sip/smsg_build.h"
#include "sigd/txn/txn_priv.h"

/* No final response within 64*T1 of the CANCEL: it counts as cancelled. */
static void on_cancelled(void *arg)
{
	txn_cli_end(arg, ECANCELED);
}

/* What the request was, for what is made of it. Its bytes are our own copy. */
static int view(struct smsg *msg, struct txn_cli *ct)
{
	struct smsg_err why;

	return smsg_decode(msg, ct->msg, ct->len, NULL, &why);
}

static void send_ack(struct txn_cli *ct)
{
	if (ct->ack)
		(void)ct->table->sendh(&ct->dest, ct->ack, ct->ack_len,
				       ct->table->arg);
}

/* 17.1.1.3 */
static void make_ack(struct txn_cli *ct, const struct smsg *resp)
{
	const size_t size = ct->len + resp->to.val.l + 256;
	struct smsg req;

	if (view(&req, ct))
		return;
	ct->ack = mem_alloc(size, NULL);
	if (ct->ack && smsg_ack_write(ct->ack, size, &ct->ack_len, &req, resp))
		ct->ack = mem_deref(ct->ack);
}

static int start_cancel(struct txn_cli *ct, const uint8_t *msg, size_t len)
{
	const struct txn_cli_params params = {
		.dest = &ct->dest,
		.msg = msg,
		.len = len,
		.branch = {(char *)ct->msg + ct->branch, ct->branch_len},
	};

	return txn_cli_start(NULL, ct->table, &params);
}

static int send_cancel(struct txn_cli *ct)
{
	size_t size, len;
	struct smsg req;
	struct pl reason;
	uint8_t *buf;
	int err = view(&req, ct);

	ct->cancel = TXN_CANCEL_SENT;
	wheel_start(ct->table->wheel, &ct->life, txn_64t1(ct->table),
		    on_cancelled, ct);
	if (err)
		return err;

	pl_set_str(&reason, ct->reason ? ct->reason : "");
	size = ct->len + reason.l + 256;
	buf = mem_alloc(size, NULL);
	if (!buf)
		return ENOMEM;
	err = smsg_cancel_write(buf, size, &len, &req, &reason);
	if (!err)
		err = start_cancel(ct, buf, len);
	mem_deref(buf);
	return err;
}

int txn_cli_cancel(struct txn_cli *ct, const struct pl *reason)
{
	int err = 0;

	if (ct->kind != &txn_cli_invite)
		return EINVAL;
	if (ct->cancel != TXN_CANCEL_NOT ||
	    (ct->state != TXN_CALLING && ct->state != TXN_PROCEEDING))
		return 0;

	if (reason && reason->l) {
		err = pl_strdup(&ct->reason, reason);
		if (err)
			return err;
	}
	ct->cancel = TXN_CANCEL_WANTED;
	/* nobody shall begin to ring now */
	wheel_stop(&ct->repeat);
	return ct->state == TXN_PROCEEDING ? send_cancel(ct) : 0;
}

/* A */
static void on_repeat(void *arg)
{
	struct txn_cli *ct = arg;
	int err;

	ct->interval = txn_double(ct->interval, 0);
	wheel_start(ct->table->wheel, &ct->repeat, ct->interval, on_repeat, ct);
	ct->table->stats.repeated_out++;
	err = txn_cli_send(ct);
	if (err)
		txn_cli_end(ct, err);
}

static void start(struct txn_cli *ct)
{
	struct txn_table *table = ct->table;

	ct->state = TXN_CALLING;
	wheel_start(table->wheel, &ct->life, txn_64t1(table),
		    txn_cli_on_timeout, ct);
	if (ct->dest.reliable)
		return;
	ct->interval = table->cfg.t1;
	wheel_start(table->wheel, &ct->repeat, ct->interval, on_repeat, ct);
}

static void provisional(struct txn_cli *ct, const struct smsg *msg)
{
	if (ct->state == TXN_CALLING) {
		ct->state = TXN_PROCEEDING;
		wheel_stop(&ct->life);
		wheel_stop(&ct->repeat);
		if (ct->cancel == TXN_CANCEL_WANTED)
			(void)send_cancel(ct);
	}
	if (ct->state == TXN_PROCEEDING)
		txn_cli_pass(ct, msg);
}

static void success(struct txn_cli *ct, const struct smsg *msg)
{
	if (ct->state == TXN_CALLING || ct->state == TXN_PROCEEDING) {
		ct->state = TXN_ACCEPTED;
		wheel_stop(&ct->repeat);
		wheel_start(ct->table->wheel, &ct->life, txn_64t1(ct->table),
			    txn_cli_on_done, ct);
	}
	if (ct->state == TXN_ACCEPTED)
		txn_cli_pass(ct, msg);
}

static void failure(struct txn_cli *ct, const struct smsg *msg)
{
	if (ct->state == TXN_COMPLETED) {
		send_ack(ct);
		return;
	}
	if (ct->state != TXN_CALLING && ct->state != TXN_PROCEEDING)
		return;

	ct->state = TXN_COMPLETED;
	wheel_stop(&ct->repeat);
	wheel_start(ct->table->wheel, &ct->life,
		    ct->dest.reliable ? 0 : txn_64t1(ct->table),
		    txn_cli_on_done, ct);
	make_ack(ct, msg);
	send_ack(ct);
	txn_cli_pass(ct, msg);
}

static void response(struct txn_cli *ct, const struct smsg *msg)
{
	if (msg->scode < 200)
		provisional(ct, msg);
	else if (msg->scode < 300)
		success(ct, msg);
	else
		failure(ct, msg);
}

const struct txn_cli_kind txn_cli_invite = {
	.start = start,
	.response = response,
};
