/*
 * tube_tls.c  The tunnel between boxes: TLS 1.3 over TCP, both sides named
 *
 * One link carries frames one way, from who made it; it is made when the
 * first frame for its node is sent. Frames wait while it is made, and their
 * senders are told when it breaks. After a failure the node is not tried
 * again for a while: callers get EHOSTUNREACH at once and try elsewhere.
 *
 * Who may say what is in the certificates: the CA of the cluster signs the
 * node's name, the caller wants that of the node it calls, and the called
 * takes only frames of the node that is named.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <re.h>

#include "common/loop.h"
#include "common/tube_priv.h"
#include "common/wheel.h"

enum {
	HANDSHAKE_MS = 5000,
	RETRY_MS = 1000,
	UNACKED_MS = 5000,
	BATCH = 32,
	PREFIX_LEN = 4,
	READ_SIZE = 16384,
	HOST_FLAGS = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		     X509_CHECK_FLAG_NO_WILDCARDS
};

enum link_state {
	LINK_CONNECT,
	LINK_HANDSHAKE,
	LINK_UP,
	LINK_FAILED
};

struct link {
	struct le le;
	struct tube_tls *tls;
	struct loop_watch *watch;
	struct wheel_timer timer; /* handshake; failed: time to forget */
	SSL *ssl;
	struct tube_queue queue; /* outbound */
	size_t sent;             /* of its first frame and prefix */
	struct mbuf *in;         /* inbound: a frame that is not whole */
	enum link_state state;
	int fd;
	bool wants_write;             /* TLS itself */
	char node[NODE_NAME_MAX + 1]; /* outbound */
};

struct tube_tls {
	struct tube *tube;
	SSL_CTX *ctx;
	struct tube_door door;
	struct list outbound;
	struct list inbound;
	struct tube_tls_cfg cfg;
};

static void on_link(int flags, void *arg);

static void link_close(struct link *link)
{
	wheel_stop(&link->timer);
	link->watch = mem_deref(link->watch);
	SSL_free(link->ssl);
	link->ssl = NULL;
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
	link->in = mem_deref(link->in);
}

static void link_destructor(void *data)
{
	struct link *link = data;

	list_unlink(&link->le);
	list_flush(&link->queue.list);
	link_close(link);
}

static void forget(void *arg)
{
	mem_deref(arg);
}

/* Inbound: gone. Outbound: its frames are lost, and it is not tried again
 * for a while; one that was up may be, at once. */
static void link_failed(struct link *link)
{
	struct tube_tls *tls = link->tls;
	struct tube *tube = tls->tube;
	struct tube_queue queue = link->queue;

	if (link->state == LINK_HANDSHAKE)
		++tube->counts.tls_failed;
	if (!link->node[0] || link->state == LINK_UP) {
		memset(&link->queue, 0, sizeof(link->queue));
		mem_deref(link);
	} else {
		memset(&link->queue, 0, sizeof(link->queue));
		link_close(link);
		link->state = LINK_FAILED;
		wheel_start(tube->p.wheel, &link->timer, RETRY_MS, forget,
			    link);
	}
	tube_queue_lose(&queue, tube);
}

static void on_late(void *arg)
{
	link_failed(arg);
}

static void link_watch(struct link *link)
{
	int flags = LOOP_READ;

	if (link->state == LINK_CONNECT || link->wants_write ||
	    (link->state == LINK_UP && link->queue.bytes))
		flags |= LOOP_WRITE;
	(void)loop_watch_set(link->watch, flags);
}

/* 0; EAGAIN: later; else the link is broken. */
static int tls_result(struct link *link, int n)
{
	int why;

	link->wants_write = false;
	if (n > 0)
		return 0;

	why = SSL_get_error(link->ssl, n);
	link->wants_write = why == SSL_ERROR_WANT_WRITE;
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE
		       ? EAGAIN
		       : ECONNRESET;
}

/* --- out ---------------------------------------------------------------- */

