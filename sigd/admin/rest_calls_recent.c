/*
 * rest_calls_recent.c  GET /v1/calls?state=recent: calls that have ended, the
 *                      latest first, from the sixteen streams of CDRs
 *
 * Of each stream a batch is read, behind the cursor. What is as young as the
 * oldest entry of each batch that was full is in order: that is the page. So
 * Redis is asked sixteen short questions for a page, however many there are,
 * and a page may be short, or empty, and not the last.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/rest_calls.h"

enum {
	SHARDS = 16,
	BATCH = 40, /* entries: 1 to 2 kB each */
	ITEMS_MAX = SHARDS * BATCH,
	ID_MAX = 40,
};

/* Where an entry stands among all: streams may have the same id. */
struct place {
	uint64_t ms, seq;
	unsigned shard;
};

struct item {
	struct place at;
	struct mbuf *json;
};

struct recent {
	struct rest_calls_filter filter;
	struct place from;    /* behind this one */
	struct place horizon; /* up to here all is known */
	bool more;
	struct item items[ITEMS_MAX];
	size_t n;
};

static void destructor(void *data)
{
	struct recent *recent = data;

	for (size_t i = 0; i < recent->n; i++)
		mem_deref(recent->items[i].json);
}

static int compare(const struct place *a, const struct place *b)
{
	if (a->ms != b->ms)
		return a->ms < b->ms ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return a->shard < b->shard ? -1 : a->shard > b->shard;
}

/* The latest first. */
static int by_place(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;

	return compare(&b->at, &a->at);
}

/* Digits of a bounded number, and what must stand behind them. */
static bool number_read(uint64_t *num, const char **textp, char behind)
{
	const char *text = *textp;
	size_t len = strspn(text, "0123456789");
	const struct pl pl = {text, len};

	if (!len || len > 18 || text[len] != behind)
		return false;
	*num = pl_u64(&pl);
	*textp = text + len + (behind != '\0');
	return true;
}

bool rest_calls_place(const char *cursor, uint64_t *ms, uint64_t *seq,
		      uint64_t *shard)
{
	return number_read(ms, &cursor, '-') &&
	       number_read(seq, &cursor, '-') &&
	       number_read(shard, &cursor, '\0') && *shard < SHARDS;
}

/* --- an entry ------------------------------------------------------------------ */

static uint64_t number(const struct redis_val *fields, const char *field)
{
	uint64_t num = 0;

	(void)redis_num(redis_field(fields, field), &num);
	return num;
}

static void side(struct jsonw *json, const char *key,
		 const struct redis_val *fields, char prefix)
{
	static const char *const names[][2] = {
		{"user", "user"}, {"uri", "uri"}, {"connection", "conn"}};
	const char *val;
	char field[16];

	jsonw_object(json, key);
	for (size_t i = 0; i < COUNTOF(names); i++) {
		re_snprintf(field, sizeof(field), "%c.%s", prefix,
			    names[i][1]);
		val = rest_text(fields, field);
		if (*val || i < 2)
			jsonw_str(json, names[i][0], val);
	}
	if (prefix == 'b' && *rest_text(fields, "b.tenant"))
		jsonw_str(json, "tenant", rest_text(fields, "b.tenant"));
	if (prefix == 'b' && *rest_text(fields, "service"))
		jsonw_str(json, "service", rest_text(fields, "service"));
	jsonw_end(json);
}

static int entry_write(struct mbuf *mb, const struct redis_val *fields)
{
	const uint64_t start = number(fields, "start");
	const uint64_t up = number(fields, "up");
	const uint64_t end = number(fields, "end");
	struct jsonw json;

	jsonw_init(&json, mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "id", rest_text(fields, "call"));
	jsonw_str(&json, "tenant", rest_text(fields, "tenant"));
	jsonw_str(&json, "call_id", rest_text(fields, "callid"));
	jsonw_str(&json, "state", "ended");
	rest_time(&json, "started", start);
	rest_time(&json, "answered", up);
	rest_time(&json, "ended", end);
	jsonw_uint(&json, "duration_ms", end > start ? end - start : 0);
	jsonw_uint(&json, "talk_ms", up && end > up ? end - up : 0);
	jsonw_str(&json, "reason", rest_text(fields, "reason"));
	jsonw_str(&json, "media_worker", rest_text(fields, "media"));
	side(&json, "caller", fields, 'a');
	side(&json, "callee", fields, 'b');
	jsonw_end(&json);
	return jsonw_done(&json);
}

