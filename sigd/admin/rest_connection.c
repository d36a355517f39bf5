/*
 * rest_connection.c  GET /v1/connections/{tenant}/{name}: a PBX or carrier, and
 *                    whether it is there
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_connections.h"
#include "sigd/admin/rest_log.h"
#include "sigd/admin/rest_state.h"
#include "sigd/proxy/conn/health.h"
#include "sigd/proxy/conn/shard.h"
#include "sigd/registrar/binding.h"
#include "sigd/transport/flow.h"
#include "common/pairs.h"
#include "sigd/upstream/probe_state.h"
#include "sigd/upstream/trunk_state.h"

enum { WORKER_MAX = 32 };

/* An answer while it is written. */
struct page {
	struct jsonw json;
	struct admin *admin;
	struct admin_resp *resp;
	bool alone; /* one connection, with its latency */
};

const struct route_table *rest_table(struct admin *admin)
{
	return ((const struct rest_root *)admin_arg(admin))->routes;
}

const struct route_tenant *rest_tenant(struct admin *admin, const char *id)
{
	struct pl pl;

	pl_set_str(&pl, id ? id : "");
	return route_tenant_by_id(rest_table(admin), &pl);
}

/* The field of this connection in `cb:{u:<shard>}:<what>`; *there is false when
 * nothing is known. */
static bool state_ask(struct pl *text, bool *there, const struct page *page,
		      const struct route_connection *conn, const char *what)
{
	char key[REST_KEY_MAX], name[TRUNK_NAME_MAX + 1];
	const struct redis_val *val;

	re_snprintf(key, sizeof(key), "cb:{u:%u}:%s", upstream_shard(conn),
		    what);
	trunk_reg_name(name, conn);
	if (!rest_ask(&val, page->admin, page->resp, "HGET", key, name, NULL))
		return false;
	*there = val->type == REDIS_STR;
	*text  = (struct pl){val->str, *there ? val->len : 0};
	return true;
}

static void code_write(struct jsonw *json, uint16_t code)
{
	if (code)
		jsonw_uint(json, "code", code);
	else
		jsonw_null(json, "code");
}

static void worker_write(struct jsonw *json, const struct pl *text)
{
	char worker[WORKER_MAX];

	if (!pairs_text(worker, sizeof(worker), text, "at"))
		jsonw_str(json, "worker", worker);
}

/* --- ours at a PBX ----------------------------------------------------------------- */

static bool upstream_write(struct page *page,
			   const struct route_connection *conn)
{
	struct trunk_state state = {.phase = TRUNK_TRYING};
	struct jsonw *json = &page->json;
	struct pl text;
	bool there;

	if (!state_ask(&text, &there, page, conn, "reg"))
		return false;
	if (!there || trunk_state_parse(&state, &text))
		memset(&state, 0, sizeof(state));

	jsonw_object(json, "registration");
	jsonw_str(json, "state", trunk_phase_name(state.phase));
	code_write(json, state.code);
	jsonw_str(json, "why", state.why);
	rest_time(json, "since", state.since_ms);
	rest_time(json, "expires", state.ends_ms);
	worker_write(json, &text);
	jsonw_end(json);
	return true;
}

/* --- a PBX's with us ----------------------------------------------------------------- */

static bool binding_live(struct binding *binding, const struct redis_val *val)
{
	const struct pl line = {val->str, val->len};

	return val->type == REDIS_STR && !binding_parse(binding, &line) &&
	       binding->ends_ms > rest_now_ms();
}

static bool inbound_write(struct page *page,
			  const struct route_connection *conn)
{
	struct jsonw *json = &page->json;
	const struct redis_val *flat;
	char key[BINDING_KEY_MAX], text[FLOW_TEXT_MAX + 1];
	struct binding binding;
	struct pl tenant, name;
	struct flow_id flow;
	bool live = false;

	pl_set_str(&tenant, conn->tenant->id);
	pl_set_str(&name, conn->name);
	(void)binding_conn_key(key, sizeof(key), &tenant, &name, "bind");
	if (!rest_ask(&flat, page->admin, page->resp, "HGETALL", key, NULL))
		return false;
	for (size_t i = 1;
	     flat->type == REDIS_ARRAY && i < flat->len && !live; i += 2)
		live = binding_live(&binding, &flat->el[i]);

	jsonw_object(json, "registration");
	jsonw_str(json, "state", live ? "registered" : "none");
	if (live) {
		rest_time(json, "expires", binding.ends_ms);
		jsonw_str(json, "contact", binding.contact);
		jsonw_str(json, "agent", binding.agent);
		if (!flow_id_unpack(&flow, binding.flow, binding.flow_len))
			jsonw_str(json, "flow", flow_id_text(text, &flow));
	}
	jsonw_end(json);
	return true;
}

