/*
 * call_record.c  What every worker must know of a call, in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "sigd/call/call_again.h"
#include "sigd/call/call_fields.h"
#include "sigd/call/call_priv.h"

/* Seconds: of what was kept of a call that has ended. */
#define KEEP_S "60"

struct call_ask {
	struct redis_link *link;
	call_record_h *h;
	void *arg;
	enum call_reply reply;
};

/* ARGV[1] seconds to live, ARGV[2] the call's name in the list, then field,
 * value, ... Nothing of an earlier record of the call stays. The list is
 * sorted by when records expire, by Redis' clock, so that what has expired
 * goes from it too. A set-up that another worker has taken over is not
 * answered any more; of one that is, the caller's INVITE and its answer stay
 * for as long as it may be repeated (call_setup.h). */
static const struct redis_script script_save = {
	"call-save",
	CALL_INDEX_LUA
	"local setup = redis.call('HMGET', KEYS[3], 'taken', '1', 'answer') "
	"if setup[1] then return 0 end "
	"local was = unlisted(KEYS[1]) "
	"if was and was ~= ARGV[2] then "
	"  redis.call('ZREM', KEYS[2], was) end "
	"redis.call('DEL', KEYS[1], KEYS[3]) "
	"if setup[2] and setup[3] then "
	"  redis.call('HSET', KEYS[3], '1', setup[2], 'answer', setup[3]) "
	"  redis.call('EXPIRE', KEYS[3], 60) end "
	"redis.call('HSET', KEYS[1], unpack(ARGV, 3)) "
	"redis.call('EXPIRE', KEYS[1], ARGV[1]) "
	"listed(KEYS[1], ARGV[1]) "
	"local now = tonumber(redis.call('TIME')[1]) "
	"redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now) "
	"redis.call('ZADD', KEYS[2], now + ARGV[1] + 1, ARGV[2]) "
	"if redis.call('TTL', KEYS[2]) < ARGV[1] + 60 then "
	"redis.call('EXPIRE', KEYS[2], ARGV[1] + 60) end "
	"return 1"};

/* ARGV: reason, who, seconds to keep it, and its CDR (0: there is none), which
 * is the record's fields and these, with the time of Redis. Who collects the
 * CDRs has that long for it, and 20,000 of them in each of the sixteen streams:
 * memory is not theirs for ever. Why it went where it did is with its log
 * (common/call_log_store.h). ARGV[5] is 1 when its media worker is gone.
 *
 * How its media was is known a moment later, when its session has ended: its
 * sheet says that there is a CDR, and mediad then keeps the figures in the
 * stream beside it. When it has ended already, or nobody will say so any more,
 * they go there from here. */
static const struct redis_script script_end = {
	"call-end",
	CALL_INDEX_LUA CALL_AGAIN_LUA
	"local rec = redis.call('HGETALL', KEYS[1]) "
	"if #rec == 0 then return 0 end "
	"local function keep(call, session) "
	"  local is = redis.call('HMGET', KEYS[6], 'state', 'session') "
	"  local ended = is[1] == 'ended' and is[2] == session "
	"  if ended or is[1] and ARGV[5] == '1' then "
	"    local all, some = redis.call('HGETALL', KEYS[6]), {} "
	"    for i = 1, #all, 2 do "
	"      if string.sub(all[i], 1, 5) ~= 'form.' then "
	"        some[#some + 1] = all[i] some[#some + 1] = all[i + 1] end end "
	"    redis.call('XADD', KEYS[7], 'MAXLEN', '~', 20000, '*', "
	"      'call', call, unpack(some)) "
	"    redis.call('EXPIRE', KEYS[7], ARGV[4]) end "
	"  if not ended then "
	"    redis.call('HSET', KEYS[6], 'cdr', ARGV[4]) "
	"    if not is[1] then redis.call('EXPIRE', KEYS[6], 60) end end end "
	"local cdr, media, session = {}, '', '' "
	"for i = 1, #rec, 2 do local name, val = rec[i], rec[i + 1] "
	"  if name == 'media' then media = val "
	"  elseif name == 'session' then session = val end "
	"  if name ~= 'a.ack' and name ~= 'b.ack' and name ~= 'why' then "
	"    cdr[#cdr + 1] = name; cdr[#cdr + 1] = val end end "
	"local t = redis.call('TIME') "
	"local now = string.format('%.0f', t[1] * 1000 "
	"  + math.floor(t[2] / 1000)) "
	"local ids, call, listed_as = index(KEYS[1]) "
	"if tonumber(ARGV[4]) > 0 and "
	"  (ARGV[1] ~= 'killed' or not again(KEYS[1], ids, call)) then "
	"  redis.call('XADD', KEYS[2], 'MAXLEN', '~', 20000, '*', "
	"    'reason', ARGV[1], 'by', ARGV[2], 'end', now, unpack(cdr)) "
	"  local oldest = string.format('%.0f', now - 1000 * ARGV[4]) "
	"  redis.call('XTRIM', KEYS[2], 'MINID', oldest) "
	"  redis.call('XTRIM', KEYS[7], 'MINID', oldest) "
	"  redis.call('EXPIRE', KEYS[2], ARGV[4]) "
	"  if media ~= '' then keep(call, session) end "
	"  told(KEYS[1], ids, call) end "
	"for _, id in ipairs(ids) do "
	"  if redis.call('SREM', id, call) == 1 and "
	"    redis.call('EXISTS', id) == 0 then "
	"    redis.call('SADD', id, 'over') "
	"    redis.call('EXPIRE', id, " KEEP_S ") end end "
	"if tonumber(ARGV[3]) > 0 then "
	"  redis.call('HDEL', KEYS[1], 'a.ack', 'b.ack', 'why') "
	"  redis.call('RENAME', KEYS[1], KEYS[5]) "
	"  redis.call('EXPIRE', KEYS[5], ARGV[3]) "
	"else redis.call('DEL', KEYS[1]) end "
	"if not redis.call('HGET', KEYS[4], 'taken') then "
	"  redis.call('DEL', KEYS[4]) end "
	"if listed_as then redis.call('ZREM', KEYS[3], listed_as) end "
	"return rec"};

