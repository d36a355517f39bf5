/*
 * call_record.c  What every worker must know of a call, in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/call/call_fields.h"
#include "sigd/call/call_record.h"

/* "call/tenant", as in the list */
enum { CALL_NAME_MAX = 17 + 1 + COOKIE_TENANT_MAX };

struct call_ask {
	struct redis_link *link;
	call_record_h *h;
	void *arg;
	bool load;
};

/* ARGV[1] seconds to live, ARGV[2] the call's name in the list, then field,
 * value, ... Nothing of an earlier record of the call stays. The list is
 * sorted by when records expire, by Redis' clock, so that what has expired
 * goes from it too. */
static const struct redis_script script_save = {
	"call-save",
	"redis.call('DEL', KEYS[1]) "
	"redis.call('HSET', KEYS[1], unpack(ARGV, 3)) "
	"redis.call('EXPIRE', KEYS[1], ARGV[1]) "
	"local now = tonumber(redis.call('TIME')[1]) "
	"redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now) "
	"redis.call('ZADD', KEYS[2], now + ARGV[1] + 1, ARGV[2]) "
	"if redis.call('TTL', KEYS[2]) < ARGV[1] + 60 then "
	"redis.call('EXPIRE', KEYS[2], ARGV[1] + 60) end "
	"return 1"};

/* ARGV: reason, who, call. The CDR is the record's fields and these, with the
 * time of Redis. Who collects the CDRs has a week for it, and 20,000 of them
 * in each of the sixteen streams: memory is not theirs for ever. */
static const struct redis_script script_end = {
	"call-end",
	"local rec = redis.call('HGETALL', KEYS[1]) "
	"if #rec == 0 then return 0 end "
	"local tenant = redis.call('HGET', KEYS[1], 'tenant') "
	"local t = redis.call('TIME') "
	"local now = string.format('%.0f', t[1] * 1000 "
	"  + math.floor(t[2] / 1000)) "
	"redis.call('XADD', KEYS[2], 'MAXLEN', '~', 20000, '*', "
	"  'reason', ARGV[1], 'by', ARGV[2], 'end', now, unpack(rec)) "
	"redis.call('XTRIM', KEYS[2], 'MINID', "
	"  string.format('%.0f', now - 604800000)) "
	"redis.call('EXPIRE', KEYS[2], 604800) "
	"redis.call('DEL', KEYS[1]) "
	"redis.call('ZREM', KEYS[3], ARGV[3] .. '/' .. tenant) "
	"return 1"};

/* ARGV: field, number. */
static const struct redis_script script_shift = {
	"call-shift",
	"if redis.call('EXISTS', KEYS[1]) == 1 then "
	"  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end "
	"return 1"};

static void destructor(void *data)
{
	struct call_ask *ask = data;

	redis_link_forget(ask->link, ask);
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct call_ask *ask = arg;
	struct call_record rec;
	enum status code = STATUS_OK;
	bool read = false;

	if (err)
		code = STATUS_REDIS_DOWN;
	else if (ask->load && val->type == REDIS_ARRAY && val->len)
		read = !call_fields_read(&rec, val);
	else if (ask->load ? val->type == REDIS_ARRAY
			   : val->type == REDIS_INT && !val->num)
		code = STATUS_UNKNOWN_DIALOG;
	else if (val->type != REDIS_INT)
		code = STATUS_INTERNAL;

	if (code == STATUS_OK && ask->load && !read)
		code = STATUS_INTERNAL;

	/* the owner may free the question in here */
	ask->h(code, read ? &rec : NULL, ask->arg);
}

static int ask_alloc(struct call_ask **askp, struct redis_link *link,
		     call_record_h *h, void *arg)
{
	struct call_ask *ask = mem_zalloc(sizeof(*ask), destructor);

	if (!ask)
		return ENOMEM;

	ask->link = link;
	ask->h	  = h;
	ask->arg  = arg;
	*askp = ask;
	return 0;
}

