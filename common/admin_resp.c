/*
 * admin_resp.c  A response of the admin's HTTP server
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/admin_http.h"
#include "common/jsonw.h"

void admin_resp_header(struct admin_resp *resp, const char *name,
		       const char *value)
{
	size_t len = value ? strlen(value) : 0;

	if (!value || resp->nheaders == ADMIN_HEADERS_MAX ||
	    len >= sizeof(resp->headers[0].value))
		return;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
			return;
	}
	resp->headers[resp->nheaders].name = name;
	memcpy(resp->headers[resp->nheaders++].value, value, len + 1);
}

/* The reason phrases of RFC 9110 that are used here. */
static const char *reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} rows[] = {
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{409, "Conflict"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{500, "Internal Server Error"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].status == status)
			return rows[i].text;
	}
	return status < 500 ? "Client Error" : "Server Error";
}

/* To its end, or a status without a text. */
static void problem(struct admin_resp *resp, unsigned status,
		    const char *detail, const char *field)
{
	struct jsonw json;

	resp->status = status;
	resp->type = "application/problem+json";
	mbuf_rewind(resp->mb);
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "type", "about:blank");
	jsonw_str(&json, "title", reason(status));
	jsonw_uint(&json, "status", status);
	if (detail)
		jsonw_str(&json, "detail", detail);
	if (field) {
		jsonw_array(&json, "errors");
		jsonw_object(&json, NULL);
		jsonw_str(&json, "field", field);
		jsonw_str(&json, "detail", detail);
		jsonw_end(&json);
		jsonw_end(&json);
	}
	jsonw_end(&json);
	if (jsonw_done(&json))
		mbuf_rewind(resp->mb);
}

void admin_resp_problem(struct admin_resp *resp, unsigned status,
			const char *detail)
{
	problem(resp, status, detail, NULL);
}

void admin_resp_field(struct admin_resp *resp, unsigned status,
		      const char *field, const char *detail)
{
	problem(resp, status, detail, field);
}
