/*
 * bench_wss_idle.c  What an idle WSS client costs: memory, and CPU to come in
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/certs.h"
#include "sigd/transport/transport.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/tls_limit.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/ws_client.h"

enum {
	FIRST = 100,
	CLIENTS = 2000,
	MANY = 9000, /* in all, the rest of them in processes of their own */
	CROWDS = 3,
	CROWD = (MANY - CLIENTS) / CROWDS + 1,
	AT_ONCE = 20,
	MESSAGE = 600,
	WAIT_MS = 60000,
	SETTLE_MS = 1500,
	FDS = 16384
};

static const char title[] =
	"A WSS client of sigd's transport, which is a process of its own "
	"here:\n"
	"TLS, WebSocket, a message of the size of a REGISTER and one back, "
	"then\n"
	"idle. Memory: the growth of that process (what the kernel holds for\n"
	"sockets is not in it). With SIP and Redis: bench_register. The "
	"limit:\n"
	"OpenSSL's handshake alone, both ends in memory, the server's CPU.\n";

struct bench;

struct client {
	struct bench *bench;
	struct ws_client *ws;
};

/* Clients in a process of their own: they come when they are told to, say when
 * they are in, and stay until the pipe is closed. */
struct crowd {
	pid_t pid;
	int pipe[2];
};

struct bench {
	struct loop_test lt;
	struct sa addr;
	pid_t server;
	struct client
		clients[CROWD > FIRST + CLIENTS ? CROWD : FIRST + CLIENTS];
	struct crowd crowds[CROWDS];
	const void *session; /* to resume, or NULL */
	unsigned started, ready, want, failed;
	long pss_first;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* --- the server --------------------------------------------------------- */

static void on_recv(const struct transport_src *src, const uint8_t *data,
		    size_t len, void *arg)
{
	struct transport **transport = arg;

	(void)transport_send(*transport, &src->id, data, len, 0);
}

static int listen_any(struct sa *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) || listen(fd, 1024) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		die("listen");
	return fd;
}

static void on_bad(const char *why, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", why);
}

static void serve(int fd, const char *cert, const char *key)
{
	struct transport_listener on = {.name = "wss",
					.kind = FLOW_WSS,
					.fd = fd,
					.cert = cert};
	const struct certs_pair pair = {.cert = cert, .key = key};
	struct transport *transport = NULL;
	struct wheel *wheel = NULL;
	struct transport_params params = {
		.node = "bench",
		.slot = 1,
		.epoch = 1,
		.listeners = &on,
		.nlisteners = 1,
		.limits = {.conns = 2 * MANY, .conns_source = 2 * MANY},
		.h = {.recvh = on_recv, .arg = &transport},
	};
	char err[200];

	if (libre_init() || loop_init(FDS) ||
	    wheel_alloc(&wheel, loop_now_ms()))
		die("loop");
	if (certs_load(&params.certs, &pair, 1, NULL, on_bad, NULL))
		exit(1);
	loop_drive(wheel);
	params.wheel = wheel;
	if (transport_alloc(&transport, &params, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	(void)loop_run();
	exit(0);
}

/* --- the clients -------------------------------------------------------- */

static void on_open(void *arg)
{
	static const uint8_t message[MESSAGE] = {'R'};
	struct client *client = arg;

	(void)ws_client_send(client->ws, WS_BINARY, message, sizeof(message));
}

/* The answer to its message: now it is idle. */
static void on_answer(enum ws_opcode opcode, const uint8_t *data, size_t len,
		      void *arg)
{
	struct client *client = arg;

	(void)data;
	if (opcode <= WS_BINARY && len == MESSAGE)
		++client->bench->ready;
}

static void on_end(int status, int code, void *arg)
{
	struct client *client = arg;

	(void)status;
	(void)code;
	++client->bench->failed;
}

static void start_one(struct bench *bench)
{
	struct client *client = &bench->clients[bench->started++];
	const struct ws_client_params params = {
		.server = bench->addr,
		.tls = true,
		.session = bench->session,
		.openh = on_open,
		.recvh = on_answer,
		.endh = on_end,
		.arg = client,
	};

	client->bench = bench;
	if (ws_client_alloc(&client->ws, &params))
		die("client");
}

static bool all_open(void *arg)
{
	struct bench *bench = arg;

	while (bench->started < bench->want &&
	       bench->started - bench->ready < AT_ONCE)
		start_one(bench);
	return bench->failed || bench->ready == bench->want;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void come(struct bench *bench, unsigned want)
{
	bench->want = want;
	if (!loop_test_until(&bench->lt, all_open, bench, WAIT_MS) ||
	    bench->failed) {
		printf("only %u of %u clients came in, %u failed\n",
		       bench->ready, want, bench->failed);
		kill(bench->server, SIGKILL);
		exit(1);
	}
	/* what is freed and what is measured: let the server come to rest */
	loop_test_until(&bench->lt, never, NULL, SETTLE_MS);
}

static double cpu_ms(const struct bench *bench)
{
	return bench_cpu_of(bench->server) / 1e3;
}

static void report(struct bench *bench)
{
	double cpu;
	long pss;

	come(bench, FIRST);
	pss = bench_pss_kb(bench->server);
	cpu = cpu_ms(bench);
	come(bench, FIRST + CLIENTS);
	bench->pss_first = pss;
	BENCH("memory of an idle WSS client (PSS)",
	      (double)(bench_pss_kb(bench->server) - pss) / CLIENTS, "kB", 20,
	      "2,000 of them; Kamailio once: 134");
	BENCH("new TLS WebSocket, one message in and out",
	      (cpu_ms(bench) - cpu) / CLIENTS, "ms", 0.35, "full handshake");
}

static void report_resumed(struct bench *bench)
{
	double cpu;

	bench->session = ws_client_session(bench->clients[0].ws);
	for (unsigned i = 1; i < FIRST + CLIENTS; i++)
		bench->clients[i].ws = mem_deref(bench->clients[i].ws);
	loop_test_until(&bench->lt, never, NULL, SETTLE_MS);
	cpu = cpu_ms(bench);
	bench->started = bench->ready = 1;
	come(bench, 1 + CLIENTS);
	for (unsigned i = 1; i <= CLIENTS; i++) {
		if (!ws_client_resumed(bench->clients[i].ws))
			bench_die("client %u did not resume", i);
	}
	BENCH("the same, TLS resumed", (cpu_ms(bench) - cpu) / CLIENTS, "ms",
	      0.35, NULL);
	cpu = cpu_ms(bench);
	loop_test_until(&bench->lt, never, NULL, 5 * SETTLE_MS);
	BENCH("2,000 idle clients, each second",
	      (cpu_ms(bench) - cpu) * 1000 / (5 * SETTLE_MS), "ms", 0,
	      "pings come each 23 to 30 s");
}

/* --- 9,000 ---------------------------------------------------------------- */

static void crowd_run(struct bench *bench, int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1 || libre_init() ||
	    !loop_test_open(&bench->lt))
		exit(1);
	come(bench, CROWD);
	if (write(fd, "r", 1) != 1)
		exit(1);
	/* pings are answered until it is over */
	while (recv(fd, &byte, 1, MSG_DONTWAIT) < 0)
		loop_test_until(&bench->lt, never, NULL, SETTLE_MS / 10);
	exit(0);
}

static void crowds_fork(struct bench *bench)
{
	for (int i = 0; i < CROWDS; i++) {
		struct crowd *crowd = &bench->crowds[i];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			       crowd->pipe))
			die("socketpair");
		crowd->pid = fork();
		if (crowd->pid < 0)
			die("fork");
		if (!crowd->pid) {
			for (int k = 0; k <= i; k++)
				close(bench->crowds[k].pipe[0]);
			crowd_run(bench, crowd->pipe[1]);
		}
		close(crowd->pipe[1]);
	}
}

