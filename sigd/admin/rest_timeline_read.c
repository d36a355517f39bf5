/*
 * rest_timeline_read.c  All that happened to a call: read, and put in order
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/call_log.h"
#include "common/id.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_calls.h"
#include "sigd/admin/rest_timeline.h"
#include "sigd/admin/rest_trace.h"
#include "sigd/call/call_fields.h"

static void destructor(void *data)
{
	struct timeline *tl = data;

	mem_deref(tl->told);
	mem_deref(tl->items);
}

static void key_of(char key[REST_KEY_MAX], const char *call, const char *what)
{
	re_snprintf(key, REST_KEY_MAX, "cb:{c:%c}:%s:%s", call[0], what, call);
}

/* --- clocks ----------------------------------------------------------------------- */

static struct timeline_clock *clock_of(struct timeline *tl, const struct pl *by)
{
	struct timeline_clock *clock;

	for (size_t i = 0; i < tl->nclocks; i++)
		if (!pl_strcmp(by, tl->clocks[i].by))
			return &tl->clocks[i];
	if (tl->nclocks == TIMELINE_CLOCKS)
		return NULL;
	clock = &tl->clocks[tl->nclocks++];
	(void)pl_strcpy(by, clock->by, sizeof(clock->by));
	return clock;
}

static void clock_look(struct timeline *tl, const struct timeline_entry *is)
{
	const int64_t later = (int64_t)is->id_ms - (int64_t)is->entry.ms;
	struct timeline_clock *clock;
	struct pl by;

	pl_set_str(&by, is->entry.by);
	clock = clock_of(tl, &by);
	if (!clock)
		return;
	if (!clock->known || later < clock->later_ms)
		clock->later_ms = later;
	clock->known = true;
}

static void clocks_end(struct timeline *tl)
{
	for (size_t i = 0; i < tl->nclocks; i++) {
		struct timeline_clock *clock = &tl->clocks[i];

		if (clock->later_ms >= 0 && clock->later_ms <= TIMELINE_SAME_MS)
			clock->later_ms = 0;
	}
}

/* Unix us by Redis' clock. */
static uint64_t common_us(struct timeline *tl, const struct pl *by, uint64_t us)
{
	const struct timeline_clock *clock = clock_of(tl, by);
	const int64_t later_us = clock ? clock->later_ms * 1000 : 0;

	return later_us < 0 && us < (uint64_t)-later_us ? 0
							: us + (uint64_t)later_us;
}

/* --- the log ---------------------------------------------------------------------- */

static void entry_read(struct timeline *tl, const struct redis_val *val)
{
	struct timeline_entry *is = &tl->entries[tl->nentries];
	struct pl id;

	if (tl->nentries == TIMELINE_ENTRIES || val->type != REDIS_ARRAY ||
	    val->len != 2 || val->el[0].type != REDIS_STR ||
	    call_log_read(&is->entry, &val->el[1]))
		return;
	id.p = val->el[0].str;
	id.l = strcspn(id.p, "-");
	is->id_ms = pl_u64(&id);
	++tl->nentries;
	clock_look(tl, is);
}

static void log_take(struct timeline *tl, const struct redis_val *list)
{
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len; i++)
		entry_read(tl, &list->el[i]);
	clocks_end(tl);
}

/* --- order ------------------------------------------------------------------------ */

static int by_time(const void *pa, const void *pb)
{
	const struct timeline_item *a = pa, *b = pb;

	if (a->us != b->us)
		return a->us > b->us ? 1 : -1;
	/* of the same time the log has the order of Redis */
	return a->entry && b->entry ? (a->entry > b->entry) -
					      (a->entry < b->entry)
				    : 0;
}

/* Of its millisecond the end: it tells of what came then. But a try is told of
 * before it leaves. */
static uint64_t entry_us(struct timeline *tl, const struct timeline_entry *is)
{
	struct pl by;

	pl_set_str(&by, is->entry.by);
	return common_us(tl, &by, is->entry.ms * 1000) +
	       (strcmp(is->entry.kind, "try") ? 999 : 0);
}

