/*
 * journal_lua.h  How a script adds an entry to a log (journal_row.h)
 *
 * For scripts that have the locals `now`, unix ms, and `at`, the same as text;
 * `last` is the index of the oldest that is kept. The same as one of the latest
 * of its kind is counted in that one: a telephone that refreshes each minute
 * does not push out of the log when it came. So a refresh is the dearest use of
 * it: the entry is looked for where it mostly is, and its time to live is set
 * when it is added, each 16th time, and an hour after the last one.
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
	"local last = '" JOURNAL_LAST "' "                                   \
	"local function again(key, row, place, said, rtt, count) "           \
	"  local was, since, n, head = "                                     \
	"    string.match(row, '^(%d+) (%d+) (%d+) %d+ ()') "                \
	"  if not head or #row - head + 1 ~= #said or "                      \
	"    not string.find(row, said, head, true) then return false end "  \
	"  was, n = tonumber(was), tonumber(n) "                             \
	"  redis.call('LSET', key, place, at .. ' ' .. since .. ' ' .. "     \
	"    string.format('%.0f', n + count) .. ' ' .. rtt .. ' ' .. said) "\
	"  if now - was > 3600000 or n % 16 + count > 15 then "              \
	"    redis.call('PEXPIRE', key, '" JOURNAL_TTL_MS "') end "          \
	"  return true "                                                     \
	"end "                                                               \
	"local function note(key, said, rtt, count, stop) "                  \
	"  for place in string.gmatch(stop and '0123' or '', '%d') do "      \
	"    local row = redis.call('LINDEX', key, place) "                  \
	"    if not row then break end "                                     \
	"    if again(key, row, place, said, rtt, count) then return end "   \
	"    if string.find(row, stop, 1, true) then break end "             \
	"  end "                                                             \
	"  redis.call('LPUSH', key, at .. ' ' .. at .. ' ' .. count .. "     \
	"    ' ' .. rtt .. ' ' .. said) "                                    \
	"  redis.call('LTRIM', key, 0, last) "                               \
	"  redis.call('PEXPIRE', key, '" JOURNAL_TTL_MS "') "                \
	"end "

#endif
