/*
 * rest_calls.c  GET /v1/calls and /v1/calls/{id}
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "sigd/admin/rest_calls.h"
#include "sigd/admin/rest_timeline.h"
#include "sigd/call/call_fields.h"
#include "sigd/transport/flow.h"

enum {
	SHARDS = 16, /* call_record.h */
	CALL_LEN = 16,
	STEP = 500,	   /* names at once */
	SHARD_MAX = 10000, /* ... of a shard */
};

struct found {
	char call[CALL_LEN + 1];
};

/* --- one call ------------------------------------------------------------------- */

static void side(struct jsonw *json, const char *key,
		 const struct call_record *rec, unsigned nr)
{
	const struct call_side *side = &rec->side[nr];
	char text[FLOW_TEXT_MAX + 1];
	struct flow_id flow;

	jsonw_object(json, key);
	if (nr == CALL_CALLEE && call_is_between(rec))
		jsonw_str(json, "tenant", rec->there);
	jsonw_str(json, "user", side->user);
	jsonw_str(json, "uri", side->uri);
	if (side->conn[0])
		jsonw_str(json, "connection", side->conn);
	if (nr == CALL_CALLEE && rec->service[0])
		jsonw_str(json, "service", rec->service);
	if (side->flow_len &&
	    !flow_id_unpack(&flow, side->flow, side->flow_len))
		jsonw_str(json, "flow", flow_id_text(text, &flow));
	jsonw_uint(json, "leg", nr == CALL_CALLER ? 1 : rec->leg);
	jsonw_end(json);
}

static void record(struct jsonw *json, const struct call_record *rec)
{
	jsonw_str(json, "id", rec->call);
	jsonw_str(json, "tenant", rec->tenant);
	jsonw_str(json, "call_id", rec->callid);
	jsonw_str(json, "state", rec->state == CALL_UP ? "up" : "setup");
	rest_time(json, "started", rec->start_ms);
	rest_time(json, "answered", rec->up_ms);
	jsonw_str(json, "media_worker", rec->media);
	side(json, "caller", rec, CALL_CALLER);
	side(json, "callee", rec, CALL_CALLEE);
}

bool rest_call_load(struct call_record *rec, bool *there, struct admin *admin,
		    struct admin_resp *resp, const char *call)
{
	const struct redis_val *flat;
	char key[REST_KEY_MAX];

	re_snprintf(key, sizeof(key), "cb:{c:%c}:rec:%s", call[0], call);
	if (!rest_ask(&flat, admin, resp, "HGETALL", key, NULL))
		return false;
	*there = flat->type == REDIS_ARRAY && flat->len &&
		 !call_fields_read(rec, flat);
	return true;
}

/* Of one that has ended; "": it is not known any more. */
static bool load_why(char why[CALL_WHY_MAX + 1], struct admin *admin,
		     struct admin_resp *resp, const char *call)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX];

	re_snprintf(key, sizeof(key), "cb:{c:%c}:why:%s", call[0], call);
	if (!rest_ask(&val, admin, resp, "GET", key, NULL))
		return false;
	str_ncpy(why, val->type == REDIS_STR ? val->str : "",
		 CALL_WHY_MAX + 1);
	return true;
}

static bool may_see(const struct admin_req *req, const struct call_record *rec)
{
	const char *only = admin_req_tenant(req);

	return !only || !strcmp(rec->tenant, only) || !strcmp(rec->there, only);
}

/* Its log knows who called alone; "": it is gone, too. */
static bool may_see_ended(const struct admin_req *req, const char *whose)
{
	const char *only = admin_req_tenant(req);

	return !only || !strcmp(whose, only);
}

