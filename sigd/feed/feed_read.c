/*
 * feed_read.c  What stands in a stream of events behind a place
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/feed/feed_read.h"

/* KEYS: stream; of calls the final figures of their media too. ARGV: behind
 * which, how many, whether to look at how many there were (feed_place.h) even
 * when there is nothing new, which fields are wanted, or "" for all, and of
 * calls the stem of the sheets of their media (docs/redis.md), of which the
 * forms of legs are left out. [added, gone, how many there are,
 * [id, fields, media] ...], added -1 when it was not looked at.
 *
 * Final figures are written behind the CDR, mostly within milliseconds; those
 * of all of them are found in one way through, which goes on for 15 s behind
 * the last. A CDR without is told with what the sheet says, but not in its
 * first two seconds: it and what is behind it wait for the next look. */
static const struct redis_script script_read = {
	"feed-read",
	"local added, len = -1, 0 "
	"local got = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', "
	"  'COUNT', ARGV[2]) "
	"if redis.call('EXISTS', KEYS[1]) == 0 then added = 0 "
	"elseif #got > 0 or ARGV[3] == '1' then "
	"  local info = redis.call('XINFO', 'STREAM', KEYS[1]) "
	"  for k = 1, #info, 2 do "
	"    if info[k] == 'entries-added' then added = info[k + 1] end "
	"    if info[k] == 'length' then len = info[k + 1] end end "
	"end "
	"local out = {added, added - len, #got} "
	"if #got == 0 then return out end "
	"local want, calls, sought, left = {}, {}, {}, 0 "
	"for name in string.gmatch(ARGV[4], '%S+') do want[name] = 1 end "
	"for i, e in ipairs(got) do "
	"  local fields, n, call, at = e[2], 0, nil, '' "
	"  if ARGV[4] ~= '' then "
	"    fields = {} "
	"    for k = 1, #e[2], 2 do "
	"      local name, val = e[2][k], e[2][k + 1] "
	"      if want[name] then "
	"        fields[n + 1], fields[n + 2], n = name, val, n + 2 end "
	"      if name == 'call' then call = val "
	"      elseif name == 'media' then at = val end end end "
	"  if ARGV[5] and call and at ~= '' then "
	"    calls[i], sought[call], left = call, true, left + 1 end "
	"  out[i + 3] = {e[1], fields, {}} end "
	"if not ARGV[5] then return out end "
	"local function ms(id) return tonumber(string.match(id, '^%d+')) end "
	"local function is_final(media) "
	"  for k = 1, #media, 2 do "
	"    if media[k] == 'state' then return media[k + 1] == 'ended' end end "
	"  return false end "
	"local function sheet(call) "
	"  local all, some = redis.call('HGETALL', ARGV[5] .. call), {} "
	"  for k = 1, #all, 2 do "
	"    if string.sub(all[k], 1, 5) ~= 'form.' and all[k] ~= 'cdr' then "
	"      some[#some + 1] = all[k] some[#some + 1] = all[k + 1] end end "
	"  return some end "
	"local found, from = {}, string.match(got[1][1], '^%d+') "
	"local to = string.format('%.0f', ms(got[#got][1]) + 15000) "
	"while left > 0 do "
	"  local most = left + 16 "
	"  local some = redis.call('XRANGE', KEYS[2], from, to, 'COUNT', most) "
	"  for _, f in ipairs(some) do "
	"    local call = f[2][2] "
	"    if sought[call] then "
	"      found[call] = f[2] "
	"      if is_final(f[2]) then left = left - 1 end end end "
	"  if #some < most then break end "
	"  from = '(' .. some[#some][1] end "
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) "
	"for i = 1, #got do if calls[i] then "
	"  local media = found[calls[i]] or sheet(calls[i]) "
	"  if not is_final(media) and ms(got[i][1]) + 2000 > now then "
	"    for k = #got, i, -1 do out[k + 3] = nil end "
	"    break end "
	"  out[i + 3][3] = media end end "
	"return out"};

/* One question to Redis, and those that wait for its reply. */
struct question {
	struct le le;
	struct feed_reader *reader;
	struct list waiting; /* struct asker */
	bool answered; /* who asks now asks anew */
	unsigned source;
	char behind[FEED_ID_MAX + 1];
	size_t most;
	bool count;
};

struct asker {
	struct le le;
	feed_page_h *pageh;
	void *arg;
};

struct feed_reader {
	struct redis_link *redis;
	struct list questions;
};

static void question_destructor(void *data)
{
	struct question *question = data;

	list_unlink(&question->le);
	list_flush(&question->waiting);
	redis_link_forget(question->reader->redis, question);
}

static void reader_destructor(void *data)
{
	struct feed_reader *reader = data;

	list_flush(&reader->questions);
	mem_deref(reader->redis);
}

int feed_reader_alloc(struct feed_reader **readerp, struct redis_link *redis)
{
	struct feed_reader *reader =
		mem_zalloc(sizeof(*reader), reader_destructor);

	if (!reader)
		return ENOMEM;
	reader->redis = mem_ref(redis);
	*readerp = reader;
	return 0;
}

/* --- a page ------------------------------------------------------------------- */

static void page_destructor(void *data)
{
	struct feed_page *page = data;

	for (size_t i = 0; i < page->n; i++)
		mem_deref(page->entries[i].event);
}

