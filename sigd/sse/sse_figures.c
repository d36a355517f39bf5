/*
 * sse_figures.c  One look at all workers, once a second
 *
 * All is asked in one go; Redis answers in that order, and with the last
 * answer it is told. Workers are asked for the few numbers that are shown, not
 * for all that they publish.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/node.h"
#include "common/publish.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/sse/sse_priv.h"
#include "sigd/proxy/conn/health.h"

enum { WORKERS_MAX = 256, SHARDS = 16 };

/* Fields of what a worker publishes (sigd_metric.c), and how they are shown. */
static const struct item {
	const char *field, *member;
} sig_items[] = {
	/* a ratio is kept in thousandths: metric_bounds.per_unit */
	{"cordboard_sig_load_ratio", "load_permille"},
	{"cordboard_sig_busy", "busy"},
	{"cordboard_sig_calls_total", "calls"},
	{"cordboard_sig_calls_answered_total", "answered"},
	{"cordboard_sig_flows_open", "flows"},
};

/* What is the size of one thing in Redis: connections that are not up, and who
 * has a deadline for the first device that is to come back: over UDP, too,
 * which no worker has among its own. */
static const struct size {
	const char *command, *key, *member;
} sizes[] = {
	{"HLEN", HEALTH_DOWN_KEY, "down"},
	{"HLEN", HEALTH_BROKEN_KEY, "broken"},
	{"HLEN", HEALTH_FORCED_KEY, "forced"},
	{"ZCARD", "cb:{due}:binding", "registered"},
};
enum { HUSHED = 3 }; /* those of connections */

const char *sse_figures_field(size_t i)
{
	return i < COUNTOF(sig_items) ? sig_items[i].field : NULL;
}

/* KEYS: calls of a shard. ARGV: now, stem of their media: how many calls, and
 * of the newest of them the legs with a MOS, its sum and the worst (times
 * 100). */
static const struct redis_script script_shard = {
	"sse-shard",
	"local n = redis.call('ZCOUNT', KEYS[1], ARGV[1], '+inf') "
	"local legs, sum, worst = 0, 0, 999 "
	"for _, name in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf',"
	"  ARGV[1], 'LIMIT', 0, 16)) do "
	"  local all = redis.call('HGETALL', ARGV[2] .. name:sub(1, 16)) "
	"  for k = 1, #all, 2 do if all[k]:sub(1, 4) == 'leg.' then "
	"    local mos = tonumber(all[k + 1]:match('%f[%S]in%-mos=(%d+)') "
	"      or '0') "
	"    if mos > 0 then legs = legs + 1 sum = sum + mos "
	"      if mos < worst then worst = mos end end end end end "
	"return {n, legs, sum, worst}"};

struct look {
	struct mbuf *mb;
	struct jsonw json;
	uint64_t calls, legs, mos_sum, mos_worst;
	uint64_t counts[4]; /* sizes[] */
	char addr[WORKERS_MAX][NODE_ADDR_MAX + 1];
	bool media[WORKERS_MAX];
	size_t nworkers;
	size_t got_workers, got_shards, got_counts;
};

struct sse_figures {
	struct redis_link *redis;
	struct look *look; /* NULL: none is under way */
	struct sse_ends ends;
	sse_figures_h *figuresh;
	void *arg;
};

static void look_destructor(void *data)
{
	struct look *look = data;

	mem_deref(look->mb);
}

static void destructor(void *data)
{
	struct sse_figures *figures = data;

	redis_link_forget(figures->redis, figures);
	mem_deref(figures->look);
	mem_deref(figures->redis);
}

/* --- what is told ------------------------------------------------------------- */

static void numbers_write(struct look *look, const struct redis_val *val)
{
	for (size_t i = 0; i < COUNTOF(sig_items) && i < val->len; i++) {
		uint64_t num;

		if (redis_num(&val->el[i], &num))
			jsonw_uint(&look->json, sig_items[i].member, num);
	}
}

static void number(struct jsonw *json, const char *member,
		   const struct redis_val *flat, const char *field)
{
	uint64_t num;

	if (redis_num(redis_field(flat, field), &num))
		jsonw_uint(json, member, num);
}

