/*
 * bare.c  The least that a server between clients and Redis can do
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/ssl.h>

#include "tests/bench/lib/bare.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/stack.h"

enum {
	FDS = 4096,
	WAITING = 4096, /* for Redis; more never are */
	EVENTS = 64,
	PONG = 7
};

/* Who waits for Redis: a connection, or a peer on UDP. */
struct asker {
	SSL *ssl;
	struct sa peer;
};

struct server {
	int epoll, tls, udp, redis;
	SSL_CTX *ctx;
	SSL *conns[FDS];
	struct asker askers[WAITING];
	unsigned first, count;
	size_t pong; /* bytes of the one that is not whole */
};

static void watch(const struct server *server, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event))
		bench_die("epoll: %s", strerror(errno));
}

static void ask(struct server *server, SSL *ssl, const struct sa *peer)
{
	static const char ping[] = "PING\r\n";
	unsigned at = (server->first + server->count++) % WAITING;

	server->askers[at].ssl = ssl;
	if (peer)
		server->askers[at].peer = *peer;
	if (write(server->redis, ping, sizeof(ping) - 1) < 0)
		_exit(1);
}

static void answer(struct server *server)
{
	static const uint8_t text[BARE_ANSWER] = {'O', 'K'};
	const struct asker *asker = &server->askers[server->first];

	server->first = (server->first + 1) % WAITING;
	--server->count;
	if (asker->ssl)
		(void)SSL_write(asker->ssl, text, sizeof(text));
	else
		(void)sendto(server->udp, text, sizeof(text), 0,
			     &asker->peer.u.sa, asker->peer.len);
}

static void on_redis(struct server *server)
{
	char buf[4096];
	ssize_t n = read(server->redis, buf, sizeof(buf));

	if (n <= 0)
		_exit(1);
	server->pong += (size_t)n;
	for (; server->pong >= PONG; server->pong -= PONG)
		answer(server);
}

static void on_accept(struct server *server)
{
	int fd = accept4(server->tls, NULL, NULL, SOCK_NONBLOCK), on = 1;

	if (fd < 0 || fd >= FDS)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server->conns[fd] = SSL_new(server->ctx);
	SSL_set_fd(server->conns[fd], fd);
	SSL_set_accept_state(server->conns[fd]);
	watch(server, fd);
}

static void on_udp(struct server *server)
{
	struct sa peer = {.len = sizeof(peer.u)};
	char buf[4096];
	ssize_t n;
	uint16_t port;

	n = recvfrom(server->udp, buf, sizeof(buf), 0, &peer.u.sa, &peer.len);
	if (n > 3 && buf[0] == BARE_RELAY) {
		memcpy(&port, buf + 1, sizeof(port));
		sa_set_port(&peer, port);
		(void)!sendto(server->udp, buf, (size_t)n, 0, &peer.u.sa,
			      peer.len);
	} else if (n > 0) {
		ask(server, NULL, &peer);
	}
}

static void on_conn(struct server *server, int fd)
{
	SSL *ssl = server->conns[fd];
	char buf[4096];
	int n = SSL_read(ssl, buf, sizeof(buf));

	if (n > 0) {
		ask(server, ssl, NULL);
	} else if (SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ) {
		SSL_free(ssl);
		close(fd);
	}
}

static void serve(struct server *server)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int n = epoll_wait(server->epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == server->redis)
				on_redis(server);
			else if (fd == server->tls)
				on_accept(server);
			else if (fd == server->udp)
				on_udp(server);
			else
				on_conn(server, fd);
		}
	}
}

static int bound(struct sa *addr, int type)
{
	int fd = socket(AF_INET, type, 0);

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) ||
	    (type == SOCK_STREAM && listen(fd, 1024)) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		bench_die("no socket: %s", strerror(errno));
	return fd;
}

static int redis_connect(const struct stack *stack)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.64s/redis.sock",
		 stack->dir);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
		bench_die("redis: %s", strerror(errno));
	return fd;
}

static SSL_CTX *tls_ctx(const struct stack *stack)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	char cert[128], key[128];

	snprintf(cert, sizeof(cert), "%s/tls.pem", stack->dir);
	snprintf(key, sizeof(key), "%s/tls.key", stack->dir);
	SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		bench_die("no TLS");
	return ctx;
}

void bare_start(struct bare *bare, const struct stack *stack)
{
	static struct server server;

	memset(&server, 0, sizeof(server));
	server.tls = bound(&bare->tls, SOCK_STREAM);
	server.udp = bound(&bare->udp, SOCK_DGRAM);
	fflush(NULL);
	bare->pid = fork();
	if (!bare->pid) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		server.epoll = epoll_create1(0);
		server.redis = redis_connect(stack);
		server.ctx = tls_ctx(stack);
		watch(&server, server.tls);
		watch(&server, server.udp);
		watch(&server, server.redis);
		serve(&server);
	}
	close(server.tls);
	close(server.udp);
}

void bare_stop(struct bare *bare)
{
	kill(bare->pid, SIGKILL);
	(void)waitpid(bare->pid, NULL, 0);
}
