/*
 * due.c  Durable deadlines
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/due.h"
#include "common/wheel.h"

enum {
	POLL_MS = 1000,
	LEASE_MS = 10000,
	BATCH = 32, /* claimed from one shard at a time */
	KEY_MAX = 64,
};

struct due {
	struct redis_link *link;
	struct wheel *wheel;
	char kind[DUE_KIND_MAX + 1];
	char lease[12];
	uint32_t poll_ms;
	struct wheel_timer timer;
	due_fire_h *fireh;
	void *arg;
};

struct keys {
	char set[KEY_MAX];
	char data[KEY_MAX];
	struct redis_arg args[2];
};

/* clang-format off */
#define NOW                                                                  \
	"local t = redis.call('TIME') "                                      \
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) "
/* Both keys live a day longer than the deadline `at`. */
#define KEEP                                                                 \
	"for i = 1, 2 do "                                                   \
	"local keep = at - now + 86400000 "                                  \
	"if redis.call('PTTL', KEYS[i]) < keep then "                        \
	"redis.call('PEXPIRE', KEYS[i], string.format('%.0f', keep)) "       \
	"end end "

/* ARGV: id, data, delay. The data is kept with the number of claims. */
static const struct redis_script schedule_script = {
	"due_schedule",
	NOW
	"local at = now + tonumber(ARGV[3]) "
	"redis.call('ZADD', KEYS[1], string.format('%.0f', at), ARGV[1]) "
	"redis.call('HSET', KEYS[2], ARGV[1], '0 ' .. ARGV[2]) "
	KEEP
	"return string.format('%.0f', at)"};

/* ARGV: id */
static const struct redis_script cancel_script = {
	"due_cancel",
	"redis.call('HDEL', KEYS[2], ARGV[1]) "
	"return redis.call('ZREM', KEYS[1], ARGV[1])"};

/* ARGV: id, token. Scheduled anew, or claimed by another: not ours. */
static const struct redis_script done_script = {
	"due_done",
	"local at = redis.call('ZSCORE', KEYS[1], ARGV[1]) "
	"if not at or tonumber(at) ~= tonumber(ARGV[2]) then return 0 end "
	"redis.call('HDEL', KEYS[2], ARGV[1]) "
	"return redis.call('ZREM', KEYS[1], ARGV[1])"};

/* ARGV: lease, limit. Reply: the token, then id, data, deadline, tries of
 * each. */
static const struct redis_script claim_script = {
	"due_claim",
	NOW
	"local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', "
	"string.format('%.0f', now), 'WITHSCORES', 'LIMIT', 0, ARGV[2]) "
	"local at = now + tonumber(ARGV[1]) "
	"local token = string.format('%.0f', at) "
	"local out = {token} "
	"for i = 1, #ids, 2 do "
	"local v = redis.call('HGET', KEYS[2], ids[i]) "
	"local cut = v and string.find(v, ' ', 1, true) "
	"local n = cut and tonumber(string.sub(v, 1, cut - 1)) "
	"if not n then redis.call('ZREM', KEYS[1], ids[i]) else "
	"local data = string.sub(v, cut + 1) "
	"redis.call('ZADD', KEYS[1], token, ids[i]) "
	"redis.call('HSET', KEYS[2], ids[i], (n + 1) .. ' ' .. data) "
	"out[#out + 1] = ids[i] out[#out + 1] = data "
	"out[#out + 1] = ids[i + 1] out[#out + 1] = tostring(n + 1) "
	"end end "
	"if #ids > 0 then " KEEP "end "
	"return out"};
/* clang-format on */

static void look(void *arg);

static void due_destructor(void *arg)
{
	struct due *due = arg;

	wheel_stop(&due->timer);
	redis_link_forget(due->link, due);
	mem_deref(due->link);
	mem_deref(due->wheel);
}

static void keys_of(struct keys *keys, const struct due *due, unsigned shard)
{
	(void)re_snprintf(keys->set, sizeof(keys->set), "cb:{due:%u}:%s", shard,
			  due->kind);
	(void)re_snprintf(keys->data, sizeof(keys->data), "cb:{due:%u}:%s:data",
			  shard, due->kind);
	keys->args[0] = redis_str(keys->set);
	keys->args[1] = redis_str(keys->data);
}

static unsigned shard_of(const struct pl *id)
{
	return hash_joaat((const uint8_t *)id->p, id->l) % DUE_SHARDS;
}

