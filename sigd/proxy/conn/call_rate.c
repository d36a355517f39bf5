/*
 * call_rate.c  How many calls a second a tenant or a connection may have
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/publish.h"
#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/guard/alarm.h"
#include "sigd/guard/share.h"
#include "sigd/proxy/conn/call_rate.h"
#include "sigd/proxy/limit_note.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/proxy_priv.h"

enum {
	BUCKETS = 64,
	NAME_LEN = 32 + 1 + ROUTE_CONN_MAX,
	KEY_MAX = NAME_LEN + 16,
	IDLE_MAX = 60, /* rounds without a call, then it is forgotten */
	ONE = 1000,
};

/* ARGV: worker, thousandths wanted, milliseconds until a word is old. All that
 * is not: worker, wanted .. */
static const struct redis_script script_say = {
	"call-rate",
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) "
	"redis.call('HSET', KEYS[1], ARGV[1], "
	"  string.format('%.0f', now) .. ' ' .. ARGV[2]) "
	"redis.call('PEXPIRE', KEYS[1], 10 * ARGV[3]) "
	"local all, out = redis.call('HGETALL', KEYS[1]), {} "
	"for i = 1, #all, 2 do "
	"  local at, want = string.match(all[i + 1], '^(%d+) (%d+)$') "
	"  if at and tonumber(at) > now - tonumber(ARGV[3]) then "
	"    out[#out + 1] = all[i] out[#out + 1] = want "
	"  else redis.call('HDEL', KEYS[1], all[i]) end "
	"end "
	"return out"};

struct call_rates {
	struct proxy *px;
	struct hash *rows; /* struct row */
	uint32_t n;
	uint32_t workers; /* that live; 0: not known */
	struct wheel_timer count;
};

struct row {
	struct le le;
	struct call_rates *rates;
	char name[NAME_LEN + 1];
	uint32_t limit;  /* calls a second */
	uint64_t share;  /* thousandths */
	uint32_t wanted; /* in this round */
	uint32_t idle;   /* rounds */
	struct share_bucket bucket;
	struct wheel_timer round;
};

static void row_destructor(void *data)
{
	struct row *row = data;

	wheel_stop(&row->round);
	redis_link_forget(row->rates->px->deps.redis, row);
	hash_unlink(&row->le);
	--row->rates->n;
}

static void destructor(void *data)
{
	struct call_rates *rates = data;

	wheel_stop(&rates->count);
	redis_link_forget(rates->px->deps.redis, rates);
	hash_flush(rates->rows);
	mem_deref(rates->rows);
}

/* --- how many workers there are -------------------------------------------------- */

static void on_workers(int err, const struct redis_val *val, void *arg)
{
	static const char ours[] = "sigd ";
	struct call_rates *rates = arg;
	uint32_t n = 0;

	if (err || val->type != REDIS_ARRAY)
		return;
	for (size_t i = 0; i < val->len; i++)
		n += val->el[i].type == REDIS_STR &&
		     !strncmp(val->el[i].str, ours, sizeof(ours) - 1);
	rates->workers = n;
}

static void count_workers(void *arg)
{
	struct call_rates *rates = arg;
	struct redis_link *link = rates->px->deps.redis;
	char from[24];

	re_snprintf(from, sizeof(from), "%llu",
		    (proxy_unix_ms() - PUBLISH_TTL_MS) / 1000);

	const struct redis_arg ask[] = {
		redis_str("ZRANGEBYSCORE"), redis_str(PUBLISH_WORKERS),
		redis_str(from), redis_str("+inf")};

	(void)redis_link_send(link, ask, 4, on_workers, rates);
	wheel_start(rates->px->deps.wheel, &rates->count, PUBLISH_MS,
		    count_workers, rates);
}

int call_rates_alloc(struct call_rates **ratesp, struct proxy *px)
{
	struct call_rates *rates = mem_zalloc(sizeof(*rates), destructor);

	if (!rates)
		return ENOMEM;
	rates->px = px;
	if (hash_alloc(&rates->rows, BUCKETS)) {
		mem_deref(rates);
		return ENOMEM;
	}
	count_workers(rates);
	*ratesp = rates;
	return 0;
}

/* --- with the others ----------------------------------------------------------- */

