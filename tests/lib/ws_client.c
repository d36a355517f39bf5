/*
 * ws_client.c  A WebSocket client for tests, well-behaved or not
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <re.h>

#include "common/loop.h"
#include "tests/lib/ws_client.h"

enum {
	READ_SIZE = 16384,
	HEAD_MAX = 16384,
	CODE_NONE = 1005,
	CODE_ABNORMAL = 1006
};

enum client_state {
	CLIENT_CONNECT,
	CLIENT_TLS,
	CLIENT_HTTP,
	CLIENT_OPEN,
	CLIENT_ENDED
};

struct ws_client {
	struct ws_client_params p;
	struct loop_watch *watch;
	SSL_CTX *ctx;
	SSL *ssl;
	SSL_SESSION *session;
	struct mbuf *out; /* pos: what is written already */
	struct mbuf *in;  /* pos: what is understood already */
	struct mbuf *message;
	enum client_state state;
	enum ws_opcode opcode; /* of the message in pieces */
	size_t chop, cut;
	int fd;
	int status, code;
	bool paused, finish, tls_wants_write;
};

static void client_destructor(void *data)
{
	struct ws_client *client = data;

	mem_deref(client->watch);
	SSL_free(client->ssl);
	SSL_SESSION_free(client->session);
	SSL_CTX_free(client->ctx);
	if (client->fd >= 0)
		close(client->fd);
	mem_deref(client->out);
	mem_deref(client->in);
	mem_deref(client->message);
}

static void ended(struct ws_client *client)
{
	if (client->state == CLIENT_ENDED)
		return;

	client->state = CLIENT_ENDED;
	client->watch = mem_deref(client->watch);
	if (client->p.endh)
		client->p.endh(client->status, client->code, client->p.arg);
}

static void watch_update(struct ws_client *client)
{
	int flags = client->paused ? 0 : LOOP_READ;

	if (client->state == CLIENT_CONNECT || client->tls_wants_write ||
	    (client->state >= CLIENT_HTTP && mbuf_get_left(client->out)))
		flags |= LOOP_WRITE;
	if (client->watch)
		(void)loop_watch_set(client->watch, flags);
}

/* --- out ---------------------------------------------------------------- */

/* >0: written; 0: later; <0: broken. */
static int write_some(struct ws_client *client, const uint8_t *data, size_t len)
{
	int n;

	if (!client->ssl) {
		n = (int)send(client->fd, data, len, MSG_NOSIGNAL);
		return n < 0 && errno == EAGAIN ? 0 : n;
	}
	ERR_clear_error();
	n = SSL_write(client->ssl, data, (int)len);
	if (n > 0)
		return n;

	n = SSL_get_error(client->ssl, n);
	return n == SSL_ERROR_WANT_WRITE || n == SSL_ERROR_WANT_READ ? 0 : -1;
}

static size_t next_size(const struct ws_client *client)
{
	size_t len = mbuf_get_left(client->out);

	if (client->cut && client->cut < len)
		len = client->cut;
	if (client->chop && client->chop < len)
		len = client->chop;
	return len < READ_SIZE ? len : READ_SIZE;
}

static void flush(struct ws_client *client)
{
	while (mbuf_get_left(client->out)) {
		int n = write_some(client, mbuf_buf(client->out),
				   next_size(client));

		if (n < 0) {
			/* What the server had to say may still be read */
			mbuf_rewind(client->out);
			return;
		}
		if (!n)
			break;
		mbuf_advance(client->out, n);
		if (client->cut)
			client->cut -= (size_t)n < client->cut ? (size_t)n
							       : client->cut;
	}
	if (!mbuf_get_left(client->out)) {
		mbuf_rewind(client->out);
		if (client->finish)
			shutdown(client->fd, SHUT_WR);
	}
	watch_update(client);
}

int ws_client_raw(struct ws_client *client, const void *data, size_t len)
{
	size_t pos = client->out->pos;
	int err;

	client->out->pos = client->out->end;
	err = mbuf_write_mem(client->out, data, len);
	client->out->pos = pos;
	if (!err && client->state >= CLIENT_HTTP &&
	    client->state < CLIENT_ENDED)
		flush(client);
	return err;
}