static void prefix(uint8_t buf[PREFIX_LEN], size_t len)
{
	for (int i = PREFIX_LEN; i--; len >>= 8)
		buf[i] = (uint8_t)len;
}

static int write_first(struct link *link, const struct tube_out *out)
{
	uint8_t head[PREFIX_LEN];
	const uint8_t *p = head + link->sent;
	size_t len = PREFIX_LEN - link->sent;
	int n, err;

	prefix(head, out->len);
	if (link->sent >= PREFIX_LEN) {
		p = out->data + link->sent - PREFIX_LEN;
		len = out->len + PREFIX_LEN - link->sent;
	}
	ERR_clear_error();
	n = SSL_write(link->ssl, p, (int)len);
	err = tls_result(link, n);
	if (err)
		return err;

	link->sent += (size_t)n;
	if (link->sent == out->len + PREFIX_LEN) {
		tube_queue_drop_first(&link->queue);
		link->sent = 0;
	}
	return 0;
}

static int flush(struct link *link)
{
	struct tube_out *out;
	int err = 0;

	while (!err && (out = list_ledata(link->queue.list.head)))
		err = write_first(link, out);
	return err == EAGAIN ? 0 : err;
}

/* --- in ----------------------------------------------------------------- */

static bool speaks_for(const char *node, void *arg)
{
	struct link *link = arg;
	X509 *x509 = SSL_get1_peer_certificate(link->ssl);
	bool yes;

	yes = x509 &&
	      X509_check_host(x509, node, strlen(node), HOST_FLAGS, NULL) == 1;
	X509_free(x509);
	return yes;
}

/* The frames in the buffer; EBADMSG: one that cannot be. The handler of a
 * frame may end the tunnel: then only our reference is left. */
static int take_frames(struct link *link)
{
	struct mbuf *mb = link->in;

	while (mbuf_get_left(mb) >= PREFIX_LEN && mem_nrefs(link) > 1) {
		const uint8_t *p = mbuf_buf(mb);
		size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
			     (size_t)p[2] << 8 | p[3];

		if (len > TUBE_FRAME_MAX)
			return EBADMSG;
		if (mbuf_get_left(mb) < PREFIX_LEN + len)
			return 0;

		mbuf_advance(mb, (ssize_t)(PREFIX_LEN + len));
		tube_input(link->tls->tube, p + PREFIX_LEN, len, speaks_for,
			   link);
	}
	return 0;
}

static int take(struct link *link, const uint8_t *data, size_t len)
{
	struct mbuf *mb = link->in;
	int err;

	if (!mb)
		mb = link->in = mbuf_alloc(len);
	if (!mb)
		return ENOMEM;

	mb->pos = mb->end;
	err = mbuf_write_mem(mb, data, len);
	mb->pos = 0;
	if (!err)
		err = take_frames(link);
	if (err || mem_nrefs(link) == 1)
		return err;

	if (!mbuf_get_left(mb)) {
		link->in = mem_deref(mb);
		return 0;
	}
	memmove(mb->buf, mbuf_buf(mb), mbuf_get_left(mb));
	mb->end = mbuf_get_left(mb);
	mb->pos = 0;
	return 0;
}

static int read_some(struct link *link)
{
	uint8_t buf[READ_SIZE];
	int err = 0;

	for (int i = 0; i < BATCH && !err && mem_nrefs(link) > 1; i++) {
		int n;

		ERR_clear_error();
		n = SSL_read(link->ssl, buf, sizeof(buf));
		err = tls_result(link, n);
		/* What is said on a link that we made is not read */
		if (!err && !link->node[0])
			err = take(link, buf, (size_t)n);
	}
	return err == EAGAIN ? 0 : err;
}

/* --- the link ----------------------------------------------------------- */

static int handshake(struct link *link)
{
	int err;

	ERR_clear_error();
	err = tls_result(link, SSL_do_handshake(link->ssl));
	if (err)
		return err == EAGAIN ? 0 : err;

	link->state = LINK_UP;
	wheel_stop(&link->timer);
	return 0;
}

