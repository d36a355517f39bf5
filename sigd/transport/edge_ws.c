/*
 * edge_ws.c  WebSocket and the page, by libwebsockets
 *
 * libwebsockets knows our connection as the opaque pointer of its wsi, from
 * adoption until LWS_CALLBACK_WSI_DESTROY, which frees it. It is never asked
 * to tear a connection down while it may be in a callback of it: it is told
 * to do so at its next turn.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <libwebsockets.h>
#include <re.h>

#include "common/log.h"
#include "common/loop.h"
#include "sigd/transport/edge_loop.h"
#include "sigd/transport/edge_priv.h"
#include "sigd/transport/edge_tls.h"
#include "sigd/transport/web_files.h"

/* Deadlines are ours; these of libwebsockets only have to be longer. */
enum {
	LWS_TIMEOUT_S = 3600,
	SERV_BUF = 4096,
	EVICT_LOOKS = 64,
	DESTROY_STEPS = 4
};

static struct edge_conn *conn_of(struct lws *wsi)
{
	return wsi ? lws_get_opaque_user_data(wsi) : NULL;
}

void edge_gone(struct edge_conn *conn)
{
	struct edge *edge = conn->on->edge;
	struct transport_counts *counts = edge->p.counts;

	if (conn->on->cfg->kind == FLOW_WSS && !conn->tls_done &&
	    conn->state == CONN_HANDSHAKE)
		++counts->tls_failed;
	/* a page alone was asked for */
	if (conn->tls_done && conn->state == CONN_HANDSHAKE)
		++counts->tls_done;
	conn->wsi = NULL;
	edge_conn_ended(conn);
	--counts->conns;
	if (edge->p.lefth && !edge->ending)
		edge->p.lefth(&conn->flow.remote, edge->p.arg);
	mem_deref(conn);
}

/* An error is kept for edge_listen(): libwebsockets loses memory when it is
 * told here. */
static void tls_load(struct edge *edge, void *ssl_ctx)
{
	if (edge->adding)
		edge->err = edge_tls_setup(edge->p.tls, ssl_ctx,
					   edge->adding->cfg->cert);
}

/* Protocol 0: what is not yet a WebSocket, and all that is of no connection. */
static int on_http(struct lws *wsi, enum lws_callback_reasons reason,
		   void *user, void *in, size_t len)
{
	struct edge_conn *conn = conn_of(wsi);

	(void)len;
	if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
		tls_load(lws_context_user(lws_get_context(wsi)), user);
	if (!conn)
		return 0;

	conn->heard = true;
	/* -Wswitch-enum: libwebsockets has more than 100 reasons, and each
	 * version adds some */
	switch ((int)reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return edge_http_upgrade(conn, in);
	case LWS_CALLBACK_HTTP:
		return edge_http_request(conn, in);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return edge_http_tx(conn);
	case LWS_CALLBACK_HTTP_BODY:
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
	/* CONNECT turns the connection into a raw one */
	case LWS_CALLBACK_RAW_CONNECTED:
	case LWS_CALLBACK_RAW_RX:
	case LWS_CALLBACK_RAW_WRITEABLE:
		return -1;
	case LWS_CALLBACK_WSI_DESTROY:
		edge_gone(conn);
		return 0;
	default:
		return 0;
	}
}

static int on_established(struct edge_conn *conn)
{
	if (conn->on->cfg->kind == FLOW_WSS)
		++conn->on->edge->p.counts->tls_done;
	if (conn->on->cfg->kind == FLOW_WSS &&
	    edge_tls_resumed(lws_get_ssl(conn->wsi)))
		++conn->on->edge->p.counts->tls_resumed;
	mem_ref(conn);
	edge_conn_opened(conn);
	mem_deref(conn);
	return 0;
}

/* libwebsockets has put the close code of its own verdict where its goodbye
 * is made; RFC 6455 7.4.1. */
static void count_verdict(struct edge_conn *conn)
{
	struct transport_counts *counts = conn->on->edge->p.counts;
	const uint8_t *p = lws_get_close_payload(conn->wsi);
	int code;

	if (conn->state != CONN_OPEN || lws_get_close_length(conn->wsi) < 2)
		return;

	code = p[0] << 8 | p[1];
	if (code == LWS_CLOSE_STATUS_PROTOCOL_ERR)
		++counts->protocol_errors;
	else if (code == LWS_CLOSE_STATUS_INVALID_PAYLOAD)
		++counts->utf8_errors;
}

