/*
 * admin_http.c  The HTTP server of an admin process: who may ask, and what
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/admin_http_priv.h"
#include "common/bearer.h"
#include "common/throttle.h"
#include "common/wheel.h"

enum {
	CONNS_MAX = 128,
	CONNS_PER_IP_MAX = 32,
	TIMEOUT_S = 15,
	BODY_MAX = 65536,
	SOURCES = 256,
};

struct admin_http {
	struct admin_engine *engine;
	struct wheel *wheel;
	struct throttle *throttle;
	struct admin_figures *figures;
	struct admin_figures own; /* when the caller keeps none */
	const struct admin_route *routes;
	size_t nroutes;
	struct bearer_set tokens;
	uint32_t body_max;
	void *arg;
};

const struct metric_desc admin_http_metrics[] = {
	{METRIC_COUNTER, "cordboard_admin_requests_total", "result=\"served\"",
	 "Requests to the admin server by result",
	 offsetof(struct admin_figures, served), NULL},
	{METRIC_COUNTER, "cordboard_admin_requests_total", "result=\"refused\"",
	 "Requests to the admin server by result",
	 offsetof(struct admin_figures, refused), NULL},
	{METRIC_COUNTER, "cordboard_admin_requests_total",
	 "result=\"unauthorized\"", "Requests to the admin server by result",
	 offsetof(struct admin_figures, unauthorized), NULL},
	{METRIC_COUNTER, "cordboard_admin_requests_total",
	 "result=\"throttled\"", "Requests to the admin server by result",
	 offsetof(struct admin_figures, throttled), NULL},
	{METRIC_COUNTER, "cordboard_admin_requests_total", "result=\"failed\"",
	 "Requests to the admin server by result",
	 offsetof(struct admin_figures, failed), NULL},
};
const size_t admin_http_nmetrics =
	sizeof(admin_http_metrics) / sizeof(admin_http_metrics[0]);

/* --- request and response ------------------------------------------------------- */

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

bool admin_req_known(const struct admin_req *req)
{
	return req->known;
}

const struct sa *admin_req_source(const struct admin_req *req)
{
	return &req->source;
}

static int resp_init(struct admin_resp *resp)
{
	*resp = (struct admin_resp){.status = 200, .type = "application/json"};
	resp->mb = mbuf_alloc(512);
	return resp->mb ? 0 : ENOMEM;
}

static bool send_problem(const struct admin_req *req, unsigned status,
			 const char *detail, const char *header,
			 const char *value)
{
	struct admin_resp resp;
	bool ok = false;

	if (!resp_init(&resp)) {
		admin_resp_problem(&resp, status, detail);
		if (header)
			admin_resp_header(&resp, header, value);
		ok = admin_engine_send(req, &resp);
	}
	mem_deref(resp.mb);
	return ok;
}

/* --- who asks -------------------------------------------------------------------- */

static bool refuse_throttled(struct admin_http *http,
			     const struct admin_req *req, uint64_t wait_ms)
{
	char after[24];

	http->figures->throttled++;
	(void)re_snprintf(after, sizeof(after), "%llu",
			  (unsigned long long)(wait_ms + 999) / 1000);
	return send_problem(req, 429, "Too many failures: wait.", "Retry-After",
			    after);
}

static bool refuse_unknown(struct admin_http *http, const struct admin_req *req,
			   bool with_token)
{
	http->figures->unauthorized++;
	if (!http->tokens.n)
		return send_problem(req, 403, "No token is configured.", NULL,
				    NULL);
	return send_problem(req, 401, NULL, "WWW-Authenticate",
			    with_token ? "Bearer error=\"invalid_token\""
				       : "Bearer");
}

/* Whether the request may go on; if not it is answered, with *result. */
static bool authorized(struct admin_http *http, struct admin_req *req,
		       bool *result)
{
	uint64_t now_ms = wheel_now(http->wheel);
	const char *token = bearer_read(admin_req_header(req, "Authorization"));
	uint64_t wait_ms;

	if (!token && req->route->open)
		return true;
	wait_ms = throttle_wait(http->throttle, &req->source, now_ms);
	if (wait_ms) {
		*result = refuse_throttled(http, req, wait_ms);
		return false;
	}
	req->known = token && bearer_known(&http->tokens, token);
	if (req->known) {
		throttle_passed(http->throttle, &req->source);
		return true;
	}
	if (token)
		throttle_failed(http->throttle, &req->source, now_ms);
	*result = refuse_unknown(http, req, token != NULL);
	return false;
}

/* --- the steps of a request -------------------------------------------------------- */

static bool refuse(struct admin_http *http, const struct admin_req *req,
		   unsigned status, const char *detail)
{
	http->figures->refused++;
	return send_problem(req, status, detail, NULL, NULL);
}

