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

#include "sigd/admin/rest_calls_walk.h"
#include "sigd/call/call_fields.h"

enum {
	LOOKS_MAX = 500,
	WORDS = 2, /* HGETALL, key */
	KEY_MAX = 40,
};

struct found {
	char call[ID_LEN + 1];
};

/* Those behind the cursor, the first `limit` by id, and how many there are of
 * them; `total`: before the cursor, too. */
struct names {
	struct found list[LOOKS_MAX];
	size_t n, limit;
	uint64_t behind, total;
	const char *cursor;
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

/* One that is told again is in the order already. */
static void on_name(const char *call, void *arg)
{
	struct found found;

	str_ncpy(found.call, call, sizeof(found.call));
	name_add(arg, &found);
}

/* False: resp is an error. */
static bool names_read(struct names *names, const char *tenant,
		       struct admin *admin, struct admin_resp *resp)
{
	struct rest_calls_walk walk = {.tenant = tenant};

	while (!rest_calls_walk_ended(&walk)) {
		if (!rest_calls_walk_step(&walk, admin, resp, on_name, names))
			return false;
	}
	return true;
}

/* --- what they are ----------------------------------------------------------------- */

/* But for how it sounds. */
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
	       rest_calls_fit(filter, &facts);
}

/* Some of the names, which Redis is asked for in one round trip; found: of
 * each, NULL: it has ended meanwhile, or does not fit. */
struct some {
	const struct rest_calls_filter *filter;
	char key[REDIS_PIPE_MAX][KEY_MAX];
	struct redis_arg argv[REDIS_PIPE_MAX * WORDS];
	struct shown *found[REDIS_PIPE_MAX];
	size_t n;
	bool no_memory;
};

static void some_destructor(void *data)
{
	struct some *some = data;

	for (size_t i = 0; i < some->n; i++)
		mem_deref(some->found[i]);
}

static void some_add(struct some *some, const char *call)
{
	char *key = some->key[some->n];
	struct redis_arg *argv = &some->argv[some->n++ * WORDS];

	re_snprintf(key, KEY_MAX, "cb:{c:%c}:rec:%s", call[0], call);
	argv[0] = redis_str("HGETALL");
	argv[1] = redis_str(key);
}

static void on_record(size_t nr, const struct redis_val *flat, void *arg)
{
	struct some *some = arg;
	struct shown *shown;

	if (flat->type != REDIS_ARRAY || !flat->len)
		return;
	shown = mem_zalloc(sizeof(*shown), NULL);
	some->no_memory |= !shown;
	if (shown && !call_fields_read(&shown->rec, flat) &&
	    fits(some->filter, shown))
		some->found[nr] = shown;
	else
		mem_deref(shown);
}

/* False: resp is an error. */
static bool some_load(struct some *some, struct admin *admin,
		      struct admin_resp *resp)
{
	const struct redis_pipe pipe = {some->argv, WORDS, some->n};
	struct rest_quality_of of[REDIS_PIPE_MAX];
	size_t n = 0;

	if (!rest_piped(admin, resp, &pipe, on_record, some))
		return false;
	if (some->no_memory) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return false;
	}
	for (size_t i = 0; i < some->n; i++) {
		if (some->found[i])
			of[n++] = (struct rest_quality_of){
				some->found[i]->rec.call,
				&some->found[i]->quality};
	}
	return !n || rest_quality_ask(of, n, admin, resp);
}

/* In their order, until the page is full. */
static void some_take(struct page *page, struct some *some)
{
	for (size_t i = 0; i < some->n && page->n < page->ask->limit; i++) {
		struct shown *shown = some->found[i];

		++page->looked;
		if (!shown || !rest_calls_sounds(some->filter, &shown->quality))
			continue;
		page->shown[page->n++] = shown;
		some->found[i] = NULL;
	}
}

/* As many as are wanted; when of these some were left out, as many as Redis is
 * asked for at once. False: resp is an error. */
static bool look_some(struct page *page, struct admin *admin,
		      struct admin_resp *resp)
{
	const struct names *names = &page->names;
	const size_t left = names->n - page->looked;
	const size_t most = page->looked ? left : min(left, page->ask->limit);
	struct some *some = mem_zalloc(sizeof(*some), some_destructor);
	bool ok;

	if (!some) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return false;
	}
	some->filter = &page->ask->filter;
	while (some->n < min(most, (size_t)REDIS_PIPE_MAX))
		some_add(some, names->list[page->looked + some->n].call);
	ok = some_load(some, admin, resp);
	if (ok)
		some_take(page, some);
	mem_deref(some);
	return ok;
}

/* False: resp is an error. */
static bool gather(struct page *page, struct admin *admin,
		   struct admin_resp *resp)
{
	if (!names_read(&page->names, page->ask->filter.tenant, admin, resp))
		return false;
	while (page->looked < page->names.n && page->n < page->ask->limit) {
		if (!look_some(page, admin, resp))
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
	page->names.cursor = ask->cursor;
	if (gather(page, admin, resp))
		write(page, resp);
	mem_deref(page);
}
