/*
 * rest_call.c  GET /v1/calls/{id}, and who sees a call
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/id.h"
#include "sigd/admin/rest_calls.h"
#include "sigd/admin/rest_timeline.h"
#include "sigd/call/call_fields.h"
#include "sigd/transport/flow.h"

/* --- who sees it ------------------------------------------------------------------ */

bool rest_call_is_of(const char *only, const char *tenant, const char *there)
{
	return !only || !strcmp(only, tenant) || (*only && !strcmp(only, there));
}

bool rest_call_named(char call[ID_LEN + 1], const struct redis_val *name,
		     const char *tenant)
{
	const char *text = name->type == REDIS_STR ? name->str : "";
	struct pl mine, there = PL_INIT;

	if (name->type != REDIS_STR || name->len < ID_LEN + 1 ||
	    text[ID_LEN] != '/' || !id_valid(text, ID_LEN))
		return false;
	mine.p = text + ID_LEN + 1;
	mine.l = strcspn(mine.p, "/");
	if (mine.p[mine.l])
		pl_set_str(&there, mine.p + mine.l + 1);
	if (tenant && pl_strcmp(&mine, tenant) && pl_strcmp(&there, tenant))
		return false;
	str_ncpy(call, text, ID_LEN + 1);
	return true;
}

/* --- what it is ------------------------------------------------------------------- */

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

void rest_call_write(struct jsonw *json, const struct call_record *rec)
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

void rest_call(const struct admin_req *req, struct admin_resp *resp, void *arg)
{
	const char *id = admin_req_param(req, "id");
	const struct redis_val *media;
	struct admin *admin = arg;
	char why[CALL_WHY_MAX + 1];
	struct call_record rec;
	char key[REST_KEY_MAX];
	const char *only = admin_req_tenant(req);
	struct timeline_end end = {.tenant = ""};
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
	judged = !there && timeline_end(&end, admin, id);
	if (!rest_ask(&media, admin, resp, "HGETALL", key, NULL))
		return;
	if (!(there ? rest_call_is_of(only, rec.tenant, rec.there)
		    : rest_call_is_of(only, end.tenant, end.there)) ||
	    (!there && !judged && !media->len && !why[0])) {
		admin_resp_problem(resp, 404, "There is no such call.");
		return;
	}
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	if (there) {
		rest_call_write(&json, &rec);
		jsonw_str(&json, "decision", rec.why[0] ? rec.why : NULL);
	} else {
		jsonw_str(&json, "id", id);
		jsonw_str(&json, "state", "ended");
		jsonw_str(&json, "decision", why[0] ? why : NULL);
		jsonw_str(&json, "verdict",
			  judged ? callv_info(end.verdict.code)->text : NULL);
	}
	rest_media(&json, media);
	jsonw_end(&json);
	rest_done(&json, resp);
}
