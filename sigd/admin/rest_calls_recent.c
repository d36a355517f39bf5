/*
 * rest_calls_recent.c  GET /v1/calls?state=recent: calls that have ended, the
 *                      latest first, from the sixteen streams of CDRs
 *
 * Of each stream a batch is read, behind the cursor. What is as young as the
 * oldest entry of each batch that was full is in order; of that the page is
 * made, in ROUNDS_MAX rounds. So Redis is asked few and short questions for a
 * page, however many calls there are, and a page may be short, or empty, and not
 * the last.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/rest_calls.h"

enum {
	SHARDS = 16,
	BATCH = 40, /* entries: 1 to 2 kB each */
	ITEMS_MAX = SHARDS * BATCH,
	ID_MAX = 48,
	ROUNDS_MAX = 4,
};

#define FAR_MS 999999999999999ull

/* Where an entry stands among all: streams may have the same id. */
struct place {
	uint64_t ms, seq;
	unsigned shard;
};

struct item {
	struct place at;
	char call[ID_LEN + 1];
	struct rest_quality quality; /* once it is asked for */
	struct mbuf *json;
};

struct recent {
	const struct rest_calls_ask *ask;
	struct place from;    /* behind this one */
	struct place horizon; /* up to here all is known */
	bool more;
	struct item items[ITEMS_MAX]; /* of a round */
	size_t n;
	size_t heard; /* of the first of these how they sounded is known */
	size_t told;
};

static void items_drop(struct recent *recent)
{
	while (recent->n)
		mem_deref(recent->items[--recent->n].json);
	recent->heard = 0;
}