static int give(struct call_ask **askp, struct call_ask *ask, int err)
{
	if (err)
		mem_deref(ask);
	else
		*askp = ask;
	return err;
}

static void key_print(char *key, size_t size, const char *call,
		      const char *what)
{
	re_snprintf(key, size, "cb:{c:%c}:%s", call[0], what);
}

static void record_key(char *key, size_t size, const char *call)
{
	re_snprintf(key, size, "cb:{c:%c}:rec:%s", call[0], call);
}

int call_record_save(struct call_ask **askp, struct redis_link *link,
		     const struct call_record *rec, uint32_t ttl_s,
		     call_record_h *h, void *arg)
{
	struct redis_arg argv[2 + 2 * CALL_FIELDS], keys[2];
	char key[64], list[64], ttl[16], name[CALL_NAME_MAX];
	struct call_fields fields;
	struct call_ask *ask;
	int err = ask_alloc(&ask, link, h, arg);

	if (err)
		return err;

	record_key(key, sizeof(key), rec->call);
	re_snprintf(ttl, sizeof(ttl), "%u", ttl_s);
	call_fields_write(&fields, rec);
	re_snprintf(name, sizeof(name), "%s/%s", rec->call, rec->tenant);
	key_print(list, sizeof(list), rec->call, "calls");
	argv[0] = redis_str(ttl);
	argv[1] = redis_str(name);
	memcpy(&argv[2], fields.argv, fields.argc * sizeof(argv[0]));
	keys[0] = redis_str(key);
	keys[1] = redis_str(list);
	err = redis_link_eval(link, &script_save, keys, 2, argv,
			      2 + fields.argc, on_reply, ask);
	return give(askp, ask, err);
}

int call_record_load(struct call_ask **askp, struct redis_link *link,
		     const char *call, call_record_h *h, void *arg)
{
	struct redis_arg argv[2];
	struct call_ask *ask;
	char key[64];
	int err = ask_alloc(&ask, link, h, arg);

	if (err)
		return err;

	ask->load = true;
	record_key(key, sizeof(key), call);
	argv[0] = redis_str("HGETALL");
	argv[1] = redis_str(key);
	err = redis_link_send(link, argv, 2, on_reply, ask);
	return give(askp, ask, err);
}

static void on_shifted(int err, const struct redis_val *val, void *arg)
{
	(void)err;
	(void)val;
	(void)arg;
}

void call_record_shift(struct redis_link *link, const char *call,
		       unsigned side, uint32_t shift)
{
	struct redis_arg key_arg, argv[2];
	char key[64], num[16];

	record_key(key, sizeof(key), call);
	re_snprintf(num, sizeof(num), "%u", shift);
	key_arg = redis_str(key);
	argv[0] = redis_str(side == CALL_CALLER ? "a.shift" : "b.shift");
	argv[1] = redis_str(num);
	(void)redis_link_eval(link, &script_shift, &key_arg, 1, argv, 2,
			      on_shifted, NULL);
}

int call_record_end(struct call_ask **askp, struct redis_link *link,
		    const char *call, enum status reason, const char *who,
		    call_record_h *h, void *arg)
{
	struct redis_arg keys[3], argv[3];
	char key[64], cdr[64], list[64];
	struct call_ask *ask;
	int err = ask_alloc(&ask, link, h, arg);

	if (err)
		return err;

	record_key(key, sizeof(key), call);
	key_print(cdr, sizeof(cdr), call, "cdr");
	key_print(list, sizeof(list), call, "calls");
	keys[0] = redis_str(key);
	keys[1] = redis_str(cdr);
	keys[2] = redis_str(list);
	argv[0] = redis_str(status_text(reason));
	argv[1] = redis_str(who);
	argv[2] = redis_str(call);
	err = redis_link_eval(link, &script_end, keys, 3, argv, 3, on_reply,
			      ask);
	return give(askp, ask, err);
}