static int connected(struct link *link)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err)
		return err;

	link->state = LINK_HANDSHAKE;
	return 0;
}

static void on_link(int flags, void *arg)
{
	struct link *link = arg;
	int err = 0;

	mem_ref(link);
	if (link->state == LINK_CONNECT)
		err = connected(link);
	if (!err && link->state == LINK_HANDSHAKE)
		err = handshake(link);
	if (!err && link->state == LINK_UP)
		err = flush(link);
	if (!err && link->state == LINK_UP && (flags & LOOP_READ))
		err = read_some(link);
	if (mem_nrefs(link) > 1) {
		if (err)
			link_failed(link);
		else
			link_watch(link);
	}
	mem_deref(link);
}

static int link_start(struct link *link)
{
	unsigned ms = UNACKED_MS;
	int on = 1;

	(void)setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(link->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(link->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms,
			 sizeof(ms));
	link->ssl = SSL_new(link->tls->ctx);
	if (!link->ssl || !SSL_set_fd(link->ssl, link->fd))
		return ENOMEM;

	if (link->node[0]) {
		SSL_set_connect_state(link->ssl);
		SSL_set_hostflags(link->ssl, HOST_FLAGS);
		if (!SSL_set1_host(link->ssl, link->node))
			return ENOMEM;
	} else {
		SSL_set_accept_state(link->ssl);
	}
	wheel_start(link->tls->tube->p.wheel, &link->timer, HANDSHAKE_MS,
		    on_late, link);
	return loop_watch_alloc(&link->watch, link->fd,
				LOOP_READ | (link->node[0] ? LOOP_WRITE : 0),
				on_link, link);
}

static int dial(struct link *link)
{
	struct sa to;

	if (link->tls->cfg.lookuph(&to, link->node, link->tls->cfg.arg))
		return EHOSTUNREACH;

	link->fd = socket(sa_af(&to),
			  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd < 0 ||
	    (connect(link->fd, &to.u.sa, to.len) && errno != EINPROGRESS))
		return EHOSTUNREACH;
	return 0;
}

static struct link *link_alloc(struct tube_tls *tls, const char *node)
{
	struct link *link = mem_zalloc(sizeof(*link), link_destructor);

	if (!link)
		return NULL;

	link->tls = tls;
	link->fd = -1;
	if (node)
		strcpy(link->node, node);
	list_append(node ? &tls->outbound : &tls->inbound, &link->le, link);
	return link;
}

static struct link *find(const struct tube_tls *tls, const char *node)
{
	for (struct le *le = tls->outbound.head; le; le = le->next) {
		struct link *link = le->data;

		if (!strcmp(link->node, node))
			return link;
	}
	return NULL;
}

int tube_tls_send(struct tube_tls *tls, const char *node, const uint8_t *data,
		  size_t len)
{
	struct link *link = find(tls, node);
	int err = 0;

	if (link && link->state == LINK_FAILED)
		return EHOSTUNREACH;
	if (!link) {
		if (!tls->cfg.lookuph ||
		    list_count(&tls->outbound) >= TUBE_PEERS_MAX)
			return EHOSTUNREACH;
		link = link_alloc(tls, node);
		if (!link)
			return ENOMEM;
		err = dial(link);
		if (!err)
			err = link_start(link);
		if (err) {
			mem_deref(link);
			return err;
		}
	}
	err = tube_queue_add(&link->queue, data, len);
	if (!err)
		link_watch(link);
	return err;
}

/* --- the end ------------------------------------------------------------ */

static void on_listen(int flags, void *arg)
{
	struct tube_tls *tls = arg;

	(void)flags;
	for (int i = 0; i < BATCH; i++) {
		int fd = tube_door_accept(&tls->door, tls->tube->p.wheel);
		struct link *link = NULL;

		if (fd < 0)
			break;
		if (list_count(&tls->inbound) < TUBE_PEERS_MAX)
			link = link_alloc(tls, NULL);
		if (!link) {
			close(fd);
			continue;
		}
		link->fd = fd;
		link->state = LINK_HANDSHAKE;
		if (link_start(link))
			mem_deref(link);
	}
}

static void tls_destructor(void *data)
{
	struct tube_tls *tls = data;

	list_flush(&tls->inbound);
	list_flush(&tls->outbound);
	tube_door_close(&tls->door);
	SSL_CTX_free(tls->ctx);
}

static bool policy(SSL_CTX *ctx)
{
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ctx,
			   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   NULL);
	/* Links are few and last: a resumed one would not show its
	 * certificate anew */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1;
}

