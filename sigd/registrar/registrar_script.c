/*
 * registrar_script.c  The scripts of the registrar, and their arguments
 *
 * KEYS[1] is the hash of bindings, KEYS[2] the counter of a nonce, KEYS[3] the
 * log, KEYS[4] its calls (aor_calls.h); all under the AOR's hash tag. All answer
 * {code, now, news, device, value, ...}; in news there are
 *
 *	+  a device was added
 *	-  one went
 *	<  one is to come back sooner than it said before
 *	>  one is to be looked for that is there already
 *	@  there are calls
 *
 * and behind a space each the flows, in hex, of those that have not come back
 * in time.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "sigd/journal/journal_lua.h"
#include "sigd/registrar/registrar_priv.h"

/* When a device that is there comes again it is to be looked for when it comes
 * over another connection; of refreshes, in one of so many ms of Redis' clock:
 * most find that somebody looks already, but whoever bound it may have died
 * before he asked for that, or known nothing of it. */
#define LOOK_MS "16"

/* Bindings that have ended wait so long for who says so. */
#define KEEP_MS "3600000"

#define LUA_NOW                                                              \
	"local t = redis.call('TIME') "                                      \
	"local at = string.format('%s%03d', t[1], t[2] / 1000) "             \
	"local now, news = tonumber(at), '' "

/* A nonce count is taken once (RFC 7616 3.4): ARGV[1] nc, "" for none; ARGV[2]
 * life of the nonce in ms. KEYS[2] is "<highest> <mask>", where bit i of the
 * mask is highest - 1 - i: what two requests at once overtook each other with
 * is no replay. What is further behind than the mask is refused. */
#define LUA_NONCE                                                            \
	"if ARGV[1] ~= '' then "                                             \
	"  local was = redis.call('GET', KEYS[2]) or '0 0' "                 \
	"  local high, mask = string.match(was, '^(%d+) ?(%d*)$') "          \
	"  local nc = tonumber(ARGV[1]) "                                    \
	"  high = tonumber(high) or 0 mask = tonumber(mask) or 0 "           \
	"  if nc > high then "                                               \
	"    local up = nc - high "                                          \
	"    if up > 24 or high == 0 then mask = 0 "                         \
	"    else mask = bit.band(bit.bor(bit.lshift(mask, up), "            \
	"      bit.lshift(1, up - 1)), 16777215) end "                       \
	"    high = nc "                                                     \
	"  else "                                                            \
	"    local at = high - 1 - nc "                                      \
	"    if at < 0 or at > 23 or "                                       \
	"      bit.band(mask, bit.lshift(1, at)) ~= 0 then "                 \
	"      return {'stale', now} end "                                   \
	"    mask = bit.bor(mask, bit.lshift(1, at)) "                       \
	"  end "                                                             \
	"  redis.call('SET', KEYS[2], string.format('%.0f %d', high, mask), "\
	"    'PX', ARGV[2]) "                                                \
	"end "

/* Reads the hash into live (device -> value) and till (device -> when it
 * ends), and what has ended into late: that stays until somebody says so
 * (LUA_ENDED). */
#define LUA_LIVE                                                             \
	"local live, till, late, count = {}, {}, {}, 0 "                     \
	"local all = redis.call('HGETALL', KEYS[1]) "                        \
	"for i = 1, #all, 2 do "                                             \
	"  local d, v = all[i], all[i + 1] "                                 \
	"  local ends = tonumber(string.match(v, '^(%d+) ')) "               \
	"  if ends and ends > now then "                                     \
	"    live[d] = v; till[d] = ends; count = count + 1 "                \
	"  else late[d] = v end "                                            \
	"end "

/* What has not come back in time goes, and that is said once: in the log, as of
 * when it was over, with what it said when it came last. */
#define LUA_ENDED                                                            \
	"for d, v in pairs(late) do "                                        \
	"  redis.call('HDEL', KEYS[1], d) "                                  \
	"  local ends, flow = string.match(v, '^(%d+) %d+ %d+ (%x*)') "      \
	"  local said, mark = '', ' device=' .. d .. ' expires=' "           \
	"  for _, row in ipairs(ends and "                                   \
	"    redis.call('LRANGE', KEYS[3], 0, -1) or {}) do "                \
	"    local _, cut = string.find(row, mark, 1, true) "                \
	"    if cut then "                                                   \
	"      said = string.match(row, '^%d+(.*)$', cut + 1) or '' break "  \
	"    end "                                                           \
	"  end "                                                             \
	"  if ends then "                                                    \
	"    local now_was, at_was = now, at "                               \
	"    now, at = tonumber(ends), ends "                                \
	"    note(KEYS[3], 'expired device=' .. d .. said, '0', 1) "           \
	"    now, at = now_was, at_was "                                     \
	"    news = news .. ' ' .. flow "                                    \
	"  end "                                                             \
	"end "

