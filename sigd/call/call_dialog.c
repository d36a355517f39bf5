/*
 * call_dialog.c  What a request within a dialog reads and changes in the record
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/call/call_dialog.h"
#include "sigd/call/call_priv.h"

static const char *const sides[CALL_SIDES] = {"a.", "b."};

/* ARGV: sender, other side, CSeq, callee's tag, "invite", "delayed" or
 * "". */
static const struct redis_script script_enter = {
	"call-enter",
	"local function num(field) "
	"  return tonumber(redis.call('HGET', KEYS[1], field) or 0) end "
	"local me, other, cseq = ARGV[1], ARGV[2], tonumber(ARGV[3]) "
	"if redis.call('HGET', KEYS[1], 'state') == 'up' and "
	"  redis.call('HGET', KEYS[1], 'b.tag') == ARGV[4] then "
	"  local high, shift = num(me .. 'cseq'), num(other .. 'shift') "
	"  if cseq == high then "
	"    shift = shift + 1 "
	"    redis.call('HSET', KEYS[1], other .. 'shift', shift) "
	"  elseif cseq > high then "
	"    redis.call('HSET', KEYS[1], me .. 'cseq', ARGV[3]) "
	"  end "
	"  if ARGV[5] ~= '' then "
	"    redis.call('HSET', KEYS[1], me .. 'icseq', ARGV[3], "
	"      me .. 'ishift', shift) "
	"  end "
	"  if ARGV[5] == 'delayed' then "
	"    redis.call('HSET', KEYS[1], me .. 'dcseq', ARGV[3]) "
	"  end "
	"end "
	"return redis.call('HGETALL', KEYS[1])"};

/* ARGV: field, value ... "" leaves it. */
static const struct redis_script script_set = {
	"call-set",
	"if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end "
	"for i = 1, #ARGV, 2 do "
	"  if ARGV[i + 1] ~= '' then "
	"    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end "
	"end return 1"};

int call_enter(struct call_ask **askp, struct redis_link *link,
	       const struct call_enter *enter, call_record_h *h, void *arg)
{
	struct redis_arg argv[5], key;
	const struct call_eval eval = {.script = &script_enter, .keyv = &key,
				       .keyc = 1, .argv = argv, .argc = 5,
				       .load = true};
	struct call_keys keys;
	char cseq[16];

	if (enter->request == CALL_ACK)
		return call_record_load(askp, link, enter->call, h, arg);

	call_keys_print(&keys, enter->call);
	re_snprintf(cseq, sizeof(cseq), "%u", enter->cseq);
	key	= redis_str(keys.rec);
	argv[0] = redis_str(sides[enter->side]);
	argv[1] = redis_str(sides[!enter->side]);
	argv[2] = redis_str(cseq);
	argv[3] = (struct redis_arg){enter->callee_tag.p,
				     enter->callee_tag.l};
	argv[4] = redis_str(enter->request == CALL_INVITE    ? "invite"
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

void call_media(struct redis_link *link, const char *call, const char *media)
{
	const struct redis_arg argv[] = {redis_str("media"), redis_str(media)};

	set(link, call, argv, 2);
}
