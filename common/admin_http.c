/*
 * admin_http.c  The HTTP server of an admin process: who may ask, and what
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/admin_access.h"
#include "common/admin_http_priv.h"
#include "common/wheel.h"

enum {
	CONNS_MAX = 128,
	CONNS_PER_IP_MAX = 32,
	TIMEOUT_S = 15,
	BODY_MAX = 65536,
	GRACE_MS = 60000, /* for connections of before */
};

struct admin_http {
	struct admin_engine *engine;
	struct admin_engine *before; /* with the certificate of before */
	struct wheel_timer grace;
	struct admin_access *access;
	struct wheel *wheel;
	struct admin_figures *figures;
	struct admin_figures own; /* when the caller keeps none */
	const struct admin_route *routes;
	size_t nroutes;
	struct admin_engine_cfg cfg; /* but for cert and key */
	struct admin_http_events events;
	char *cert, *key; /* NULL: without TLS */
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
		if (value)
			admin_resp_header(&resp, header, value);
		ok = admin_engine_send(req, &resp);
	}
	mem_deref(resp.mb);
	return ok;
}

/* --- who asks -------------------------------------------------------------------- */

static bool changes(const struct admin_req *req)
{
	return strcmp(req->route->method, "GET") != 0;
}

static bool refuse_pass(struct admin_http *http, const struct admin_req *req,
			const struct admin_pass *pass)
{
	struct admin_figures *figures = http->figures;
	char after[16];

	++*(pass->status == 429   ? &figures->throttled
	    : pass->status == 421 ? &figures->refused
				  : &figures->unauthorized);
	if (!pass->wait_s)
		return send_problem(req, pass->status, pass->detail,
				    "WWW-Authenticate", pass->challenge);
	(void)re_snprintf(after, sizeof(after), "%u", pass->wait_s);
	return send_problem(req, pass->status, pass->detail, "Retry-After",
			    after);
}

static void change_tell(const struct admin_http *http,
			const struct admin_req *req, unsigned status)
{
	struct admin_change change = {.by = admin_req_by(req),
				      .tenant = admin_req_tenant(req),
				      .method = req->method,
				      .path = req->uri,
				      .source = &req->source,
				      .status = status};

	if (!changes(req) || (req->route->flags & ADMIN_ASKS) || !req->by[0] ||
	    !http->events.changeh)
		return;
	req->uri[strcspn(req->uri, "?")] = '\0';
	http->events.changeh(&change, http->events.arg);
}

/* Whether the request may go on; if not it is answered, with *result. */
static bool authorized(struct admin_http *http, struct admin_req *req,
		       bool *result)
{
	const struct admin_ask ask = {.authorization =
					      admin_req_header(req,
							       "Authorization"),
				      .host = admin_req_header(req, "Host"),
				      .origin = admin_req_header(req, "Origin"),
				      .source = &req->source,
				      .flags = req->route->flags,
				      .changes = changes(req)};
	struct admin_pass pass;

	admin_access_judge(http->access, &pass, &ask, wheel_now(http->wheel),
			   (uint64_t)time(NULL));
	if (pass.who) {
		str_ncpy(req->by, pass.who->name, sizeof(req->by));
		req->of_tenant = pass.who->tenant != NULL;
		str_ncpy(req->tenant, pass.who->tenant, sizeof(req->tenant));
		req->write = pass.who->write;
	}
	if (!pass.status)
		return true;
	*result = refuse_pass(http, req, &pass);
	if (pass.status == 403)
		change_tell(http, req, pass.status);
	if (pass.guessed && http->events.guessh)
		http->events.guessh(&req->source, http->events.arg);
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

/* What another tenant has does not exist for a token of one. */
static bool is_its_tenant(const struct admin_req *req)
{
	const char *in_path = admin_req_param(req, "tenant");
	const char *in_query = admin_req_query(req, "tenant");

	return (!in_path || admin_req_may_see(req, in_path)) &&
	       (!in_query || admin_req_may_see(req, in_query));
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
	if (!admin_accepts_json(req))
		return refuse(http, req, 406, "The answer is JSON.");
	if (!admin_body_fits(req))
		return refuse(http, req, 415,
			      req->route->flags & ADMIN_YAML
				      ? "The body has to be application/yaml."
				      : "The body has to be application/json.");
	if (admin_query_read(&req->query, query, strlen(query)))
		return refuse(http, req, 400, "The query cannot be read.");
	if (!is_its_tenant(req))
		return refuse(http, req, 404, "There is no such tenant.");
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
		change_tell(http, req, resp.status);
		ok = admin_engine_send(req, &resp);
	}
	mem_deref(resp.stream);
	mem_deref(resp.mb);
	return ok;
}