static int on_peer_close(struct edge_conn *conn, size_t len)
{
	/* RFC 6455 5.5.1: a code has two bytes. libwebsockets would send the
	 * one byte back */
	if (len == 1) {
		lws_close_reason(conn->wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR, NULL,
				 0);
		return -1;
	}
	edge_conn_closing(conn);
	return 0;
}

/* Protocol "sip": an open WebSocket. */
static int on_sip(struct lws *wsi, enum lws_callback_reasons reason, void *user,
		  void *in, size_t len)
{
	struct edge_conn *conn = conn_of(wsi);
	int err = 0;

	(void)user;
	if (!conn)
		return 0;

	conn->heard = true;
	switch ((int)reason) {
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(conn);
	case LWS_CALLBACK_RECEIVE:
		mem_ref(conn);
		err = edge_message_rx(conn, in, len);
		mem_deref(conn);
		return err;
	case LWS_CALLBACK_RECEIVE_PONG:
		conn->flow.pong_ms = loop_now_ms();
		edge_conn_alive(conn);
		edge_message_pong(conn);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return edge_message_tx(conn);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return on_peer_close(conn, len);
	case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
		/* It begins to close, for whatever reason */
		count_verdict(conn);
		edge_conn_closing(conn);
		return 0;
	case LWS_CALLBACK_CLOSED:
		edge_conn_ended(conn);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "http", .callback = on_http, .tx_packet_size = EDGE_TX_CHUNK},
	/* Data of a session, which we do not use, has it tell us of
	 * DROP_PROTOCOL */
	{.name = "sip",
	 .callback = on_sip,
	 .per_session_data_size = 1,
	 .rx_buffer_size = EDGE_RX_CHUNK,
	 .tx_packet_size = EDGE_TX_CHUNK},
	{.name = NULL},
};

void edge_want_tx(struct edge_conn *conn)
{
	if (!conn->wsi)
		return;

	lws_callback_on_writable(conn->wsi);
	edge_loop_kick(conn->on->edge->loop);
}

void edge_teardown(struct edge_conn *conn)
{
	struct edge *edge = conn->on->edge;

	if (!conn->wsi)
		return;

	lws_set_timeout(conn->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
			LWS_TO_KILL_ASYNC);
	/* Only a wake-up makes it look at its timers anew */
	lws_cancel_service(edge->ctx);
	edge_loop_kick(edge->loop);
}

bool edge_evict(struct edge *edge)
{
	for (struct le *le = edge->opening.head; le; le = le->next) {
		struct edge_conn *conn = le->data;

		if (conn->state != CONN_HANDSHAKE)
			continue;
		edge_conn_kill(conn);
		return true;
	}
	return false;
}

bool edge_evict_idle(struct edge *edge)
{
	const uint64_t now_ms = loop_now_ms();

	/* Each look moves one to the end: a new connection costs no walk over
	 * all of them */
	for (int i = 0; i < EVICT_LOOKS; i++) {
		struct edge_conn *conn = list_ledata(edge->open.head);

		if (!conn)
			return false;
		list_unlink(&conn->le);
		list_append(&edge->open, &conn->le, conn);
		if (conn->state == CONN_OPEN && !flow_user(&conn->flow) &&
		    now_ms - max(conn->flow.opened_ms, conn->flow.rx_ms) >=
			    edge->p.limits->idle_ms) {
			edge_conn_kill(conn);
			return true;
		}
	}
	return false;
}

int edge_take(struct edge *edge, uint8_t listener, int fd,
	      const struct sa *remote)
{
	struct edge_listener *on =
		listener < TRANSPORT_LISTENERS_MAX ? edge->on[listener] : NULL;
	lws_adopt_desc_t desc = {.fd.sockfd = fd};
	struct edge_conn *conn;
	struct sa local = {.len = sizeof(local.u)};

	if (!on || getsockname(fd, &local.u.sa, &local.len) ||
	    edge_conn_alloc(&conn, on, remote, &local)) {
		close(fd);
		return on ? ENOMEM : EINVAL;
	}
	desc.vh = on->vhost;
	desc.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP |
		    (on->cfg->kind == FLOW_WSS ? LWS_ADOPT_ALLOW_SSL : 0);
	desc.opaque = conn;
	++edge->p.counts->conns;
	/* When it fails it has closed fd, and the connection may have ended
	 * by WSI_DESTROY, now or later, or not at all */
	mem_ref(conn);
	conn->wsi = lws_adopt_descriptor_vhost_via_info(&desc);
	if (!conn->wsi) {
		edge_conn_unborn(conn);
	} else if (on->cfg->kind == FLOW_WSS) {
		edge_tls_watch(lws_get_ssl(conn->wsi), &conn->tls_done);
	}
	mem_deref(conn);
	edge_loop_kick(edge->loop);
	return 0;
}

