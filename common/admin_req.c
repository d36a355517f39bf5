/*
 * admin_req.c  A request to the admin's HTTP server, as its handler sees it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/admin_http_priv.h"

const char *admin_req_method(const struct admin_req *req)
{
	return req->method;
}

const char *admin_req_param(const struct admin_req *req, const char *name)
{
	return admin_params_get(&req->params, name);
}

const char *admin_req_query(const struct admin_req *req, const char *name)
{
	return admin_params_get(&req->query, name);
}

const struct pl *admin_req_body(const struct admin_req *req)
{
	return &req->body_pl;
}

const char *admin_req_by(const struct admin_req *req)
{
	return req->by[0] ? req->by : NULL;
}

const char *admin_req_tenant(const struct admin_req *req)
{
	return req->of_tenant ? req->tenant : NULL;
}

bool admin_req_may_write(const struct admin_req *req)
{
	return req->write;
}

bool admin_req_may_see(const struct admin_req *req, const char *tenant)
{
	const char *only = admin_req_tenant(req);

	return !only || !strcmp(only, tenant);
}

const struct sa *admin_req_source(const struct admin_req *req)
{
	return &req->source;
}

bool admin_req_names_its_own(const struct admin_req *req)
{
	const char *in_path = admin_req_param(req, "tenant");
	const char *in_query = admin_req_query(req, "tenant");

	return (!in_path || admin_req_may_see(req, in_path)) &&
	       (!in_query || admin_req_may_see(req, in_query));
}