static bool fits(const struct rest_calls_filter *filter,
		 const struct redis_val *fields)
{
	const struct rest_calls_facts facts = {
		.tenant = rest_text(fields, "tenant"),
		.there = rest_text(fields, "b.tenant"),
		.callid = rest_text(fields, "callid"),
		.user = {rest_text(fields, "a.user"),
			 rest_text(fields, "b.user")},
		.uri = {rest_text(fields, "a.uri"), rest_text(fields, "b.uri")},
		.conn = {rest_text(fields, "a.conn"),
			 rest_text(fields, "b.conn")}};

	return rest_calls_fit(filter, &facts);
}

/* False: no memory. */
static bool entry_take(struct recent *recent, const struct redis_val *fields,
		       const struct place *at)
{
	struct item *item = &recent->items[recent->n];

	if (!fits(&recent->filter, fields))
		return true;
	item->at = *at;
	item->json = mbuf_alloc(512);
	if (!item->json)
		return false;
	++recent->n;
	return !entry_write(item->json, fields);
}

/* --- a page -------------------------------------------------------------------- */

static bool batch_take(struct recent *recent, const struct redis_val *list,
		       unsigned shard)
{
	struct place at = {.shard = shard};

	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len; i++) {
		const struct redis_val *entry = &list->el[i];
		const char *id;

		if (entry->type != REDIS_ARRAY || entry->len != 2 ||
		    entry->el[0].type != REDIS_STR)
			continue;
		id = entry->el[0].str;
		if (!number_read(&at.ms, &id, '-') ||
		    !number_read(&at.seq, &id, '\0'))
			continue;
		if (!entry_take(recent, &entry->el[1], &at))
			return false;
	}
	if (list->type == REDIS_ARRAY && list->len == BATCH) {
		recent->more = true;
		if (compare(&at, &recent->horizon) > 0)
			recent->horizon = at;
	}
	return true;
}

static bool shard_read(struct recent *recent, struct admin *admin,
		       struct admin_resp *resp, unsigned shard)
{
	const struct place *from = &recent->from;
	const struct redis_val *list;
	char key[REST_KEY_MAX], id[ID_MAX], count[8];

	re_snprintf(key, sizeof(key), "cb:{c:%x}:cdr", shard);
	re_snprintf(id, sizeof(id), "%s%llu-%llu",
		    shard < from->shard ? "" : "(", from->ms, from->seq);
	re_snprintf(count, sizeof(count), "%u", BATCH);
	if (!rest_ask(&list, admin, resp, "XREVRANGE", key, id, "-", "COUNT",
		      count, NULL))
		return false;
	if (batch_take(recent, list, shard))
		return true;
	admin_resp_problem(resp, 503, "Out of memory.");
	return false;
}

static void page_write(struct recent *recent, struct admin_resp *resp,
		       size_t limit)
{
	struct place last = recent->horizon;
	bool more = recent->more;
	size_t i = 0;
	int err;

	qsort(recent->items, recent->n, sizeof(recent->items[0]), by_place);
	err = mbuf_write_str(resp->mb, "{\"calls\":[");
	for (; i < recent->n && !err; i++) {
		const struct item *item = &recent->items[i];

		if (recent->more && compare(&item->at, &recent->horizon) < 0)
			break;
		if (i == limit) {
			last = recent->items[i - 1].at;
			more = true;
			break;
		}
		err = i ? mbuf_write_u8(resp->mb, ',') : 0;
		err |= mbuf_write_mem(resp->mb, item->json->buf,
				      item->json->end);
	}
	err |= more ? mbuf_printf(resp->mb,
				  "],\"total\":null,\"next\":\"%llu-%llu-%u\"}",
				  last.ms, last.seq, last.shard)
		    : mbuf_write_str(resp->mb,
				     "],\"total\":null,\"next\":null}");
	if (err)
		admin_resp_problem(resp, 503, "Out of memory.");
}

void rest_calls_recent(const struct rest_calls_filter *filter,
		       const char *cursor, size_t limit, struct admin *admin,
		       struct admin_resp *resp)
{
	struct recent *recent = mem_zalloc(sizeof(*recent), destructor);
	uint64_t shard = SHARDS - 1;
	bool ok = true;

	if (!recent) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	recent->filter = *filter;
	recent->from.ms = 999999999999999; /* far away */
	if (cursor && !rest_calls_place(cursor, &recent->from.ms,
					&recent->from.seq, &shard)) {
		admin_resp_field(resp, 400, "cursor",
				 "It is the `next` of another answer.");
		mem_deref(recent);
		return;
	}
	recent->from.shard = (unsigned)shard;
	for (unsigned i = 0; i < SHARDS && ok; i++)
		ok = shard_read(recent, admin, resp, i);
	if (ok)
		page_write(recent, resp, limit);
	mem_deref(recent);
}
