/*
 * rest_refused.c  GET /v1/refused: calls that a table answered itself, and why
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "routing/route.h"
#include "sigd/admin/rest_priv.h"

/* [id, [field, value ..]] */
static void one(struct jsonw *json, const struct redis_val *entry)
{
	static const char *const texts[] = {"callid", "worker", "caller",
					    "callee"};
	const struct redis_val *fields;
	uint64_t code = 0;
	const char *from;
	struct pl id;

	if (entry->type != REDIS_ARRAY || entry->len != 2 ||
	    entry->el[0].type != REDIS_STR || entry->el[1].type != REDIS_ARRAY)
		return;

	fields = &entry->el[1];
	id.p = entry->el[0].str;
	id.l = strcspn(id.p, "-");
	from = rest_text(fields, "from");
	(void)redis_num(redis_field(fields, "code"), &code);
	jsonw_object(json, NULL);
	rest_time(json, "time", pl_u64(&id));
	for (size_t i = 0; i < COUNTOF(texts); i++)
		jsonw_str(json, texts[i], rest_text(fields, texts[i]));
	jsonw_str(json, "from", *from ? from : NULL);
	jsonw_uint(json, "code", code);
	jsonw_str(json, "decision", rest_text(fields, "why"));
	jsonw_end(json);
}

void rest_refused(const struct admin_req *req, struct admin_resp *resp,
		  void *arg)
{
	const char *id = rest_tenant_asked(req);
	const struct route_tenant *tenant;
	const struct redis_val *list;
	struct admin *admin = arg;
	char key[REST_KEY_MAX], count[16];
	struct jsonw json;
	size_t limit;

	if (!id) {
		admin_resp_problem(resp, 400, "tenant is missing.");
		return;
	}
	tenant = rest_tenant(admin, id);
	if (!tenant) {
		admin_resp_problem(resp, 404, "There is no such tenant.");
		return;
	}
	if (!rest_limit(&limit, req, resp))
		return;
	re_snprintf(key, sizeof(key), "cb:{m:%s}:refused", tenant->id);
	re_snprintf(count, sizeof(count), "%zu", limit);
	if (!rest_ask(&list, admin, resp, "XREVRANGE", key, "+", "-", "COUNT",
		      count, NULL))
		return;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "tenant", tenant->id);
	jsonw_array(&json, "refused");
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len; i++)
		one(&json, &list->el[i]);
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
}
