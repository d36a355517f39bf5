/*
 * rest_calls_live.c  GET /v1/calls?state=live: calls that are being set up or
 *                    are up, by their ids
 *
 * Of those behind the cursor the first LOOKS_MAX are looked at, so a page may be
 * short, or empty, and not the last.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "sigd/admin/rest_calls.h"

enum {
	SHARDS = 16, /* call_record.h */
	STEP = 500,	   /* names at once, */
	SLIP = 50,	   /* of which the last are read once more */
	SHARD_MAX = 10000, /* ... of a shard */
	LOOKS_MAX = 500,
};

struct found {
	char call[ID_LEN + 1];
};

/* The last ones of a step. */
struct overlap {
	struct found list[SLIP];
	size_t n;
};

/* Those behind the cursor, the first `limit` by id, and how many there are of
 * them; `total`: before the cursor, too. */
struct names {
	struct found list[LOOKS_MAX];
	size_t n, limit;
	uint64_t behind, total;
	const char *tenant, *cursor;
};

struct shown {
	struct call_record rec;
	struct rest_quality quality;
};

/* A page while it is made. */
struct page {
	const struct rest_calls_ask *ask;
	struct names names;
	struct shown *shown[REST_LIMIT_MAX];
	size_t n;
	size_t looked; /* at so many of the names */
};

static void destructor(void *data)
{
	struct page *page = data;

	for (size_t i = 0; i < page->n; i++)
		mem_deref(page->shown[i]);
}

/* --- which there are --------------------------------------------------------------- */

/* Into the order, once; what does not fit any more falls out. */
static void name_add(struct names *names, const struct found *found)
{
	size_t at = names->n;

	if (names->cursor && strcmp(found->call, names->cursor) <= 0) {
		++names->total;
		return;
	}
	while (at && strcmp(found->call, names->list[at - 1].call) < 0)
		--at;
	if (at && !strcmp(found->call, names->list[at - 1].call))
		return;
	++names->total;
	++names->behind;
	if (at == names->limit)
		return;
	if (names->n < names->limit)
		++names->n;
	memmove(&names->list[at + 1], &names->list[at],
		(names->n - at - 1) * sizeof(*found));
	names->list[at] = *found;
}

static bool was_read(const struct overlap *before, const struct found *found)
{
	for (size_t i = 0; i < before->n; i++) {
		if (!strcmp(before->list[i].call, found->call))
			return true;
	}
	return false;
}

static void step_take(struct names *names, struct overlap *before,
		      const struct redis_val *set)
{
	struct overlap last = {.n = 0};
	struct found found;

	for (size_t i = 0; set->type == REDIS_ARRAY && i < set->len; i++) {
		if (!rest_call_named(found.call, &set->el[i], names->tenant))
			continue;
		if (i >= SLIP || !was_read(before, &found))
			name_add(names, &found);
		if (i + SLIP >= set->len)
			last.list[last.n++] = found;
	}
	*before = last;
}

/* In steps, as each holds up Redis. They overlap: what ends between two of them
 * moves the others down. What is put behind all others meanwhile is read again,
 * and told once (name_add()). */
static bool shard_read(struct names *names, struct admin *admin,
		       struct admin_resp *resp, unsigned shard)
{
	const struct redis_val *set;
	char key[REST_KEY_MAX], from[16], to[16];
	struct overlap before = {.n = 0};
	unsigned at = 0;

	re_snprintf(key, sizeof(key), "cb:{c:%x}:calls", shard);
	do {
		re_snprintf(from, sizeof(from), "%u", at);
		re_snprintf(to, sizeof(to), "%u", at + STEP - 1);
		if (!rest_ask(&set, admin, resp, "ZRANGE", key, from, to, NULL))
			return false;
		step_take(names, &before, set);
		at += STEP - SLIP;
	} while (set->type == REDIS_ARRAY && set->len == STEP &&
		 at < SHARD_MAX);
	return true;
}

/* --- what they are ----------------------------------------------------------------- */

