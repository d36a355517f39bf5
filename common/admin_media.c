/*
 * admin_media.c  What a request brings and takes: headers that are clear, media
 *                types
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <re.h>

#include "common/admin_http_priv.h"
#include "common/countof.h"

bool admin_is_clear(const struct admin_req *req)
{
	static const char *const once[] = {"Host", "Authorization",
					   "Content-Type", "Content-Length",
					   "Transfer-Encoding"};
	const char *len = admin_req_header(req, "Content-Length");
	const char *coding = admin_req_header(req, "Transfer-Encoding");

	for (size_t i = 0; i < COUNTOF(once); i++) {
		if (admin_req_headers(req, once[i]) > 1)
			return false;
	}
	if (len && (coding || !*len || len[strspn(len, "0123456789")]))
		return false;
	return !coding || !strcasecmp(coding, "chunked");
}

/* type: "application/json"; what stands behind ';' does not count. */
static bool is_type(const struct pl *given, const char *type)
{
	const char *end = pl_strchr(given, ';');
	struct pl name = {given->p, end ? (size_t)(end - given->p) : given->l};

	while (name.l && (name.p[0] == ' ' || name.p[0] == '\t')) {
		++name.p;
		--name.l;
	}
	while (name.l &&
	       (name.p[name.l - 1] == ' ' || name.p[name.l - 1] == '\t'))
		--name.l;
	return !pl_strcasecmp(&name, type);
}

static bool is_one_of(const struct pl *given, const char *const *types)
{
	for (; *types; types++) {
		if (is_type(given, *types))
			return true;
	}
	return false;
}

/* RFC 9110 section 12.5.1; weights do not matter where there is one form */
bool admin_accepts_json(const struct admin_req *req)
{
	static const char *const types[] = {"*/*", "application/*",
					    "application/json",
					    "application/problem+json", NULL};
	const char *accept = admin_req_header(req, "Accept");
	struct pl rest;

	if (!accept || (req->route->flags & ADMIN_OTHER))
		return true;
	for (pl_set_str(&rest, accept);;) {
		const char *comma = pl_strchr(&rest, ',');
		struct pl one = {rest.p,
				 comma ? (size_t)(comma - rest.p) : rest.l};

		if (is_one_of(&one, types))
			return true;
		if (!comma)
			return false;
		pl_advance(&rest, (ssize_t)one.l + 1);
	}
}

static bool has_body(const struct admin_req *req)
{
	const char *len = admin_req_header(req, "Content-Length");

	return admin_req_header(req, "Transfer-Encoding") ||
	       (len && strcmp(len, "0") != 0);
}

/* A form of a page of somebody else cannot send these without being asked
 * first (Fetch standard, CORS-safelisted request headers). */
bool admin_body_fits(const struct admin_req *req)
{
	static const char *const json[] = {"application/json", NULL};
	static const char *const yaml[] = {"application/yaml",
					   "application/x-yaml", "text/yaml",
					   NULL};
	const char *type = admin_req_header(req, "Content-Type");
	struct pl given;

	if (!has_body(req))
		return true;
	if (!type)
		return false;
	pl_set_str(&given, type);
	return is_one_of(&given, req->route->flags & ADMIN_YAML ? yaml : json);
}