static bool order(struct timeline *tl)
{
	const size_t n = tl->nentries + (tl->told ? tl->told->n : 0);

	tl->items = mem_zalloc((n + 1) * sizeof(*tl->items), NULL);
	if (!tl->items)
		return false;
	for (size_t i = 0; i < tl->nentries; i++) {
		struct timeline_item *item = &tl->items[tl->nitems++];

		item->entry = &tl->entries[i];
		item->us = entry_us(tl, item->entry);
	}
	for (size_t i = 0; tl->told && i < tl->told->n; i++) {
		struct timeline_item *item = &tl->items[tl->nitems++];

		item->msg = tl->told->msgs[i];
		item->us = common_us(tl, &item->msg->worker, item->msg->us);
	}
	qsort(tl->items, tl->nitems, sizeof(*tl->items), by_time);
	return true;
}

static void party(char name[CALLV_NAME_MAX], const struct call_side *side)
{
	if (side->user[0] || !side->conn[0])
		str_ncpy(name, side->user, CALLV_NAME_MAX);
	else
		re_snprintf(name, CALLV_NAME_MAX, "connection %s", side->conn);
}

/* Of a call that goes on and has no log. */
static void facts_of_record(struct timeline *tl)
{
	struct callv_facts *out = &tl->facts.out;
	const struct call_record *rec = &tl->rec;

	str_ncpy(out->tenant, rec->tenant, sizeof(out->tenant));
	party(out->caller, &rec->side[CALL_CALLER]);
	party(out->callee, &rec->side[CALL_CALLEE]);
	out->answered = rec->state == CALL_UP;
	tl->facts.first_ms = rec->start_ms;
	tl->facts.up_ms = rec->up_ms;
}

static void judge(struct timeline *tl)
{
	for (size_t i = 0; i < tl->nitems; i++) {
		const struct timeline_item *item = &tl->items[i];

		if (item->entry)
			call_facts_entry(&tl->facts, &item->entry->entry,
					 item->us / 1000);
	}
	if (!tl->nentries && tl->there)
		facts_of_record(tl);
	tl->facts.out.off = tl->off;
	call_facts_end(&tl->facts, rest_now_ms());
	callv_judge(&tl->verdict, &tl->facts.out);
}

/* --- all of it ----------------------------------------------------------------------- */

static bool record_read(struct timeline *tl, struct admin *admin,
			struct admin_resp *resp)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX];

	key_of(key, tl->call, "rec");
	if (!rest_ask(&val, admin, resp, "HGETALL", key, NULL))
		return false;
	tl->there = val->type == REDIS_ARRAY && val->len &&
		    !call_fields_read(&tl->rec, val);
	if (tl->there) {
		str_ncpy(tl->why, tl->rec.why, sizeof(tl->why));
		str_ncpy(tl->callid, tl->rec.callid, sizeof(tl->callid));
		return true;
	}
	key_of(key, tl->call, "why");
	if (!rest_ask(&val, admin, resp, "GET", key, NULL))
		return false;
	str_ncpy(tl->why, val->type == REDIS_STR ? val->str : "",
		 sizeof(tl->why));
	return true;
}

static bool callid_of(struct timeline *tl, const struct redis_val *val)
{
	struct call_log_entry entry;

	return val->type == REDIS_ARRAY && val->len == 2 &&
	       !call_log_read(&entry, &val->el[1]) &&
	       (!strcmp(entry.kind, "call.begun") ||
		!strcmp(entry.kind, "call.ended")) &&
	       !call_log_value(tl->callid, sizeof(tl->callid), &entry,
			       "call-id");
}

static bool callid_look(struct timeline *tl, struct admin *admin,
			struct admin_resp *resp, bool last)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX];

	key_of(key, tl->call, "log");
	if (!rest_ask(&val, admin, resp, last ? "XREVRANGE" : "XRANGE", key,
		      last ? "+" : "-", last ? "-" : "+", "COUNT", "30", NULL))
		return false;
	for (size_t i = 0; val->type == REDIS_ARRAY && i < val->len; i++)
		if (callid_of(tl, &val->el[i]))
			break;
	return true;
}

/* One of the first entries has its Call-ID, should there be no record, or of
 * the last ones: which daemon's come first is left to chance. */
static bool callid_read(struct timeline *tl, struct admin *admin,
			struct admin_resp *resp)
{
	if (!tl->callid[0] && !callid_look(tl, admin, resp, false))
		return false;
	return tl->callid[0] || callid_look(tl, admin, resp, true);
}

