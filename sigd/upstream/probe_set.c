/*
 * probe_set.c  The probes of a shard
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/redis_link.h"
#include "routing/route.h"
#include "sigd/guard/alarm.h"
#include "sigd/proxy/conn/conn_journal.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/upstream/probe.h"
#include "sigd/upstream/probe_set.h"
#include "sigd/upstream/trunk_reg.h"
#include "sigd/upstream/upstream.h"

enum {
	SPREAD_MS = 20,     /* for each of a shard: not all at once */
	SPREAD_MAX_MS = 30000,
	KEEP_S = 7 * 86400, /* of the shard's hash, after its last write */
	KEY_MAX = 32,
};

struct probe_set {
	struct proxy *px;
	unsigned shard;
	char key[KEY_MAX];
	const struct route_table *table; /* NULL: not begun */
	struct probe_counts *counts;
	struct list probes; /* struct kept */
};

struct kept {
	struct le le;
	struct probe_set *set;
	struct probe *probe;
	bool down; /* counted so */
};

static void down_set(struct kept *kept, bool down)
{
	kept->set->counts->down += (uint64_t)down - (uint64_t)kept->down;
	kept->down = down;
}

static void kept_destructor(void *data)
{
	struct kept *kept = data;

	if (kept->le.list)
		--kept->set->counts->kept;
	down_set(kept, false);
	list_unlink(&kept->le);
	mem_deref(kept->probe);
}

static void destructor(void *data)
{
	struct probe_set *set = data;

	list_flush(&set->probes);
	redis_link_forget(set->px->deps.redis, set);
}

/* --- the state in Redis ------------------------------------------------------------ */

/* With Redis away it is written at the next probe. */
static void field_set(struct probe_set *set, const char *key, const char *name,
		      const char *text)
{
	struct redis_link *link = set->px->deps.redis;
	char ttl[16];

	re_snprintf(ttl, sizeof(ttl), "%d", KEEP_S);

	const struct redis_arg hset[] = {redis_str("HSET"), redis_str(key),
					 redis_str(name), redis_str(text)};
	const struct redis_arg expire[] = {redis_str("EXPIRE"),
					   redis_str(key), redis_str(ttl)};

	if (!redis_link_send(link, hset, 4, NULL, NULL))
		(void)redis_link_send(link, expire, 3, NULL, NULL);
}

static void field_remove(struct probe_set *set, const char *key,
			 const char *name)
{
	const struct redis_arg del[] = {redis_str("HDEL"), redis_str(key),
					redis_str(name)};

	(void)redis_link_send(set->px->deps.redis, del, 3, NULL, NULL);
}

/* It is down until it is probed again and answers; or for no longer than that
 * should have taken, if nobody probes any more. */
static void down_write(struct probe_set *set, const struct probe *probe,
		       const struct sa *addr)
{
	const struct probe_state *state = probe_state(probe);
	char text[HEALTH_ROW_MAX], name[HEALTH_NAME_MAX + 1];
	struct health_row row = {.state = ROUTE_STATE_DOWN,
				 .since_ms = state->since_ms};
	uint64_t now;

	if (!redis_link_time(set->px->deps.redis, &now))
		return;
	health_name(name, probe_conn(probe), addr);
	row.until_ms = now + probe_valid_ms(probe);
	str_ncpy(row.by, set->px->worker, sizeof(row.by));
	str_ncpy(row.why, state->why, sizeof(row.why));
	if (!health_row_print(text, &row))
		field_set(set, HEALTH_DOWN_KEY, name, text);
}

static void on_way(const struct probe *probe, const struct sa *addr, bool down,
		   void *arg)
{
	struct kept *kept = arg;
	char name[HEALTH_NAME_MAX + 1];

	if (down) {
		down_write(kept->set, probe, addr);
		return;
	}
	health_name(name, probe_conn(probe), addr);
	field_remove(kept->set, HEALTH_DOWN_KEY, name);
}

