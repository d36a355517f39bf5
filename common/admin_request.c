/*
 * admin_request.c  The way of a request through the admin's HTTP server: who
 *                  may ask, and what
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
	OVER_MAX = 65536, /* read of a body that is too long: then it is cut */
};

/* --- responses ------------------------------------------------------------------ */

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

/* 400: all of `path`, `query` or `header`, or a name in the query. */
static bool refuse_field(struct admin_http *http, const struct admin_req *req,
			 const char *field, const char *detail, bool close)
{
	struct admin_resp resp;
	bool ok = false;

	http->figures->refused++;
	if (!resp_init(&resp)) {
		admin_resp_field(&resp, 400, field, detail);
		if (close)
			admin_resp_header(&resp, "Connection", "close");
		ok = admin_engine_send(req, &resp);
	}
	mem_deref(resp.mb);
	return ok;
}

/* Nobody knows where the next request would begin. */
static bool refuse_part(struct admin_http *http, const struct admin_req *req,
			const char *part, const char *detail)
{
	return refuse_field(http, req, part, detail, true);
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

static bool query_is_known(const struct admin_req *req, const char **otherp)
{
	const char *names = req->route->query;

	*otherp = names ? admin_params_other(&req->query, names) : NULL;
	return !*otherp;
}

/* Whoever asks for less than all is not to get, or to end, all. */
static bool refuse_other(struct admin_http *http, const struct admin_req *req,
			 const char *other)
{
	const char *names = req->route->query;
	char detail[256];

	(void)re_snprintf(detail, sizeof(detail),
			  "The query has no such name%s%s.",
			  *names ? "; it may have: " : " here, and no other",
			  names);
	return refuse_field(http, req, other, detail, false);
}

/* Line and headers are here: refuse before a body is taken. */
bool admin_request_begin(struct admin_req *req, void *arg)
{
	struct admin_http *http = arg;
	bool result;
	const char *query;
	size_t len;

	if (!admin_is_clear(req))
		return refuse_part(http, req, "header",
				   "A header counts once, and one says how "
				   "long the body is.");
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
		return refuse_part(http, req, "path",
				   "The path cannot be read.");
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
		return refuse_part(http, req, "query",
				   "The query cannot be read.");
	if (!admin_req_names_its_own(req))
		return refuse(http, req, 404, "There is no such tenant.");
	if (body_too_long(http, req))
		return refuse(http, req, 413, NULL);
	return true;
}

bool admin_request_body(struct admin_req *req, const char *data, size_t size,
			 void *arg)
{
	const struct admin_http *http = arg;

	/* answering amidst a body is not possible: read over some more of what
	 * is too long, and say so at its end */
	if (!req->body)
		req->body = mbuf_alloc(size);
	if (!req->body)
		return false;
	if (req->body->end + size > http->body_max) {
		req->body->end = (size_t)http->body_max + 1;
		req->over += size;
		return req->over <= OVER_MAX;
	}
	return !mbuf_write_mem(req->body, (const uint8_t *)data, size);
}

/* Those that wait must not take all connections. */
static bool refuse_wait(struct admin_http *http, const struct admin_req *req)
{
	http->figures->failed++;
	change_tell(http, req, 503);
	return send_problem(req, 503, "Too many requests wait already.",
			    "Retry-After", "1");
}

void admin_request_over(const struct admin_req *req, const struct admin_resp *resp,
		    void *arg)
{
	struct admin_http *http = arg;

	if (resp->status < 500)
		http->figures->served++;
	else
		http->figures->failed++;
	change_tell(http, req, resp->status);
}

/* Its answer comes later. False: there is one already. */
static bool waits(struct admin_http *http, struct admin_req *req,
		  struct admin_resp *resp)
{
	if (!resp->later)
		return false;
	if (admin_later_begin(&http->laters, req, resp))
		return true;
	admin_resp_problem(resp, 503, "Out of memory.");
	return false;
}

static bool handle(struct admin_http *http, struct admin_req *req)
{
	struct admin_resp resp;
	bool ok = false;

	req->body_pl.p = req->body ? (const char *)req->body->buf : "";
	req->body_pl.l = req->body ? req->body->end : 0;
	if (!resp_init(&resp)) {
		req->route->handle(req, &resp, http->arg);
		ok = waits(http, req, &resp);
		if (!ok) {
			admin_request_over(req, &resp, http);
			ok = admin_engine_send(req, &resp);
		}
	}
	mem_deref(resp.later);
	mem_deref(resp.stream);
	mem_deref(resp.mb);
	return ok;
}

bool admin_request_serve(struct admin_req *req, void *arg)
{
	const struct admin_resp *resp;
	struct admin_http *http = arg;
	const char *other;

	if (req->later) {
		resp = admin_later_answer(req->later);
		return resp && admin_engine_send(req, resp);
	}
	if (req->body && req->body->end > http->body_max)
		return refuse(http, req, 413, NULL);
	/* not before the body is here: who is answered earlier is cut off by
	 * libmicrohttpd, and this is a program's mistake, not a stranger's */
	if (!query_is_known(req, &other))
		return refuse_other(http, req, other);
	if ((req->route->flags & ADMIN_WAITS) &&
	    admin_laters_full(&http->laters, req))
		return refuse_wait(http, req);
	return handle(http, req);
}
