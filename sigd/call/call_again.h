/*
 * call_again.h  An INVITE that was begun by two workers, in Lua
 *
 * Who repeats it after its worker has died reaches another one, which knows
 * nothing of it and begins it as another call; the first one then ends as
 * killed. For who counts calls that is one.
 *
 * It is the same INVITE by From tag and Call-ID, by who sent it and by its
 * Request-URI: a proxy before us that forks one INVITE to several of our users
 * sends us as many calls, of one Call-ID. Not by its CSeq, as RFC 3261 8.2.2.2
 * has it: the credentials of the first were used up, so who repeats it is
 * challenged, and counts on. Nor by its branch: who goes to another one of us
 * because the first is gone (RFC 3263 4.3) makes a new one.
 *
 * For the scripts of this folder, behind CALL_INDEX_LUA.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_AGAIN_H
#define SIGD_CALL_CALL_AGAIN_H

/*
 * `first(rec, ids, call)`: the record of the first that another worker sets up
 * for the same INVITE, or nil. `again(rec, ids, call)`: whether this one's
 * INVITE was begun anew. `told(rec, ids, call)`: this one has its CDR, so the
 * others need none, should they end as killed.
 */
#define CALL_AGAIN_LUA                                                       \
	"local function who(rec) "                                           \
	"  local f = redis.call('HMGET', rec, 'a.tag', 'asked', 'a.user', "  \
	"    'a.conn') "                                                     \
	"  return f[1] and f[1] ~= '' and table.concat({f[1], f[2] or '', "   \
	"    f[3] or '', f[4] or ''}, '\\n') or nil end "                    \
	"local function twins(rec, ids, call) "                              \
	"  local found, stem = {}, string.match(rec, '^.*:rec:') "           \
	"  local me = who(rec) "                                             \
	"  for _, id in ipairs(ids) do "                                     \
	"    for _, m in ipairs(redis.call('SRANDMEMBER', id, 16)) do "      \
	"      if me and m ~= call and m ~= 'over' and "                     \
	"        who(stem .. m) == me then found[#found + 1] = stem .. m "   \
	"      end end end "                                                 \
	"  return found end "                                                \
	"local function is_setup(rec) "                                      \
	"  return redis.call('HGET', rec, 'state') == 'setup' end "          \
	"local function first(rec, ids, call) "                              \
	"  local found, since = nil, nil "                                   \
	"  for _, t in ipairs(twins(rec, ids, call)) do "                    \
	"    local at = tonumber(redis.call('HGET', t, 'start') or 0) "      \
	"    if is_setup(t) and (not since or at < since or "                \
	"      at == since and t < found) and "                              \
	"      redis.call('HGET', t, 'at') ~= redis.call('HGET', rec, 'at') "\
	"      then found, since = t, at end end "                           \
	"  return found end "                                                \
	"local function again(rec, ids, call) "                              \
	"  return is_setup(rec) and (redis.call('HEXISTS', rec, 'again') "   \
	"    == 1 or #twins(rec, ids, call) > 0) end "                       \
	"local function told(rec, ids, call) "                               \
	"  for _, t in ipairs(twins(rec, ids, call)) do "                    \
	"    if is_setup(t) then redis.call('HSET', t, 'again', call) end "  \
	"  end end "

#endif