static void destructor(void *data)
{
	items_drop(data);
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

bool rest_calls_place(const char *cursor, uint64_t *ms, uint64_t *seq,
		      uint64_t *shard)
{
	uint64_t nums[3];

	if (!rest_cursor_read(nums, 3, cursor) || nums[2] >= SHARDS)
		return false;
	*ms = nums[0];
	*seq = nums[1];
	*shard = nums[2];
	return true;
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

	return rest_list_is(rest_text(fields, "reason"), filter->reason) &&
	       rest_calls_fit(filter, &facts);
}

/* False: no memory. */
static bool entry_take(struct recent *recent, const struct redis_val *fields,
		       const struct place *at)
{
	struct item *item = &recent->items[recent->n];

	if (!fits(&recent->ask->filter, fields))
		return true;
	item->at = *at;
	str_ncpy(item->call, rest_text(fields, "call"), sizeof(item->call));
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
		uint64_t id[2];

		if (entry->type != REDIS_ARRAY || entry->len != 2 ||
		    entry->el[0].type != REDIS_STR ||
		    !rest_cursor_read(id, 2, entry->el[0].str))
			continue;
		at.ms = id[0];
		at.seq = id[1];
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
	char key[REST_KEY_MAX], id[ID_MAX], since[ID_MAX], count[8];

	/* nothing is behind the least id: to Redis "(0-0" is an error */
	if (!from->ms && !from->seq && shard >= from->shard)
		return true;
	re_snprintf(key, sizeof(key), "cb:{c:%x}:cdr", shard);
	re_snprintf(id, sizeof(id), "%s%llu-%llu",
		    shard < from->shard ? "" : "(", from->ms, from->seq);
	re_snprintf(since, sizeof(since), "%llu",
		    recent->ask->filter.span.since_ms);
	re_snprintf(count, sizeof(count), "%u", BATCH);
	if (!rest_ask(&list, admin, resp, "XREVRANGE", key, id, since, "COUNT",
		      count, NULL))
		return false;
	if (batch_take(recent, list, shard))
		return true;
	admin_resp_problem(resp, 503, "Out of memory.");
	return false;
}

/* With how it sounded, in front of the brace that ends it. */
static bool item_write(const struct item *item, bool first,
		       struct admin_resp *resp)
{
	struct mbuf *more = mbuf_alloc(64);
	struct jsonw json;
	int err = more ? 0 : ENOMEM;

	if (!err) {
		jsonw_init(&json, more);
		jsonw_object(&json, NULL);
		rest_quality_write(&json, &item->quality);
		jsonw_end(&json);
		err = jsonw_done(&json);
	}
	if (!err)
		err = mbuf_printf(resp->mb, "%s%b,%b", first ? "" : ",",
				  item->json->buf, item->json->end - 1,
				  more->buf + 1, more->end - 1);
	mem_deref(more);
	return !err;
}

/* Is it younger than all that is not known yet? */
static bool in_order(const struct recent *recent, const struct item *item)
{
	return !recent->more || compare(&item->at, &recent->horizon) >= 0;
}

/* How the next ones sounded, many at once: as many as the page has room for,
 * when each of them will be told. False: resp is an error. */
static bool hear(struct recent *recent, struct admin *admin,
		 struct admin_resp *resp)
{
	const struct rest_calls_ask *ask = recent->ask;
	struct rest_quality_of of[REDIS_PIPE_MAX];
	size_t n, most = COUNTOF(of);

	if (!ask->filter.mos_below)
		most = min(most, ask->limit - recent->told);
	most = min(most, recent->n - recent->heard);
	for (n = 0; n < most; n++) {
		struct item *item = &recent->items[recent->heard + n];

		if (!in_order(recent, item))
			break;
		of[n] = (struct rest_quality_of){item->call, &item->quality};
	}
	recent->heard += n;
	return rest_quality_ask(of, n, admin, resp);
}

/* False: no memory. *more: the page is full, and this one is left. */
static bool item_take(bool *more, struct recent *recent,
		      const struct item *item, struct admin_resp *resp)
{
	*more = false;
	if (!rest_calls_sounds(&recent->ask->filter, &item->quality))
		return true;
	*more = recent->told == recent->ask->limit;
	if (*more)
		return true;
	if (item_write(item, !recent->told, resp)) {
		++recent->told;
		return true;
	}
	admin_resp_problem(resp, 503, "Out of memory.");
	return false;
}

/* What is in order of a round; `from` is then behind it. False: resp is an
 * error. */
static bool round_write(struct recent *recent, bool *full, struct admin *admin,
			struct admin_resp *resp)
{
	*full = false;
	if (recent->n)
		qsort(recent->items, recent->n, sizeof(recent->items[0]),
		      by_place);
	for (size_t i = 0; i < recent->n; i++) {
		const struct item *item = &recent->items[i];

		if (!in_order(recent, item))
			break;
		if (i == recent->heard && !hear(recent, admin, resp))
			return false;
		if (!item_take(full, recent, item, resp))
			return false;
		if (*full)
			return true;
		recent->from = item->at;
	}
	recent->from = recent->horizon;
	return true;
}

/* False: resp is an error. */
static bool rounds(struct recent *recent, struct admin *admin,
		   struct admin_resp *resp)
{
	bool full = false;

	for (unsigned i = 0; i < ROUNDS_MAX && !full; i++) {
		items_drop(recent);
		recent->more = false;
		recent->horizon = (struct place){0, 0, 0};
		for (unsigned shard = 0; shard < SHARDS; shard++) {
			if (!shard_read(recent, admin, resp, shard))
				return false;
		}
		if (!round_write(recent, &full, admin, resp))
			return false;
		if (!recent->more)
			break;
	}
	recent->more |= full;
	return true;
}

static void page_write(struct recent *recent, struct admin *admin,
		       struct admin_resp *resp)
{
	const struct place *at = &recent->from;
	int err = mbuf_write_str(resp->mb, "{\"calls\":[");

	if (err || !rounds(recent, admin, resp)) {
		if (err)
			admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	err = recent->more
		      ? mbuf_printf(resp->mb,
				    "],\"total\":null,\"next\":"
				    "\"%s%llu-%llu-%u\"}",
				    recent->ask->all ? "e" : "", at->ms,
				    at->seq, at->shard)
		      : mbuf_write_str(resp->mb,
				       "],\"total\":null,\"next\":null}");
	if (err)
		admin_resp_problem(resp, 503, "Out of memory.");
}

void rest_calls_recent(const struct rest_calls_ask *ask, struct admin *admin,
		       struct admin_resp *resp)
{
	const uint64_t until_ms = ask->filter.span.until_ms;
	struct place from = {.ms = min(until_ms, FAR_MS),
			     .seq = UINT64_MAX,
			     .shard = SHARDS};
	struct recent *recent;
	uint64_t shard;

	if (ask->cursor) {
		if (!rest_calls_place(ask->cursor, &from.ms, &from.seq,
				      &shard)) {
			rest_list_no_cursor(resp);
			return;
		}
		from.shard = (unsigned)shard;
		from.ms = min(from.ms, until_ms);
	}
	recent = mem_zalloc(sizeof(*recent), destructor);
	if (!recent) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	recent->ask = ask;
	recent->from = from;
	page_write(recent, admin, resp);
	mem_deref(recent);
}
