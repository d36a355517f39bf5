/*
 * txn_cli_other.c  Client transaction of any method but INVITE (RFC 3261
 *                  17.1.2)
 *
 *   Trying -1xx-> Proceeding
 *   Trying, Proceeding -final-> Completed -K->
 *   Trying, Proceeding -F->
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/txn/txn_priv.h"

/* E: grows to T2, and is T2 at once in Proceeding. */
static void on_repeat(void *arg)
{
	struct txn_cli *ct = arg;
	struct txn_table *table = ct->table;
	int err;

	ct->interval = ct->state == TXN_PROCEEDING
			       ? table->cfg.t2
			       : txn_double(ct->interval, table->cfg.t2);
	wheel_start(table->wheel, &ct->repeat, ct->interval, on_repeat, ct);
	table->stats.repeated_out++;
	err = txn_cli_send(ct);
	if (err)
		txn_cli_end(ct, err);
}

static void start(struct txn_cli *ct)
{
	struct txn_table *table = ct->table;

	ct->state = TXN_TRYING;
	wheel_start(table->wheel, &ct->life, txn_64t1(table),
		    txn_cli_on_timeout, ct);
	if (ct->dest.reliable)
		return;
	ct->interval = min(table->cfg.t1, table->cfg.t2);
	wheel_start(table->wheel, &ct->repeat, ct->interval, on_repeat, ct);
}

static void response(struct txn_cli *ct, const struct smsg *msg)
{
	struct txn_table *table = ct->table;

	if (ct->state == TXN_COMPLETED)
		return;

	if (msg->scode < 200) {
		ct->state = TXN_PROCEEDING;
	} else {
		ct->state = TXN_COMPLETED;
		wheel_stop(&ct->repeat);
		wheel_start(table->wheel, &ct->life,
			    ct->dest.reliable ? 0 : table->cfg.t4,
			    txn_cli_on_done, ct);
	}
	txn_cli_pass(ct, msg);
}

const struct txn_cli_kind txn_cli_other = {
	.start = start,
	.response = response,
};