static void heartbeat_write(struct look *look, const struct redis_val *flat)
{
	const char *state = rest_text(flat, "state");

	jsonw_str(&look->json, "state", *state ? state : "gone");
	number(&look->json, "load_permille", flat, "load");
	number(&look->json, "lag_ms", flat, "lag_ms");
	number(&look->json, "sessions", flat, "sessions");
}

static void end_write(struct sse_figures *figures)
{
	struct look *look = figures->look;
	struct jsonw *json = &look->json;

	jsonw_end(json);
	jsonw_uint(json, "calls", look->calls);
	jsonw_uint(json, "ended", figures->ends.ended);
	jsonw_uint(json, "failed", figures->ends.failed);
	jsonw_object(json, "connections");
	for (size_t i = 0; i < HUSHED; i++)
		jsonw_uint(json, sizes[i].member, look->counts[i]);
	jsonw_end(json);
	jsonw_uint(json, sizes[HUSHED].member, look->counts[HUSHED]);
	jsonw_object(json, "mos");
	jsonw_uint(json, "legs", look->legs);
	if (look->legs) {
		jsonw_fixed(json, "mean",
			    (int64_t)(look->mos_sum / look->legs), 2);
		jsonw_fixed(json, "worst", (int64_t)look->mos_worst, 2);
	}
	jsonw_end(json);
	jsonw_end(json);
}

/* The handler is the last act. */
static void finish(struct sse_figures *figures)
{
	struct look *look = figures->look;

	if (look->got_workers < look->nworkers || look->got_shards < SHARDS ||
	    look->got_counts < COUNTOF(sizes))
		return;
	end_write(figures);
	figures->look = NULL;
	if (!jsonw_done(&look->json))
		figures->figuresh(look->mb, figures->arg);
	mem_deref(look);
}

/* --- answers ------------------------------------------------------------------- */

static bool failed(struct sse_figures *figures, int err,
		   const struct redis_val *val)
{
	if (!figures->look)
		return true;
	if (!err && val->type != REDIS_ERR)
		return false;
	figures->look = mem_deref(figures->look);
	return true;
}

static void on_worker(int err, const struct redis_val *val, void *arg)
{
	struct sse_figures *figures = arg;
	struct look *look;
	size_t nr;

	if (failed(figures, err, val))
		return;
	look = figures->look;
	nr = look->got_workers++;
	jsonw_object(&look->json, NULL);
	jsonw_str(&look->json, "daemon", look->media[nr] ? "mediad" : "sigd");
	jsonw_str(&look->json, "worker", look->addr[nr]);
	if (val->type != REDIS_ARRAY)
		;
	else if (look->media[nr])
		heartbeat_write(look, val);
	else
		numbers_write(look, val);
	jsonw_end(&look->json);
	finish(figures);
}

static void on_shard(int err, const struct redis_val *val, void *arg)
{
	struct sse_figures *figures = arg;
	struct look *look;
	uint64_t n[4];

	if (failed(figures, err, val))
		return;
	look = figures->look;
	++look->got_shards;
	if (val->type == REDIS_ARRAY && val->len == COUNTOF(n) &&
	    redis_num(&val->el[0], &n[0]) && redis_num(&val->el[1], &n[1]) &&
	    redis_num(&val->el[2], &n[2]) && redis_num(&val->el[3], &n[3])) {
		look->calls += n[0];
		look->legs += n[1];
		look->mos_sum += n[2];
		look->mos_worst = min(look->mos_worst, n[3]);
	}
	finish(figures);
}

static void on_count(int err, const struct redis_val *val, void *arg)
{
	struct sse_figures *figures = arg;
	struct look *look;

	if (failed(figures, err, val))
		return;
	look = figures->look;
	(void)redis_num(val, &look->counts[look->got_counts++]);
	finish(figures);
}

/* --- questions ------------------------------------------------------------------ */

static int worker_ask(struct sse_figures *figures, const char *addr, bool media)
{
	struct redis_arg argv[2 + COUNTOF(sig_items)];
	char key[REST_KEY_MAX];
	size_t argc = 2;

	re_snprintf(key, sizeof(key),
		    media ? "cb:{n:%s}:media" : "cb:{n:%s}:figures:sigd", addr);
	argv[0] = redis_str(media ? "HGETALL" : "HMGET");
	argv[1] = redis_str(key);
	for (size_t i = 0; !media && i < COUNTOF(sig_items); i++)
		argv[argc++] = redis_str(sig_items[i].field);
	return redis_link_send(figures->redis, argv, argc, on_worker, figures);
}