/* Who calls chooses the Call-ID: another tenant's trace may have it. */
static bool trace_read(struct timeline *tl, struct admin *admin,
		       struct admin_resp *resp, const char *only)
{
	char id[REST_TRACE_ID_LEN + 1], key[REST_KEY_MAX];
	const struct redis_val *val;
	struct trace_owners owners;
	struct pl pl;

	if (!tl->callid[0])
		return true;
	pl_set_str(&pl, tl->callid);
	rest_trace_id(id, &pl);
	if (!rest_trace_key(key, id, "of") ||
	    !rest_ask(&val, admin, resp, "HGETALL", key, NULL))
		return false;
	if (only && !rest_trace_is_of(val, only))
		return true;
	(void)redis_num(redis_field(val, "cut"), &tl->messages_cut);
	rest_trace_owners(&owners, val, only);
	tl->told = rest_told_read(admin, resp, id, &owners);
	return tl->told != NULL;
}

/* Last, as its texts stay where they are. */
static bool log_read(struct timeline *tl, struct admin *admin,
		     struct admin_resp *resp)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX];

	key_of(key, tl->call, "log");
	if (!rest_ask(&val, admin, resp, "XRANGE", key, "-", "+", NULL))
		return false;
	log_take(tl, val);
	return true;
}

static bool read_all(struct timeline *tl, struct admin *admin,
		     struct admin_resp *resp, const char *only)
{
	if (!record_read(tl, admin, resp) || !callid_read(tl, admin, resp) ||
	    !trace_read(tl, admin, resp, only) || !log_read(tl, admin, resp))
		return false;
	if (!tl->there && !tl->nentries && !tl->why[0] &&
	    !(tl->told && tl->told->n)) {
		admin_resp_problem(resp, 404,
				   tl->off ? "There is no such call, or it has "
					     "ended: logs of calls are not "
					     "kept (call_log in sigd.yaml)."
					   : "There is no such call.");
		return false;
	}
	if (order(tl)) {
		judge(tl);
		return true;
	}
	admin_resp_problem(resp, 503, "Out of memory.");
	return false;
}

const char *timeline_tenant(const struct timeline *tl)
{
	return tl->there ? tl->rec.tenant : tl->facts.out.tenant;
}

const char *timeline_there(const struct timeline *tl)
{
	return tl->there ? tl->rec.there : tl->facts.there;
}

struct timeline *timeline_read(struct admin *admin, struct admin_resp *resp,
			       const char *id, const char *only)
{
	struct timeline *tl = mem_zalloc(sizeof(*tl), destructor);
	const struct rest_root *root;

	if (!tl) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return NULL;
	}
	root = admin_arg(admin);
	tl->off = !root->call_logs;
	if (id_valid(id, strlen(id)))
		str_ncpy(tl->call, id, sizeof(tl->call));
	else if (!timeline_by_callid(tl->call, admin, resp, id, only))
		return mem_deref(tl);
	else
		str_ncpy(tl->callid, id, sizeof(tl->callid));
	if (!read_all(tl, admin, resp, only))
		return mem_deref(tl);
	if (rest_call_is_of(only, timeline_tenant(tl), timeline_there(tl)))
		return tl;
	admin_resp_problem(resp, 404, "There is no such call.");
	return mem_deref(tl);
}

bool timeline_end(struct timeline_end *end, struct admin *admin,
		  const char *call)
{
	struct timeline *tl = mem_zalloc(sizeof(*tl), destructor);
	char key[REST_KEY_MAX];
	const struct redis_val *val;
	bool done = false;

	key_of(key, call, "log");

	const struct redis_arg argv[] = {redis_str("XRANGE"), redis_str(key),
					 redis_str("-"), redis_str("+")};

	if (tl && !redis_sync_send(admin_redis(admin), argv, 4, &val)) {
		log_take(tl, val);
		done = tl->nentries && order(tl);
	}
	if (done) {
		judge(tl);
		end->verdict = tl->verdict;
		end->verdict.leg = NULL;
		str_ncpy(end->tenant, tl->facts.out.tenant,
			 sizeof(end->tenant));
		str_ncpy(end->there, tl->facts.there, sizeof(end->there));
	}
	mem_deref(tl);
	return done;
}
