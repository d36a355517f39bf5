/*
 * rest_hangup.c  DELETE /v1/calls/{id} and POST /v1/calls/hangup: calls end on
 *                both sides
 *
 * A call that is up is nobody's: its durable deadline is now, and whatever
 * worker claims it ends it (proxy/end/call_due.h). One that is being set up is
 * ended by its worker, which is ordered to.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <unistd.h>

#include "common/id.h"
#include "common/jsonr.h"
#include "common/status.h"
#include "sigd/admin/rest_calls.h"
#include "sigd/admin/rest_order.h"

enum {
	WAIT_MS = 5000,
	POLL_MS = 50,
	AGAIN_MS = 1500, /* an in-dialog request may have moved the deadline */
	GAP_MS = 10,     /* between two of many: 100 a second */
	SHARDS = 16,     /* call_record.h */
	MANY_MAX = 5000, /* of one order */
	CALL_LEN = 16,
};

#define DUE_KEY "cb:{due}:call"

/* An end that somebody has begun goes on. KEYS: set, data. ARGV: call, text,
 * delay. */
static const char due_now[] =
	"local was = redis.call('HGET', KEYS[2], ARGV[1]) "
	"if was and string.match(was, '^%d+ end ') then return 0 end "
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000 + math.floor(t[2] / 1000) "
	"local at = now + tonumber(ARGV[3]) "
	"redis.call('ZADD', KEYS[1], string.format('%.0f', at), ARGV[1]) "
	"redis.call('HSET', KEYS[2], ARGV[1], '0 ' .. ARGV[2]) "
	"for i = 1, 2 do "
	"  if redis.call('PTTL', KEYS[i]) < 86400000 then "
	"    redis.call('PEXPIRE', KEYS[i], 86400000) end end "
	"return 1";

static bool end_up(const char *call, uint32_t delay_ms, struct admin *admin,
		   struct admin_resp *resp)
{
	const struct redis_val *val;
	char text[48], delay[16];

	(void)re_snprintf(text, sizeof(text), "limit %s",
			  status_text(STATUS_OPERATOR));
	(void)re_snprintf(delay, sizeof(delay), "%u", delay_ms);
	return rest_ask(&val, admin, resp, "EVAL", due_now, "2", DUE_KEY,
			DUE_KEY ":data", call, text, delay, NULL);
}

/* "node/slot" of the worker that has it, without the epoch */
static void worker_of(struct rest_order *order, const struct call_record *rec)
{
	char *slash;

	str_ncpy(order->worker, rec->at, sizeof(order->worker));
	slash = strrchr(order->worker, '/');
	if (slash && strchr(order->worker, '/') != slash)
		*slash = '\0';
}

static bool end_setup(struct rest_order *order, const struct call_record *rec,
		      struct admin *admin, struct admin_resp *resp)
{
	order->verb = "call.end";
	order->word[0] = rec->call;
	worker_of(order, rec);
	return rest_order_send(order, admin, resp);
}

/* --- one call -------------------------------------------------------------------- */

static void late(struct admin_resp *resp, const struct call_record *rec)
{
	struct rest_order order;
	char detail[160];

	worker_of(&order, rec);
	(void)re_snprintf(detail, sizeof(detail),
			  rec->state == CALL_UP
				  ? "No worker has ended it yet; one will."
				  : "%s has not ended it yet.",
			  order.worker);
	admin_resp_problem(resp, 504, detail);
}

/* Until it is over. False: resp is an error. */
static bool follow(struct call_record *rec, struct admin *admin,
		   struct admin_resp *resp)
{
	const uint64_t end_ms = rest_now_ms() + WAIT_MS;
	struct rest_order order = {.verb = NULL};
	char call[CALL_LEN + 1];
	uint64_t again_ms = 0;
	bool there = true;

	for (;;) {
		const uint64_t now = rest_now_ms();

		if (rec->state == CALL_UP && now >= again_ms) {
			again_ms = now + AGAIN_MS;
			if (!end_up(rec->call, 0, admin, resp))
				return false;
		} else if (rec->state == CALL_SETUP && !order.verb &&
			   !end_setup(&order, rec, admin, resp)) {
			return false;
		}
		(void)usleep(POLL_MS * 1000);
		str_ncpy(call, rec->call, sizeof(call));
		if (!rest_call_load(rec, &there, admin, resp, call))
			return false;
		if (!there)
			return true;
		if (now >= end_ms) {
			late(resp, rec);
			return false;
		}
	}
}

static void hang_up(struct call_record *rec, struct admin *admin,
		    struct admin_resp *resp)
{
	struct jsonw json;

	if (!follow(rec, admin, resp))
		return;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "id", rec->call);
	jsonw_str(&json, "state", "ended");
	jsonw_end(&json);
	rest_done(&json, resp);
}

void rest_hangup(const struct admin_req *req, struct admin_resp *resp,
		 void *arg)
{
	struct call_record *rec = mem_zalloc(sizeof(*rec), NULL);
	const char *id = admin_req_param(req, "id");
	bool there = false;

	if (!rec)
		admin_resp_problem(resp, 503, "Out of memory.");
	else if (!id || !id_valid(id, strlen(id)))
		admin_resp_problem(resp, 404, "There is no such call.");
	else if (!rest_call_load(rec, &there, arg, resp, id))
		; /* resp says so */
	else if (!there || !rest_call_is_of(admin_req_tenant(req), rec->tenant,
					    rec->there))
		admin_resp_problem(resp, 404,
				   "There is no such call, or it has ended.");
	else
		hang_up(rec, arg, resp);
	mem_deref(rec);
}

