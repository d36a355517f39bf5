/*
 * upstream.c  Which worker keeps which registration, and probes which
 *             connection: leases and shards
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/lease.h"
#include "common/log.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/upstream/trunk_reg.h"
#include "sigd/upstream/upstream.h"

enum {
	SPREAD_MS = 20,         /* for each registration of a shard ... */
	SPREAD_MAX_MS = 60000,  /* ... not all at once */
	KEEP_S = 7 * 86400,     /* of a shard's hash, after its last write */
	KEY_MAX = 32,
};

struct shard {
	struct upstream *upstream;
	char stem[KEY_MAX]; /* "cb:{u:<n>}" */
	char key[KEY_MAX];  /* ":reg" behind it */
	struct lease *lease;
	bool held;
	struct list regs; /* struct kept */
	struct probe_set *probes;
};

/* A registration that is ours now. */
struct kept {
	struct le le;
	struct shard *shard;
	struct trunk_reg *reg;
	struct route_table *table; /* of one that leaves: it is of the past */
};

struct upstream {
	struct proxy *px;
	struct route_table *table; /* of the registrations */
	struct shard shards[UPSTREAM_SHARDS];
	struct list leaving; /* struct kept: unregistering */
	struct upstream_counts counts;
};

static void kept_destructor(void *data)
{
	struct kept *kept = data;

	list_unlink(&kept->le);
	mem_deref(kept->reg);
	mem_deref(kept->table);
}

static void destructor(void *data)
{
	struct upstream *up = data;

	list_flush(&up->leaving);
	for (unsigned i = 0; i < UPSTREAM_SHARDS; i++) {
		list_flush(&up->shards[i].regs);
		mem_deref(up->shards[i].probes);
		mem_deref(up->shards[i].lease);
	}
	for (unsigned i = 0; i < UPSTREAM_SHARDS; i++)
		redis_link_forget(up->px->deps.redis, &up->shards[i]);
	mem_deref(up->table);
}

/* --- the state in Redis ------------------------------------------------------------ */

static void state_write(struct shard *shard,
			const struct route_connection *conn, const char *text)
{
	struct redis_link *link = shard->upstream->px->deps.redis;
	char name[TRUNK_NAME_MAX + 1], keep[16];

	trunk_reg_name(name, conn);
	re_snprintf(keep, sizeof(keep), "%d", KEEP_S);

	const struct redis_arg set[] = {redis_str("HSET"),
					redis_str(shard->key),
					redis_str(name), redis_str(text)};
	const struct redis_arg expire[] = {redis_str("EXPIRE"),
					   redis_str(shard->key),
					   redis_str(keep)};

	/* with Redis away it is written at the next change */
	if (!redis_link_send(link, set, 4, NULL, NULL))
		(void)redis_link_send(link, expire, 3, NULL, NULL);
}

static void state_remove(struct shard *shard,
			 const struct route_connection *conn)
{
	char name[TRUNK_NAME_MAX + 1];
	struct redis_arg del[] = {redis_str("HDEL"), redis_str(shard->key),
				  redis_str("")};

	trunk_reg_name(name, conn);
	del[2] = redis_str(name);
	(void)redis_link_send(shard->upstream->px->deps.redis, del, 3, NULL,
			      NULL);
}

static void count(struct upstream *up)
{
	struct le *le;

	up->counts.kept = up->counts.registered = 0;
	for (unsigned i = 0; i < UPSTREAM_SHARDS; i++) {
		LIST_FOREACH(&up->shards[i].regs, le) {
			const struct kept *kept = le->data;

			++up->counts.kept;
			up->counts.registered +=
				kept->reg &&
				trunk_reg_state(kept->reg)->phase ==
					TRUNK_REGISTERED;
		}
	}
}

static void on_state(const struct trunk_reg *reg, void *arg)
{
	struct kept *kept = arg;
	struct upstream *up = kept->shard->upstream;
	char text[TRUNK_STATE_MAX];

	if (kept->table)
		return;
	if (!trunk_state_print(text, trunk_reg_state(reg), up->px->worker))
		state_write(kept->shard, trunk_reg_conn(reg), text);
	count(up);
}