void rest_call(const struct admin_req *req, struct admin_resp *resp, void *arg)
{
	const char *id = admin_req_param(req, "id");
	const struct redis_val *media;
	struct admin *admin = arg;
	char why[CALL_WHY_MAX + 1];
	struct call_record rec;
	char key[REST_KEY_MAX];
	char whose[CALLV_NAME_MAX] = "";
	struct callv verdict;
	struct jsonw json;
	bool there, judged;

	if (!id || !id_valid(id, strlen(id))) {
		admin_resp_problem(resp, 404, "There is no such call.");
		return;
	}
	re_snprintf(key, sizeof(key), "cb:{c:%c}:media:%s", id[0], id);
	if (!rest_call_load(&rec, &there, admin, resp, id) ||
	    (!there && !load_why(why, admin, resp, id)))
		return;
	judged = !there && timeline_verdict(&verdict, whose, admin, id);
	if (!rest_ask(&media, admin, resp, "HGETALL", key, NULL))
		return;
	if (!(there ? may_see(req, &rec) : may_see_ended(req, whose)) ||
	    (!there && !judged && !media->len && !why[0])) {
		admin_resp_problem(resp, 404, "There is no such call.");
		return;
	}
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	if (there) {
		record(&json, &rec);
		jsonw_str(&json, "decision", rec.why[0] ? rec.why : NULL);
	} else {
		jsonw_str(&json, "id", id);
		jsonw_str(&json, "state", "ended");
		jsonw_str(&json, "decision", why[0] ? why : NULL);
		jsonw_str(&json, "verdict",
			  judged ? callv_info(verdict.code)->text : NULL);
	}
	rest_media(&json, media);
	jsonw_end(&json);
	rest_done(&json, resp);
}

/* --- all of them ------------------------------------------------------------------ */

/* "call/tenant" */
static bool name_fits(struct found *found, const struct redis_val *name,
		      const char *tenant)
{
	if (name->type != REDIS_STR || name->len < CALL_LEN + 1 ||
	    name->str[CALL_LEN] != '/' || !id_valid(name->str, CALL_LEN) ||
	    (tenant && strcmp(name->str + CALL_LEN + 1, tenant)))
		return false;

	memcpy(found->call, name->str, CALL_LEN);
	found->call[CALL_LEN] = '\0';
	return true;
}

/* Those behind the cursor, the first `limit` by id, and how many there are of
 * them; `total`: before the cursor, too. */
struct names {
	struct found list[REST_LIMIT_MAX];
	size_t n, limit;
	uint64_t behind, total;
	const char *tenant, *cursor;
};

/* Into the order; what does not fit any more falls out. */
static void name_add(struct names *names, const struct found *found)
{
	size_t at = names->n;

	++names->total;
	if (names->cursor && strcmp(found->call, names->cursor) <= 0)
		return;
	++names->behind;
	while (at && strcmp(found->call, names->list[at - 1].call) < 0)
		--at;
	if (at == names->limit)
		return;
	if (names->n < names->limit)
		++names->n;
	memmove(&names->list[at + 1], &names->list[at],
		(names->n - at - 1) * sizeof(*found));
	names->list[at] = *found;
}

/* In steps, as each holds up Redis. */
static bool shard_read(struct names *names, struct admin *admin,
		       struct admin_resp *resp, unsigned shard)
{
	const struct redis_val *set;
	char key[REST_KEY_MAX], from[16], to[16];
	struct found found;
	unsigned at = 0;

	re_snprintf(key, sizeof(key), "cb:{c:%x}:calls", shard);
	do {
		re_snprintf(from, sizeof(from), "%u", at);
		re_snprintf(to, sizeof(to), "%u", at + STEP - 1);
		if (!rest_ask(&set, admin, resp, "ZRANGE", key, from, to, NULL))
			return false;
		for (size_t i = 0; set->type == REDIS_ARRAY && i < set->len;
		     i++) {
			if (name_fits(&found, &set->el[i], names->tenant))
				name_add(names, &found);
		}
		at += STEP;
	} while (set->type == REDIS_ARRAY && set->len == STEP &&
		 at < SHARD_MAX);
	return true;
}

static int by_start(const void *pa, const void *pb)
{
	const struct call_record *a = *(const struct call_record *const *)pa;
	const struct call_record *b = *(const struct call_record *const *)pb;

	return a->start_ms < b->start_ms ? -1 : a->start_ms > b->start_ms;
}

static bool record_fits(const struct rest_calls_filter *filter,
			const struct call_record *rec)
{
	const struct call_side *a = &rec->side[CALL_CALLER];
	const struct call_side *b = &rec->side[CALL_CALLEE];
	const struct rest_calls_facts facts = {.tenant = rec->tenant,
					       .there = rec->there,
					       .callid = rec->callid,
					       .user = {a->user, b->user},
					       .uri = {a->uri, b->uri},
					       .conn = {a->conn, b->conn}};

	return rest_calls_fit(filter, &facts);
}

