/*
 * rest_alarms.c  GET /v1/alarms: overload, floods and guessing of late
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "sigd/admin/rest_list.h"
#include "sigd/guard/alarm.h"

/* What an alarm has to be; NULL: anything. Borrowed texts. */
struct filter {
	const char *tenant, *kind, *name, *source, *worker;
};

static void text(struct jsonw *json, const char *key,
		 const struct redis_val *fields)
{
	const char *val = rest_text(fields, key);

	jsonw_str(json, key, *val ? val : NULL);
}

static void write(struct jsonw *json, uint64_t unix_ms,
		  const struct redis_val *fields)
{
	uint64_t load = 0;

	jsonw_object(json, NULL);
	rest_time(json, "time", unix_ms);
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

/* A worker's address, or the node that it is of. */
static bool at(const char *worker, const char *wanted)
{
	const size_t len = wanted ? strlen(wanted) : 0;

	return !wanted || (!strncmp(worker, wanted, len) &&
			   (!worker[len] || worker[len] == '/'));
}

static bool fits(const struct redis_val *fields, const void *arg)
{
	const struct filter *filter = arg;

	return rest_list_is(rest_text(fields, "tenant"), filter->tenant) &&
	       rest_list_is(rest_text(fields, "kind"), filter->kind) &&
	       rest_list_is(rest_text(fields, "name"), filter->name) &&
	       rest_list_has(rest_text(fields, "source"), filter->source) &&
	       at(rest_text(fields, "worker"), filter->worker);
}

static bool is_kind(const char *name)
{
	const char *known;

	for (unsigned i = 0; (known = alarm_name((enum alarm_kind)i)); i++) {
		if (!strcmp(name, known))
			return true;
	}
	return false;
}

void rest_alarms(const struct admin_req *req, struct admin_resp *resp,
		 void *arg)
{
	const struct filter filter = {.tenant = rest_tenant_asked(req),
				      .kind = admin_req_query(req, "kind"),
				      .name = admin_req_query(req, "name"),
				      .source = admin_req_query(req, "source"),
				      .worker = admin_req_query(req, "worker")};
	const struct rest_stream stream = {.key = "cb:alarms",
					   .fitsh = fits,
					   .writeh = write,
					   .arg = &filter};
	struct jsonw json;

	if (filter.kind && !is_kind(filter.kind)) {
		admin_resp_field(resp, 400, "kind",
				 "There is no such kind of alarm.");
		return;
	}
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_array(&json, "alarms");
	if (!rest_stream_page(&json, &stream, req, arg, resp))
		return;
	jsonw_end(&json);
	rest_done(&json, resp);
}
