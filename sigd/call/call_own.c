/*
 * call_own.c  A request of our own within a call
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/call/call_own.h"
#include "sigd/call/call_priv.h"

/* ARGV: side. */
static const struct redis_script script_own = {
	"call-own",
	"if redis.call('HGET', KEYS[1], 'state') ~= 'up' then return {} end "
	"redis.call('HINCRBY', KEYS[1], ARGV[1] .. 'shift', 1) "
	"return redis.call('HGETALL', KEYS[1])"};

int call_own_request(struct call_ask **askp, struct redis_link *link,
		     const char *call, unsigned side, call_record_h *h,
		     void *arg)
{
	const struct redis_arg argv =
		redis_str(side == CALL_CALLER ? "a." : "b.");
	struct redis_arg key;
	const struct call_eval eval = {.script = &script_own, .keyv = &key,
				       .keyc = 1, .argv = &argv, .argc = 1,
				       .reply = CALL_NAMED};
	struct call_keys keys;

	call_keys_print(&keys, call);
	key = redis_str(keys.rec);
	return call_ask_eval(askp, link, &eval, h, arg);
}
