/*
 * place.c  A place of a call among those that its tenant or user may have
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/redis_link.h"
#include "sigd/proxy/who/place.h"

enum {
	MARGIN_S = 60, /* behind the limit of a set-up, or of a call */
};

const struct redis_script place_script_take = {
	"conn-take",
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) "
	"local max = tonumber(ARGV[3]) "
	"redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', "
	"  string.format('%.0f', now)) "
	"if max > 0 and not redis.call('ZSCORE', KEYS[1], ARGV[1]) and "
	"  redis.call('ZCARD', KEYS[1]) >= max then return 0 end "
	"if KEYS[2] and not redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', "
	"  ARGV[4]) and redis.call('GET', KEYS[2]) ~= ARGV[1] then "
	"  return 2 end "
	"redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), "
	"  ARGV[1]) "
	"if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then "
	"  redis.call('PEXPIRE', KEYS[1], ARGV[2]) end "
	"return 1"};

struct place_ask {
	struct proxy *px;
	place_h *h;
	void *arg;
};

static void destructor(void *data)
{
	struct place_ask *ask = data;

	redis_link_forget(ask->px->deps.redis, ask);
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct place_ask *ask = arg;
	enum status code = STATUS_OK;

	if (err)
		code = STATUS_REDIS_DOWN;
	else if (val->type != REDIS_INT)
		code = STATUS_INTERNAL;
	else if (!val->num)
		code = STATUS_CALL_LIMIT;
	/* the owner may free the question in here */
	ask->h(code, ask->arg);
}

static void on_nothing(int err, const struct redis_val *val, void *arg)
{
	(void)err;
	(void)val;
	(void)arg;
}

/* ask: who asked whether there is one; NULL: it is there, whatever the most. */
static int take(struct proxy *px, const struct place *place, uint32_t life_s,
		uint32_t max, struct place_ask *ask)
{
	char ms[24], most[16];
	const struct redis_arg key = redis_str(place->key);
	struct redis_arg argv[3];

	re_snprintf(ms, sizeof(ms), "%llu", 1000ull * (life_s + MARGIN_S));
	re_snprintf(most, sizeof(most), "%u", max);
	argv[0] = redis_str(place->call);
	argv[1] = redis_str(ms);
	argv[2] = redis_str(most);
	return redis_link_eval(px->deps.redis, &place_script_take, &key, 1,
			       argv, 3, ask ? on_reply : on_nothing, ask);
}

int place_take(struct place_ask **askp, struct proxy *px,
	       const struct place *place, uint32_t max, place_h *h, void *arg)
{
	struct place_ask *ask = mem_zalloc(sizeof(*ask), destructor);
	int err;

	if (!ask)
		return ENOMEM;
	ask->px = px;
	ask->h = h;
	ask->arg = arg;
	err = take(px, place, px->cfg.setup_ms / 1000, max, ask);
	if (err) {
		mem_deref(ask);
		return err;
	}
	*askp = ask;
	return EINPROGRESS;
}

void place_keep(struct proxy *px, const struct place *place)
{
	(void)take(px, place, px->cfg.call_s, 0, NULL);
}

void place_leave(struct proxy *px, const struct place *place)
{
	struct redis_arg argv[3];

	argv[0] = redis_str("ZREM");
	argv[1] = redis_str(place->key);
	argv[2] = redis_str(place->call);
	(void)redis_link_send(px->deps.redis, argv, 3, NULL, NULL);
}
