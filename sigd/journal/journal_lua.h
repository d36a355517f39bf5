/*
 * journal_lua.h  How a script adds an entry to a log (journal_row.h)
 *
 * For scripts that have a local `now`, unix ms; `last` is the index of the
 * oldest that is kept. The same as one of the latest
 * of its kind is counted in that one: a telephone that refreshes each minute
 * does not push out of the log when it came.
 *
 *   note(key, said, rtt, count, stop)
 *
 * said: journal_row_said(); stop: text that ends the search for one that says
 * the same, such as that of its device; nil: it is not counted in another.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_JOURNAL_JOURNAL_LUA_H
#define SIGD_JOURNAL_JOURNAL_LUA_H

/* What is kept: as in docs/redis.md. */
#define JOURNAL_LAST "49"          /* index of the oldest */
#define JOURNAL_TTL_MS "604800000" /* seven days */

#define JOURNAL_LUA                                                          \
	"local last = " JOURNAL_LAST " "                                     \
	"local function note(key, said, rtt, count, stop) "                  \
	"  local at, since, n = string.format('%.0f', now), nil, count "     \
	"  local heads = stop and redis.call('LRANGE', key, 0, 3) or {} "    \
	"  for i, row in ipairs(heads) do "                                  \
	"    local s, c, was = string.match(row, "                           \
	"      '^%d+ (%d+) (%d+) %d+ (.*)$') "                               \
	"    if was == said then "                                           \
	"      redis.call('LSET', key, i - 1, at .. ' ' .. s .. ' ' .. "     \
	"        string.format('%.0f', c + count) .. ' ' .. rtt .. ' ' .. "  \
	"        said) "                                                     \
	"      since = s break "                                             \
	"    elseif string.find(row, stop, 1, true) then break end "         \
	"  end "                                                             \
	"  if not since then "                                               \
	"    redis.call('LPUSH', key, at .. ' ' .. at .. ' ' .. count .. "   \
	"      ' ' .. rtt .. ' ' .. said) "                                  \
	"    redis.call('LTRIM', key, 0, last) "                             \
	"  end "                                                             \
	"  redis.call('PEXPIRE', key, " JOURNAL_TTL_MS ") "                  \
	"end "

#endif