#define LUA_RETURN                                                           \
	"local out = {'ok', at, news} "                                      \
	"for d, v in pairs(live) do "                                        \
	"  out[#out + 1] = d; out[#out + 1] = v "                            \
	"end "                                                               \
	"return out"

/*
 * ARGV[3] most devices, [4] CSeq, [5] Call-ID (encoded), [6] '*' or '', [7] for
 * the log, '' keeps none;
 * then triples: device, milliseconds (0 removes), rest of the value.
 * An older request of the same Call-ID changes nothing (RFC 3261 10.3 step
 * 7); all or nothing.
 */
static const struct redis_script script_register = {
	"register",
	LUA_NOW LUA_NONCE LUA_LIVE JOURNAL_LUA
	"local function tell(event, d, s) "
	"  if ARGV[7] == '' then return end "
	"  note(KEYS[3], event .. ' device=' .. d .. ' expires=' .. s .. ' ' .. "
	"    ARGV[7], '0', 1, event == 'refreshed' and ' device=' .. d .. ' ') "
	"end "
	"local function old(v) "
	"  local cseq, id = string.match(v, '^%d+ (%d+) %d+ %x* (%S+)') "
	"  return id == ARGV[5] and tonumber(cseq) >= tonumber(ARGV[4]) "
	"end "
	"local set, del, flow = {}, {}, '^%d+ %d+ (%x*) ' "
	"if ARGV[6] == '*' then "
	"  for d, v in pairs(live) do "
	"    if old(v) then return {'cseq', now} end "
	"    del[#del + 1] = d "
	"  end "
	"end "
	"for i = 8, #ARGV, 3 do "
	"  local d = ARGV[i] "
	"  if live[d] and old(live[d]) then return {'cseq', now} end "
	"  if ARGV[i + 1] == '0' then del[#del + 1] = d "
	"  else "
	"    if not live[d] then count = count + 1 end "
	"    set[d] = i + 1 "
	"  end "
	"end "
	"for _, d in ipairs(del) do "
	"  if live[d] then count = count - 1 end "
	"end "
	"if count > tonumber(ARGV[3]) and next(set) then "
	"  return {'limit', now} "
	"end "
	"local gone = news " LUA_ENDED "gone, news = news, gone "
	"for _, d in ipairs(del) do "
	"  if live[d] then news = news .. '-' tell('unregistered', d, 0) end "
	"  redis.call('HDEL', KEYS[1], d); live[d] = nil; till[d] = nil "
	"end "
	"for d, i in pairs(set) do "
	"  local was, v, ends = live[d], ARGV[i + 1], now + ARGV[i] "
	"  local event = 'registered' "
	"  if was and till[d] > ends then news = news .. '<' end "
	"  if not was then news = news .. '+' "
	"  elseif string.match(was, flow, string.find(was, ' ', 1, true) + 1) == "
	"    string.match(v, flow) then event = 'refreshed' "
	"  else event = 'moved' end "
	"  if event == 'moved' or was and now % " LOOK_MS " == 0 then "
	"    news = news .. '>' end "
	"  tell(event, d, string.sub(ARGV[i], 1, -4)) "
	"  v = string.format('%.0f ', ends) .. v "
	"  redis.call('HSET', KEYS[1], d, v); live[d] = v; till[d] = ends "
	"end "
	"local longest = 0 "
	"for _, ends in pairs(till) do "
	"  if ends > longest then longest = ends end "
	"end "
	"if longest > 0 then "
	"  redis.call('PEXPIREAT', KEYS[1], "
	"    string.format('%.0f', longest + " KEEP_MS ")) "
	"end "
	"if redis.call('EXISTS', KEYS[4]) == 1 then news = news .. '@' end "
	"news = news .. gone "
	LUA_RETURN};

static const struct redis_script script_expire = {
	"expire", LUA_NOW LUA_LIVE JOURNAL_LUA LUA_ENDED LUA_RETURN};

static const struct redis_script script_lookup = {
	"lookup", LUA_NOW LUA_LIVE LUA_RETURN};

static const struct redis_script script_nonce = {
	"nonce", LUA_NOW LUA_NONCE "return {'ok', now}"};

/* KEYS: bindings, log. ARGV[1]: hex of the flow, [2]: for the log. */
static const struct redis_script script_flow_gone = {
	"flow-gone",
	LUA_NOW LUA_LIVE JOURNAL_LUA
	"for d, v in pairs(live) do "
	"  if string.match(v, '^%d+ %d+ %d+ (%x*) ') == ARGV[1] then "
	"    redis.call('HDEL', KEYS[1], d) "
	"    if ARGV[2] ~= '' then "
	"      note(KEYS[2], 'lost device=' .. d .. ' ' .. ARGV[2], '0', 1) end "
	"  end "
	"end "
	"return {'ok', now}"};