static void list_write(struct admin_resp *resp, struct call_record **recs,
		       size_t n, const struct names *names,
		       const struct rest_calls_filter *filter)
{
	const bool more = names->behind > names->n;
	struct jsonw json;

	qsort(recs, n, sizeof(*recs), by_start);
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "calls");
	for (size_t i = 0; i < n; i++) {
		if (!record_fits(filter, recs[i]))
			continue;
		jsonw_object(&json, NULL);
		record(&json, recs[i]);
		jsonw_end(&json);
	}
	jsonw_end(&json);
	jsonw_uint(&json, "total", names->total);
	jsonw_str(&json, "next", more ? names->list[names->n - 1].call : NULL);
	jsonw_end(&json);
	rest_done(&json, resp);
}

/* Records of those that have not ended meanwhile. False: resp is an error. */
static bool records(struct call_record **recs, size_t *n,
		    const struct found *list, size_t count,
		    struct admin *admin, struct admin_resp *resp)
{
	bool there;

	for (size_t i = 0; i < count; i++) {
		recs[*n] = mem_alloc(sizeof(**recs), NULL);
		if (!recs[*n]) {
			admin_resp_problem(resp, 503, "Out of memory.");
			return false;
		}
		if (!rest_call_load(recs[*n], &there, admin, resp, list[i].call)) {
			mem_deref(recs[*n]);
			return false;
		}
		if (there)
			++*n;
		else
			mem_deref(recs[*n]);
	}
	return true;
}

static void live(const struct rest_calls_filter *filter, const char *cursor,
		 size_t limit, struct admin *admin, struct admin_resp *resp)
{
	struct call_record *recs[REST_LIMIT_MAX];
	struct names names = {.limit = limit,
			      .tenant = filter->tenant,
			      .cursor = cursor};
	size_t n = 0;
	bool ok = true;

	if (cursor && !id_valid(cursor, strlen(cursor))) {
		admin_resp_field(resp, 400, "cursor",
				 "It is the `next` of another answer.");
		return;
	}
	for (unsigned i = 0; i < SHARDS && ok; i++)
		ok = shard_read(&names, admin, resp, i);
	if (ok && records(recs, &n, names.list, names.n, admin, resp))
		list_write(resp, recs, n, &names, filter);
	while (n)
		mem_deref(recs[--n]);
}

/* The user part of a URI, as it stands there. */
static bool is_number(const char *uri, const char *number)
{
	const char *colon = strchr(uri, ':');
	size_t len = strlen(number);

	return colon && !strncmp(colon + 1, number, len) &&
	       (!colon[1 + len] || strchr("@;>", colon[1 + len]));
}

/* NULL: any; one of two. */
static bool either(const char *wanted, const char *const have[2])
{
	return !wanted || !strcmp(wanted, have[0]) || !strcmp(wanted, have[1]);
}

bool rest_calls_fit(const struct rest_calls_filter *filter,
		    const struct rest_calls_facts *facts)
{
	const char *const tenants[] = {facts->tenant, facts->there};
	const char *number = filter->number;

	return either(filter->tenant, tenants) &&
	       either(filter->user, facts->user) &&
	       either(filter->connection, facts->conn) &&
	       (!number || is_number(facts->uri[0], number) ||
		is_number(facts->uri[1], number)) &&
	       (!filter->callid || !strcmp(filter->callid, facts->callid));
}

void rest_calls(const struct admin_req *req, struct admin_resp *resp,
		void *arg)
{
	const struct rest_calls_filter filter = {
		.tenant = rest_tenant_asked(req),
		.user = admin_req_query(req, "user"),
		.connection = admin_req_query(req, "connection"),
		.number = admin_req_query(req, "number"),
		.callid = admin_req_query(req, "call_id")};
	const char *state = admin_req_query(req, "state");
	const char *cursor = admin_req_query(req, "cursor");
	size_t limit;

	if (!rest_limit(&limit, req, resp))
		return;
	if (!state || !strcmp(state, "live"))
		live(&filter, cursor, limit, arg, resp);
	else if (!strcmp(state, "recent"))
		rest_calls_recent(&filter, cursor, limit, arg, resp);
	else
		admin_resp_field(resp, 400, "state", "live or recent.");
}
