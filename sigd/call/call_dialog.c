/*
 * call_dialog.c  What a request within a dialog reads and changes in the record
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/call/call_dialog.h"
#include "sigd/call/call_fields.h"
#include "sigd/call/call_priv.h"

/* ARGV: sender (0, 1), CSeq, callee's tag, "invite", "delayed" or "". One read
 * of all, as what is written is known then; values alone, since a name for each
 * costs both sides as much as the value. */
static const struct redis_script script_enter = {
	"call-enter",
	"local v = redis.call('HMGET', KEYS[1], " CALL_FIELDS_LUA ") "
	"if v[37] ~= 'up' or v[21] ~= ARGV[3] then return v end "
	"local me = tonumber(ARGV[1]) "
	"local p = me == 0 and 'a.' or 'b.' "
	"local high = 42 + 4 * me "
	"local ahead = 43 + 4 * (1 - me) "
	"local cseq, was = tonumber(ARGV[2]), tonumber(v[high] or 0) "
	"local set = {} "
	"local function put(name, at, val) "
	"  set[#set + 1] = name set[#set + 1] = val v[at] = val end "
	"if cseq == was then "
	"  put(me == 0 and 'b.shift' or 'a.shift', ahead, "
	"    string.format('%.0f', tonumber(v[ahead] or 0) + 1)) "
	"elseif cseq > was then put(p .. 'cseq', high, ARGV[2]) end "
	"if ARGV[4] ~= '' then "
	"  put(p .. 'icseq', 29 + 4 * me, ARGV[2]) "
	"  put(p .. 'ishift', 30 + 4 * me, v[ahead] or '0') end "
	"if ARGV[4] == 'delayed' then "
	"  put(p .. 'dcseq', 31 + 4 * me, ARGV[2]) end "
	"if #set > 0 then redis.call('HSET', KEYS[1], unpack(set)) end "
	"return v"};

/* ARGV: field, value ... "" leaves it. */
static const struct redis_script script_set = {
	"call-set",
	"if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end "
	"for i = 1, #ARGV, 2 do "
	"  if ARGV[i + 1] ~= '' then "
	"    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end "
	"end return 1"};

/* ARGV: tenant. Calls are listed by it (call_find.h), and it is a part of the
 * name in the list of all. */
static const struct redis_script script_there = {
	"call-there",
	CALL_INDEX_LUA
	"local life = redis.call('TTL', KEYS[1]) "
	"if life < 0 then return 0 end "
	"local was = unlisted(KEYS[1]) "
	"redis.call('HSET', KEYS[1], 'b.tenant', ARGV[1]) "
	"local name = listed(KEYS[1], life) "
	"local ends = redis.call('ZSCORE', KEYS[2], was) "
	"if ends and name ~= was then "
	"  redis.call('ZREM', KEYS[2], was) "
	"  redis.call('ZADD', KEYS[2], ends, name) end "
	"return 1"};

int call_enter(struct call_ask **askp, struct redis_link *link,
	       const struct call_enter *enter, call_record_h *h, void *arg)
{
	struct redis_arg argv[4], key;
	const struct call_eval eval = {.script = &script_enter, .keyv = &key,
				       .keyc = 1, .argv = argv, .argc = 4,
				       .reply = CALL_VALUES};
	struct call_keys keys;
	char cseq[16];

	if (enter->request == CALL_ACK)
		return call_record_load(askp, link, enter->call, h, arg);

	call_keys_print(&keys, enter->call);
	re_snprintf(cseq, sizeof(cseq), "%u", enter->cseq);
	key	= redis_str(keys.rec);
	argv[0] = redis_str(enter->side == CALL_CALLER ? "0" : "1");
	argv[1] = redis_str(cseq);
	argv[2] = (struct redis_arg){enter->callee_tag.p,
				     enter->callee_tag.l};
	argv[3] = redis_str(enter->request == CALL_INVITE    ? "invite"
			    : enter->request == CALL_DELAYED ? "delayed"
							     : "");
	return call_ask_eval(askp, link, &eval, h, arg);
}

static void set(struct redis_link *link, const char *call,
		const struct redis_arg *argv, size_t argc)
{
	struct call_keys keys;
	struct redis_arg key;

	call_keys_print(&keys, call);
	key = redis_str(keys.rec);
	(void)redis_link_eval(link, &script_set, &key, 1, argv, argc, NULL,
			      NULL);
}

void call_answered_here(struct redis_link *link, const char *call,
			unsigned side, uint32_t cseq, const char *at)
{
	const bool caller = side == CALL_CALLER;
	struct redis_arg argv[4];
	char num[16];

	re_snprintf(num, sizeof(num), "%u", cseq);
	argv[0] = redis_str(caller ? "a.ocseq" : "b.ocseq");
	argv[1] = redis_str(num);
	argv[2] = redis_str(caller ? "a.oat" : "b.oat");
	argv[3] = redis_str(at);
	set(link, call, argv, 4);
}

void call_targets(struct redis_link *link, const char *call,
		  const struct pl target[CALL_SIDES])
{
	const struct redis_arg argv[] = {
		redis_str("a.target"),
		{target[CALL_CALLER].p, target[CALL_CALLER].l},
		redis_str("b.target"),
		{target[CALL_CALLEE].p, target[CALL_CALLEE].l}};

	if (target[CALL_CALLER].l < CALL_URI_MAX &&
	    target[CALL_CALLEE].l < CALL_URI_MAX)
		set(link, call, argv, 4);
}

void call_flow(struct redis_link *link, const char *call, unsigned side,
	       const uint8_t *flow, size_t flow_len)
{
	char hex[2 * COOKIE_FLOW_MAX + 1];
	struct redis_arg argv[2];

	if (re_snprintf(hex, sizeof(hex), "%w", flow, flow_len) < 0)
		return;
	argv[0] = redis_str(side == CALL_CALLER ? "a.flow" : "b.flow");
	argv[1] = redis_str(hex);
	set(link, call, argv, 2);
}

void call_there(struct redis_link *link, const char *call, const char *tenant)
{
	const struct redis_arg argv = redis_str(tenant);
	struct call_keys keys;
	struct redis_arg keyv[2];

	call_keys_print(&keys, call);
	keyv[0] = redis_str(keys.rec);
	keyv[1] = redis_str(keys.list);
	(void)redis_link_eval(link, &script_there, keyv, 2, &argv, 1, NULL,
			      NULL);
}

void call_media(struct redis_link *link, const char *call, const char *media)
{
	const struct redis_arg argv[] = {redis_str("media"), redis_str(media)};

	set(link, call, argv, 2);
}
