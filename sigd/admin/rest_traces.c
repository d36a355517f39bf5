/*
 * rest_traces.c  GET /v1/traces: which traces there are, the newest first
 *
 *   ?call=ID                    of a call
 *   ?call_id=CALL-ID            of what was said with it
 *   ?tenant=T                   of a tenant, by when they began
 *   ?tenant=T&user=U            of a user, by when he was last heard in them
 *   ?tenant=T&user=U&device=D    of one device of his
 *   ?tenant=T&connection=C      of a connection, as well
 *
 * Each shard of Redis has its own index of them. A batch is read of each; what
 * is as young as the oldest entry of each batch that was full is in order, and
 * of that the page is made. So Redis is asked few and short questions for a
 * page, however many traces there are, and no message is read.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "sigd/admin/rest_list.h"
#include "sigd/admin/rest_trace.h"
#include "sigd/trace/trace.h"

enum {
	BATCH = 100, /* entries of a shard at once */
	ITEMS_MAX = TRACE_SHARDS * BATCH,
	ROUNDS_MAX = 4,
	LOOKS_MAX = 1000, /* traces that are looked at for an answer */
	PLACE_DIGITS = 16, /* of the id: so many are in a cursor */
};

#define FAR_MS 999999999999999ull

/* Where a trace stands in the list. */
struct place {
	uint64_t ms;
	uint64_t id; /* its first digits */
};

struct item {
	struct place at;
	char id[REST_TRACE_ID_LEN + 1];
};

struct walk {
	const struct admin_req *req;
	struct admin *admin;
	struct admin_resp *resp;
	struct jsonw json;
	struct rest_span span;
	char label[TRACE_LABEL_MAX + 1]; /* of the index */
	const char *tenant; /* his index, by the beginning; NULL: another one */
	struct place from; /* behind this one */
	struct place horizon; /* up to here all is known */
	size_t limit, told, looked, n;
	bool more;
	struct item items[ITEMS_MAX]; /* of a round */
};

static bool is_before(const struct place *a, const struct place *b)
{
	return a->ms != b->ms ? a->ms > b->ms : a->id > b->id;
}

/* The newest first. */
static int by_place(const void *pa, const void *pb)
{
	const struct item *a = pa, *b = pb;

	return is_before(&a->at, &b->at) ? -1 : is_before(&b->at, &a->at);
}

/* --- one of them ---------------------------------------------------------------- */

static uint64_t time_of(const struct redis_val *of, const char *field)
{
	uint64_t ms = 0;

	(void)redis_num(redis_field(of, field), &ms);
	return ms;
}

/* Is still kept, may be seen, and is what was asked for: with its Call-ID a
 * trace may have come again, of another tenant. */
static bool fits(const struct walk *walk, const struct redis_val *of)
{
	const uint64_t first = time_of(of, "first");

	return of->type == REDIS_ARRAY && of->len &&
	       rest_trace_may_see(walk->req, of) &&
	       (!walk->tenant || rest_trace_is_of(of, walk->tenant)) &&
	       first >= walk->span.since_ms && first <= walk->span.until_ms;
}

/* False: resp is an error. *over: it did not fit into the page any more. */
static bool item_take(bool *over, struct walk *walk, const char *id)
{
	const struct redis_val *of;
	char key[REST_KEY_MAX];

	*over = walk->looked++ == LOOKS_MAX;
	if (*over || !rest_trace_key(key, id, "of"))
		return true;
	if (!rest_ask(&of, walk->admin, walk->resp, "HGETALL", key, NULL))
		return false;
	if (!fits(walk, of))
		return true;
	*over = walk->told == walk->limit;
	if (*over)
		return true;
	jsonw_object(&walk->json, NULL);
	rest_trace_write(&walk->json, id, of, admin_req_tenant(walk->req));
	jsonw_end(&walk->json);
	++walk->told;
	return true;
}

/* --- a round -------------------------------------------------------------------- */

/* [id, score, id, score ...] */
static void batch_take(struct walk *walk, unsigned shard,
		       const struct redis_val *set)
{
	const size_t len = set->type == REDIS_ARRAY ? set->len : 0;
	struct place at = {0, 0};

	for (size_t i = 0; i + 1 < len && walk->n < ITEMS_MAX; i += 2) {
		struct item *item = &walk->items[walk->n];
		char digits[PLACE_DIGITS + 1];

		if (set->el[i].type != REDIS_STR ||
		    set->el[i].len != TRACE_ID_LEN ||
		    !redis_num(&set->el[i + 1], &at.ms))
			continue;
		re_snprintf(item->id, sizeof(item->id), "%x%s", shard,
			    set->el[i].str);
		str_ncpy(digits, item->id, sizeof(digits));
		at.id = strtoull(digits, NULL, 16);
		item->at = at;
		walk->n += is_before(&walk->from, &at);
	}
	if (len < 2 * BATCH)
		return;
	walk->more = true;
	if (is_before(&at, &walk->horizon))
		walk->horizon = at;
}