static void on_sent(void *arg)
{
	struct kept *kept = arg;

	++kept->shard->upstream->counts.sent;
}

static void on_answer(bool accepted, void *arg)
{
	struct kept *kept = arg;
	struct upstream_counts *counts = &kept->shard->upstream->counts;

	++*(accepted ? &counts->accepted : &counts->refused);
}

static void on_left(void *arg)
{
	mem_deref(arg);
}

/* Nobody's any more: it ends at the PBX, too, if it is in force there. */
static void leave(struct kept *kept)
{
	struct upstream *up = kept->shard->upstream;

	state_remove(kept->shard, trunk_reg_conn(kept->reg));
	if (!trunk_reg_is_in_force(kept->reg)) {
		mem_deref(kept);
		return;
	}
	kept->table = mem_ref(up->table);
	list_unlink(&kept->le);
	list_append(&up->leaving, &kept->le, kept);
	trunk_reg_leave(kept->reg);
}

/* --- what we keep ------------------------------------------------------------------- */

static void keep(struct shard *shard, const struct route_connection *conn,
		 const struct redis_val *known, uint32_t spread_ms)
{
	struct trunk_reg_handlers h = {on_state, on_sent, on_answer, on_left,
					NULL};
	const struct redis_val *val = NULL;
	char name[TRUNK_NAME_MAX + 1];
	struct trunk_state was;
	struct kept *kept;
	struct pl text;

	kept = mem_zalloc(sizeof(*kept), kept_destructor);
	if (!kept)
		return;

	kept->shard = shard;
	h.arg	    = kept;
	trunk_reg_name(name, conn);
	if (known && known->type == REDIS_ARRAY)
		val = redis_field(known, name);
	if (val && val->type == REDIS_STR) {
		text = (struct pl){val->str, val->len};
		if (trunk_state_parse(&was, &text))
			val = NULL;
	}
	if (trunk_reg_alloc(&kept->reg, shard->upstream->px, conn,
			    val ? &was : NULL, spread_ms, &h)) {
		mem_deref(kept);
		return;
	}
	list_append(&shard->regs, &kept->le, kept);
}

/* Calls h for each connection that registers. */
typedef void(each_h)(const struct route_connection *conn, void *arg);
static void each(const struct route_table *table, each_h *h, void *arg)
{
	const struct route_tenant *tenant;

	for (size_t i = 0; (tenant = route_tenant_at(table, i)); i++) {
		for (uint32_t k = 0; k < tenant->nconnections; k++) {
			if (tenant->connections[k].kind == ROUTE_REGISTER)
				h(&tenant->connections[k], arg);
		}
	}
}

struct taking {
	struct shard *shard;
	const struct redis_val *known;
	uint32_t n;
};

static void count_one(const struct route_connection *conn, void *arg)
{
	struct taking *taking = arg;

	taking->n += &taking->shard->upstream->shards[upstream_shard(conn)] ==
		     taking->shard;
}

static void take_one(const struct route_connection *conn, void *arg)
{
	const struct taking *taking = arg;

	if (&taking->shard->upstream->shards[upstream_shard(conn)] == taking->shard)
		keep(taking->shard, conn, taking->known,
		     min(taking->n * SPREAD_MS, (uint32_t)SPREAD_MAX_MS));
}

static void on_known(int err, const struct redis_val *val, void *arg)
{
	struct shard *shard = arg;
	struct upstream *up = shard->upstream;
	struct taking taking = {.shard = shard, .known = val};

	/* lost again meanwhile, or here already */
	if (!shard->held || !list_isempty(&shard->regs))
		return;
	if (err)
		taking.known = NULL;
	each(up->table, count_one, &taking);
	each(up->table, take_one, &taking);
	count(up);
	if (taking.n)
		log_info(NULL, "registrations at PBXs are kept here",
			 "shard=%s count=%u", shard->stem, taking.n);
}