static int eval_for(struct due *due, const struct redis_script *script,
		    const struct redis_arg *args, size_t nargs,
		    redis_reply_h *replyh, void *arg)
{
	const struct pl id = {args[0].data, args[0].len};
	struct keys keys;

	if (!id.l || id.l > DUE_ID_MAX)
		return EINVAL;

	keys_of(&keys, due, shard_of(&id));
	return redis_link_eval(due->link, script, keys.args, 2, args, nargs,
			       replyh, arg);
}

static void poll_in(struct due *due, uint32_t ms)
{
	uint32_t jitter = ms / 4;

	wheel_start(due->wheel, &due->timer,
		    ms - jitter + rand_u32() % (2 * jitter + 1), look, due);
}

/* What a server of ours cannot have said is passed over. */
static bool read_item(struct due_item *item, const struct redis_val *el)
{
	uint64_t tries;

	if (el[0].type != REDIS_STR || el[1].type != REDIS_STR ||
	    !redis_num(&el[2], &item->due_ms) || !redis_num(&el[3], &tries))
		return false;

	item->id = (struct pl){el[0].str, el[0].len};
	item->data = (struct pl){el[1].str, el[1].len};
	item->tries = (uint32_t)tries;
	return true;
}

static void on_claimed(int err, const struct redis_val *val, void *arg)
{
	struct due *due = arg;
	struct due_item item;
	bool alive = true;

	if (err || val->type != REDIS_ARRAY || !val->len ||
	    !redis_num(&val->el[0], &item.token))
		return;

	if (val->len > 4 * (BATCH - 1))
		poll_in(due, 0); /* there may be more */

	mem_ref(due);
	for (size_t i = 1; i + 3 < val->len && alive; i += 4) {
		if (read_item(&item, &val->el[i]))
			due->fireh(&item, due->arg);
		alive = mem_nrefs(due) > 1;
	}
	mem_deref(due);
}

static void look(void *arg)
{
	struct due *due = arg;
	const struct redis_arg args[] = {redis_str(due->lease),
					 redis_str("32")};
	struct keys keys;

	poll_in(due, due->poll_ms);
	for (unsigned shard = 0; shard < DUE_SHARDS; shard++) {
		keys_of(&keys, due, shard);
		if (redis_link_eval(due->link, &claim_script, keys.args, 2,
				    args, 2, on_claimed, due))
			return; /* Redis is away */
	}
}

static bool is_kind(const char *kind)
{
	size_t len = strlen(kind);

	return len && len <= DUE_KIND_MAX &&
	       strspn(kind, "abcdefghijklmnopqrstuvwxyz-") == len;
}

int due_alloc(struct due **duep, const struct due_params *params)
{
	struct due *due;

	if (!is_kind(params->kind))
		return EINVAL;

	due = mem_zalloc(sizeof(*due), due_destructor);
	if (!due)
		return ENOMEM;

	due->link = mem_ref(params->link);
	due->wheel = mem_ref(params->wheel);
	due->fireh = params->fireh;
	due->arg = params->arg;
	due->poll_ms = params->poll_ms ? params->poll_ms : POLL_MS;
	str_ncpy(due->kind, params->kind, sizeof(due->kind));
	(void)re_snprintf(due->lease, sizeof(due->lease), "%u",
			  params->lease_ms ? params->lease_ms : LEASE_MS);
	if (due->fireh)
		poll_in(due, due->poll_ms);
	*duep = due;
	return 0;
}

int due_schedule(struct due *due, const struct pl *id, const struct pl *data,
		 uint32_t delay_ms, redis_reply_h *replyh, void *arg)
{
	char delay[12];
	struct redis_arg args[] = {{id->p, id->l},
				   {data->p, data->l},
				   {delay, 0}};
	int n = re_snprintf(delay, sizeof(delay), "%u", delay_ms);

	if (delay_ms > DUE_DELAY_MAX_MS || data->l > DUE_DATA_MAX)
		return EINVAL;

	args[2].len = (size_t)n;
	return eval_for(due, &schedule_script, args, 3, replyh, arg);
}

int due_cancel(struct due *due, const struct pl *id, redis_reply_h *replyh,
	       void *arg)
{
	const struct redis_arg args[] = {{id->p, id->l}};

	return eval_for(due, &cancel_script, args, 1, replyh, arg);
}

int due_done(struct due *due, const struct pl *id, uint64_t token)
{
	char text[24];
	struct redis_arg args[] = {{id->p, id->l}, {text, 0}};
	int n = re_snprintf(text, sizeof(text), "%llu",
			    (unsigned long long)token);

	args[1].len = (size_t)n;
	return eval_for(due, &done_script, args, 2, NULL, NULL);
}