/* A trace is never in an index at an earlier time than its first. */
static bool shard_read(struct walk *walk, unsigned shard)
{
	const uint64_t until = walk->tenant ? walk->span.until_ms : UINT64_MAX;
	char key[REST_KEY_MAX], from[24], since[24], count[8];
	const struct redis_val *set;

	re_snprintf(key, sizeof(key), "cb:{t:%x}:by:%s", shard, walk->label);
	re_snprintf(from, sizeof(from), "%llu", min(walk->from.ms, until));
	re_snprintf(since, sizeof(since), "%llu", walk->span.since_ms);
	re_snprintf(count, sizeof(count), "%u", BATCH);
	if (!rest_ask(&set, walk->admin, walk->resp, "ZREVRANGEBYSCORE", key,
		      from, since, "WITHSCORES", "LIMIT", "0", count, NULL))
		return false;
	batch_take(walk, shard, set);
	return true;
}

/* Behind what is known by now. Of a millisecond that has more traces than a
 * batch the rest is passed over: the list has to go on. */
static void go_on(struct walk *walk, const struct place *before)
{
	walk->from = walk->horizon;
	if (!is_before(before, &walk->from))
		walk->from = (struct place){before->ms - (before->ms > 0),
					    UINT64_MAX};
}

/* False: resp is an error. *over: the page is full. */
static bool round_take(struct walk *walk, bool *over)
{
	const struct place before = walk->from;

	walk->n = 0;
	walk->more = false;
	walk->horizon = (struct place){0, 0};
	for (unsigned shard = 0; shard < TRACE_SHARDS; shard++) {
		if (!shard_read(walk, shard))
			return false;
	}
	qsort(walk->items, walk->n, sizeof(walk->items[0]), by_place);
	for (size_t i = 0; i < walk->n; i++) {
		const struct item *item = &walk->items[i];

		if (walk->more && is_before(&walk->horizon, &item->at))
			break;
		if (!item_take(over, walk, item->id))
			return false;
		if (*over) {
			walk->more = true;
			return true;
		}
		walk->from = item->at;
	}
	if (walk->more)
		go_on(walk, &before);
	return true;
}

static void list_end(struct walk *walk)
{
	const uint64_t nums[] = {walk->from.ms, walk->from.id};

	jsonw_end(&walk->json);
	rest_list_next(&walk->json, nums, 2, walk->more);
	jsonw_end(&walk->json);
	rest_done(&walk->json, walk->resp);
}

static void list_write(struct walk *walk, const char *callid)
{
	bool over = false, ok = true;

	jsonw_init(&walk->json, walk->resp->mb);
	jsonw_object(&walk->json, NULL);
	jsonw_array(&walk->json, "traces");
	if (callid) {
		struct pl pl;

		pl_set_str(&pl, callid);
		rest_trace_id(walk->items[0].id, &pl);
		ok = item_take(&over, walk, walk->items[0].id);
	} else {
		walk->more = true;
	}
	for (unsigned i = 0; ok && walk->more && !over && i < ROUNDS_MAX; i++)
		ok = round_take(walk, &over);
	if (ok)
		list_end(walk);
}

/* --- what is asked for ------------------------------------------------------------ */

/* The label of a tenant alone, or of what is his. False: resp is a 400. */
static bool label_ask(struct walk *walk)
{
	const struct admin_req *req = walk->req;
	const char *tenant = rest_tenant_asked(req);
	struct pl pl;

	if (!tenant || admin_req_query(req, "call") ||
	    admin_req_query(req, "user") || admin_req_query(req, "device") ||
	    admin_req_query(req, "connection"))
		return rest_trace_label(walk->label, req, walk->resp,
					"Say whose: call_id, call, or tenant, "
					"alone or with user (and device) or "
					"connection.");
	pl_set_str(&pl, tenant);
	if (re_snprintf(walk->label, sizeof(walk->label), "t:%H",
			redis_key_part, &pl) < 0) {
		admin_resp_field(walk->resp, 400, "tenant",
				 "The name is too long.");
		return false;
	}
	walk->tenant = tenant;
	return true;
}

static bool ask_read(struct walk *walk, const char *callid)
{
	uint64_t nums[2];
	bool behind;

	if (!rest_limit(&walk->limit, walk->req, walk->resp) ||
	    !rest_list_span(&walk->span, walk->req, walk->resp) ||
	    !rest_list_cursor(nums, 2, &behind, walk->req, walk->resp) ||
	    (!callid && !label_ask(walk)))
		return false;
	walk->from = (struct place){FAR_MS, UINT64_MAX};
	if (behind)
		walk->from = (struct place){nums[0], nums[1]};
	return true;
}

void rest_traces(const struct admin_req *req, struct admin_resp *resp,
		 void *arg)
{
	const char *callid = admin_req_query(req, "call_id");
	struct walk *walk = mem_zalloc(sizeof(*walk), NULL);

	if (!walk) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	walk->req = req;
	walk->admin = arg;
	walk->resp = resp;
	if (ask_read(walk, callid))
		list_write(walk, callid);
	mem_deref(walk);
}