enum { FIXED = 7, PER_CONTACT = 3 };

struct nonce_args {
	char nc[16];
	char life[16];
};

static void nonce_args(struct nonce_args *args, struct redis_arg argv[2],
		       const struct registrar_proof *proof)
{
	re_snprintf(args->nc, sizeof(args->nc), "%u", proof->nc);
	re_snprintf(args->life, sizeof(args->life), "%u", proof->life_ms);
	argv[0] = redis_str(proof->nonce_id ? args->nc : "");
	argv[1] = redis_str(args->life);
}

struct contact_text {
	char ms[16];
	char value[BINDING_TEXT_MAX];
};

static int contact_args(struct redis_arg *argv, struct contact_text *text,
			const struct reg_contact *contact)
{
	int err = binding_print(text->value, sizeof(text->value),
				&contact->binding);

	if (err)
		return err;

	re_snprintf(text->ms, sizeof(text->ms), "%u", contact->expires * 1000);
	argv[0] = redis_str(contact->device);
	argv[1] = redis_str(text->ms);
	argv[2] = redis_str(text->value);
	return 0;
}

int registrar_register(struct registrar_ask **askp,
		       const struct registrar_params *params,
		       const struct reg_request *req,
		       const struct reg_limits *limits)
{
	struct redis_arg argv[FIXED + PER_CONTACT * REG_CONTACTS_MAX];
	char devices[16], cseq[16], callid[3 * BINDING_CALLID_MAX + 1];
	struct nonce_args nonce;
	struct contact_text *text;
	int err = 0;

	text = mem_alloc((req->nc + 1) * sizeof(*text), NULL);
	if (!text)
		return ENOMEM;

	re_snprintf(devices, sizeof(devices), "%u", limits->devices_max);
	re_snprintf(cseq, sizeof(cseq), "%u", req->cseq);
	if (re_snprintf(callid, sizeof(callid), "%H", redis_key_part,
			&req->callid) < 0)
		err = EOVERFLOW;

	nonce_args(&nonce, argv, &params->proof);
	argv[2] = redis_str(devices);
	argv[3] = redis_str(cseq);
	argv[4] = redis_str(callid);
	argv[5] = redis_str(req->all ? "*" : "");
	argv[6] = redis_str(params->said ? params->said : "");
	for (size_t i = 0; i < req->nc && !err; i++)
		err = contact_args(&argv[FIXED + PER_CONTACT * i], &text[i],
				   &req->contacts[i]);
	if (!err)
		err = registrar_ask_eval(askp, params, &script_register, argv,
					 FIXED + PER_CONTACT * req->nc);
	mem_deref(text);
	return err;
}

int registrar_lookup(struct registrar_ask **askp,
		     const struct registrar_params *params)
{
	return registrar_ask_eval(askp, params, &script_lookup, NULL, 0);
}

int registrar_expire(struct registrar_ask **askp,
		     const struct registrar_params *params)
{
	return registrar_ask_eval(askp, params, &script_expire, NULL, 0);
}

int registrar_count_nonce(struct registrar_ask **askp,
			  const struct registrar_params *params)
{
	struct nonce_args nonce;
	struct redis_arg argv[2];

	nonce_args(&nonce, argv, &params->proof);
	return registrar_ask_eval(askp, params, &script_nonce, argv, 2);
}

static void on_nothing(int err, const struct redis_val *val, void *arg)
{
	(void)err;
	(void)val;
	(void)arg;
}

int registrar_flow_gone(struct redis_link *link,
			const struct registrar_aor *aor, const uint8_t *flow,
			size_t flow_len, const char *said)
{
	char bind[BINDING_KEY_MAX], journal[BINDING_KEY_MAX],
		hex[2 * BINDING_FLOW_MAX + 1];
	int err;

	err = binding_key(bind, sizeof(bind), &aor->tenant, &aor->user,
			  "bind");
	err |= binding_key(journal, sizeof(journal), &aor->tenant, &aor->user,
			   "log");
	if (err || re_snprintf(hex, sizeof(hex), "%w", flow, flow_len) < 0)
		return EOVERFLOW;

	const struct redis_arg keys[] = {redis_str(bind), redis_str(journal)};
	const struct redis_arg args[] = {redis_str(hex),
					 redis_str(said ? said : "")};

	return redis_link_eval(link, &script_flow_gone, keys, 2, args, 2,
			       on_nothing, NULL);
}
