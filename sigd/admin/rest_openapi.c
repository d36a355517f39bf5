/*
 * rest_openapi.c  GET /openapi.json: what can be asked here, for machines
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/fingerprint.h"
#include "sigd/admin/rest_openapi.h"
#include "sigd/admin/rest_priv.h"

/* RFC 9110 section 13.1.2; one of a list, or `*`; weak ones count, too */
static bool has_it(const struct admin_req *req, const char *etag)
{
	const char *known = admin_req_header(req, "If-None-Match");

	return known && (!strcmp(known, "*") || strstr(known, etag));
}

void rest_openapi(const struct admin_req *req, struct admin_resp *resp,
		  void *arg)
{
	char version[FINGERPRINT_LEN + 1], etag[FINGERPRINT_LEN + 3];
	struct fingerprint *print = NULL;

	(void)arg;
	if (fingerprint_alloc(&print)) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	fingerprint_add(print, rest_openapi_text, rest_openapi_len);
	fingerprint_text(print, version);
	mem_deref(print);
	re_snprintf(etag, sizeof(etag), "\"%s\"", version);
	admin_resp_header(resp, "ETag", etag);
	admin_resp_header(resp, "Cache-Control", "no-cache");
	if (has_it(req, etag))
		resp->status = 304;
	else if (mbuf_write_mem(resp->mb, (const uint8_t *)rest_openapi_text,
				rest_openapi_len))
		admin_resp_problem(resp, 503, "Out of memory.");
}