static int shards_ask(struct sse_figures *figures, uint64_t now_s)
{
	int err = 0;

	for (unsigned i = 0; i < SHARDS && !err; i++) {
		char key[REST_KEY_MAX], stem[REST_KEY_MAX], now[24];
		struct redis_arg keyv, argv[2];

		re_snprintf(key, sizeof(key), "cb:{c:%x}:calls", i);
		re_snprintf(stem, sizeof(stem), "cb:{c:%x}:media:", i);
		re_snprintf(now, sizeof(now), "%llu",
			    (unsigned long long)now_s);
		keyv = redis_str(key);
		argv[0] = redis_str(now);
		argv[1] = redis_str(stem);
		err = redis_link_eval(figures->redis, &script_shard, &keyv, 1,
				      argv, 2, on_shard, figures);
	}
	return err;
}

static int counts_ask(struct sse_figures *figures)
{
	int err = 0;

	for (size_t i = 0; i < COUNTOF(sizes) && !err; i++) {
		const struct redis_arg argv[2] = {redis_str(sizes[i].command),
						  redis_str(sizes[i].key)};

		err = redis_link_send(figures->redis, argv, 2, on_count,
				      figures);
	}
	return err;
}

/* "sigd a1/2" */
static void worker_take(struct look *look, const struct redis_val *name)
{
	const char *space;

	if (name->type != REDIS_STR || look->nworkers == WORKERS_MAX ||
	    !(space = strchr(name->str, ' ')) ||
	    strlen(space + 1) > NODE_ADDR_MAX)
		return;
	str_ncpy(look->addr[look->nworkers], space + 1,
		 sizeof(look->addr[0]));
	look->media[look->nworkers++] = !strncmp(name->str, "mediad ", 7);
}

static void on_workers(int err, const struct redis_val *val, void *arg)
{
	struct sse_figures *figures = arg;
	struct look *look;

	if (failed(figures, err, val))
		return;
	look = figures->look;
	for (size_t i = 0; val->type == REDIS_ARRAY && i < val->len; i++)
		worker_take(look, &val->el[i]);
	for (size_t i = 0; i < look->nworkers && !err; i++)
		err = worker_ask(figures, look->addr[i], look->media[i]);
	if (!err)
		err = shards_ask(figures, rest_now_ms() / 1000);
	if (!err)
		err = counts_ask(figures);
	if (err)
		figures->look = mem_deref(figures->look);
}

static int workers_ask(struct sse_figures *figures, uint64_t now_ms)
{
	struct redis_arg argv[4];
	char from[24];

	re_snprintf(from, sizeof(from), "%llu",
		    (unsigned long long)(now_ms - PUBLISH_TTL_MS) / 1000);
	argv[0] = redis_str("ZRANGEBYSCORE");
	argv[1] = redis_str(PUBLISH_WORKERS);
	argv[2] = redis_str(from);
	argv[3] = redis_str("+inf");
	return redis_link_send(figures->redis, argv, 4, on_workers, figures);
}

void sse_figures_look(struct sse_figures *figures,
		       const struct sse_ends *ends)
{
	const uint64_t now_ms = rest_now_ms();
	struct look *look;

	if (figures->look)
		return;
	/* what is left of a look that failed tells nobody anything */
	redis_link_forget(figures->redis, figures);
	look = mem_zalloc(sizeof(*look), look_destructor);
	if (!look)
		return;
	figures->look = look;
	figures->ends = *ends;
	look->mos_worst = UINT64_MAX;
	look->mb = mbuf_alloc(4096);
	if (!look->mb || workers_ask(figures, now_ms)) {
		figures->look = mem_deref(look);
		return;
	}
	jsonw_init(&look->json, look->mb);
	jsonw_object(&look->json, NULL);
	rest_time(&look->json, "time", now_ms);
	jsonw_array(&look->json, "workers");
}

int sse_figures_alloc(struct sse_figures **figuresp, struct redis_link *redis,
		       sse_figures_h *figuresh, void *arg)
{
	struct sse_figures *figures = mem_zalloc(sizeof(*figures), destructor);

	if (!figures)
		return ENOMEM;
	figures->redis = mem_ref(redis);
	figures->figuresh = figuresh;
	figures->arg = arg;
	*figuresp = figures;
	return 0;
}
