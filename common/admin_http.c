/*
 * admin_http.c  The HTTP server of an admin process: libmicrohttpd behind the
 *               loop, without threads
 *
 * libmicrohttpd keeps an epoll descriptor of its own, which is one descriptor
 * of our loop; its timeouts are a deadline of the wheel. It is asked for the
 * raw request line (MHD_OPTION_URI_LOG_CALLBACK), since it decodes the path
 * before anyone could split it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <microhttpd.h>
#include <re.h>

#include "common/admin_http.h"
#include "common/bearer.h"
#include "common/loop.h"
#include "common/throttle.h"
#include "common/wheel.h"

enum {
	CONNS_MAX = 64,
	CONNS_PER_IP_MAX = 16,
	TIMEOUT_S = 15,
	BODY_MAX = 65536,
	CONN_MEMORY = 32768, /* request line and headers, and an answer's */
	SOURCES = 256,
	ANSWER_FACTOR = 4, /* an answer may take as many times the timeout */
	URI_MAX = ADMIN_PATH_MAX + 1 + ADMIN_QUERY_MAX,
};

struct admin_http {
	struct MHD_Daemon *daemon;
	struct loop_watch *watch;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct throttle *throttle;
	struct admin_figures *figures;
	struct admin_figures own; /* when the caller keeps none */
	const struct admin_route *routes;
	size_t nroutes;
	struct bearer_set tokens;
	uint32_t body_max;
	uint32_t timeout_ms;
	void *arg;
};

/* A connection. libmicrohttpd's own timeout begins anew with every byte. */
struct client {
	struct admin_http *http;
	struct wheel_timer timer;
	int fd; /* libmicrohttpd's */
};

struct admin_req {
	struct MHD_Connection *conn;
	const char *method;
	char *uri; /* NULL: too long */
	const struct admin_route *route;
	struct admin_params params;
	struct admin_params query;
	struct mbuf *body;
	struct pl body_pl;
	struct sa source;
	bool known;
	bool begun; /* the headers were looked at */
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

/* --- connections ------------------------------------------------------------------ */

/* libmicrohttpd alone may close it: it will find that nothing comes. */
static void on_late(void *arg)
{
	const struct client *client = arg;

	(void)shutdown(client->fd, SHUT_RDWR);
}

static void client_due(struct client *client, uint32_t times)
{
	if (client)
		wheel_start(client->http->wheel, &client->timer,
			    (uint64_t)times * client->http->timeout_ms, on_late,
			    client);
}

static void client_destructor(void *data)
{
	struct client *client = data;

	wheel_stop(&client->timer);
}

static struct client *client_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn,
					MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void on_connection(void *arg, struct MHD_Connection *conn,
			  void **clientp,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct client *client;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		*clientp = mem_deref(*clientp);
		return;
	}
	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	client = info ? mem_zalloc(sizeof(*client), client_destructor) : NULL;
	*clientp = client;
	if (!client)
		return; /* the idle timeout is left */

	client->http = arg;
	client->fd = info->connect_fd;
	client_due(client, 1);
}

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

