/*
 * txn_srv_other.c  Server transaction of any method but INVITE (RFC 3261
 *                  17.2.2, RFC 4320)
 *
 *   Trying -1xx-> Proceeding -final-> Completed -J->
 *   Trying, Proceeding: after 64*T1 the client has given up; a late answer
 *   would only be noise (RFC 4320 4.2)
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/txn/txn_priv.h"

static void on_end(void *arg)
{
	txn_srv_end(arg, 0);
}

static void on_late(void *arg)
{
	txn_srv_end(arg, ETIMEDOUT);
}

static uint64_t trying_ms(const struct txn_table *table)
{
	return min(txn_until_t2(table), txn_64t1(table));
}

/* The client's Timer E is at T2: now a 100 helps. */
static void on_trying(void *arg)
{
	struct txn_srv *st = arg;
	struct txn_table *table = st->table;

	wheel_start(table->wheel, &st->life, txn_64t1(table) - trying_ms(table),
		    on_late, st);
	if (!st->resp)
		txn_srv_trying(st);
}

static void start(struct txn_srv *st)
{
	st->state = TXN_TRYING;
	wheel_start(st->table->wheel, &st->life, trying_ms(st->table),
		    on_trying, st);
}

static int may_reply(struct txn_srv *st, uint16_t scode)
{
	if (st->state != TXN_TRYING && st->state != TXN_PROCEEDING)
		return EALREADY;

	if (scode == 408) {
		st->answered = true;
		st->state = TXN_COMPLETED;
		wheel_start(st->table->wheel, &st->life, 0, on_end, st);
		return EPROTO;
	}
	if (scode > 100 && scode < 200)
		return EPROTO;
	/* on_trying() has not run yet: life is still its timer */
	if (scode == 100 && !st->dest.reliable && st->life.h == on_trying &&
	    wheel_runs(&st->life))
		return EPROTO;
	return 0;
}

static void replied(struct txn_srv *st, uint16_t scode)
{
	struct txn_table *table = st->table;
	const bool brief = st->dest.reliable || (st->once && scode >= 300);

	if (scode < 200) {
		st->state = TXN_PROCEEDING;
		return;
	}
	st->state = TXN_COMPLETED;
	wheel_start(table->wheel, &st->life, brief ? 0 : txn_64t1(table),
		    on_end, st);
}

static void again(struct txn_srv *st)
{
	if (st->resp)
		st->table->stats.repeated_out++;
	(void)txn_srv_send(st);
}

const struct txn_srv_kind txn_srv_other = {
	.start = start,
	.may_reply = may_reply,
	.replied = replied,
	.again = again,
};
