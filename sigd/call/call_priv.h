/*
 * call_priv.h  What the files about call records share
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_PRIV_H
#define SIGD_CALL_CALL_PRIV_H

#include "common/redis_link.h"
#include "sigd/call/call_record.h"

enum {
	CALL_KEY_MAX = 64,
	/* "call/tenant", as in the list */
	CALL_NAME_MAX = 17 + 2 * (1 + COOKIE_TENANT_MAX),
};

/* The keys of a call, all under one hash tag. */
struct call_keys {
	char rec[CALL_KEY_MAX];
	char list[CALL_KEY_MAX];
	char cdr[CALL_KEY_MAX];
	char setup[CALL_KEY_MAX];
	char over[CALL_KEY_MAX];
	char media[CALL_KEY_MAX]; /* mediad's (mediad/control/sheet.h) */
	char kept[CALL_KEY_MAX];  /* the same, of calls that have CDRs */
};

/* Lua: `index(rec)`, the keys of the calls with the Call-ID of this record
 * (call_find.h), one for each tenant that has a side, its call id, and its name
 * in the list of calls (call_name_print()); none, and nil, when there is no
 * such record. `unlisted(rec)` and `listed(rec, life)` return that name. */
#define CALL_INDEX_LUA                                                       \
	"local function index(rec) "                                         \
	"  local f = redis.call('HMGET', rec, 'call', 'tenant', 'callid', "  \
	"    'b.tenant') "                                                   \
	"  if not (f[1] and f[2] and f[3]) then return {} end "              \
	"  local stem = 'cb:{c:' .. string.sub(f[1], 1, 1) .. '}:id:' "      \
	"  local ids = {stem .. redis.sha1hex(f[2] .. '\\n' .. f[3])} "      \
	"  if (f[4] or '') ~= '' and f[4] ~= f[2] then "                     \
	"    ids[2] = stem .. redis.sha1hex(f[4] .. '\\n' .. f[3]) end "     \
	"  return ids, f[1], f[1] .. '/' .. f[2] .. "                        \
	"    (ids[2] and '/' .. f[4] or '') end "                            \
	"local function unlisted(rec) "                                      \
	"  local ids, call, name = index(rec) "                              \
	"  for _, id in ipairs(ids) do redis.call('SREM', id, call) end "    \
	"  return name end "                                                 \
	"local function listed(rec, life) "                                  \
	"  local ids, call, name = index(rec) "                              \
	"  for _, id in ipairs(ids) do "                                     \
	"    redis.call('SADD', id, call) "                                  \
	"    redis.call('SREM', id, 'over') "                                \
	"    if redis.call('TTL', id) < tonumber(life) then "                \
	"      redis.call('EXPIRE', id, life) end end "                      \
	"  return name end "

void call_keys_print(struct call_keys *keys, const char *call);

/* "<call>/<tenant>", of a call between tenants "<call>/<tenant>/<callee's>". */
void call_name_print(char name[CALL_NAME_MAX], const struct call_record *rec);

/* What is answered: 0 (there is no such call) or another number; a record as
 * field, value ...; or its values alone, by CALL_FIELDS_LUA (call_fields.h); a
 * number, or a record as field, value ... */
enum call_reply { CALL_NUMBER, CALL_NAMED, CALL_VALUES, CALL_EITHER };

/* The handler gets it as a code. */
struct call_eval {
	const struct redis_script *script;
	const struct redis_arg *keyv, *argv;
	size_t keyc, argc;
	enum call_reply reply;
};

int call_ask_eval(struct call_ask **askp, struct redis_link *link,
		  const struct call_eval *eval, call_record_h *h, void *arg);

#endif