int ws_client_frame(struct ws_client *client, uint8_t first, bool masked,
		    const void *data, size_t len)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	uint8_t bit = masked ? 0x80 : 0;
	const uint8_t *p = data;
	struct mbuf *mb = mbuf_alloc(len + 16);
	int err;

	if (!mb)
		return ENOMEM;

	err = mbuf_write_u8(mb, first);
	if (len < 126) {
		err |= mbuf_write_u8(mb, (uint8_t)(len | bit));
	} else if (len < 65536) {
		err |= mbuf_write_u8(mb, 126 | bit);
		err |= mbuf_write_u16(mb, htons((uint16_t)len));
	} else {
		err |= mbuf_write_u8(mb, 127 | bit);
		err |= mbuf_write_u32(mb, 0);
		err |= mbuf_write_u32(mb, htonl((uint32_t)len));
	}
	if (masked)
		err |= mbuf_write_mem(mb, mask, 4);
	for (size_t i = 0; i < len; i++)
		err |= mbuf_write_u8(mb, masked ? p[i] ^ mask[i & 3] : p[i]);
	if (!err)
		err = ws_client_raw(client, mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

int ws_client_send(struct ws_client *client, enum ws_opcode opcode,
		   const void *data, size_t len)
{
	return ws_client_frame(client, (uint8_t)(0x80 | opcode), true, data,
			       len);
}

int ws_client_text(struct ws_client *client, const char *text)
{
	return ws_client_send(client, WS_TEXT, text, strlen(text));
}

/* --- in ----------------------------------------------------------------- */

static void on_close_frame(struct ws_client *client, const uint8_t *data,
			   size_t len)
{
	client->code = len >= 2 ? data[0] << 8 | data[1] : CODE_NONE;
	if (!client->p.no_close)
		(void)ws_client_send(client, WS_CLOSE, data, len < 2 ? 0 : 2);
}

static void on_frame(struct ws_client *client, uint8_t first,
		     const uint8_t *data, size_t len)
{
	enum ws_opcode opcode = (enum ws_opcode)(first & 15);

	if (opcode == WS_CLOSE) {
		on_close_frame(client, data, len);
		return;
	}
	if (opcode == WS_PING && !client->p.no_pong)
		(void)ws_client_send(client, WS_PONG, data, len);
	if (opcode < WS_CLOSE) {
		if (opcode != WS_CONT)
			client->opcode = opcode;
		(void)mbuf_write_mem(client->message, data, len);
		if (!(first & 0x80))
			return;
		opcode = client->opcode;
		data = client->message->buf;
		len = client->message->end;
		mbuf_rewind(client->message);
	}
	if (client->p.recvh)
		client->p.recvh(opcode, data, len, client->p.arg);
}

/* One frame of the server, which are not masked; false: not whole. */
static bool take_frame(struct ws_client *client)
{
	const uint8_t *p = mbuf_buf(client->in);
	size_t left = mbuf_get_left(client->in), head = 2, len;

	if (left < 2)
		return false;

	len = p[1] & 0x7f;
	if (len == 126) {
		head = 4;
		len = left < head ? 0 : (size_t)p[2] << 8 | p[3];
	} else if (len == 127) {
		head = 10;
		len = left < head ? 0
				  : (size_t)p[6] << 24 | (size_t)p[7] << 16 |
					    (size_t)p[8] << 8 | p[9];
	}
	if (left < head + len)
		return false;

	mbuf_advance(client->in, (ssize_t)(head + len));
	on_frame(client, p[0], p + head, len);
	return true;
}

/* The answer to the handshake; false: not whole, or no. */
static bool take_answer(struct ws_client *client)
{
	const char *p = (const char *)mbuf_buf(client->in);
	size_t left = mbuf_get_left(client->in);
	const char *end = memmem(p, left, "\r\n\r\n", 4);

	if (!end || sscanf(p, "HTTP/1.%*d %d", &client->status) != 1)
		return false;
	if (client->status != 101)
		return false;

	mbuf_advance(client->in, end + 4 - p);
	client->state = CLIENT_OPEN;
	if (client->p.openh)
		client->p.openh(client->p.arg);
	return true;
}

static void take(struct ws_client *client)
{
	if (client->p.raw) {
		if (client->p.recvh)
			client->p.recvh(WS_BINARY, client->in->buf,
					client->in->end, client->p.arg);
		mbuf_rewind(client->in);
		return;
	}
	mem_ref(client);
	client->in->pos = 0;
	if (client->state == CLIENT_HTTP && !take_answer(client)) {
		client->in->pos = client->in->end;
		mem_deref(client);
		return;
	}
	while (client->state == CLIENT_OPEN && mem_nrefs(client) > 1 &&
	       take_frame(client))
		;
	if (mem_nrefs(client) > 1) {
		size_t left = mbuf_get_left(client->in);

		memmove(client->in->buf, mbuf_buf(client->in), left);
		client->in->pos = client->in->end = left;
	}
	mem_deref(client);
}

/* >0: read; 0: later; <0: the end. */
static int read_some(struct ws_client *client, uint8_t *buf)
{
	int n;

	if (!client->ssl) {
		n = (int)recv(client->fd, buf, READ_SIZE, 0);
		if (n < 0 && errno == EAGAIN)
			return 0;
		return n ? n : -1;
	}
	ERR_clear_error();
	n = SSL_read(client->ssl, buf, READ_SIZE);
	if (n > 0)
		return n;

	n = SSL_get_error(client->ssl, n);
	return n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static void read_all(struct ws_client *client)
{
	uint8_t buf[READ_SIZE];
	int n = 1;

	mem_ref(client);
	while (n > 0 && !client->paused && client->state < CLIENT_ENDED &&
	       mem_nrefs(client) > 1) {
		n = read_some(client, buf);
		if (n > 0) {
			client->in->pos = client->in->end;
			(void)mbuf_write_mem(client->in, buf, (size_t)n);
			take(client);
		}
	}
	if (n < 0 && mem_nrefs(client) > 1)
		ended(client);
	mem_deref(client);
}

/* --- the way to an open WebSocket --------------------------------------- */

static void start_http(struct ws_client *client)
{
	const struct ws_client_params *p = &client->p;
	struct mbuf *mb = NULL;

	client->state = CLIENT_HTTP;
	if (p->raw) {
		client->state = CLIENT_OPEN;
		flush(client);
		if (p->openh)
			p->openh(p->arg);
		return;
	}
	mb = mbuf_alloc(1024);
	if (!mb)
		return;
	(void)mbuf_printf(mb,
			  "GET %s HTTP/1.1\r\n"
			  "Host: localhost\r\n"
			  "Upgrade: websocket\r\n"
			  "Connection: Upgrade\r\n"
			  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			  "Sec-WebSocket-Version: 13\r\n",
			  p->path ? p->path : "/ws");
	if (!p->protocol || p->protocol[0])
		(void)mbuf_printf(mb, "Sec-WebSocket-Protocol: %s\r\n",
				  p->protocol ? p->protocol : "sip");
	if (p->origin)
		(void)mbuf_printf(mb, "Origin: %s\r\n", p->origin);
	(void)mbuf_printf(mb, "%s\r\n", p->headers ? p->headers : "");
	(void)ws_client_raw(client, mb->buf, mb->end);
	mem_deref(mb);
}

static void do_tls(struct ws_client *client)
{
	int n;

	ERR_clear_error();
	n = SSL_connect(client->ssl);
	client->tls_wants_write = false;
	if (n == 1) {
		start_http(client);
		return;
	}
	n = SSL_get_error(client->ssl, n);
	if (n == SSL_ERROR_WANT_WRITE)
		client->tls_wants_write = true;
	else if (n != SSL_ERROR_WANT_READ)
		ended(client);
}

static void connected(struct ws_client *client)
{
	socklen_t len = sizeof(int);
	int err = 0, on = 1;

	getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (client->p.before && !err &&
	    send(client->fd, client->p.before, client->p.before_len,
		 MSG_NOSIGNAL) != (ssize_t)client->p.before_len)
		err = EIO;
	if (err) {
		ended(client);
	} else if (client->ssl) {
		client->state = CLIENT_TLS;
		do_tls(client);
	} else {
		start_http(client);
	}
}

static void on_ready(int flags, void *arg)
{
	struct ws_client *client = arg;

	mem_ref(client);
	if (client->state == CLIENT_CONNECT)
		connected(client);
	else if (client->state == CLIENT_TLS)
		do_tls(client);
	else if (flags & LOOP_WRITE)
		flush(client);
	if (client->state >= CLIENT_HTTP && mem_nrefs(client) > 1)
		read_all(client);
	if (mem_nrefs(client) > 1)
		watch_update(client);
	mem_deref(client);
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct ws_client *client = SSL_get_app_data(ssl);

	SSL_SESSION_free(client->session);
	client->session = session;
	return 1;
}

/* A copy: OpenSSL lets a session be resumed once (its TLS 1.3 client gives up
 * the old one when a new ticket comes). */
static int tls_resume(struct ws_client *client)
{
	SSL_SESSION *session = SSL_SESSION_dup(
		(SSL_SESSION *)(uintptr_t)client->p.session);
	bool ok = session && SSL_set_session(client->ssl, session);

	SSL_SESSION_free(session);
	return ok ? 0 : ENOMEM;
}

static int tls_make(struct ws_client *client)
{
	client->ctx = SSL_CTX_new(TLS_client_method());
	if (!client->ctx)
		return ENOMEM;

	SSL_CTX_set_session_cache_mode(client->ctx,
				       SSL_SESS_CACHE_CLIENT |
					       SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client->ctx, on_session);
	SSL_CTX_set_mode(client->ctx,
			 SSL_MODE_ENABLE_PARTIAL_WRITE |
				 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	client->ssl = SSL_new(client->ctx);
	if (!client->ssl || !SSL_set_fd(client->ssl, client->fd))
		return ENOMEM;

	SSL_set_app_data(client->ssl, client);
	if (client->p.sni &&
	    SSL_set_tlsext_host_name(client->ssl, client->p.sni) != 1)
		return EINVAL;
	if (client->p.tls_version &&
	    SSL_set_max_proto_version(client->ssl, client->p.tls_version) != 1)
		return EINVAL;
	return client->p.session ? tls_resume(client) : 0;
}

static int dial(struct ws_client *client)
{
	const struct sa *to = &client->p.server;

	client->fd = socket(sa_af(to),
			    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return errno;
	if (client->p.rcvbuf)
		setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &client->p.rcvbuf,
			   sizeof(client->p.rcvbuf));
	if (connect(client->fd, &to->u.sa, to->len) && errno != EINPROGRESS)
		return errno;
	return 0;
}

int ws_client_alloc(struct ws_client **clientp,
		    const struct ws_client_params *params)
{
	struct ws_client *client;
	int err;

	client = mem_zalloc(sizeof(*client), client_destructor);
	if (!client)
		return ENOMEM;

	client->p = *params;
	client->code = CODE_ABNORMAL;
	client->out = mbuf_alloc(1024);
	client->in = mbuf_alloc(1024);
	client->message = mbuf_alloc(1024);
	client->fd = -1;
	err = client->out && client->in && client->message ? dial(client)
							   : ENOMEM;
	if (!err && params->tls)
		err = tls_make(client);
	if (!err)
		err = loop_watch_alloc(&client->watch, client->fd, LOOP_WRITE,
				       on_ready, client);
	if (err)
		mem_deref(client);
	else
		*clientp = client;
	return err;
}

/* --- misbehaviour ------------------------------------------------------- */

void ws_client_chop(struct ws_client *client, size_t size)
{
	client->chop = size;
}

void ws_client_cut(struct ws_client *client, size_t offset)
{
	client->cut = offset;
}

void ws_client_pause(struct ws_client *client, bool pause)
{
	client->paused = pause;
	watch_update(client);
}

void ws_client_finish(struct ws_client *client)
{
	client->finish = true;
	flush(client);
}

const void *ws_client_session(const struct ws_client *client)
{
	/* in TLS 1.2 a new ticket in a resumed handshake is not told */
	return client->session	   ? client->session
	       : client->ssl	   ? SSL_get_session(client->ssl)
				   : NULL;
}

bool ws_client_resumed(const struct ws_client *client)
{
	return client->ssl && SSL_session_reused(client->ssl);
}

void ws_client_peer(const struct ws_client *client, char *name, size_t size)
{
	X509 *x509 =
		client->ssl ? SSL_get1_peer_certificate(client->ssl) : NULL;

	name[0] = '\0';
	if (x509)
		X509_NAME_get_text_by_NID(X509_get_subject_name(x509),
					  NID_commonName, name, (int)size);
	X509_free(x509);
}

bool ws_client_is_open(const struct ws_client *client)
{
	return client->state == CLIENT_OPEN;
}
