/*
 * admin_engine.c  The HTTP server of an admin process: libmicrohttpd behind the
 *                 loop, without threads
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
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <microhttpd.h>
#include <re.h>

#include "common/admin_http_priv.h"
#include "common/admin_park_priv.h"
#include "common/admin_stream_priv.h"
#include "common/bucket.h"
#include "common/loop.h"
#include "common/wheel.h"

enum {
	CONN_MEMORY = 32768, /* request line and headers, and an answer's */
	ANSWER_FACTOR = 4,   /* an answer may take as many times the timeout */
	OPTIONS_MAX = 4,
	PUSHES = 4, /* turns of libmicrohttpd, for a small answer */
};

/* As the edges have it: TLS 1.2 and 1.3, keys that nobody can make out later,
 * ciphers that authenticate. */
static const char tls_priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:"
	"+ECDHE-RSA:-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:"
	"%SERVER_PRECEDENCE";

struct admin_engine {
	struct MHD_Daemon *daemon;
	struct loop_watch *watch;
	struct wheel *wheel;
	struct wheel_timer timer;
	uint32_t timeout_ms;
	struct list clients;
	uint32_t conns_per_source_max;
	struct admin_parking parking;
	struct admin_engine_events events;
};

/* A connection. libmicrohttpd's own timeout begins anew with every byte. */
struct client {
	struct le le;
	struct admin_engine *engine;
	struct wheel_timer timer;
	struct sa source;
	int fd; /* libmicrohttpd's */
};

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
		wheel_start(client->engine->wheel, &client->timer,
			    (uint64_t)times * client->engine->timeout_ms,
			    on_late, client);
}

static void client_destructor(void *data)
{
	struct client *client = data;

	list_unlink(&client->le);
	wheel_stop(&client->timer);
}

static struct client *client_of(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn,
					MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void source_read(struct sa *source, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn,
					MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *addr = info ? info->client_addr : NULL;

	sa_init(source, AF_INET);
	if (addr)
		(void)sa_set_sa(source, addr);
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

	client->engine = arg;
	client->fd = info->connect_fd;
	source_read(&client->source, conn);
	list_append(&client->engine->clients, &client->le, client);
	client_due(client, 1);
}

/* libmicrohttpd's own limit is of an address, and who has one of IPv6 has as
 * many of them as he likes. */
static enum MHD_Result on_accept(void *arg, const struct sockaddr *addr,
				 socklen_t len)
{
	const struct admin_engine *engine = arg;
	struct sa source;
	uint32_t n = 0;

	(void)len;
	if (sa_set_sa(&source, addr))
		return MHD_YES;
	for (const struct le *le = engine->clients.head; le; le = le->next) {
		const struct client *client = le->data;

		n += bucket_same_source(&client->source, &source);
	}
	return n < engine->conns_per_source_max ? MHD_YES : MHD_NO;
}

/* --- request and answer ---------------------------------------------------------- */

const char *admin_req_header(const struct admin_req *req, const char *name)
{
	return MHD_lookup_connection_value(req->conn, MHD_HEADER_KIND, name);
}

struct named {
	const char *name;
	size_t n;
};

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind,
				 const char *name, const char *value)
{
	struct named *named = arg;

	(void)kind;
	(void)value;
	named->n += !strcasecmp(name, named->name);
	return MHD_YES;
}

size_t admin_req_headers(const struct admin_req *req, const char *name)
{
	struct named named = {.name = name};

	(void)MHD_get_connection_values(req->conn, MHD_HEADER_KIND, on_header,
					&named);
	return named.n;
}

static bool says(const struct admin_resp *resp, const char *name)
{
	for (size_t i = 0; i < resp->nheaders; i++) {
		if (!strcasecmp(resp->headers[i].name, name))
			return true;
	}
	return false;
}

/* What keeps a browser from making something else of an answer than it is; a
 * page of ours says otherwise itself. */
static enum MHD_Result add_guards(struct MHD_Response *out,
				  const struct admin_resp *resp)
{
	static const char *const guards[][2] = {
		{"Cache-Control", "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"Content-Security-Policy",
		 "default-src 'none'; frame-ancestors 'none'"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Referrer-Policy", "no-referrer"},
	};
	enum MHD_Result ok = MHD_YES;

	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]) && ok; i++) {
		if (!says(resp, guards[i][0]))
			ok = MHD_add_response_header(out, guards[i][0],
						     guards[i][1]);
	}
	return ok;
}

static enum MHD_Result add_headers(struct MHD_Response *out,
				   const struct admin_resp *resp)
{
	enum MHD_Result ok = add_guards(out, resp);

	if (ok && resp->type && (resp->mb->end || resp->stream))
		ok = MHD_add_response_header(out, "Content-Type", resp->type);
	for (size_t i = 0; i < resp->nheaders && ok; i++)
		ok = MHD_add_response_header(out, resp->headers[i].name,
					     resp->headers[i].value);
	return ok;
}

bool admin_engine_send(const struct admin_req *req,
		       const struct admin_resp *resp)
{
	struct client *client = client_of(req->conn);
	enum MHD_Result ok = MHD_NO;
	struct MHD_Response *out = NULL;

	if (!resp->stream) {
		out = MHD_create_response_from_buffer(
			resp->mb->end, resp->mb->buf, MHD_RESPMEM_MUST_COPY);
	} else if (client) {
		out = admin_stream_response(resp->stream, req->conn,
					    &client->engine->parking);
		/* libmicrohttpd's own timeout is left */
		wheel_stop(&client->timer);
	}
	if (!out)
		return false;
	if (add_headers(out, resp))
		ok = MHD_queue_response(req->conn, resp->status, out);
	MHD_destroy_response(out);
	return ok == MHD_YES;
}