/* EBADMSG of an event: it is passed over. */
static int entry_take(struct feed_entry *entry, unsigned source,
		      const struct redis_val *val)
{
	int err;

	if (val->type == REDIS_ARRAY && val->len &&
	    val->el[0].type == REDIS_STR)
		str_ncpy(entry->id, val->el[0].str, sizeof(entry->id));
	err = feed_event_read(&entry->event, source, val);
	return err == ENOMEM ? err : 0;
}

/* NULL: it is none, or there is no memory for all of it. */
static struct feed_page *page_read(const struct question *question,
				   const struct redis_val *val)
{
	struct feed_page *page;
	size_t n, all;

	if (val->type != REDIS_ARRAY || val->len < 3 ||
	    val->el[0].type != REDIS_INT || val->el[1].type != REDIS_INT ||
	    val->el[2].type != REDIS_INT)
		return NULL;
	n = val->len - 3;
	all = (size_t)val->el[2].num;
	page = mem_zalloc(sizeof(*page) + n * sizeof(page->entries[0]),
			  page_destructor);
	if (!page)
		return NULL;
	page->source = question->source;
	page->stream = (struct feed_stream){.added = val->el[0].num,
					    .gone = val->el[1].num,
					    .all = all < question->most,
					    .n = all};
	page->n = n;
	for (size_t i = 0; i < n; i++) {
		if (entry_take(&page->entries[i], page->source,
			       &val->el[3 + i]))
			return mem_deref(page);
	}
	return page;
}

/* Who gets it may ask for the next one, and forget what it has asked for. */
static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct question *question = arg;
	struct feed_page *page = err ? NULL : page_read(question, val);
	struct le *le;

	question->answered = true;
	while ((le = list_head(&question->waiting))) {
		struct asker *asker = le->data;

		list_unlink(le);
		asker->pageh(page, asker->arg);
		mem_deref(asker);
	}
	mem_deref(page);
	mem_deref(question);
}

/* --- asking ------------------------------------------------------------------- */

static bool is_same(const struct question *a, const struct question *b)
{
	return !a->answered && a->source == b->source && a->most == b->most &&
	       a->count == b->count && !strcmp(a->behind, b->behind);
}

static struct question *find(const struct feed_reader *reader,
			     const struct question *what)
{
	struct le *le;

	LIST_FOREACH (&reader->questions, le) {
		if (is_same(le->data, what))
			return le->data;
	}
	return NULL;
}

static int question_send(struct question *question)
{
	const bool calls = question->source < FEED_SHARDS;
	char key[FEED_KEY_MAX + 1], kept[32] = "", media[32] = "", most[8];
	struct redis_arg keyv[2], argv[5];

	feed_source_key(key, question->source);
	re_snprintf(most, sizeof(most), "%zu", question->most);
	keyv[0] = redis_str(key);
	argv[0] = redis_str(question->behind);
	argv[1] = redis_str(most);
	argv[2] = redis_str(question->count ? "1" : "0");
	argv[3] = redis_str(feed_event_fields(question->source));
	if (calls) {
		re_snprintf(media, sizeof(media), "cb:{c:%x}:media:",
			    question->source);
		re_snprintf(kept, sizeof(kept), "%s:media", key);
	}
	argv[4] = redis_str(media);
	keyv[1] = redis_str(kept);
	return redis_link_eval(question->reader->redis, &script_read, keyv,
			       calls ? 2 : 1, argv, calls ? 5 : 4, on_reply,
			       question);
}

static int question_new(struct question **questionp, struct feed_reader *reader,
			const struct question *what)
{
	struct question *question =
		mem_zalloc(sizeof(*question), question_destructor);
	int err;

	if (!question)
		return ENOMEM;
	*question = *what;
	question->reader = reader;
	list_append(&reader->questions, &question->le, question);
	err = question_send(question);
	if (err)
		mem_deref(question);
	else
		*questionp = question;
	return err;
}

static void asker_destructor(void *data)
{
	struct asker *asker = data;

	list_unlink(&asker->le);
}

int feed_reader_ask(struct feed_reader *reader, unsigned source,
		    const struct feed_place *behind, size_t most,
		    feed_page_h *pageh, void *arg)
{
	struct question what = {.source = source,
				.most = most,
				.count = behind->nr == FEED_NR_UNKNOWN};
	struct question *question;
	struct asker *asker;
	int err = 0;

	str_ncpy(what.behind, behind->id, sizeof(what.behind));
	asker = mem_zalloc(sizeof(*asker), asker_destructor);
	if (!asker)
		return ENOMEM;
	asker->pageh = pageh;
	asker->arg = arg;
	question = find(reader, &what);
	if (!question)
		err = question_new(&question, reader, &what);
	if (err)
		mem_deref(asker);
	else
		list_append(&question->waiting, &asker->le, asker);
	return err;
}

static void question_forget(struct question *question, const void *arg)
{
	struct le *le = list_head(&question->waiting);

	while (le) {
		struct asker *asker = le->data;

		le = le->next;
		if (asker->arg == arg)
			mem_deref(asker);
	}
	/* on_reply() frees the one that it is at */
	if (!question->answered && !list_head(&question->waiting))
		mem_deref(question);
}

void feed_reader_forget(struct feed_reader *reader, const void *arg)
{
	struct le *le = list_head(&reader->questions);

	while (le) {
		struct question *question = le->data;

		le = le->next;
		question_forget(question, arg);
	}
}