int edge_listen(struct edge *edge, const struct transport_listener *cfg,
		uint8_t listener, char *errbuf, size_t errlen)
{
	/* Its own pings are off: ours have a deadline */
	static const lws_retry_bo_t no_pings = {.secs_since_valid_ping = 0};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.retry_and_idle_policy = &no_pings,
		.timeout_secs = LWS_TIMEOUT_S,
		.alpn = "http/1.1",
		.provided_client_ssl_ctx = edge ? edge->idle_tls : NULL,
	};
	struct edge_listener *on;
	int err = 0;

	if (!edge || !cfg || listener >= TRANSPORT_LISTENERS_MAX ||
	    edge->on[listener])
		return EINVAL;

	on = mem_zalloc(sizeof(*on), NULL);
	if (!on)
		return ENOMEM;

	edge->on[listener] = on;
	on->edge = edge;
	on->cfg = cfg;
	on->index = listener;
	re_snprintf(on->name, sizeof(on->name), "#%u", listener);
	if (cfg->web_root)
		err = web_files_load(&on->files, cfg->web_root, errbuf, errlen);
	if (err)
		return err;

	info.vhost_name = on->name;
	if (cfg->kind == FLOW_WSS)
		info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			       LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX |
			       LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
	edge->adding = on;
	edge->err = 0;
	on->vhost = lws_create_vhost(edge->ctx, &info);
	edge->adding = NULL;
	return on->vhost ? edge->err : ENOMEM;
}

static void on_log(int level, const char *line)
{
	(void)level;
	log_debug(NULL, "libwebsockets", "text=%.*s", (int)strcspn(line, "\n"),
		  line);
}

/*
 * The end of a context runs inside a function of its event library, which it
 * unloads first: keep that loaded.
 */
static void pin_plugin(void)
{
#ifdef LWS_WITH_EVLIB_PLUGINS
	(void)dlopen(LWS_INSTALL_LIBDIR "/libwebsockets-evlib_uv.so",
		     RTLD_NOW | RTLD_NODELETE);
#endif
}

static int context_create(struct edge *edge)
{
	void *loops[1] = {edge_loop_uv(edge->loop)};
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV |
			   LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_VALIDATE_UTF8 |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.foreign_loops = loops,
		.pcontext = &edge->ctx,
		.user = edge,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.timeout_secs = LWS_TIMEOUT_S,
		.pt_serv_buf_size = SERV_BUF,
		.max_http_header_data = EDGE_HEADERS_MAX,
	};

	lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
	pin_plugin();
	edge->ctx = lws_create_context(&info);
	edge_loop_kick(edge->loop);
	return edge->ctx ? 0 : ENOMEM;
}

static void edge_destructor(void *data)
{
	struct edge *edge = data;

	edge->ending = true;
	/* On a foreign loop it ends in steps, with closing in between; at the
	 * last it sets edge->ctx to NULL (pcontext) */
	for (int i = 0; i < DESTROY_STEPS && edge->ctx; i++) {
		lws_context_destroy(edge->ctx);
		edge_loop_finish(edge->loop);
	}
	/* Those that it has not taken */
	list_flush(&edge->opening);
	list_flush(&edge->open);
	edge_tls_idle_free(edge->idle_tls);
	mem_deref(edge->loop);
	for (size_t i = 0; i < TRANSPORT_LISTENERS_MAX; i++) {
		if (edge->on[i])
			mem_deref(edge->on[i]->files);
		mem_deref(edge->on[i]);
	}
}

int edge_alloc(struct edge **edgep, const struct edge_params *params)
{
	struct edge *edge;
	int err;

	if (!edgep || !params || !params->recvh || !params->flows ||
	    !params->limits || !params->counts || !params->wheel)
		return EINVAL;

	edge = mem_zalloc(sizeof(*edge), edge_destructor);
	if (!edge)
		return ENOMEM;

	edge->p = *params;
	err = edge_loop_alloc(&edge->loop, params->wheel, edge_guard_turn,
			      edge);
	if (!err)
		err = edge_tls_idle_ctx(&edge->idle_tls);
	if (!err)
		err = context_create(edge);
	if (err)
		mem_deref(edge);
	else
		*edgep = edge;
	return err;
}