/* --- life --------------------------------------------------------------------------- */

static void on_grace(void *arg)
{
	struct admin_http *http = arg;

	http->before = mem_deref(http->before);
}

static void http_destructor(void *data)
{
	struct admin_http *http = data;

	wheel_stop(&http->grace);
	mem_deref(http->before);
	mem_deref(http->engine);
	mem_deref(http->access);
	mem_deref(http->cert);
	mem_deref(http->key);
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static int engine_make(struct admin_engine **enginep, struct admin_http *http,
		       const char *cert, const char *key)
{
	const struct admin_engine_events events = {request_begin, request_body,
						   request_serve, http};
	struct admin_engine_cfg cfg = http->cfg;

	cfg.cert = cert;
	cfg.key = key;
	return admin_engine_alloc(enginep, &cfg, http->wheel, &events);
}

static int pem_keep(struct admin_http *http, const char *cert, const char *key)
{
	char *c = NULL, *k = NULL;

	if (!cert)
		return 0;
	if (str_dup(&c, cert) || str_dup(&k, key)) {
		mem_deref(c);
		return ENOMEM;
	}
	mem_deref(http->cert);
	mem_deref(http->key);
	http->cert = c;
	http->key = k;
	return 0;
}

static void engine_swap(struct admin_http *http, struct admin_engine *engine)
{
	mem_deref(http->before);
	http->before = http->engine;
	http->engine = engine;
	admin_engine_quit(http->before);
	wheel_start(http->wheel, &http->grace, GRACE_MS, on_grace, http);
}

int admin_http_set(struct admin_http *http, const struct admin_conf *conf,
		   const char *cert, const char *key)
{
	struct admin_engine *engine = NULL;
	int err = 0;

	if (!cert != !http->cert)
		return EINVAL;
	if (cert && (strcmp(cert, http->cert) || strcmp(key, http->key)))
		err = engine_make(&engine, http, cert, key);
	if (!err)
		err = admin_access_set(http->access, conf);
	if (!err && engine)
		err = pem_keep(http, cert, key);
	if (err) {
		mem_deref(engine);
		return err;
	}
	if (engine)
		engine_swap(http, engine);
	return 0;
}

static void cfg_take(struct admin_http *http, const struct admin_http_cfg *cfg)
{
	http->routes = cfg->routes;
	http->nroutes = cfg->nroutes;
	http->events = cfg->events;
	http->body_max = or_default(cfg->body_max, BODY_MAX);
	http->cfg = (struct admin_engine_cfg){
		.fd = cfg->fd,
		.conns_max = or_default(cfg->conns_max, CONNS_MAX),
		.conns_per_ip_max =
			or_default(cfg->conns_per_ip_max, CONNS_PER_IP_MAX),
		.timeout_ms = or_default(cfg->timeout_s, TIMEOUT_S) * 1000};
}

int admin_http_alloc(struct admin_http **httpp,
		     const struct admin_http_cfg *cfg, struct wheel *wheel,
		     struct admin_figures *figures, void *arg)
{
	struct admin_http *http;
	int err;

	if (!httpp || !cfg || !cfg->routes || !cfg->conf || !wheel)
		return EINVAL;
	http = mem_zalloc(sizeof(*http), http_destructor);
	if (!http)
		return ENOMEM;

	http->wheel = wheel;
	http->figures = figures ? figures : &http->own;
	http->arg = arg;
	cfg_take(http, cfg);
	err = pem_keep(http, cfg->cert, cfg->key);
	if (!err)
		err = admin_access_alloc(&http->access, cfg->conf);
	if (!err)
		err = engine_make(&http->engine, http, http->cert, http->key);
	if (err)
		mem_deref(http);
	else
		*httpp = http;
	return err;
}
