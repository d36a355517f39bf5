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
#include "routing/route.h"
#include "routing/route_line.h"
#include "sigd/upstream/upstream_priv.h"

enum {
	SPREAD_MS = 20,         /* for each registration of a shard ... */
	SPREAD_MAX_MS = 60000,  /* ... not all at once */
	BUCKETS = 1024,
};

static void destructor(void *data)
{
	struct upstream *up = data;

	list_flush(&up->leaving);
	for (unsigned i = 0; i < UPSTREAM_SHARDS; i++) {
		news_end(&up->shards[i]);
		kept_flush(&up->shards[i]);
		mem_deref(up->shards[i].probes);
		mem_deref(up->shards[i].lease);
	}
	for (unsigned i = 0; i < UPSTREAM_SHARDS; i++)
		redis_link_forget(up->px->deps.redis, &up->shards[i]);
	mem_deref(up->kept);
	mem_deref(up->table);
}

/* --- what is kept ------------------------------------------------------------------- */

/* Calls h for each connection and line that is registered, whoever is there. */
typedef void(each_h)(const struct route_connection *conn, void *arg);

static void each_line(const struct route_tenant *tenant, each_h *h, void *arg)
{
	for (uint32_t i = 0; tenant->nlines && i < tenant->nusers; i++) {
		const struct route_line *line = tenant->users[i].line;

		if (line && line->when == ROUTE_LINE_ALWAYS)
			h(line->as, arg);
	}
}

static void each(const struct route_table *table, each_h *h, void *arg)
{
	const struct route_tenant *tenant;

	for (size_t i = 0; (tenant = route_tenant_at(table, i)); i++) {
		for (uint32_t k = 0; k < tenant->nconnections; k++) {
			const struct route_connection *conn =
				&tenant->connections[k];

			if (conn->kind == ROUTE_REGISTER &&
			    conn->login.username)
				h(conn, arg);
		}
		each_line(tenant, h, arg);
	}
}

/* --- taking a shard over ------------------------------------------------------------- */

/* 1 the states, 2 the lines that are wanted: both, of one moment. */
static const struct redis_script script_take = {
	"upstream-take",
	"local t = redis.call('TIME')\n"
	"local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)\n"
	"return {redis.call('HGETALL', KEYS[1]),\n"
	" redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '+inf', 'WITHSCORES')}"
	"\n"};

struct taking {
	struct shard *shard;
	const struct redis_val *known; /* NULL: nothing is */
	uint32_t n;
};

static void count_one(const struct route_connection *conn, void *arg)
{
	struct taking *taking = arg;

	taking->n += &taking->shard->upstream->shards[upstream_shard(conn)] ==
		     taking->shard;
}

static struct kept *take(const struct taking *taking,
			 const struct route_connection *conn)
{
	const struct redis_val *known = NULL;
	char name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, conn);
	if (taking->known)
		known = redis_field(taking->known, name);
	return kept_add(taking->shard, conn, known,
			min(taking->n * SPREAD_MS, (uint32_t)SPREAD_MAX_MS));
}

static void take_one(const struct route_connection *conn, void *arg)
{
	const struct taking *taking = arg;

	if (&taking->shard->upstream->shards[upstream_shard(conn)] ==
	    taking->shard)
		(void)take(taking, conn);
}

static void take_line(const struct taking *taking,
		      const struct redis_val *member,
		      const struct redis_val *until)
{
	struct upstream *up = taking->shard->upstream;
	const struct pl name = {member->str, member->len};
	const struct route_connection *line;
	struct kept *kept;
	uint64_t ms;

	if (member->type != REDIS_STR || !redis_num(until, &ms))
		return;
	line = trunk_reg_find(up->table, &name);
	if (!line || !line->user || kept_find(up, &name))
		return;
	kept = take(taking, line);
	if (kept)
		kept_wanted(kept, ms);
}