/* With Redis away the share stays what it was. */
static void on_said(int err, const struct redis_val *val, void *arg)
{
	struct row *row = arg;
	uint64_t wanted[SHARE_MAX];
	size_t n = 0, mine = SHARE_MAX;

	if (err || val->type != REDIS_ARRAY)
		return;
	for (size_t i = 0; i + 1 < val->len && n < SHARE_MAX; i += 2) {
		if (!redis_num(&val->el[i + 1], &wanted[n]))
			continue;
		if (redis_is(&val->el[i], row->rates->px->worker))
			mine = n;
		++n;
	}
	if (mine < n)
		row->share = share_of((uint64_t)row->limit * ONE, wanted, n,
				      mine);
}

static void say(struct row *row)
{
	struct proxy *px = row->rates->px;
	char key[KEY_MAX], want[16], old[16];
	struct redis_arg key_arg, argv[3];

	re_snprintf(key, sizeof(key), "cb:{r:%s}:rate", row->name);
	re_snprintf(want, sizeof(want), "%u",
		    row->wanted * (ONE * ONE / CALL_RATE_MS));
	re_snprintf(old, sizeof(old), "%u", CALL_RATE_OLD_MS);
	key_arg = redis_str(key);
	argv[0] = redis_str(px->worker);
	argv[1] = redis_str(want);
	argv[2] = redis_str(old);
	(void)redis_link_eval(px->deps.redis, &script_say, &key_arg, 1, argv,
			      3, on_said, row);
}

static void on_round(void *arg)
{
	struct row *row = arg;

	row->idle = row->wanted ? 0 : row->idle + 1;
	if (row->idle >= IDLE_MAX) {
		mem_deref(row);
		return;
	}
	/* the others hear once that nothing is wanted, then nothing */
	if (row->idle <= 1)
		say(row);
	row->wanted = 0;
	wheel_start(row->rates->px->deps.wheel, &row->round, CALL_RATE_MS,
		    on_round, row);
}

/* --- a call --------------------------------------------------------------------- */

static bool is_name(struct le *le, void *arg)
{
	const struct row *row = le->data;

	return !strcmp(row->name, arg);
}

static struct row *row_new(struct call_rates *rates, const char *name,
			   uint32_t limit)
{
	struct row *row;

	if (rates->n >= CALL_RATES_MAX)
		return NULL;
	row = mem_zalloc(sizeof(*row), row_destructor);
	if (!row)
		return NULL;
	++rates->n;
	row->rates = rates;
	str_ncpy(row->name, name, sizeof(row->name));
	hash_append(rates->rows, hash_joaat_str(name), &row->le, row);
	/* until the others are heard of, as if all came to each alike */
	row->share = (uint64_t)limit * ONE /
		     max(rates->workers, (uint32_t)1);
	wheel_start(rates->px->deps.wheel, &row->round, 0, on_round, row);
	return row;
}

static struct row *row_of(struct call_rates *rates, const char *name,
			  uint32_t limit)
{
	struct row *row = list_ledata(hash_lookup(
		rates->rows, hash_joaat_str(name), is_name,
		(void *)(uintptr_t)name));

	row = row ? row : row_new(rates, name, limit);
	if (row && row->limit && row->limit != limit) /* a reload */
		row->share = row->share * limit / row->limit;
	if (row)
		row->limit = limit;
	return row;
}

static void tell_full(struct call_rates *rates, const char *name)
{
	struct alarm_about about = {
		.why = PL("too many have a rate: this one is not counted")};

	pl_set_str(&about.name, name);
	alarm_note(rates->px->alarms, ALARM_TENANT_RATE, &about);
}

bool call_rate_take(struct call_rates *rates, const struct route_tenant *tenant,
		    const struct route_connection *conn)
{
	const uint32_t limit = conn ? conn->calls_s : tenant->calls_s;
	char name[NAME_LEN + 1];
	struct row *row;

	if (!limit)
		return true;
	re_snprintf(name, sizeof(name), "%s%s%s", tenant->id,
		    conn ? "/" : "", conn ? conn->name : "");
	row = row_of(rates, name, limit);
	/* who is one too many is not counted, rather than not served */
	if (!row) {
		tell_full(rates, name);
		return true;
	}
	++row->wanted;
	if (share_take(&row->bucket, row->share,
		       wheel_now(rates->px->deps.wheel)))
		return true;
	limit_note(rates->px, STATUS_RATE_LIMITED, tenant->id,
		   conn ? conn->name : NULL);
	return false;
}
