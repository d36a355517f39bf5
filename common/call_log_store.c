/*
 * call_log_store.c  The logs of calls in Redis: how long, and how much of all
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/call_log_store.h"
#include "common/countof.h"

enum {
	HEAD = 7, /* arguments before the notes */
	NUMBER_LEN = 24,
};

/*
 * KEYS: log, its order, sizes. ARGV: entries, call, seconds to keep this log,
 * and any log, and a brief one, bytes of all (0: not looked at), why; then the
 * notes. With its time to live in the same step nothing stays for ever, whoever
 * dies. Sizes are Redis' own, and 300 bytes for what stands here beside.
 *
 * What is over its time goes when a log begins, a few at a time, as does what
 * is over the size: this may not take long. Who has no size to keep (mediad,
 * whose user may not even touch a why) may keep logs for less than who has: it
 * forgets those that Redis has ended. A log whose call has a record is of a call
 * that has not ended: it is put behind the others, eight times at most, then it
 * goes as well: there is an end to memory.
 */
static const struct redis_script script_store = {
	"call-log-store",
	"local id "
	"for i = 8, #ARGV, 12 do "
	"  id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', "
	"    unpack(ARGV, i, i + 11)) "
	"end "
	"local call, sizes, now = ARGV[2], KEYS[3], string.match(id, '^%d+') "
	"local stem = string.sub(KEYS[1], 1, -#call - 5) "
	"local logs, whys = stem .. 'log:', stem .. 'why:' "
	"redis.call('EXPIRE', KEYS[1], ARGV[3]) "
	"local was = redis.call('HMGET', sizes, call, 'total') "
	"local is = redis.call('MEMORY', 'USAGE', KEYS[1]) + 300 "
	"local total = (was[2] or 0) + is - (was[1] or 0) "
	"redis.call('ZADD', KEYS[2], now, call) "
	"if ARGV[7] ~= '' then "
	"  redis.call('SET', whys .. call, ARGV[7], 'EX', ARGV[3]) "
	"  local why = redis.call('MEMORY', 'USAGE', whys .. call) "
	"  total = total + why - (redis.call('HGET', sizes, 'w' .. call) or 0) "
	"  redis.call('HSET', sizes, 'w' .. call, why) "
	"end "
	"local dropped, most = 0, tonumber(ARGV[6]) "
	"local order, brief = logs .. 'order', logs .. 'brief' "
	"local function drop(c) "
	"  local had = redis.call('HMGET', sizes, c, 'w' .. c) "
	"  total = total - (had[1] or 0) - (had[2] or 0) "
	"  redis.call('HDEL', sizes, c, 'w' .. c) "
	"  redis.call('ZREM', order, c) redis.call('ZREM', brief, c) "
	"  if most > 0 then redis.call('DEL', logs .. c, whys .. c) end "
	"end "
	"local function over(set, keep) "
	"  for _, c in ipairs(redis.call('ZRANGEBYSCORE', set, '-inf', "
	"    string.format('%.0f', now - keep * 1000), 'LIMIT', 0, 20)) do "
	"    if c == call then redis.call('ZREM', set, c) "
	"    elseif most > 0 or redis.call('EXISTS', logs .. c) == 0 then "
	"      drop(c) end "
	"  end "
	"end "
	"if not was[1] then over(order, ARGV[4]) over(brief, ARGV[5]) end "
	"if most > 0 then "
	"  local function first(set) "
	"    local one = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES') "
	"    return one[1], tonumber(one[2] or '9e15') "
	"  end "
	"  for i = 1, 20 do "
	"    if total <= most then break end "
	"    local c, at = first(order) "
	"    local b, since = first(brief) "
	"    if since < at then c = b end "
	"    if not c or c == call then break end "
	"    if i <= 8 and redis.call('EXISTS', "
	"      stem .. 'rec:' .. c) == 1 then "
	"      redis.call('ZADD', since < at and brief or order, now, c) "
	"    else drop(c) dropped = dropped + 1 end "
	"  end "
	"end "
	"redis.call('HSET', sizes, call, is, 'total', "
	"  string.format('%.0f', total)) "
	"for _, key in ipairs(was[1] and {} or {KEYS[2], sizes}) do "
	"  if redis.call('TTL', key) < tonumber(ARGV[4]) then "
	"    redis.call('EXPIRE', key, 2 * ARGV[4]) end "
	"end "
	"return dropped"};

/* The texts of the script's keys and numbers. */
struct words {
	char keys[3][CALL_LOG_KEY];
	char head[HEAD - 1][NUMBER_LEN];
};

static void words_fill(struct words *words, const struct call_log_cfg *cfg,
		       const struct call_log_batch *batch)
{
	const uint32_t brief = min(cfg->keep_s, (uint32_t)CALL_LOG_BRIEF_S);
	const uint32_t keep = batch->brief ? brief : cfg->keep_s;
	const char x = batch->call[0];

	call_log_key(words->keys[0], batch->call);
	re_snprintf(words->keys[1], CALL_LOG_KEY, "cb:{c:%c}:log:%s", x,
		    batch->brief ? "brief" : "order");
	re_snprintf(words->keys[2], CALL_LOG_KEY, "cb:{c:%c}:log:sizes", x);
	re_snprintf(words->head[0], NUMBER_LEN, "%u", CALL_LOG_ENTRIES);
	re_snprintf(words->head[1], NUMBER_LEN, "%s", batch->call);
	re_snprintf(words->head[2], NUMBER_LEN, "%u", keep);
	re_snprintf(words->head[3], NUMBER_LEN, "%u", cfg->keep_s);
	re_snprintf(words->head[4], NUMBER_LEN, "%u", brief);
	/* a size that is none to speak of is no reason to keep all */
	re_snprintf(words->head[5], NUMBER_LEN, "%llu",
		    (unsigned long long)(cfg->size + CALL_LOG_SHARDS - 1) /
			    CALL_LOG_SHARDS);
}

int call_log_store(struct redis_link *link, const struct call_log_cfg *cfg,
		   const struct call_log_batch *batch, redis_reply_h *h,
		   void *arg)
{
	struct redis_arg keyv[3], argv[HEAD + CALL_LOG_BATCH * CALL_LOG_FIELDS];
	struct words words;
	size_t argc = HEAD;

	words_fill(&words, cfg, batch);
	for (size_t i = 0; i < COUNTOF(keyv); i++)
		keyv[i] = redis_str(words.keys[i]);
	for (size_t i = 0; i < HEAD - 1; i++)
		argv[i] = redis_str(words.head[i]);
	argv[HEAD - 1] = (struct redis_arg){batch->why.l ? batch->why.p : "",
					    batch->why.l};
	for (size_t i = 0; i < batch->n; i++) {
		memcpy(&argv[argc], batch->args[i].argv,
		       sizeof(batch->args[i].argv));
		argc += CALL_LOG_FIELDS;
	}
	return redis_link_eval(link, &script_store, keyv, COUNTOF(keyv), argv,
			       argc, h, arg);
}
