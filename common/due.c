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
	BATCH = 32, /* claimed of one kind at a time */
	KEY_MAX = 64,
	CLAIM_ARGS = 2, /* for each kind: lease, name */
};

struct due_poll {
	struct redis_link *link;
	struct wheel *wheel;
	uint32_t ms;
	struct wheel_timer timer;
	struct list kinds; /* struct due, borrowed */
};

struct due {
	struct le le;
	struct due_poll *poll;
	struct redis_link *link;
	char kind[DUE_KIND_MAX + 1];
	char lease[12];
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

/* ARGV: id, token, delay. The same. */
static const struct redis_script again_script = {
	"due_again",
	NOW
	"local was = redis.call('ZSCORE', KEYS[1], ARGV[1]) "
	"if not was or tonumber(was) ~= tonumber(ARGV[2]) then return 0 end "
	"local at = now + tonumber(ARGV[3]) "
	"local data = redis.call('HGET', KEYS[2], ARGV[1]) or '0 ' "
	"redis.call('ZADD', KEYS[1], string.format('%.0f', at), ARGV[1]) "
	"redis.call('HSET', KEYS[2], ARGV[1], "
	"(string.gsub(data, '^%d+', '0'))) "
	KEEP
	"return 1"};

/* KEYS: two for each kind. ARGV: limit, then lease and name of each kind.
 * Reply: for each that has something due: kind, token, then id, data, deadline,
 * tries of each. */
static const struct redis_script claim_script = {
	"due_claim",
	NOW
	"local function claim(set, all, lease, kind) "
	"local ids = redis.call('ZRANGEBYSCORE', set, '-inf', "
	"string.format('%.0f', now), 'WITHSCORES', 'LIMIT', 0, ARGV[1]) "
	"if #ids == 0 then return nil end "
	"local at = now + tonumber(lease) "
	"local token = string.format('%.0f', at) "
	"local out = {kind, token} "
	"for i = 1, #ids, 2 do "
	"local v = redis.call('HGET', all, ids[i]) "
	"local cut = v and string.find(v, ' ', 1, true) "
	"local n = cut and tonumber(string.sub(v, 1, cut - 1)) "
	"if not n then redis.call('ZREM', set, ids[i]) else "
	"local data = string.sub(v, cut + 1) "
	"redis.call('ZADD', set, token, ids[i]) "
	"redis.call('HSET', all, ids[i], (n + 1) .. ' ' .. data) "
	"out[#out + 1] = ids[i] out[#out + 1] = data "
	"out[#out + 1] = ids[i + 1] out[#out + 1] = tostring(n + 1) "
	"end end "
	"for _, key in ipairs({set, all}) do "
	"local keep = at - now + 86400000 "
	"if redis.call('PTTL', key) < keep then "
	"redis.call('PEXPIRE', key, string.format('%.0f', keep)) end end "
	"return out end "
	"local found = {} "
	"for i = 1, #KEYS, 2 do "
	"found[#found + 1] = claim(KEYS[i], KEYS[i + 1], ARGV[i + 1], "
	"ARGV[i + 2]) end "
	"return found"};
/* clang-format on */

static void look(void *arg);

static void poll_destructor(void *arg)
{
	struct due_poll *poll = arg;

	wheel_stop(&poll->timer);
	redis_link_forget(poll->link, poll);
	list_clear(&poll->kinds);
	mem_deref(poll->link);
	mem_deref(poll->wheel);
}

static void due_destructor(void *arg)
{
	struct due *due = arg;

	list_unlink(&due->le);
	redis_link_forget(due->link, due);
	mem_deref(due->link);
	mem_deref(due->poll);
}

static void keys_of(struct keys *keys, const struct due *due)
{
	(void)re_snprintf(keys->set, sizeof(keys->set), "cb:{due}:%s",
			  due->kind);
	(void)re_snprintf(keys->data, sizeof(keys->data), "cb:{due}:%s:data",
			  due->kind);
	keys->args[0] = redis_str(keys->set);
	keys->args[1] = redis_str(keys->data);
}

static int eval_for(struct due *due, const struct redis_script *script,
		    const struct redis_arg *args, size_t nargs,
		    redis_reply_h *replyh, void *arg)
{
	struct keys keys;

	if (!args[0].len || args[0].len > DUE_ID_MAX)
		return EINVAL;

	keys_of(&keys, due);
	return redis_link_eval(due->link, script, keys.args, 2, args, nargs,
			       replyh, arg);
}

static void poll_in(struct due_poll *poll, uint32_t ms)
{
	uint32_t jitter = ms / 4;

	wheel_start(poll->wheel, &poll->timer,
		    ms - jitter + rand_u32() % (2 * jitter + 1), look, poll);
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

static struct due *kind_find(const struct due_poll *poll,
			     const struct redis_val *name)
{
	struct le *le;

	LIST_FOREACH(&poll->kinds, le) {
		struct due *due = le->data;

		if (redis_is(name, due->kind))
			return due;
	}
	return NULL;
}

/* Of one kind: its name, the token, the items. It may be freed by its own
 * handler, and so may the poll. */
static void fire(struct due_poll *poll, const struct redis_val *val)
{
	struct due_item item;
	struct due *due;
	bool alive = true;

	if (val->type != REDIS_ARRAY || val->len < 2 ||
	    !redis_num(&val->el[1], &item.token))
		return;
	due = kind_find(poll, &val->el[0]);
	if (!due)
		return;

	if (val->len >= 2 + 4 * BATCH)
		poll_in(poll, 0); /* there may be more */
	mem_ref(due);
	for (size_t i = 2; i + 3 < val->len && alive; i += 4) {
		if (read_item(&item, &val->el[i]))
			due->fireh(&item, due->arg);
		alive = mem_nrefs(due) > 1;
	}
	mem_deref(due);
}

static void on_claimed(int err, const struct redis_val *val, void *arg)
{
	struct due_poll *poll = arg;

	if (err || val->type != REDIS_ARRAY)
		return;

	mem_ref(poll);
	for (size_t i = 0; i < val->len; i++)
		fire(poll, &val->el[i]);
	mem_deref(poll);
}

static void look(void *arg)
{
	struct due_poll *poll = arg;
	struct redis_arg keyv[2 * DUE_KINDS_MAX];
	struct redis_arg argv[1 + CLAIM_ARGS * DUE_KINDS_MAX];
	struct keys keys[DUE_KINDS_MAX];
	size_t n = 0;
	struct le *le;

	poll_in(poll, poll->ms);
	argv[0] = redis_str("32");
	LIST_FOREACH(&poll->kinds, le) {
		const struct due *due = le->data;

		keys_of(&keys[n], due);
		memcpy(&keyv[2 * n], keys[n].args, sizeof(keys[n].args));
		argv[1 + CLAIM_ARGS * n] = redis_str(due->lease);
		argv[2 + CLAIM_ARGS * n] = redis_str(due->kind);
		++n;
	}
	/* with Redis away the next one finds what is due */
	if (n)
		(void)redis_link_eval(poll->link, &claim_script, keyv, 2 * n,
				      argv, 1 + CLAIM_ARGS * n, on_claimed,
				      poll);
}

int due_poll_alloc(struct due_poll **pollp, struct redis_link *link,
		   struct wheel *wheel, uint32_t ms)
{
	struct due_poll *poll = mem_zalloc(sizeof(*poll), poll_destructor);

	if (!poll)
		return ENOMEM;

	poll->link = mem_ref(link);
	poll->wheel = mem_ref(wheel);
	poll->ms = ms ? ms : POLL_MS;
	poll_in(poll, poll->ms);
	*pollp = poll;
	return 0;
}

static bool is_kind(const char *kind)
{
	size_t len = strlen(kind);

	return len && len <= DUE_KIND_MAX &&
	       strspn(kind, "abcdefghijklmnopqrstuvwxyz-") == len;
}

static int poll_join(struct due *due, const struct due_params *params)
{
	int err = 0;

	if (params->poll)
		due->poll = mem_ref(params->poll);
	else
		err = due_poll_alloc(&due->poll, params->link, params->wheel,
				     params->poll_ms);
	if (err)
		return err;
	if (list_count(&due->poll->kinds) >= DUE_KINDS_MAX)
		return ENFILE;
	list_append(&due->poll->kinds, &due->le, due);
	return 0;
}

int due_alloc(struct due **duep, const struct due_params *params)
{
	struct due *due;
	int err = 0;

	if (!is_kind(params->kind))
		return EINVAL;

	due = mem_zalloc(sizeof(*due), due_destructor);
	if (!due)
		return ENOMEM;

	due->link = mem_ref(params->link);
	due->fireh = params->fireh;
	due->arg = params->arg;
	str_ncpy(due->kind, params->kind, sizeof(due->kind));
	(void)re_snprintf(due->lease, sizeof(due->lease), "%u",
			  params->lease_ms ? params->lease_ms : LEASE_MS);
	if (due->fireh)
		err = poll_join(due, params);
	if (err)
		mem_deref(due);
	else
		*duep = due;
	return err;
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

int due_again(struct due *due, const struct pl *id, uint64_t token,
	      uint32_t delay_ms)
{
	char text[24], delay[12];
	struct redis_arg args[] = {{id->p, id->l}, {NULL, 0}, {NULL, 0}};

	if (delay_ms > DUE_DELAY_MAX_MS)
		return EINVAL;
	(void)re_snprintf(text, sizeof(text), "%llu",
			  (unsigned long long)token);
	(void)re_snprintf(delay, sizeof(delay), "%u", delay_ms);
	args[1] = redis_str(text);
	args[2] = redis_str(delay);
	return eval_for(due, &again_script, args, 3, NULL, NULL);
}
