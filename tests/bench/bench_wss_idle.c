/*
 * bench_wss_idle.c  What an idle WSS client costs: memory, and CPU to come in
 *
 * The server is a process of its own: sigd's transport alone. Each client
 * opens TLS and WebSocket, sends a message of the size of a REGISTER and gets
 * one back; then it is idle. Memory is the PSS of the server's process (what
 * the kernel holds for the sockets is not in it), the difference between the
 * first clients and all, by their number.
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
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/transport.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/ws_client.h"

enum {
	FIRST = 100,
	CLIENTS = 2000,
	AT_ONCE = 20,
	MESSAGE = 600,
	WAIT_MS = 60000,
	SETTLE_MS = 1500,
	FDS = 16384
};

struct bench;

struct client {
	struct bench *bench;
	struct ws_client *ws;
};

struct bench {
	struct loop_test lt;
	struct sa addr;
	pid_t server;
	struct client clients[FIRST + CLIENTS];
	const void *session; /* to resume, or NULL */
	unsigned started, ready, want, failed;
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

static void serve(int fd, const char *cert, const char *key)
{
	struct transport_listener on = {.name = "wss",
					.kind = FLOW_WSS,
					.fd = fd,
					.cert = cert,
					.key = key};
	struct transport *transport = NULL;
	struct wheel *wheel = NULL;
	struct transport_params params = {
		.node = "bench",
		.slot = 1,
		.epoch = 1,
		.listeners = &on,
		.nlisteners = 1,
		.limits = {.conns_source = FIRST + CLIENTS + 1},
		.h = {.recvh = on_recv, .arg = &transport},
	};
	char err[200];

	if (libre_init() || loop_init(FDS) ||
	    wheel_alloc(&wheel, loop_now_ms()))
		die("loop");
	loop_drive(wheel);
	params.wheel = wheel;
	if (transport_alloc(&transport, &params, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
	(void)loop_run();
	exit(0);
}

static void certificate(const char *cert, const char *key)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	FILE *c = fopen(cert, "w"), *k = fopen(key, "w");

	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
	X509_set_pubkey(x509, pkey);
	if (!c || !k || !X509_sign(x509, pkey, EVP_sha256()) ||
	    !PEM_write_X509(c, x509) ||
	    !PEM_write_PrivateKey(k, pkey, NULL, NULL, 0, NULL, NULL))
		die("certificate");
	fclose(c);
	fclose(k);
	X509_free(x509);
	EVP_PKEY_free(pkey);
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

static long pss_kb(pid_t pid)
{
	char path[64], line[200];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Pss: %ld", &kb) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kb;
}

/* Milliseconds of CPU that the process has used. */
static double cpu_ms(pid_t pid)
{
	unsigned long user = 0, sys = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f || fscanf(f,
			 "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
			 "%*u %lu %lu",
			 &user, &sys) != 2)
		die("stat");
	fclose(f);
	return (double)(user + sys) * 1000 / (double)sysconf(_SC_CLK_TCK);
}

static void report(struct bench *bench)
{
	double cpu;
	long pss;

	come(bench, FIRST);
	pss = pss_kb(bench->server);
	cpu = cpu_ms(bench->server);
	printf("PSS with %d clients            %8ld kB\n", FIRST, pss);
	come(bench, FIRST + CLIENTS);
	printf("PSS with %d clients           %8ld kB\n", FIRST + CLIENTS,
	       pss_kb(bench->server));
	printf("memory of an idle WSS client    %8.1f kB\n",
	       (double)(pss_kb(bench->server) - pss) / CLIENTS);
	printf("CPU to come in (full handshake) %8.3f ms\n",
	       (cpu_ms(bench->server) - cpu) / CLIENTS);
}

static void report_resumed(struct bench *bench)
{
	double cpu;

	bench->session = ws_client_session(bench->clients[0].ws);
	for (unsigned i = 1; i < FIRST + CLIENTS; i++)
		bench->clients[i].ws = mem_deref(bench->clients[i].ws);
	loop_test_until(&bench->lt, never, NULL, SETTLE_MS);
	cpu = cpu_ms(bench->server);
	bench->started = bench->ready = 1;
	come(bench, 1 + CLIENTS);
	printf("CPU to come in (resumed)        %8.3f ms\n",
	       (cpu_ms(bench->server) - cpu) / CLIENTS);
	cpu = cpu_ms(bench->server);
	loop_test_until(&bench->lt, never, NULL, 5 * SETTLE_MS);
	printf("CPU of %d idle clients        %8.2f ms/s\n", CLIENTS,
	       (cpu_ms(bench->server) - cpu) * 1000 / (5 * SETTLE_MS));
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
	certificate(cert, key);
	fd = listen_any(&bench.addr);
	bench.server = fork();
	if (bench.server < 0)
		die("fork");
	if (!bench.server)
		serve(fd, cert, key);
	close(fd);
	if (libre_init() || !loop_test_open(&bench.lt))
		die("loop");
	report(&bench);
	report_resumed(&bench);
	for (unsigned i = 0; i < FIRST + CLIENTS; i++)
		mem_deref(bench.clients[i].ws);
	loop_test_close(&bench.lt);
	kill(bench.server, SIGTERM);
	(void)waitpid(bench.server, NULL, 0);
	(void)unlink(cert);
	(void)unlink(key);
	(void)rmdir(dir);
	libre_close();
	return 0;
}
