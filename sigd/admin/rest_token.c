/*
 * rest_token.c  GET /v1/token: what the token that asks may do
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/admin/rest_priv.h"

void rest_token(const struct admin_req *req, struct admin_resp *resp, void *arg)
{
	struct jsonw json;
	(void)arg;

	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "name", admin_req_by(req));
	jsonw_str(&json, "scope", admin_req_may_write(req) ? "write" : "read");
	jsonw_str(&json, "tenant", admin_req_tenant(req));
	jsonw_end(&json);
	rest_done(&json, resp);
}