static const struct redis_script script_last = {
	"call-last",
	"local rec = redis.call('HGETALL', KEYS[1]) "
	"if #rec == 0 then rec = redis.call('HGETALL', KEYS[2]) end "
	"return rec"};

/* ARGV: side, other side, shift, CSeq, ack. */
static const struct redis_script script_shift = {
	"call-shift",
	"if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end "
	"if ARGV[5] ~= '' then "
	"  redis.call('HSET', KEYS[1], ARGV[1] .. 'ack', ARGV[5]) end "
	"redis.call('HSET', KEYS[1], ARGV[1] .. 'shift', ARGV[3]) "
	"if redis.call('HGET', KEYS[1], ARGV[2] .. 'icseq') == ARGV[4] then "
	"  redis.call('HSET', KEYS[1], ARGV[2] .. 'ishift', ARGV[3]) end "
	"return 1"};

const char *call_tenant(const struct call_record *rec, unsigned side)
{
	return side == CALL_CALLEE && rec->there[0] ? rec->there : rec->tenant;
}

bool call_is_between(const struct call_record *rec)
{
	return strcmp(call_tenant(rec, CALL_CALLEE), rec->tenant) != 0;
}

static void destructor(void *data)
{
	struct call_ask *ask = data;

	redis_link_forget(ask->link, ask);
}

static enum status code_of(const struct call_ask *ask,
			   const struct redis_val *val)
{
	const bool array = val->type == REDIS_ARRAY;
	const bool none = array ? !val->len : !val->num;

	if (val->type != REDIS_INT && val->type != REDIS_ARRAY)
		return STATUS_INTERNAL;
	if (none)
		return STATUS_UNKNOWN_DIALOG;
	return ask->reply == CALL_EITHER ||
			       (ask->reply != CALL_NUMBER) == array
		       ? STATUS_OK
		       : STATUS_INTERNAL;
}