static void on_lease(bool held, uint64_t fence, void *arg)
{
	struct shard *shard = arg;
	struct upstream *up = shard->upstream;
	const struct redis_arg ask[] = {redis_str("HGETALL"),
					redis_str(shard->key)};
	(void)fence;

	shard->held = held;
	if (!held) {
		/* another one goes on: nothing is said to the PBX */
		list_flush(&shard->regs);
		probe_set_end(shard->probes);
		count(up);
		return;
	}
	probe_set_begin(shard->probes, up->table);
	if (redis_link_send(up->px->deps.redis, ask, 2, on_known,
				   shard))
		on_known(ENOTCONN, NULL, shard);
}

/* --- reload -------------------------------------------------------------------------- */

/* The same connection in the tables of now; NULL: gone. */
static const struct route_connection *same(const struct route_table *table,
					   const struct route_connection *old)
{
	const struct route_connection *conn;
	const struct route_tenant *tenant;
	struct pl id, name;

	pl_set_str(&id, old->tenant->id);
	pl_set_str(&name, old->name);
	tenant = route_tenant_by_id(table, &id);
	conn   = tenant ? route_connection_find(tenant, &name) : NULL;
	return conn && conn->kind == ROUTE_REGISTER ? conn : NULL;
}

static void shard_reload(struct shard *shard, const struct route_table *table)
{
	struct le *le = list_head(&shard->regs);

	while (le) {
		struct kept *kept = le->data;
		const struct route_connection *conn =
			same(table, trunk_reg_conn(kept->reg));

		le = le->next;
		if (conn) {
			trunk_reg_follow(kept->reg, conn);
			continue;
		}
		leave(kept);
	}
}

static bool is_kept(const struct shard *shard,
		    const struct route_connection *conn)
{
	struct le *le;

	LIST_FOREACH(&shard->regs, le) {
		const struct kept *kept = le->data;

		if (trunk_reg_conn(kept->reg) == conn)
			return true;
	}
	return false;
}

static void add_one(const struct route_connection *conn, void *arg)
{
	struct upstream *up = arg;
	struct shard *shard = &up->shards[upstream_shard(conn)];

	if (shard->held && !is_kept(shard, conn))
		keep(shard, conn, NULL, 0);
}

void upstream_reload(struct upstream *up)
{
	struct route_table *table =
		mem_ref((void *)(uintptr_t)up->px->deps.routes);

	for (unsigned i = 0; i < UPSTREAM_SHARDS; i++) {
		shard_reload(&up->shards[i], table);
		probe_set_reload(up->shards[i].probes, table);
	}
	mem_deref(up->table);
	up->table = table;
	each(table, add_one, up);
	count(up);
}

/* --- life ------------------------------------------------------------------------------ */

static int shard_open(struct upstream *up, unsigned i)
{
	struct shard *shard = &up->shards[i];
	struct lease_params params = {.link = up->px->deps.redis,
				      .wheel = up->px->deps.wheel,
				      .stem = shard->stem,
				      .owner = up->px->worker,
				      .ttl_ms = UPSTREAM_LEASE_MS,
				      .wait = true};
	int err;

	shard->upstream = up;
	re_snprintf(shard->stem, sizeof(shard->stem), "cb:{u:%u}", i);
	re_snprintf(shard->key, sizeof(shard->key), "%s:reg", shard->stem);
	err = probe_set_alloc(&shard->probes, up->px, i, &up->counts.probes);
	return err ? err : lease_alloc(&shard->lease, &params, on_lease, shard);
}

int upstream_alloc(struct upstream **upstreamp, struct proxy *px)
{
	struct upstream *up = mem_zalloc(sizeof(*up), destructor);
	int err = 0;

	if (!up)
		return ENOMEM;

	up->px	  = px;
	up->table = mem_ref((void *)(uintptr_t)px->deps.routes);
	for (unsigned i = 0; i < UPSTREAM_SHARDS && !err; i++)
		err = shard_open(up, i);
	if (err)
		mem_deref(up);
	else
		*upstreamp = up;
	return err;
}

const struct upstream_counts *upstream_counts(const struct upstream *upstream)
{
	return &upstream->counts;
}