static void log_change(const struct probe_state *state, const char *name)
{
	if (state->phase == PROBE_DOWN)
		log_warn(NULL, "a connection is down",
			 "connection=%s code=%u why=%s", name, state->code,
			 state->why);
	else
		log_info(NULL, "a connection is up",
			 "connection=%s code=%u after_ms=%u", name,
			 state->code, state->rtt_ms);
}

/* That it is there from the beginning is no news. */
static void tell_change(const struct probe_set *set, const struct probe *probe)
{
	const struct route_connection *conn = probe_conn(probe);
	const struct probe_state *state = probe_state(probe);
	struct alarm_about about = {.load = 0};

	if (state->phase != PROBE_UNKNOWN)
		conn_journal_state(set->px, conn,
				   state->phase == PROBE_DOWN ? JOURNAL_DOWN
							      : JOURNAL_UP,
				   state->why);
	pl_set_str(&about.tenant, conn->tenant->id);
	pl_set_str(&about.name, conn->name);
	pl_set_str(&about.why, state->why);
	if (state->phase == PROBE_DOWN)
		alarm_note(set->px->alarms, ALARM_CONN_DOWN, &about);
	else if (state->phase == PROBE_UP && state->was == PROBE_DOWN)
		alarm_note(set->px->alarms, ALARM_CONN_UP, &about);
}

static void on_end(const struct probe *probe, bool changed, void *arg)
{
	struct kept *kept = arg;
	struct probe_set *set = kept->set;
	const struct probe_state *state = probe_state(probe);
	char text[PROBE_STATE_MAX], name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, probe_conn(probe));
	/* who has not registered has not failed */
	set->counts->failed +=
		state->failures && !probe_answered(state->code);
	down_set(kept, state->phase == PROBE_DOWN);
	if (changed) {
		log_change(state, name);
		tell_change(set, probe);
	}
	if (!probe_state_print(text, state, set->px->worker))
		field_set(set, set->key, name, text);
	if (kept->down)
		down_write(set, probe, NULL);
	else if (changed)
		field_remove(set, HEALTH_DOWN_KEY, name);
}

static void on_sent(void *arg)
{
	struct kept *kept = arg;

	++kept->set->counts->sent;
}

/* --- which -------------------------------------------------------------------------- */

static bool known_read(struct probe_state *state,
		       const struct redis_val *known, const char *name)
{
	const struct redis_val *val = NULL;
	struct pl text;

	if (known && known->type == REDIS_ARRAY)
		val = redis_field(known, name);
	if (!val || val->type != REDIS_STR)
		return false;
	text = (struct pl){val->str, val->len};
	return !probe_state_parse(state, &text);
}

static void keep(struct probe_set *set, const struct route_connection *conn,
		 const struct redis_val *known, uint32_t first_ms)
{
	struct probe_handlers h = {.endh = on_end, .senth = on_sent,
				   .wayh = on_way};
	char name[TRUNK_NAME_MAX + 1];
	struct probe_state was;
	struct kept *kept;
	bool is_known;

	kept = mem_zalloc(sizeof(*kept), kept_destructor);
	if (!kept)
		return;
	kept->set = set;
	h.arg	  = kept;
	trunk_reg_name(name, conn);
	is_known = known_read(&was, known, name);
	if (probe_alloc(&kept->probe, set->px, conn, is_known ? &was : NULL,
			first_ms, &h)) {
		mem_deref(kept);
		return;
	}
	list_append(&set->probes, &kept->le, kept);
	++set->counts->kept;
	down_set(kept, probe_state(kept->probe)->phase == PROBE_DOWN);
}

static struct kept *find(const struct probe_set *set,
			 const struct route_connection *conn)
{
	struct le *le;

	LIST_FOREACH(&set->probes, le) {
		struct kept *kept = le->data;

		if (probe_conn(kept->probe) == conn)
			return kept;
	}
	return NULL;
}