static bool fits(const struct rest_calls_filter *filter,
		 const struct shown *shown)
{
	const struct call_record *rec = &shown->rec;
	const struct call_side *a = &rec->side[CALL_CALLER];
	const struct call_side *b = &rec->side[CALL_CALLEE];
	const struct rest_calls_facts facts = {.tenant = rec->tenant,
					       .there = rec->there,
					       .callid = rec->callid,
					       .user = {a->user, b->user},
					       .uri = {a->uri, b->uri},
					       .conn = {a->conn, b->conn}};

	return !filter->reason && rec->start_ms >= filter->span.since_ms &&
	       rec->start_ms <= filter->span.until_ms &&
	       rest_calls_fit(filter, &facts) &&
	       rest_calls_sounds(filter, &shown->quality);
}

/* One that has not ended meanwhile. False: resp is an error. */
static bool look(struct page *page, struct admin *admin,
		 struct admin_resp *resp, const char *call)
{
	struct shown *shown = mem_zalloc(sizeof(*shown), NULL);
	struct rest_quality_of of = {.call = call};
	bool there = false;

	if (!shown) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return false;
	}
	of.quality = &shown->quality;
	if (!rest_call_load(&shown->rec, &there, admin, resp, call) ||
	    (there && !rest_quality_ask(&of, 1, admin, resp))) {
		mem_deref(shown);
		return false;
	}
	if (there && fits(&page->ask->filter, shown))
		page->shown[page->n++] = shown;
	else
		mem_deref(shown);
	return true;
}

/* False: resp is an error. */
static bool gather(struct page *page, struct admin *admin,
		   struct admin_resp *resp)
{
	struct names *names = &page->names;

	for (unsigned i = 0; i < SHARDS; i++) {
		if (!shard_read(names, admin, resp, i))
			return false;
	}
	while (page->looked < names->n && page->n < page->ask->limit) {
		if (!look(page, admin, resp,
			  names->list[page->looked++].call))
			return false;
	}
	return true;
}

/* --- a page -------------------------------------------------------------------------- */

static int by_start(const void *pa, const void *pb)
{
	const struct shown *a = *(const struct shown *const *)pa;
	const struct shown *b = *(const struct shown *const *)pb;

	return a->rec.start_ms < b->rec.start_ms
		       ? -1
		       : a->rec.start_ms > b->rec.start_ms;
}

/* Behind the last of those that are live come, when all are wanted, those that
 * have ended: what ends meanwhile is told twice rather than not at all. */
static void next_write(struct jsonw *json, const struct page *page)
{
	const bool more = page->names.behind > page->looked;
	char text[1 + ID_LEN + 1];

	if (more)
		re_snprintf(text, sizeof(text), "%s%s",
			    page->ask->all ? "l" : "",
			    page->names.list[page->looked - 1].call);
	else
		re_snprintf(text, sizeof(text), "%c", REST_CALLS_ENDED);
	jsonw_str(json, "next", more || page->ask->all ? text : NULL);
}

static void write(struct page *page, struct admin_resp *resp)
{
	struct jsonw json;

	if (page->n)
		qsort(page->shown, page->n, sizeof(page->shown[0]), by_start);
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "calls");
	for (size_t i = 0; i < page->n; i++) {
		jsonw_object(&json, NULL);
		rest_call_write(&json, &page->shown[i]->rec);
		rest_quality_write(&json, &page->shown[i]->quality);
		jsonw_end(&json);
	}
	jsonw_end(&json);
	jsonw_uint(&json, "total", page->names.total);
	next_write(&json, page);
	jsonw_end(&json);
	rest_done(&json, resp);
}

void rest_calls_live(const struct rest_calls_ask *ask, struct admin *admin,
		     struct admin_resp *resp)
{
	struct page *page;

	if (ask->cursor && !id_valid(ask->cursor, strlen(ask->cursor))) {
		rest_list_no_cursor(resp);
		return;
	}
	page = mem_zalloc(sizeof(*page), destructor);
	if (!page) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	page->ask = ask;
	page->names.limit = LOOKS_MAX;
	page->names.tenant = ask->filter.tenant;
	page->names.cursor = ask->cursor;
	if (gather(page, admin, resp))
		write(page, resp);
	mem_deref(page);
}