static bool registration_write(struct page *page,
			       const struct route_connection *conn)
{
	switch (conn->kind) {
	case ROUTE_REGISTER:
		return upstream_write(page, conn);
	case ROUTE_INBOUND:
		return inbound_write(page, conn);
	case ROUTE_TRUNK:
		break;
	}
	jsonw_null(&page->json, "registration");
	return true;
}

/* --- health, calls ---------------------------------------------------------------------- */

static bool health_write(struct page *page,
			 const struct route_connection *conn)
{
	struct probe_state state = {.phase = PROBE_UNKNOWN};
	struct jsonw *json = &page->json;
	struct pl text;
	bool there;

	if (!conn->times.probe) {
		jsonw_null(json, "health");
		return true;
	}
	if (!state_ask(&text, &there, page, conn, "health"))
		return false;
	if (!there || probe_state_parse(&state, &text))
		memset(&state, 0, sizeof(state));

	jsonw_object(json, "health");
	jsonw_str(json, "state", probe_phase_name(state.phase));
	code_write(json, state.code);
	jsonw_str(json, "why", state.why);
	rest_time(json, "since", state.since_ms);
	rest_time(json, "probed", state.last_ms);
	jsonw_uint(json, "answer_ms", state.rtt_ms);
	worker_write(json, &text);
	jsonw_end(json);
	return true;
}

static bool state_write(struct page *page, const struct route_connection *conn)
{
	struct jsonw *json = &page->json;
	struct rest_state is;
	const struct health_row *row = &is.row;

	if (!rest_state(&is, page->admin, page->resp, conn))
		return false;
	jsonw_object(json, "state");
	jsonw_str(json, "state", route_state_name(is.state));
	jsonw_bool(json, "takes_calls", route_state_takes(is.state));
	jsonw_bool(json, "forced", is.forced);
	jsonw_str(json, "reason", is.known ? row->why : NULL);
	rest_time(json, "since", is.known ? row->since_ms : 0);
	rest_time(json, "until", is.known ? row->until_ms : 0);
	jsonw_str(json, "by", is.known ? row->by : NULL);
	jsonw_str(json, "on_behalf_of",
		  is.known && row->whom[0] ? row->whom : NULL);
	jsonw_end(json);
	return true;
}

static bool calls_write(struct page *page, const struct route_connection *conn)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX], now[24];
	uint64_t num = 0;

	re_snprintf(key, sizeof(key), "cb:{m:%s/%s}:calls", conn->tenant->id,
		    conn->name);
	re_snprintf(now, sizeof(now), "%llu", rest_now_ms());
	if (!rest_ask(&val, page->admin, page->resp, "ZCOUNT", key, now,
		      "+inf", NULL))
		return false;
	(void)redis_num(val, &num);
	jsonw_uint(&page->json, "calls", num);
	jsonw_uint(&page->json, "max_calls", conn->max_calls);
	return true;
}

static bool one(struct page *page, const struct route_connection *conn)
{
	struct jsonw *json = &page->json;

	jsonw_object(json, NULL);
	jsonw_str(json, "tenant", conn->tenant->id);
	jsonw_str(json, "name", conn->name);
	jsonw_str(json, "kind", route_conn_kind_name(conn->kind));
	jsonw_str(json, "address", conn->peer.address);
	jsonw_str(json, "domain", conn->peer.domain);
	if (!state_write(page, conn) || !registration_write(page, conn) ||
	    !health_write(page, conn) ||
	    !calls_write(page, conn) ||
	    (page->alone &&
	     !rest_latency_sum(json, page->admin, page->resp, conn)))
		return false;
	jsonw_end(json);
	return true;
}

bool rest_connection_write(struct jsonw *json, struct admin *admin,
			   struct admin_resp *resp,
			   const struct route_connection *conn)
{
	struct page page = {.json = *json, .admin = admin, .resp = resp};
	const bool ok = one(&page, conn);

	*json = page.json;
	return ok;
}

/* --- the route ---------------------------------------------------------------------------- */

void rest_connection(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	struct page page = {.admin = arg, .resp = resp, .alone = true};
	const struct route_tenant *tenant =
		rest_tenant(arg, admin_req_param(req, "tenant"));
	const struct route_connection *conn;
	struct pl name;

	pl_set_str(&name, admin_req_param(req, "name"));
	conn = tenant ? route_connection_find(tenant, &name) : NULL;
	if (!conn) {
		admin_resp_problem(resp, 404, "No such connection.");
		return;
	}
	jsonw_init(&page.json, resp->mb);
	if (one(&page, conn))
		rest_done(&page.json, resp);
}