static bool refuse_method(struct admin_http *http, const struct admin_req *req)
{
	char allow[128];

	http->figures->refused++;
	admin_route_allow(allow, sizeof(allow), http->routes, http->nroutes,
			  req->route);
	return send_problem(req, 405, NULL, "Allow", allow);
}

/* The length that is announced; what comes in chunks is counted later. */
static bool body_too_long(const struct admin_http *http,
			  const struct admin_req *req)
{
	const char *text = admin_req_header(req, "Content-Length");
	struct pl pl;

	if (!text)
		return false;
	pl_set_str(&pl, text);
	return pl.l > 9 || pl_u32(&pl) > http->body_max;
}

/* Line and headers are here: refuse before a body is taken. */
static bool request_begin(struct admin_req *req, void *arg)
{
	struct admin_http *http = arg;
	bool result;
	const char *query;
	size_t len;

	if (!req->uri)
		return refuse(http, req, 414, NULL);
	len = strcspn(req->uri, "?");
	query = req->uri + len + (req->uri[len] == '?');
	switch (admin_route_find(&req->route, &req->params, http->routes,
				 http->nroutes, req->method, req->uri, len)) {
	case ADMIN_NO_PATH:
		return refuse(http, req, 404, NULL);
	case ADMIN_NO_METHOD:
		return refuse_method(http, req);
	case ADMIN_BAD_REQUEST:
		return refuse(http, req, 400, "The path cannot be read.");
	case ADMIN_FOUND:
		break;
	}
	if (!authorized(http, req, &result))
		return result;
	if (admin_query_read(&req->query, query, strlen(query)))
		return refuse(http, req, 400, "The query cannot be read.");
	if (body_too_long(http, req))
		return refuse(http, req, 413, NULL);
	return true;
}

static bool request_body(struct admin_req *req, const char *data, size_t size,
			 void *arg)
{
	const struct admin_http *http = arg;

	/* answering amidst a body is not possible: read over the rest of what
	 * is too long, and say so at its end */
	if (!req->body)
		req->body = mbuf_alloc(size);
	if (!req->body)
		return false;
	if (req->body->end + size > http->body_max) {
		req->body->end = (size_t)http->body_max + 1;
		return true;
	}
	return !mbuf_write_mem(req->body, (const uint8_t *)data, size);
}

static bool request_serve(struct admin_req *req, void *arg)
{
	struct admin_http *http = arg;
	struct admin_resp resp;
	bool ok = false;

	if (req->body && req->body->end > http->body_max)
		return refuse(http, req, 413, NULL);
	req->body_pl.p = req->body ? (const char *)req->body->buf : "";
	req->body_pl.l = req->body ? req->body->end : 0;
	if (!resp_init(&resp)) {
		req->route->handle(req, &resp, http->arg);
		if (resp.status < 500)
			http->figures->served++;
		else
			http->figures->failed++;
		ok = admin_engine_send(req, &resp);
	}
	mem_deref(resp.stream);
	mem_deref(resp.mb);
	return ok;
}

static void http_destructor(void *data)
{
	struct admin_http *http = data;

	mem_deref(http->engine);
	mem_deref(http->throttle);
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static int engine_start(struct admin_http *http,
			const struct admin_http_cfg *cfg)
{
	const struct admin_engine_events events = {request_begin, request_body,
						   request_serve, http};
	const struct admin_engine_cfg engine = {
		.fd = cfg->fd,
		.conns_max = or_default(cfg->conns_max, CONNS_MAX),
		.conns_per_ip_max =
			or_default(cfg->conns_per_ip_max, CONNS_PER_IP_MAX),
		.timeout_ms = or_default(cfg->timeout_s, TIMEOUT_S) * 1000,
	};

	return admin_engine_alloc(&http->engine, &engine, http->wheel, &events);
}

int admin_http_alloc(struct admin_http **httpp,
		     const struct admin_http_cfg *cfg, struct wheel *wheel,
		     struct admin_figures *figures, void *arg)
{
	struct admin_http *http;
	int err = 0;

	if (!httpp || !cfg || !cfg->routes || !wheel)
		return EINVAL;
	http = mem_zalloc(sizeof(*http), http_destructor);
	if (!http)
		return ENOMEM;

	http->wheel = wheel;
	http->figures = figures ? figures : &http->own;
	http->routes = cfg->routes;
	http->nroutes = cfg->nroutes;
	http->body_max = or_default(cfg->body_max, BODY_MAX);
	http->arg = arg;
	for (size_t i = 0; i < cfg->ntokens && !err; i++)
		err = bearer_add(&http->tokens, cfg->tokens[i]);
	if (!err)
		err = throttle_alloc(&http->throttle, SOURCES);
	if (!err)
		err = engine_start(http, cfg);
	if (err)
		mem_deref(http);
	else
		*httpp = http;
	return err;
}
