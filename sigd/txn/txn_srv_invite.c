/*
 * txn_srv_invite.c  INVITE server transaction (RFC 3261 17.2.1, RFC 6026 7.1)
 *
 *   Proceeding -2xx-> Accepted -L->
 *   Proceeding -3xx..6xx-> Completed -ACK-> Confirmed -I->
 *                          Completed -H->
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/txn/txn_priv.h"

static void on_end(void *arg)
{
	txn_srv_end(arg, 0);
}

/* H, and the wait for the ACK of a 2xx of ours. */
static void on_no_ack(void *arg)
{
	txn_srv_end(arg, ETIMEDOUT);
}

/* The transaction user is slow: 200 ms with the usual T1. */
static void on_trying(void *arg)
{
	struct txn_srv *st = arg;

	if (!st->resp)
		txn_srv_trying(st);
}

static void on_repeat(void *arg)
{
	struct txn_srv *st = arg;
	struct txn_table *table = st->table;

	st->interval = txn_double(st->interval, table->cfg.t2);
	wheel_start(table->wheel, &st->repeat, st->interval, on_repeat, st);
	table->stats.repeated_out++;
	(void)txn_srv_send(st);
}

static void repeat(struct txn_srv *st)
{
	st->interval = st->table->cfg.t1;
	wheel_start(st->table->wheel, &st->repeat, st->interval, on_repeat, st);
}

static void start(struct txn_srv *st)
{
	st->state = TXN_PROCEEDING;
	wheel_start(st->table->wheel, &st->life, st->table->cfg.t1 * 2 / 5,
		    on_trying, st);
}

static int may_reply(struct txn_srv *st, uint16_t scode)
{
	if (st->state == TXN_PROCEEDING)
		return 0;
	/* further dialogs of a forked INVITE, and repetitions */
	if (st->state == TXN_ACCEPTED && scode >= 200 && scode < 300)
		return 0;
	return EALREADY;
}

static void replied(struct txn_srv *st, uint16_t scode)
{
	struct txn_table *table = st->table;

	if (st->state != TXN_PROCEEDING)
		return;

	if (scode < 200) {
		wheel_stop(&st->life);
		return;
	}
	if (scode < 300) {
		st->state = TXN_ACCEPTED;
		wheel_start(table->wheel, &st->life, txn_64t1(table), on_end,
			    st);
		return;
	}

	st->state = TXN_COMPLETED;
	if (st->once) {
		wheel_start(table->wheel, &st->life, 0, on_end, st);
		return;
	}
	wheel_start(table->wheel, &st->life, txn_64t1(table), on_no_ack, st);
	if (!st->dest.reliable)
		repeat(st);
}

/* Repetitions of an accepted INVITE are absorbed: whoever accepted it repeats
 * the 2xx (RFC 6026 7.1). */
static void again(struct txn_srv *st)
{
	if (st->state != TXN_PROCEEDING && st->state != TXN_COMPLETED)
		return;
	if (st->resp)
		st->table->stats.repeated_out++;
	(void)txn_srv_send(st);
}

bool txn_srv_invite_ack(struct txn_srv *st)
{
	struct txn_table *table = st->table;

	if (st->state == TXN_ACCEPTED)
		return false;

	if (st->state == TXN_COMPLETED) {
		st->state = TXN_CONFIRMED;
		wheel_stop(&st->repeat);
		wheel_start(table->wheel, &st->life,
			    st->dest.reliable || st->once ? 0 : table->cfg.t4,
			    on_end, st);
	}
	return true;
}

int txn_srv_repeat_2xx(struct txn_srv *st)
{
	if (st->state != TXN_ACCEPTED)
		return EINVAL;

	wheel_start(st->table->wheel, &st->life, txn_64t1(st->table), on_no_ack,
		    st);
	repeat(st);
	return 0;
}

void txn_srv_acked(struct txn_srv *st)
{
	if (st->state != TXN_ACCEPTED || !wheel_runs(&st->repeat))
		return;

	wheel_stop(&st->repeat);
	wheel_start(st->table->wheel, &st->life, txn_64t1(st->table), on_end,
		    st);
}

const struct txn_srv_kind txn_srv_invite = {
	.start = start,
	.may_reply = may_reply,
	.replied = replied,
	.again = again,
};
