/*
 * rest_tenants.c  GET /v1/tenants and /v1/tenants/{tenant}: what they may, and
 *                 what of it they use
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "routing/route.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/proxy/conn/call_rate.h"

/* Calls that have a place, as those with a limit have. */
static bool calls_write(struct jsonw *json, struct admin *admin,
			struct admin_resp *resp,
			const struct route_tenant *tenant)
{
	const struct redis_val *val;
	char key[REST_KEY_MAX], now[24];
	uint64_t num = 0;

	if (!tenant->max_calls) {
		jsonw_null(json, "calls");
		return true;
	}
	re_snprintf(key, sizeof(key), "cb:{m:%s}:calls", tenant->id);
	re_snprintf(now, sizeof(now), "%llu", rest_now_ms());
	if (!rest_ask(&val, admin, resp, "ZCOUNT", key, now, "+inf", NULL))
		return false;
	(void)redis_num(val, &num);
	jsonw_uint(json, "calls", num);
	return true;
}

/* What its workers said of late: "<unix ms> <thousandths a second>" each. */
static bool rate_write(struct jsonw *json, struct admin *admin,
		       struct admin_resp *resp,
		       const struct route_tenant *tenant)
{
	const uint64_t since = rest_now_ms() - CALL_RATE_OLD_MS;
	const struct redis_val *flat;
	char key[REST_KEY_MAX];
	uint64_t sum = 0;

	if (!tenant->calls_s) {
		jsonw_null(json, "calls_per_second");
		return true;
	}
	re_snprintf(key, sizeof(key), "cb:{r:%s}:rate", tenant->id);
	if (!rest_ask(&flat, admin, resp, "HGETALL", key, NULL))
		return false;
	for (size_t i = 1; flat->type == REDIS_ARRAY && i < flat->len; i += 2) {
		char *end = NULL;

		if (flat->el[i].type == REDIS_STR &&
		    strtoull(flat->el[i].str, &end, 10) >= since)
			sum += strtoull(end, NULL, 10);
	}
	jsonw_fixed(json, "calls_per_second", (uint32_t)sum, 3);
	return true;
}

static bool one(struct jsonw *json, struct admin *admin,
		struct admin_resp *resp, const struct route_tenant *tenant)
{
	bool ok;

	jsonw_object(json, NULL);
	jsonw_str(json, "tenant", tenant->id);
	jsonw_array(json, "domains");
	for (uint32_t i = 0; i < tenant->ndomains; i++)
		jsonw_str(json, NULL, tenant->domains[i]);
	jsonw_end(json);
	jsonw_uint(json, "users", tenant->nusers);
	jsonw_uint(json, "connections", tenant->nconnections);
	jsonw_uint(json, "routes", tenant->nrules);
	jsonw_object(json, "limits");
	jsonw_uint(json, "calls", tenant->max_calls);
	jsonw_uint(json, "calls_per_second", tenant->calls_s);
	jsonw_end(json);
	jsonw_object(json, "used");
	ok = calls_write(json, admin, resp, tenant) &&
	     rate_write(json, admin, resp, tenant);
	jsonw_end(json);
	jsonw_end(json);
	return ok;
}

void rest_one_tenant(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	const struct route_tenant *tenant =
		rest_tenant(arg, admin_req_param(req, "tenant"));
	struct jsonw json;

	if (!tenant) {
		admin_resp_problem(resp, 404, "There is no such tenant.");
		return;
	}
	jsonw_init(&json, resp->mb);
	if (one(&json, arg, resp, tenant))
		rest_done(&json, resp);
}

/* In the order of routing.yaml; the cursor is the last one's name. */
static uint32_t begin(const struct route_table *table, const char *cursor)
{
	const struct route_tenant *tenant;

	for (uint32_t i = 0; (tenant = route_tenant_at(table, i)); i++) {
		if (!strcmp(tenant->id, cursor))
			return i + 1;
	}
	return UINT32_MAX;
}

void rest_tenants(const struct admin_req *req, struct admin_resp *resp,
		  void *arg)
{
	const struct route_table *table =
		((const struct rest_root *)admin_arg(arg))->routes;
	const char *cursor = admin_req_query(req, "cursor");
	uint32_t i = cursor ? begin(table, cursor) : 0;
	const struct route_tenant *tenant, *last = NULL;
	struct jsonw json;
	size_t limit, n = 0;

	if (!rest_limit(&limit, req, resp))
		return;
	if (i == UINT32_MAX) {
		admin_resp_field(resp, 400, "cursor",
				 "It is the `next` of another answer.");
		return;
	}
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "tenants");
	for (; (tenant = route_tenant_at(table, i)) && n < limit; i++) {
		if (!admin_req_may_see(req, tenant->id))
			continue;
		if (!one(&json, arg, resp, tenant))
			return;
		last = tenant;
		++n;
	}
	jsonw_end(&json);
	jsonw_str(&json, "next",
		  tenant && last && !admin_req_tenant(req) ? last->id : NULL);
	jsonw_end(&json);
	rest_done(&json, resp);
}