static enum status read_reply(struct call_record *rec,
			      const struct call_ask *ask,
			      const struct redis_val *val)
{
	const int err = ask->reply == CALL_VALUES
				? call_fields_read_vals(rec, val)
				: call_fields_read(rec, val);

	if (err == ENOENT)
		return STATUS_UNKNOWN_DIALOG;
	return err ? STATUS_INTERNAL : STATUS_OK;
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct call_ask *ask = arg;
	enum status code = err ? STATUS_REDIS_DOWN : code_of(ask, val);
	struct call_record rec;
	const bool read = code == STATUS_OK && val->type == REDIS_ARRAY;

	if (read)
		code = read_reply(&rec, ask, val);

	/* the owner may free the question in here */
	ask->h(code, read && code == STATUS_OK ? &rec : NULL, ask->arg);
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

void call_keys_print(struct call_keys *keys, const char *call)
{
	const char x = call[0];

	re_snprintf(keys->rec, sizeof(keys->rec), "cb:{c:%c}:rec:%s", x, call);
	re_snprintf(keys->list, sizeof(keys->list), "cb:{c:%c}:calls", x);
	re_snprintf(keys->cdr, sizeof(keys->cdr), "cb:{c:%c}:cdr", x);
	re_snprintf(keys->over, sizeof(keys->over), "cb:{c:%c}:over:%s", x,
		    call);
	re_snprintf(keys->media, sizeof(keys->media), "cb:{c:%c}:media:%s", x,
		    call);
	re_snprintf(keys->kept, sizeof(keys->kept), "cb:{c:%c}:cdr:media", x);
	re_snprintf(keys->setup, sizeof(keys->setup), "cb:{c:%c}:setup:%s", x,
		    call);
}

void call_name_print(char name[CALL_NAME_MAX], const struct call_record *rec)
{
	const bool between = call_is_between(rec);

	re_snprintf(name, CALL_NAME_MAX, "%s/%s%s%s", rec->call, rec->tenant,
		    between ? "/" : "", between ? rec->there : "");
}

int call_ask_eval(struct call_ask **askp, struct redis_link *link,
		  const struct call_eval *eval, call_record_h *h, void *arg)
{
	struct call_ask *ask;
	int err = ask_alloc(&ask, link, h, arg);

	if (err)
		return err;

	ask->reply = eval->reply;
	err = redis_link_eval(link, eval->script, eval->keyv, eval->keyc,
			      eval->argv, eval->argc, on_reply, ask);
	return give(askp, ask, err);
}

int call_record_save(struct call_ask **askp, struct redis_link *link,
		     const struct call_record *rec, uint32_t ttl_s,
		     call_record_h *h, void *arg)
{
	struct redis_arg argv[2 + 2 * CALL_FIELDS], keyv[3];
	const struct call_eval eval = {.script = &script_save, .keyv = keyv,
				       .keyc = 3, .argv = argv,
				       .argc = COUNTOF(argv)};
	char ttl[16], name[CALL_NAME_MAX];
	struct call_fields fields;
	struct call_keys keys;

	call_keys_print(&keys, rec->call);
	re_snprintf(ttl, sizeof(ttl), "%u", ttl_s);
	call_name_print(name, rec);
	call_fields_write(&fields, rec);
	argv[0] = redis_str(ttl);
	argv[1] = redis_str(name);
	memcpy(&argv[2], fields.argv, sizeof(fields.argv));
	keyv[0] = redis_str(keys.rec);
	keyv[1] = redis_str(keys.list);
	keyv[2] = redis_str(keys.setup);
	return call_ask_eval(askp, link, &eval, h, arg);
}

int call_record_load(struct call_ask **askp, struct redis_link *link,
		     const char *call, call_record_h *h, void *arg)
{
	struct redis_arg argv[2];
	struct call_keys keys;
	struct call_ask *ask;
	int err = ask_alloc(&ask, link, h, arg);

	if (err)
		return err;

	ask->reply = CALL_NAMED;
	call_keys_print(&keys, call);
	argv[0] = redis_str("HGETALL");
	argv[1] = redis_str(keys.rec);
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
		       const struct call_shift *shift)
{
	const bool caller = shift->side == CALL_CALLER;
	struct redis_arg key_arg, argv[5];
	struct call_keys keys;
	char num[16], cseq_num[16];

	call_keys_print(&keys, call);
	re_snprintf(num, sizeof(num), "%u", shift->shift);
	key_arg = redis_str(keys.rec);
	re_snprintf(cseq_num, sizeof(cseq_num), "%u", shift->cseq);
	argv[0] = redis_str(caller ? "a." : "b.");
	argv[1] = redis_str(caller ? "b." : "a.");
	argv[2] = redis_str(num);
	argv[3] = redis_str(cseq_num);
	argv[4] = redis_str(shift->ack);
	(void)redis_link_eval(link, &script_shift, &key_arg, 1, argv, 5,
			      on_shifted, NULL);
}

int call_record_end(struct call_ask **askp, struct redis_link *link,
		    const struct call_end *end, call_record_h *h, void *arg)
{
	struct redis_arg keyv[7], argv[5];
	const struct call_eval eval = {.script = &script_end, .keyv = keyv,
				       .keyc = 7, .argv = argv, .argc = 5,
				       .reply = CALL_NAMED};
	struct call_keys keys;
	char cdr[16];

	call_keys_print(&keys, end->call);
	re_snprintf(cdr, sizeof(cdr), "%u", end->cdr_s);
	keyv[0] = redis_str(keys.rec);
	keyv[1] = redis_str(keys.cdr);
	keyv[2] = redis_str(keys.list);
	keyv[3] = redis_str(keys.setup);
	keyv[4] = redis_str(keys.over);
	keyv[5] = redis_str(keys.media);
	keyv[6] = redis_str(keys.kept);
	argv[0] = redis_str(status_text(end->reason));
	argv[1] = redis_str(end->who);
	argv[2] = redis_str(end->keep ? KEEP_S : "0");
	argv[3] = redis_str(cdr);
	argv[4] = redis_str(end->media_gone ? "1" : "0");
	return call_ask_eval(askp, link, &eval, h, arg);
}

int call_record_last(struct call_ask **askp, struct redis_link *link,
		     const char *call, call_record_h *h, void *arg)
{
	struct redis_arg keyv[2];
	const struct call_eval eval = {.script = &script_last, .keyv = keyv,
				       .keyc = 2, .reply = CALL_NAMED};
	struct call_keys keys;

	call_keys_print(&keys, call);
	keyv[0] = redis_str(keys.rec);
	keyv[1] = redis_str(keys.over);
	return call_ask_eval(askp, link, &eval, h, arg);
}

void call_record_forget(struct redis_link *link, const char *call)
{
	struct redis_arg argv[2];
	struct call_keys keys;

	call_keys_print(&keys, call);
	argv[0] = redis_str("DEL");
	argv[1] = redis_str(keys.over);
	(void)redis_link_send(link, argv, 2, NULL, NULL);
}
