/*
 * rest_alarms.c  GET /v1/alarms: overload, floods and guessing of late
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/rest_priv.h"

static void text(struct jsonw *json, const char *key,
		 const struct redis_val *fields)
{
	const char *val = rest_text(fields, key);

	if (*val)
		jsonw_str(json, key, val);
	else
		jsonw_null(json, key);
}

/* [id, [field, value ..]] */
static void one(struct jsonw *json, const struct redis_val *entry,
		const char *tenant)
{
	const struct redis_val *fields;
	uint64_t load = 0;
	struct pl id;

	if (entry->type != REDIS_ARRAY || entry->len != 2 ||
	    entry->el[0].type != REDIS_STR ||
	    entry->el[1].type != REDIS_ARRAY)
		return;

	fields = &entry->el[1];
	if (tenant && strcmp(rest_text(fields, "tenant"), tenant))
		return;
	id.p = entry->el[0].str;
	id.l = strcspn(id.p, "-");
	jsonw_object(json, NULL);
	rest_time(json, "time", pl_u64(&id));
	text(json, "kind", fields);
	text(json, "worker", fields);
	text(json, "tenant", fields);
	text(json, "name", fields);
	text(json, "source", fields);
	text(json, "why", fields);
	if (redis_num(redis_field(fields, "load"), &load))
		jsonw_uint(json, "load_permille", load);
	jsonw_end(json);
}

void rest_alarms(const struct admin_req *req, struct admin_resp *resp,
		 void *arg)
{
	const struct redis_val *list;
	struct admin *admin = arg;
	struct jsonw json;
	char count[16];
	size_t limit;

	if (!rest_limit(&limit, req, resp))
		return;
	re_snprintf(count, sizeof(count), "%zu", limit);
	if (!rest_ask(&list, admin, resp, "XREVRANGE", "cb:alarms", "+", "-",
		      "COUNT", count, NULL))
		return;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "alarms");
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len; i++)
		one(&json, &list->el[i], rest_tenant_asked(req));
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
}