static void on_known(int err, const struct redis_val *val, void *arg)
{
	struct shard *shard = arg;
	struct upstream *up = shard->upstream;
	struct taking taking = {.shard = shard};
	const struct redis_val *lines = NULL;

	/* lost again meanwhile, or here already */
	if (!shard->held || !list_isempty(&shard->regs))
		return;
	if (!err && val->type == REDIS_ARRAY && val->len == 2) {
		taking.known = &val->el[0];
		lines	     = &val->el[1];
		if (taking.known->type != REDIS_ARRAY)
			taking.known = NULL;
		if (lines->type != REDIS_ARRAY)
			lines = NULL;
	}
	each(up->table, count_one, &taking);
	taking.n += lines ? (uint32_t)(lines->len / 2) : 0;
	each(up->table, take_one, &taking);
	for (size_t i = 0; lines && i + 1 < lines->len; i += 2)
		take_line(&taking, &lines->el[i], &lines->el[i + 1]);
	if (taking.n)
		log_info(NULL, "registrations at PBXs are kept here",
			 "shard=%s count=%u", shard->stem, taking.n);
	news_begin(shard);
}

static void on_lease(bool held, uint64_t fence, void *arg)
{
	struct shard *shard = arg;
	struct upstream *up = shard->upstream;
	char lines[UPSTREAM_KEY_MAX];
	struct redis_arg keys[2] = {redis_str(shard->key), {NULL, 0}};
	(void)fence;

	shard->held = held;
	if (!held) {
		/* another one goes on: nothing is said to the PBX */
		news_end(shard);
		kept_flush(shard);
		probe_set_end(shard->probes);
		return;
	}
	probe_set_begin(shard->probes, up->table);
	re_snprintf(lines, sizeof(lines), "%s:lines", shard->stem);
	keys[1] = redis_str(lines);
	if (redis_link_eval(up->px->deps.redis, &script_take, keys, 2, NULL, 0,
			    on_known, shard))
		on_known(ENOTCONN, NULL, shard);
}

/* --- reload -------------------------------------------------------------------------- */

static void shard_reload(struct shard *shard, const struct route_table *table)
{
	struct le *le = list_head(&shard->regs);

	while (le) {
		struct kept *kept = le->data;
		char text[TRUNK_NAME_MAX + 1];
		const struct route_connection *conn;
		struct pl name;

		le = le->next;
		trunk_reg_name(text, trunk_reg_conn(kept->reg));
		pl_set_str(&name, text);
		conn = trunk_reg_find(table, &name);
		if (conn)
			trunk_reg_follow(kept->reg, conn);
		else
			kept_leave(kept);
	}
}

struct adding {
	struct upstream *up;
	uint32_t n; /* of all that are registered */
};

static void count_all(const struct route_connection *conn, void *arg)
{
	struct adding *adding = arg;
	(void)conn;

	++adding->n;
}

static void add_one(const struct route_connection *conn, void *arg)
{
	const struct adding *adding = arg;
	struct upstream *up = adding->up;
	struct shard *shard = &up->shards[upstream_shard(conn)];
	const uint32_t spread = adding->n / UPSTREAM_SHARDS * SPREAD_MS;
	char text[TRUNK_NAME_MAX + 1];
	struct kept *kept;
	struct pl name;

	trunk_reg_name(text, conn);
	pl_set_str(&name, text);
	kept = kept_find(up, &name);
	if (shard->held && !kept)
		(void)kept_add(shard, conn, NULL,
			       min(spread, (uint32_t)SPREAD_MAX_MS));
	else if (kept) /* whoever is there or not, from now on */
		wheel_stop(&kept->unwanted);
}

void upstream_reload(struct upstream *up)
{
	struct route_table *table =
		mem_ref((void *)(uintptr_t)up->px->deps.routes);
	struct adding adding = {.up = up};

	for (unsigned i = 0; i < UPSTREAM_SHARDS; i++) {
		shard_reload(&up->shards[i], table);
		probe_set_reload(up->shards[i].probes, table);
	}
	mem_deref(up->table);
	up->table = table;
	each(table, count_all, &adding);
	each(table, add_one, &adding);
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
	int err;

	if (!up)
		return ENOMEM;

	up->px	  = px;
	up->table = mem_ref((void *)(uintptr_t)px->deps.routes);
	err = hash_alloc(&up->kept, BUCKETS);
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
