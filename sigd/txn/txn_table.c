/*
 * txn_table.c  The transactions of one worker: finding them, and their figures
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/txn/txn_priv.h"

enum {
	T1_MS = 500,
	T2_T1 = 8,
	T4_T1 = 10,
	MAX = 100000,
	MEM_KIB = 262144,
	BUCKETS_MIN = 64,
	BUCKETS_MAX = 16384,
};

static const struct pl invite = PL("INVITE");

static void destructor(void *arg)
{
	struct txn_table *table = arg;

	if (table->servers)
		hash_flush(table->servers);
	if (table->clients)
		hash_flush(table->clients);
	mem_deref(table->servers);
	mem_deref(table->clients);
}

int txn_table_alloc(struct txn_table **tablep, const struct txn_cfg *cfg,
		    struct wheel *wheel, txn_send_h *sendh, void *arg)
{
	struct txn_table *table;
	uint32_t buckets;
	int err;

	if (!tablep || !wheel || !sendh)
		return EINVAL;

	table = mem_zalloc(sizeof(*table), destructor);
	if (!table)
		return ENOMEM;
	if (cfg)
		table->cfg = *cfg;
	table->cfg.t1 = table->cfg.t1 ? table->cfg.t1 : T1_MS;
	table->cfg.t2 = table->cfg.t2 ? table->cfg.t2 : T2_T1 * table->cfg.t1;
	table->cfg.t4 = table->cfg.t4 ? table->cfg.t4 : T4_T1 * table->cfg.t1;
	table->cfg.max = table->cfg.max ? table->cfg.max : MAX;
	table->cfg.mem = table->cfg.mem ? table->cfg.mem : MEM_KIB;
	table->wheel = wheel;
	table->sendh = sendh;
	table->arg = arg;
	rand_bytes(table->secret, sizeof(table->secret));

	buckets = table->cfg.max / 4;
	buckets = hash_valid_size(min(max(buckets, BUCKETS_MIN), BUCKETS_MAX));
	err = hash_alloc(&table->servers, buckets);
	if (!err)
		err = hash_alloc(&table->clients, buckets);
	if (err)
		mem_deref(table);
	else
		*tablep = table;
	return err;
}

bool txn_table_full(struct txn_table *table, enum txn_class class, size_t bytes)
{
	/* what is kept for the classes above, as a part of the whole */
	static const unsigned shifts[] = {[TXN_BEGINS] = 2, [TXN_WITHIN] = 3};
	const struct txn_stats *now = &table->stats;
	uint64_t max = table->cfg.max, mem = UINT64_C(1024) * table->cfg.mem;

	if (class != TXN_OWN) {
		max -= max >> shifts[class];
		mem -= mem >> shifts[class];
	}
	if (now->servers + now->clients < max && now->bytes + bytes <= mem)
		return false;
	table->stats.refused++;
	return true;
}

const char *txn_state_name(enum txn_state state)
{
	static const char *const namev[] = {
		[TXN_TRYING] = "Trying",         [TXN_CALLING] = "Calling",
		[TXN_PROCEEDING] = "Proceeding", [TXN_COMPLETED] = "Completed",
		[TXN_CONFIRMED] = "Confirmed",   [TXN_ACCEPTED] = "Accepted",
		[TXN_TERMINATED] = "Terminated",
	};

	return namev[state];
}

uint64_t txn_until_t2(const struct txn_table *table)
{
	uint32_t ms = table->cfg.t1;
	uint64_t sum = 0;

	while (ms < table->cfg.t2) {
		sum += ms;
		ms *= 2;
	}
	return sum;
}

uint64_t txn_answerable_ms(const struct txn_table *table)
{
	return UINT64_C(60) * table->cfg.t1;
}

static bool server_cmp(struct le *le, void *arg)
{
	const struct txn_srv *st = le->data;

	return txn_key_equal(&st->key, arg);
}

static bool client_cmp(struct le *le, void *arg)
{
	const struct txn_cli *ct = le->data;

	return txn_key_equal(&ct->key, arg);
}

static struct txn_srv *find_server(const struct txn_table *table,
				   const struct smsg *req,
				   const struct pl *method)
{
	struct txn_key key;

	txn_key_server(&key, table->secret, req, method);
	return list_ledata(
		hash_lookup(table->servers, (uint32_t)key.a, server_cmp, &key));
}

static struct txn_cli *find_client(const struct txn_table *table,
				   const struct txn_key *key)
{
	return list_ledata(hash_lookup(table->clients, (uint32_t)key->a,
				       client_cmp, (void *)key));
}

bool txn_srv_exists(const struct txn_table *table, const struct smsg *req)
{
	return find_server(table, req, &req->method_name) != NULL;
}

bool txn_cli_exists(const struct txn_table *table, const struct txn_key *key)
{
	return find_client(table, key) != NULL;
}

enum txn_match txn_recv_request(struct txn_table *table, const struct smsg *msg,
				struct txn_srv **stp)
{
	const bool ack = msg->method == SMSG_ACK;
	struct txn_srv *st;

	st = find_server(table, msg, ack ? &invite : &msg->method_name);
	if (stp)
		*stp = st;
	if (!st)
		return ack ? TXN_ACK : TXN_NEW;
	if (ack)
		return txn_srv_invite_ack(st) ? TXN_ABSORBED : TXN_ACK;

	table->stats.repeated_in++;
	st->kind->again(st);
	return TXN_ABSORBED;
}

struct txn_srv *txn_srv_find_invite(const struct txn_table *table,
				    const struct smsg *cancel)
{
	return find_server(table, cancel, &invite);
}

bool txn_recv_response(struct txn_table *table, const struct smsg *msg)
{
	struct txn_cli *ct;
	struct txn_key key;

	txn_key_client(&key, table->secret, &msg->via.branch, &msg->cseq.name);
	ct = find_client(table, &key);
	if (!ct) {
		table->stats.strays++;
		return false;
	}
	ct->kind->response(ct, msg);
	return true;
}

void txn_table_stats(const struct txn_table *table, struct txn_stats *stats)
{
	*stats = table->stats;
}

struct print {
	struct re_printf *pf;
	int err;
};

static bool print_server(struct le *le, void *arg)
{
	const struct txn_srv *st = le->data;
	struct print *print = arg;

	print->err |= re_hprintf(print->pf, "server %s %H\n", txn_srv_state(st),
				 smsg_debug, st->req);
	return false;
}

static bool print_client(struct le *le, void *arg)
{
	const struct txn_cli *ct = le->data;
	struct print *print = arg;
	struct pl msg = txn_cli_message(ct);
	struct pl line = {msg.p, 0};

	while (line.l < msg.l && msg.p[line.l] != '\r')
		++line.l;
	print->err |= re_hprintf(print->pf, "client %s %r branch=%b\n",
				 txn_cli_state(ct), &line, ct->msg + ct->branch,
				 ct->branch_len);
	return false;
}

int txn_table_debug(struct re_printf *pf, const struct txn_table *table)
{
	struct print print = {pf, 0};

	if (!table)
		return 0;
	(void)hash_apply(table->servers, print_server, &print);
	(void)hash_apply(table->clients, print_client, &print);
	return print.err;
}