const char *admin_req_header(const struct admin_req *req, const char *name)
{
	return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
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

static enum MHD_Result add_headers(struct MHD_Response *out,
				   const struct admin_resp *resp)
{
	enum MHD_Result ok;

	ok = MHD_add_response_header(out, "Cache-Control", "no-store");
	if (ok)
		ok = MHD_add_response_header(out, "X-Content-Type-Options",
					     "nosniff");
	if (ok && resp->type && resp->mb->end)
		ok = MHD_add_response_header(out, "Content-Type", resp->type);
	for (size_t i = 0; i < resp->nheaders && ok; i++)
		ok = MHD_add_response_header(out, resp->headers[i].name,
					     resp->headers[i].value);
	return ok;
}

/* MHD_NO makes libmicrohttpd drop the connection: all that is left to do
 * without memory. */
static enum MHD_Result send_resp(const struct admin_req *req,
				 const struct admin_resp *resp)
{
	enum MHD_Result ok = MHD_NO;
	struct MHD_Response *out;

	out = MHD_create_response_from_buffer(resp->mb->end, resp->mb->buf,
					      MHD_RESPMEM_MUST_COPY);
	if (!out)
		return MHD_NO;
	if (add_headers(out, resp))
		ok = MHD_queue_response(req->conn, resp->status, out);
	MHD_destroy_response(out);
	return ok;
}

static int resp_init(struct admin_resp *resp)
{
	*resp = (struct admin_resp){.status = 200, .type = "application/json"};
	resp->mb = mbuf_alloc(512);
	return resp->mb ? 0 : ENOMEM;
}

static enum MHD_Result send_problem(const struct admin_req *req,
				    unsigned status, const char *detail,
				    const char *header, const char *value)
{
	struct admin_resp resp;
	enum MHD_Result ok = MHD_NO;

	if (!resp_init(&resp)) {
		admin_resp_problem(&resp, status, detail);
		if (header)
			admin_resp_header(&resp, header, value);
		ok = send_resp(req, &resp);
	}
	mem_deref(resp.mb);
	return ok;
}

/* --- who asks -------------------------------------------------------------------- */

static enum MHD_Result refuse_throttled(struct admin_http *http,
					const struct admin_req *req,
					uint64_t wait_ms)
{
	char after[24];

	http->figures->throttled++;
	(void)re_snprintf(after, sizeof(after), "%llu",
			  (unsigned long long)(wait_ms + 999) / 1000);
	return send_problem(req, 429, "Too many failures: wait.", "Retry-After",
			    after);
}

static enum MHD_Result refuse_unknown(struct admin_http *http,
				      const struct admin_req *req,
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
		       enum MHD_Result *result)
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

static enum MHD_Result refuse(struct admin_http *http,
			      const struct admin_req *req, unsigned status,
			      const char *detail)
{
	http->figures->refused++;
	return send_problem(req, status, detail, NULL, NULL);
}

static enum MHD_Result refuse_method(struct admin_http *http,
				     const struct admin_req *req)
{
	char allow[128];

	http->figures->refused++;
	admin_route_allow(allow, sizeof(allow), http->routes, http->nroutes,
			  req->route);
	return send_problem(req, 405, NULL, "Allow", allow);
}

static void source_read(struct admin_req *req)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(req->conn,
					MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *addr = info ? info->client_addr : NULL;

	sa_init(&req->source, AF_INET);
	if (addr)
		(void)sa_set_sa(&req->source, addr);
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
static enum MHD_Result request_begin(struct admin_http *http,
				     struct admin_req *req)
{
	enum MHD_Result result;
	const char *query;
	size_t len;

	source_read(req);
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
	return MHD_YES;
}

static enum MHD_Result request_body(struct admin_http *http,
				    struct admin_req *req, const char *data,
				    size_t *len)
{
	size_t size = *len;

	/* answering amidst a body is not possible: read over the rest of what
	 * is too long, and say so at its end */
	*len = 0;
	if (!req->body)
		req->body = mbuf_alloc(size);
	if (!req->body)
		return MHD_NO;
	if (req->body->end + size > http->body_max) {
		req->body->end = (size_t)http->body_max + 1;
		return MHD_YES;
	}
	return mbuf_write_mem(req->body, (const uint8_t *)data, size) ? MHD_NO
								      : MHD_YES;
}

static enum MHD_Result request_serve(struct admin_http *http,
				     struct admin_req *req)
{
	struct admin_resp resp;
	enum MHD_Result ok = MHD_NO;

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
		ok = send_resp(req, &resp);
	}
	mem_deref(resp.mb);
	return ok;
}

static void req_destructor(void *data)
{
	struct admin_req *req = data;

	mem_deref(req->uri);
	mem_deref(req->body);
}

/* The first that libmicrohttpd tells of a request. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *conn)
{
	struct admin_req *req = mem_zalloc(sizeof(*req), req_destructor);

	(void)arg;
	(void)conn;
	if (req && strlen(uri) <= URI_MAX && str_dup(&req->uri, uri))
		req = mem_deref(req);
	return req;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *conn,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *len, void **reqp)
{
	struct admin_http *http = arg;
	struct admin_req *req = *reqp;

	(void)url;
	(void)version;
	if (!req)
		return MHD_NO;
	req->conn = conn;
	req->method = method;
	if (!req->begun) {
		req->begun = true;
		return request_begin(http, req);
	}
	if (*len)
		return request_body(http, req, data, len);
	client_due(client_of(conn), ANSWER_FACTOR);
	return request_serve(http, req);
}

static void on_completed(void *arg, struct MHD_Connection *conn, void **reqp,
			 enum MHD_RequestTerminationCode code)
{
	(void)arg;
	(void)code;
	*reqp = mem_deref(*reqp);
	client_due(client_of(conn), 1); /* for the next request */
}

/* --- behind the loop ------------------------------------------------------------- */

static void run(void *arg)
{
	struct admin_http *http = arg;
	unsigned long long wait_ms;

	(void)MHD_run(http->daemon);
	wheel_stop(&http->timer);
	if (MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES)
		wheel_start(http->wheel, &http->timer, wait_ms, run, http);
}

static void on_ready(int flags, void *arg)
{
	(void)flags;
	run(arg);
}

static void http_destructor(void *data)
{
	struct admin_http *http = data;

	wheel_stop(&http->timer);
	mem_deref(http->watch);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	mem_deref(http->throttle);
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static int daemon_start(struct admin_http *http,
			const struct admin_http_cfg *cfg)
{
	/* libmicrohttpd closes the descriptor that it is given */
	int fd = dup(cfg->fd);

	if (fd < 0)
		return errno;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, http,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
		on_uri, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
		MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)or_default(cfg->conns_max, CONNS_MAX),
		MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)or_default(cfg->conns_per_ip_max, CONNS_PER_IP_MAX),
		MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)(http->timeout_ms / 1000),
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_MEMORY,
		MHD_OPTION_END);
	if (http->daemon)
		return 0;
	close(fd);
	return ENOMEM;
}

static int watch_start(struct admin_http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info)
		return ENOSYS;
	return loop_watch_alloc(&http->watch, info->epoll_fd, LOOP_READ,
				on_ready, http);
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
	http->timeout_ms = or_default(cfg->timeout_s, TIMEOUT_S) * 1000;
	http->arg = arg;
	for (size_t i = 0; i < cfg->ntokens && !err; i++)
		err = bearer_add(&http->tokens, cfg->tokens[i]);
	if (!err)
		err = throttle_alloc(&http->throttle, SOURCES);
	if (!err)
		err = daemon_start(http, cfg);
	if (!err)
		err = watch_start(http);
	if (err)
		mem_deref(http);
	else
		*httpp = http;
	return err;
}