/* --- many of them ------------------------------------------------------------------- */

struct many {
	struct admin *admin;
	struct admin_resp *resp;
	char tenant[COOKIE_TENANT_MAX + 1];
	char user[CALL_TEXT_MAX], conn[CALL_CONN_MAX + 1];
	struct call_record *rec;
	char (*calls)[CALL_LEN + 1];
	size_t n, found;
};

static bool word(char *to, size_t size, const struct jsonr_val *val)
{
	const char *text = jsonr_str(val);

	if (!val)
		return true;
	if (!text || !text[0] || strlen(text) >= size)
		return false;
	str_ncpy(to, text, size);
	return true;
}

static bool body_read(struct many *many, const struct admin_req *req)
{
	const struct jsonr_val *root;
	struct jsonr *doc = NULL;
	bool ok;

	if (!rest_body(&doc, req, many->resp))
		return false;
	root = jsonr_root(doc);
	ok = word(many->tenant, sizeof(many->tenant),
		  jsonr_get(root, "tenant")) &&
	     word(many->user, sizeof(many->user), jsonr_get(root, "user")) &&
	     word(many->conn, sizeof(many->conn),
		  jsonr_get(root, "connection")) &&
	     many->tenant[0];
	mem_deref(doc);
	if (!ok)
		admin_resp_problem(many->resp, 422,
				   "tenant is wanted, user and connection may "
				   "be there: texts.");
	return ok;
}

/* A side of this tenant, which is this user's device, or this connection; "":
 * anybody's, any. */
static bool side_is(const struct many *many, unsigned nr, const char *user,
		    const char *conn)
{
	const struct call_side *side = &many->rec->side[nr];

	return !strcmp(call_tenant(many->rec, nr), many->tenant) &&
	       (!*user || (!side->conn[0] && !strcmp(side->user, user))) &&
	       (!*conn || !strcmp(side->conn, conn));
}

static bool fits(const struct many *many)
{
	const char *user = many->user, *conn = many->conn;

	if (*user && *conn) /* one each */
		return (side_is(many, 0, "", conn) &&
			side_is(many, 1, user, "")) ||
		       (side_is(many, 1, "", conn) &&
			side_is(many, 0, user, ""));
	return side_is(many, 0, user, conn) || side_is(many, 1, user, conn);
}

static void list(struct many *many, const struct redis_val *set)
{
	for (size_t i = 0; set->type == REDIS_ARRAY && i < set->len &&
			   many->n < MANY_MAX;
	     i++) {
		if (rest_call_named(many->calls[many->n], &set->el[i],
				    many->tenant))
			++many->n;
	}
}

static bool list_all(struct many *many)
{
	const struct redis_val *set;
	char key[REST_KEY_MAX];

	for (unsigned shard = 0; shard < SHARDS; shard++) {
		(void)re_snprintf(key, sizeof(key), "cb:{c:%x}:calls", shard);
		if (!rest_ask(&set, many->admin, many->resp, "ZRANGE", key,
			      "0", "9999", NULL))
			return false;
		list(many, set);
	}
	return true;
}

static bool end_one(struct many *many, const char *call)
{
	struct rest_order order = {.verb = NULL};
	bool there;

	if (!rest_call_load(many->rec, &there, many->admin, many->resp, call))
		return false;
	if (!there || !fits(many))
		return true;
	++many->found;
	if (many->rec->state == CALL_UP)
		return end_up(call, (uint32_t)many->found * GAP_MS,
			      many->admin, many->resp);
	return end_setup(&order, many->rec, many->admin, many->resp);
}

static void answer(const struct many *many)
{
	struct jsonw json;

	many->resp->status = 202;
	jsonw_init(&json, many->resp->mb);
	jsonw_object(&json, NULL);
	jsonw_uint(&json, "calls", many->found);
	jsonw_uint(&json, "within_ms", many->found * GAP_MS + AGAIN_MS);
	jsonw_bool(&json, "more", many->n == MANY_MAX);
	jsonw_end(&json);
	rest_done(&json, many->resp);
}

static void end_all(struct many *many)
{
	many->rec = mem_alloc(sizeof(*many->rec), NULL);
	many->calls = mem_alloc(MANY_MAX * sizeof(*many->calls), NULL);
	if (!many->rec || !many->calls) {
		admin_resp_problem(many->resp, 503, "Out of memory.");
	} else if (list_all(many)) {
		size_t i = 0;

		while (i < many->n && end_one(many, many->calls[i]))
			++i;
		if (i == many->n)
			answer(many);
	}
	mem_deref(many->rec);
	mem_deref(many->calls);
}

void rest_hangup_many(const struct admin_req *req, struct admin_resp *resp,
		      void *arg)
{
	struct many many = {.admin = arg, .resp = resp};

	if (!body_read(&many, req))
		return;
	if (admin_req_may_see(req, many.tenant))
		end_all(&many);
	else
		admin_resp_problem(resp, 403, "The token is another tenant's.");
}