/* Ours go on to answer pings while the others come in. */
static bool crowd_is_in(void *arg)
{
	struct crowd *crowd = arg;
	char byte;
	ssize_t n = recv(crowd->pipe[0], &byte, 1, MSG_DONTWAIT);

	if (!n)
		bench_die("a crowd of clients has failed");
	return n == 1;
}

static void report_many(struct bench *bench)
{
	double cpu;

	for (int i = 0; i < CROWDS; i++) {
		if (write(bench->crowds[i].pipe[0], "g", 1) != 1 ||
		    !loop_test_until(&bench->lt, crowd_is_in, &bench->crowds[i],
				     WAIT_MS))
			bench_die("crowd %d does not come in", i);
	}
	loop_test_until(&bench->lt, never, NULL, SETTLE_MS);
	BENCH("the memory with 9,000 (PSS)",
	      (double)(bench_pss_kb(bench->server) - bench->pss_first) /
		      (CLIENTS + CROWDS * CROWD - FIRST),
	      "kB", 20, NULL);
	cpu = cpu_ms(bench);
	loop_test_until(&bench->lt, never, NULL, 5 * SETTLE_MS);
	BENCH("9,000 idle clients, each second",
	      (cpu_ms(bench) - cpu) * 1000 / (5 * SETTLE_MS), "ms", 0, NULL);
	for (int i = 0; i < CROWDS; i++) {
		close(bench->crowds[i].pipe[0]);
		(void)waitpid(bench->crowds[i].pid, NULL, 0);
	}
}

int main(void)
{
	static struct bench bench;
	struct rlimit fds;
	char dir[] = "/tmp/cbbench.XXXXXX", cert[64], key[64];
	int fd;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &fds) || !mkdtemp(dir))
		die("start");
	fds.rlim_cur = fds.rlim_max < FDS ? fds.rlim_max : FDS;
	(void)setrlimit(RLIMIT_NOFILE, &fds);
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	stack_certificate(cert, key);
	fd = listen_any(&bench.addr);
	bench.server = fork();
	if (bench.server < 0)
		die("fork");
	if (!bench.server)
		serve(fd, cert, key);
	close(fd);
	crowds_fork(&bench);
	if (libre_init() || !loop_test_open(&bench.lt))
		die("loop");
	bench_title(title);
	report(&bench);
	report_resumed(&bench);
	report_many(&bench);
	for (unsigned i = 0; i < FIRST + CLIENTS; i++)
		mem_deref(bench.clients[i].ws);
	loop_test_close(&bench.lt);
	tls_limit(cert, key);
	kill(bench.server, SIGTERM);
	(void)waitpid(bench.server, NULL, 0);
	(void)unlink(cert);
	(void)unlink(key);
	(void)rmdir(dir);
	libre_close();
	return 0;
}