/* Calls h for each connection of this shard that is to be probed. */
typedef void(each_h)(const struct route_connection *conn, void *arg);
static void each(const struct probe_set *set, each_h *h, void *arg)
{
	const struct route_tenant *tenant;

	for (size_t i = 0; (tenant = route_tenant_at(set->table, i)); i++) {
		for (uint32_t k = 0; k < tenant->nconnections; k++) {
			const struct route_connection *conn =
				&tenant->connections[k];

			if (probe_wanted(conn) &&
			    upstream_shard(conn) == set->shard)
				h(conn, arg);
		}
	}
}

struct taking {
	struct probe_set *set;
	const struct redis_val *known;
	uint32_t n;
};

static void count_one(const struct route_connection *conn, void *arg)
{
	struct taking *taking = arg;
	(void)conn;

	++taking->n;
}

static void take_one(const struct route_connection *conn, void *arg)
{
	const struct taking *taking = arg;

	keep(taking->set, conn, taking->known,
	     min(taking->n * SPREAD_MS, (uint32_t)SPREAD_MAX_MS));
}

static void on_known(int err, const struct redis_val *val, void *arg)
{
	struct probe_set *set = arg;
	struct taking taking = {.set = set, .known = err ? NULL : val};

	/* lost again meanwhile, or here already */
	if (!set->table || !list_isempty(&set->probes))
		return;
	each(set, count_one, &taking);
	each(set, take_one, &taking);
}

void probe_set_begin(struct probe_set *set, const struct route_table *table)
{
	const struct redis_arg ask[] = {redis_str("HGETALL"),
					redis_str(set->key)};

	set->table = table;
	if (redis_link_send(set->px->deps.redis, ask, 2, on_known, set))
		on_known(ENOTCONN, NULL, set);
}

void probe_set_end(struct probe_set *set)
{
	set->table = NULL;
	list_flush(&set->probes);
}

/* --- reload -------------------------------------------------------------------------- */

/* The same connection in the table of now; NULL: gone, or not probed. */
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
	return conn && probe_wanted(conn) ? conn : NULL;
}

static void leave(struct kept *kept)
{
	char name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, probe_conn(kept->probe));
	field_remove(kept->set, kept->set->key, name);
	field_remove(kept->set, HEALTH_DOWN_KEY, name);
	mem_deref(kept);
}

/* What is known of another address says nothing of this one. */
static void follow(struct kept *kept, const struct route_connection *conn)
{
	char name[TRUNK_NAME_MAX + 1];

	trunk_reg_name(name, conn);
	probe_follow(kept->probe, conn);
	if (!kept->down || probe_state(kept->probe)->phase == PROBE_DOWN)
		return;
	down_set(kept, false);
	field_remove(kept->set, HEALTH_DOWN_KEY, name);
}

static void add_one(const struct route_connection *conn, void *arg)
{
	struct probe_set *set = arg;

	if (!find(set, conn))
		keep(set, conn, NULL, 0);
}

void probe_set_reload(struct probe_set *set, const struct route_table *table)
{
	struct le *le = list_head(&set->probes);

	if (!set->table)
		return;
	while (le) {
		struct kept *kept = le->data;
		const struct route_connection *conn =
			same(table, probe_conn(kept->probe));

		le = le->next;
		if (!conn) {
			leave(kept);
			continue;
		}
		follow(kept, conn);
	}
	set->table = table;
	each(set, add_one, set);
}

int probe_set_alloc(struct probe_set **setp, struct proxy *px, unsigned shard,
		    struct probe_counts *counts)
{
	struct probe_set *set = mem_zalloc(sizeof(*set), destructor);

	if (!set)
		return ENOMEM;

	set->px	    = px;
	set->shard  = shard;
	set->counts = counts;
	re_snprintf(set->key, sizeof(set->key), "cb:{u:%u}:health", shard);
	*setp = set;
	return 0;
}
