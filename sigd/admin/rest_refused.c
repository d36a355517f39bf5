/*
 * rest_refused.c  GET /v1/refused: calls that a table answered itself, and why
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "routing/route.h"
#include "sigd/admin/rest_list.h"

/* What it has to be; NULL: anything. Borrowed texts. */
struct filter {
	const char *caller, *callee, *callid, *connection, *code;
};

static void write(struct jsonw *json, uint64_t unix_ms,
		  const struct redis_val *fields)
{
	static const char *const texts[] = {"callid", "worker", "caller",
					    "callee"};
	const char *from = rest_text(fields, "from");
	uint64_t code = 0;

	(void)redis_num(redis_field(fields, "code"), &code);
	jsonw_object(json, NULL);
	rest_time(json, "time", unix_ms);
	for (size_t i = 0; i < COUNTOF(texts); i++)
		jsonw_str(json, texts[i], rest_text(fields, texts[i]));
	jsonw_str(json, "from", *from ? from : NULL);
	jsonw_uint(json, "code", code);
	jsonw_str(json, "decision", rest_text(fields, "why"));
	jsonw_end(json);
}

static bool fits(const struct redis_val *fields, const void *arg)
{
	const struct filter *filter = arg;

	return rest_list_is(rest_text(fields, "caller"), filter->caller) &&
	       rest_list_is(rest_text(fields, "callee"), filter->callee) &&
	       rest_list_is(rest_text(fields, "callid"), filter->callid) &&
	       rest_list_is(rest_text(fields, "from"), filter->connection) &&
	       rest_list_is(rest_text(fields, "code"), filter->code);
}

static void list(const struct admin_req *req, struct admin *admin,
		 struct admin_resp *resp, const struct route_tenant *tenant)
{
	const struct filter filter = {
		.caller = admin_req_query(req, "caller"),
		.callee = admin_req_query(req, "callee"),
		.callid = admin_req_query(req, "call_id"),
		.connection = admin_req_query(req, "connection"),
		.code = admin_req_query(req, "code")};
	char key[REST_KEY_MAX];
	const struct rest_stream stream = {.key = key,
					   .fitsh = fits,
					   .writeh = write,
					   .arg = &filter};
	struct jsonw json;

	re_snprintf(key, sizeof(key), "cb:{m:%s}:refused", tenant->id);
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "tenant", tenant->id);
	jsonw_array(&json, "refused");
	if (!rest_stream_page(&json, &stream, req, admin, resp))
		return;
	jsonw_end(&json);
	rest_done(&json, resp);
}

void rest_refused(const struct admin_req *req, struct admin_resp *resp,
		  void *arg)
{
	const char *id = rest_tenant_asked(req);
	const char *code = admin_req_query(req, "code");
	const struct route_tenant *tenant = rest_tenant(arg, id);

	if (!id)
		admin_resp_field(resp, 400, "tenant", "It is missing.");
	else if (code && (strlen(code) != 3 ||
			  strspn(code, "0123456789") != 3))
		admin_resp_field(resp, 400, "code", "A code of SIP, as 403.");
	else if (!tenant)
		admin_resp_problem(resp, 404, "There is no such tenant.");
	else
		list(req, arg, resp, tenant);
}
