/*
 * txn_cli.c  Client transactions: what INVITE and the others have in common
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/sip/smsg_build.h"
#include "sigd/txn/txn_priv.h"

static void destructor(void *arg)
{
	struct txn_cli *ct = arg;

	wheel_stop(&ct->life);
	wheel_stop(&ct->repeat);
	hash_unlink(&ct->le);
	ct->table->stats.bytes -= sizeof(*ct) + ct->len;
	mem_deref(ct->reason);
	mem_deref(ct->ack);
}

/* The method is what stands before the first space. */
static int method_of(struct pl *method, const uint8_t *msg, size_t len)
{
	const char *p = (const char *)msg;
	const char *e = len ? memchr(p, ' ', len) : NULL;

	if (!e || e == p || memchr(p, '/', (size_t)(e - p)))
		return EINVAL;
	method->p = p;
	method->l = (size_t)(e - p);
	return pl_strcmp(method, "ACK") ? 0 : EINVAL;
}

/* The branch must be what the message says: it is found again by it. */
static bool branch_of(size_t *pos, const struct txn_cli_params *params)
{
	const struct pl *branch = &params->branch;
	const char *start = (const char *)params->msg, *p;

	p = branch->l ? memmem(start, params->len, branch->p, branch->l) : NULL;
	*pos = p ? (size_t)(p - start) : 0;
	return p != NULL;
}

static struct txn_cli *make(struct txn_table *table,
			    const struct txn_cli_params *params)
{
	struct txn_cli *ct;

	ct = mem_alloc(sizeof(*ct) + params->len, destructor);
	if (!ct)
		return NULL;

	memset(ct, 0, sizeof(*ct));
	ct->table = table;
	table->stats.bytes += sizeof(*ct) + params->len;
	ct->dest = *params->dest;
	ct->resph = params->resph;
	ct->endh = params->endh;
	ct->arg = params->arg;
	ct->len = params->len;
	memcpy(ct->msg, params->msg, params->len);
	return ct;
}

static int prepare(struct txn_cli **ctp, struct txn_table *table,
		   const struct txn_cli_params *params)
{
	struct txn_cli *ct;
	struct txn_key key;
	struct pl method;
	size_t branch;
	int err = method_of(&method, params->msg, params->len);

	if (!err && (params->len > SMSG_MAX || !branch_of(&branch, params)))
		err = EINVAL;
	if (err)
		return err;
	if (txn_table_full(table, TXN_OWN, params->len))
		return ENFILE;
	txn_key_client(&key, table->secret, &params->branch, &method);
	if (txn_cli_exists(table, &key))
		return EALREADY;

	ct = make(table, params);
	if (!ct)
		return ENOMEM;
	ct->key = key;
	ct->branch = branch;
	ct->branch_len = params->branch.l;
	ct->kind =
		pl_strcmp(&method, "INVITE") ? &txn_cli_other : &txn_cli_invite;
	*ctp = ct;
	return 0;
}

static void enter(struct txn_cli *ct)
{
	struct txn_table *table = ct->table;

	hash_append(table->clients, (uint32_t)ct->key.a, &ct->le, ct);
	table->stats.clients++;
}

int txn_cli_start(struct txn_cli **ctp, struct txn_table *table,
		  const struct txn_cli_params *params)
{
	struct txn_cli *ct;
	int err = prepare(&ct, table, params);

	if (err)
		return err;
	err = txn_cli_send(ct);
	if (err) {
		mem_deref(ct);
		return err;
	}
	enter(ct);
	ct->kind->start(ct);
	if (ctp)
		*ctp = ct;
	return 0;
}

int txn_cli_restore(struct txn_cli **ctp, struct txn_table *table,
		    const struct txn_cli_params *params)
{
	struct txn_cli *ct;
	int err = prepare(&ct, table, params);

	if (err)
		return err;
	if (ct->kind != &txn_cli_invite) {
		mem_deref(ct);
		return EINVAL;
	}
	ct->state = TXN_PROCEEDING;
	enter(ct);
	*ctp = ct;
	return 0;
}

const struct txn_dest *txn_cli_dest(const struct txn_cli *ct)
{
	return &ct->dest;
}

struct pl txn_cli_message(const struct txn_cli *ct)
{
	return (struct pl){(const char *)ct->msg, ct->len};
}

const char *txn_cli_state(const struct txn_cli *ct)
{
	return txn_state_name(ct->state);
}

int txn_cli_send(struct txn_cli *ct)
{
	return ct->table->sendh(&ct->dest, ct->msg, ct->len, ct->table->arg);
}

void txn_cli_pass(struct txn_cli *ct, const struct smsg *msg)
{
	if (ct->resph)
		ct->resph(ct, msg, ct->arg);
}

void txn_cli_end(struct txn_cli *ct, int err)
{
	txn_cli_end_h *endh = ct->endh;

	wheel_stop(&ct->life);
	wheel_stop(&ct->repeat);
	hash_unlink(&ct->le);
	ct->table->stats.clients--;
	if (err == ETIMEDOUT)
		ct->table->stats.timeouts++;
	ct->state = TXN_TERMINATED;
	ct->resph = NULL;
	ct->endh = NULL;
	if (endh)
		endh(ct, err, ct->arg);
	mem_deref(ct);
}

void txn_cli_on_timeout(void *arg)
{
	txn_cli_end(arg, ETIMEDOUT);
}

void txn_cli_on_done(void *arg)
{
	txn_cli_end(arg, 0);
}

void txn_cli_transport_error(struct txn_cli *ct, int err)
{
	if (ct->state == TXN_COMPLETED || ct->state == TXN_ACCEPTED)
		txn_cli_end(ct, 0);
	else if (ct->state != TXN_TERMINATED)
		txn_cli_end(ct, err ? err : ENOTCONN);
}

struct lost {
	txn_dest_h *ish;
	void *arg;
	uint32_t n;
};

static bool lost_mark(struct le *le, void *arg)
{
	struct txn_cli *ct = le->data;
	struct lost *lost = arg;

	ct->lost = (ct->state == TXN_TRYING || ct->state == TXN_CALLING) &&
		   lost->ish(&ct->dest, lost->arg);
	lost->n += ct->lost;
	return false;
}

static bool lost_is(struct le *le, void *arg)
{
	const struct txn_cli *ct = le->data;
	(void)arg;

	return ct->lost;
}

/* The handler of one may end others, or start new ones: marked first, and
 * looked for anew each time. */
uint32_t txn_cli_lost(struct txn_table *table, txn_dest_h *ish, void *arg,
		      int err)
{
	struct lost lost = {ish, arg, 0};
	struct txn_cli *ct;

	(void)hash_apply(table->clients, lost_mark, &lost);
	for (uint32_t i = 0; i < lost.n; i++) {
		ct = list_ledata(hash_apply(table->clients, lost_is, NULL));
		if (!ct)
			break;
		ct->lost = false;
		txn_cli_transport_error(ct, err);
	}
	return lost.n;
}

void txn_cli_detach(struct txn_cli *ct)
{
	if (!ct)
		return;
	ct->resph = NULL;
	ct->endh = NULL;
	/* nobody would end its ringing */
	(void)txn_cli_cancel(ct, NULL);
}