bool admin_engine_rest(const struct admin_req *req, struct admin_park *park)
{
	struct client *client = client_of(req->conn);

	if (!client)
		return false;
	wheel_stop(&client->timer);
	admin_park_rest(park, &client->engine->parking, req->conn);
	return true;
}

bool admin_engine_has(const struct admin_engine *engine,
		      const struct admin_req *req)
{
	const struct client *client = client_of(req->conn);

	return client && client->engine == engine;
}

static void req_destructor(void *data)
{
	struct admin_req *req = data;

	mem_deref(req->later);
	mem_deref(req->uri);
	mem_deref(req->body);
}

/* The first that libmicrohttpd tells of a request. */
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *conn)
{
	struct admin_req *req = mem_zalloc(sizeof(*req), req_destructor);

	(void)arg;
	(void)conn;
	if (req && strlen(uri) <= ADMIN_URI_MAX && str_dup(&req->uri, uri))
		req = mem_deref(req);
	return req;
}

static bool request_step(struct admin_engine *engine, struct admin_req *req,
			 const char *data, size_t *len)
{
	const struct admin_engine_events *events = &engine->events;
	size_t size = *len;

	if (!req->begun) {
		req->begun = true;
		source_read(&req->source, req->conn);
		return events->beginh(req, events->arg);
	}
	*len = 0;
	if (size)
		return events->bodyh(req, data, size, events->arg);
	client_due(client_of(req->conn), ANSWER_FACTOR);
	return events->serveh(req, events->arg);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *conn,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *len, void **reqp)
{
	struct admin_req *req = *reqp;

	(void)url;
	(void)version;
	if (!req)
		return MHD_NO;
	req->conn = conn;
	req->method = method;
	return request_step(arg, req, data, len) ? MHD_YES : MHD_NO;
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
	struct admin_engine *engine = arg;
	unsigned long long wait_ms;

	(void)MHD_run(engine->daemon);
	wheel_stop(&engine->timer);
	if (MHD_get_timeout(engine->daemon, &wait_ms) == MHD_YES)
		wheel_start(engine->wheel, &engine->timer, wait_ms, run,
			    engine);
}

void admin_engine_push(struct admin_engine *engine)
{
	for (unsigned i = 0; i < PUSHES; i++)
		(void)MHD_run(engine->daemon);
}

/* Not at once: a stream is written to in handlers, too. */
static void on_wake(void *arg)
{
	struct admin_engine *engine = arg;

	wheel_start(engine->wheel, &engine->timer, 0, run, engine);
}

static void on_ready(int flags, void *arg)
{
	(void)flags;
	run(arg);
}

void admin_engine_quit(struct admin_engine *engine)
{
	int fd = MHD_quiesce_daemon(engine->daemon);

	if (fd >= 0)
		close(fd);
}

static void destructor(void *data)
{
	struct admin_engine *engine = data;

	admin_parking_wake(&engine->parking);
	wheel_stop(&engine->timer);
	mem_deref(engine->watch);
	if (!engine->daemon)
		return;
	admin_engine_quit(engine);
	MHD_stop_daemon(engine->daemon);
}

/* Ends the list; returns the flags that belong to it. */
static unsigned tls_options(struct MHD_OptionItem *items,
			    const struct admin_engine_cfg *cfg)
{
	/* libmicrohttpd's items are not const, and are only read */
	const struct MHD_OptionItem all[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cfg->cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)cfg->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0,
		 (void *)(uintptr_t)tls_priorities},
		{MHD_OPTION_END, 0, NULL}};

	memcpy(items, cfg->cert ? all : &all[3],
	       cfg->cert ? sizeof(all) : sizeof(all[0]));
	return MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
	       (cfg->cert ? MHD_USE_TLS : 0);
}

static int daemon_start(struct admin_engine *engine,
			const struct admin_engine_cfg *cfg)
{
	/* libmicrohttpd closes the descriptor that it is given */
	int fd = dup(cfg->fd);
	struct MHD_OptionItem items[OPTIONS_MAX];
	unsigned flags = tls_options(items, cfg);

	if (fd < 0)
		return errno;
	engine->daemon = MHD_start_daemon(
		flags, 0, on_accept, engine, on_request, engine,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK,
		on_uri, engine, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
		engine, MHD_OPTION_CONNECTION_LIMIT, (unsigned)cfg->conns_max,
		MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)(cfg->timeout_ms / 1000),
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, engine,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONN_MEMORY,
		MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (engine->daemon)
		return 0;
	close(fd);
	return cfg->cert ? EINVAL : ENOMEM;
}

static int watch_start(struct admin_engine *engine)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(engine->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info)
		return ENOSYS;
	return loop_watch_alloc(&engine->watch, info->epoll_fd, LOOP_READ,
				on_ready, engine);
}

int admin_engine_alloc(struct admin_engine **enginep,
		       const struct admin_engine_cfg *cfg, struct wheel *wheel,
		       const struct admin_engine_events *events)
{
	struct admin_engine *engine = mem_zalloc(sizeof(*engine), destructor);
	int err;

	if (!engine)
		return ENOMEM;

	engine->wheel = wheel;
	engine->timeout_ms = cfg->timeout_ms;
	engine->conns_per_source_max = cfg->conns_per_source_max;
	engine->events = *events;
	engine->parking.wakeh = on_wake;
	engine->parking.arg = engine;
	err = daemon_start(engine, cfg);
	if (!err)
		err = watch_start(engine);
	if (err)
		mem_deref(engine);
	else
		*enginep = engine;
	return err;
}
