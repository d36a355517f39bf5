/*
 * rest_hangup.c  DELETE /v1/calls/{id}: a call ends on both sides
 *
 * A call that is up is nobody's: its durable deadline is now, and whatever
 * worker claims it ends it (proxy/end/call_due.h). One that is being set up is
 * ended by its worker, which is ordered to.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/admin_later.h"
#include "common/id.h"
#include "common/status.h"
#include "sigd/admin/rest_calls.h"
#include "sigd/admin/rest_hangup.h"

enum {
	WAIT_MS = 5000,
	LOOK_MS = 50,
	AGAIN_MS = 1500, /* an in-dialog request may have moved the deadline */
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

bool rest_hangup_up(const char *call, uint32_t delay_ms, struct admin *admin,
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

bool rest_hangup_setup(struct rest_order *order, const struct call_record *rec,
		       struct admin *admin, struct admin_resp *resp)
{
	order->verb = "call.end";
	order->word[0] = rec->call;
	worker_of(order, rec);
	return rest_order_send(order, admin, resp);
}

/* --- until it is over ----------------------------------------------------------- */

struct hangup {
	struct admin *admin;
	struct call_record rec;
	struct rest_order order; /* verb: NULL until it was given */
	uint64_t again_ms;
};

static void problem_late(const struct call_record *rec, struct admin_resp *resp)
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

static void answer(const struct call_record *rec, struct admin_resp *resp)
{
	struct jsonw json;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "id", rec->call);
	jsonw_str(&json, "state", "ended");
	jsonw_end(&json);
	rest_done(&json, resp);
}

/* As it is now: it may have come up since. False: resp is an error. */
static bool order_end(struct hangup *hangup, struct admin_resp *resp)
{
	const struct call_record *rec = &hangup->rec;
	const uint64_t now = rest_now_ms();

	if (rec->state == CALL_SETUP)
		return hangup->order.verb ||
		       rest_hangup_setup(&hangup->order, rec, hangup->admin,
					 resp);
	if (now < hangup->again_ms)
		return true;
	hangup->again_ms = now + AGAIN_MS;
	return rest_hangup_up(rec->call, 0, hangup->admin, resp);
}

static bool on_look(const struct admin_req *req, struct admin_resp *resp,
		    bool late, void *arg)
{
	struct hangup *hangup = arg;
	bool there;

	if (!rest_call_load(&hangup->rec, &there, hangup->admin, resp,
			    admin_req_param(req, "id")))
		return true;
	if (!there)
		answer(&hangup->rec, resp);
	else if (late)
		problem_late(&hangup->rec, resp);
	else
		return !order_end(hangup, resp);
	return true;
}

static void hang_up(struct hangup *hangup, const struct admin_req *req,
		    struct admin_resp *resp)
{
	static const struct admin_later_cfg later = {on_look, LOOK_MS, WAIT_MS};
	const char *id = admin_req_param(req, "id");
	bool there = false;

	if (!id || !id_valid(id, strlen(id)))
		admin_resp_problem(resp, 404, "There is no such call.");
	else if (!rest_call_load(&hangup->rec, &there, hangup->admin, resp, id))
		; /* resp says so */
	else if (!there || !rest_call_is_of(admin_req_tenant(req),
					    hangup->rec.tenant,
					    hangup->rec.there))
		admin_resp_problem(resp, 404,
				   "There is no such call, or it has ended.");
	else if (order_end(hangup, resp))
		admin_later(resp, &later, hangup);
}

void rest_hangup(const struct admin_req *req, struct admin_resp *resp,
		 void *arg)
{
	struct hangup *hangup = mem_zalloc(sizeof(*hangup), NULL);

	if (!hangup) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	hangup->admin = arg;
	hang_up(hangup, req, resp);
	mem_deref(hangup);
}