/* The file that cannot be used, NULL: all can. */
static const char *files_load(SSL_CTX *ctx, const struct tube_tls_cfg *cfg)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, cfg->cert) != 1)
		return cfg->cert;
	if (SSL_CTX_use_PrivateKey_file(ctx, cfg->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return cfg->key;
	return SSL_CTX_load_verify_locations(ctx, cfg->ca, NULL) == 1 ? NULL
								      : cfg->ca;
}

static int ctx_make(SSL_CTX **ctxp, const struct tube_tls_cfg *cfg,
		    char *errbuf, size_t errlen)
{
	unsigned long code;
	SSL_CTX *ctx;
	const char *file, *why;

	ERR_clear_error();
	ctx = SSL_CTX_new(TLS_method());
	if (!ctx || !policy(ctx)) {
		SSL_CTX_free(ctx);
		return ENOMEM;
	}
	file = files_load(ctx, cfg);
	if (file) {
		/* the first is the cause of the others */
		code = ERR_peek_error();
		why = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
					     : ERR_reason_error_string(code);
		(void)re_snprintf(errbuf, errlen, "%s: %s", file,
				  code && why ? why : "cannot be used");
		ERR_clear_error();
		SSL_CTX_free(ctx);
		return EINVAL;
	}
	*ctxp = ctx;
	return 0;
}

int tube_tls_renew(struct tube_tls *tls, char *errbuf, size_t errlen)
{
	SSL_CTX *ctx = NULL;
	int err = ctx_make(&ctx, &tls->cfg, errbuf, errlen);

	if (err)
		return err;

	/* links hold on to the one that they were made with */
	SSL_CTX_free(tls->ctx);
	tls->ctx = ctx;
	return 0;
}

int tube_tls_check(const struct tube_tls_cfg *cfg, const char *node,
		   char *errbuf, size_t errlen)
{
	SSL_CTX *ctx = NULL;
	int err;

	if (!cfg || !cfg->cert || !cfg->key || !cfg->ca || !node)
		return EINVAL;

	err = ctx_make(&ctx, cfg, errbuf, errlen);
	if (!err && X509_check_host(SSL_CTX_get0_certificate(ctx), node,
				    strlen(node), HOST_FLAGS, NULL) != 1) {
		(void)re_snprintf(errbuf, errlen,
				  "%s: no DNS name \"%s\" in it: peers would "
				  "not believe that it is this node's",
				  cfg->cert, node);
		err = EINVAL;
	}
	SSL_CTX_free(ctx);
	return err;
}

int tube_tls_alloc(struct tube_tls **tlsp, struct tube *tube,
		   const struct tube_tls_cfg *cfg)
{
	struct tube_tls *tls;
	char why[256];
	int err;

	if (!cfg->cert || !cfg->key || !cfg->ca)
		return EINVAL;

	(void)signal(SIGPIPE, SIG_IGN); /* no MSG_NOSIGNAL in OpenSSL */

	tls = mem_zalloc(sizeof(*tls), tls_destructor);
	if (!tls)
		return ENOMEM;

	tls->tube = tube;
	tls->cfg = *cfg;
	tls->door.fd = cfg->fd;
	err = ctx_make(&tls->ctx, cfg, why, sizeof(why));
	if (!err && cfg->fd >= 0)
		err = loop_watch_alloc(&tls->door.watch, cfg->fd, LOOP_READ,
				       on_listen, tls);
	if (err)
		mem_deref(tls);
	else
		*tlsp = tls;
	return err;
}
