/*
 * bench_register.c  A REGISTER through the real sigd and the real Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "tests/bench/lib/bare.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/ua.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/ws_client.h"

enum {
	FIRST = 100,
	CLIENTS = 2000,
	ALL = FIRST + CLIENTS,
	MANY = 9000, /* registered at once, of them memory alone is asked */
	AT_ONCE = 20,
	PACED = 3000, /* one each millisecond */
	BUSY = 8000,
	WAIT_MS = 60000,
	SETTLE_MS = 1500,
	FDS = 16384
};

static const char title[] =
	"A REGISTER through one worker of the real sigd, with the real Redis\n"
	"(unix socket): digest (MD5, as pages do it), nonce count, bindings\n"
	"and limits in one script. CPU of sigd and of Redis, each without the\n"
	"other and without the clients. \"alone\": one each millisecond, so\n"
	"each pays for its own wake-ups. \"busy\": 20 under way at any time.\n"
	"The limit: a bare loop of epoll and OpenSSL that asks Redis for a\n"
	"PONG instead, in the same run.\n";

/* Who makes the load, one way or the other. */
struct bench;

typedef void(start_h)(struct bench *bench);

struct bench {
	struct loop_test lt;
	struct stack stack;
	struct bare bare;
	struct ua *uas[FIRST + MANY];
	struct ws_client *ws[FIRST]; /* of the bare server */
	int fd;                      /* the same on UDP */
	struct loop_watch *watch;
	const void *session; /* to resume, or NULL */
	bool wss, tcp, fresh;
	unsigned nuas; /* opened */
	unsigned at;   /* who is next */
	start_h *start;
	unsigned started, done, want, at_once;
	uint64_t begin_ms; /* of one each millisecond; 0: busy */
	pid_t pid;         /* of who is measured beside Redis */
	double server, redis;
};

/* --- the load ------------------------------------------------------------- */

static bool all_done(void *arg)
{
	struct bench *bench = arg;
	uint64_t due = UINT64_MAX;

	if (bench->begin_ms)
		due = loop_now_ms() - bench->begin_ms;
	while (bench->started < bench->want && bench->started < due &&
	       bench->started - bench->done < bench->at_once) {
		++bench->started;
		bench->start(bench);
	}
	return bench->done == bench->want;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void settle(struct bench *bench)
{
	loop_test_until(&bench->lt, never, NULL, SETTLE_MS);
}

static void go(struct bench *bench)
{
	double server = bench_cpu_of(bench->pid);
	double redis = bench_cpu_of(bench->stack.redis);
	unsigned before = bench->done;

	if (!loop_test_until(&bench->lt, all_done, bench, WAIT_MS))
		bench_die("only %u of %u were answered", bench->done,
			  bench->want);
	server = bench_cpu_of(bench->pid) - server;
	redis = bench_cpu_of(bench->stack.redis) - redis;
	bench->server = server / (bench->done - before);
	bench->redis = redis / (bench->done - before);
}

static void load(struct bench *bench, start_h *start, bool alone)
{
	bench->start = start;
	bench->started = bench->done = 0;
	bench->want = alone ? PACED : BUSY;
	bench->at_once = alone ? UINT32_MAX : AT_ONCE;
	bench->begin_ms = alone ? loop_now_ms() : 0;
	go(bench);
}

/* --- clients of sigd ------------------------------------------------------ */

static void on_event(struct ua *ua, enum ua_event event, void *arg)
{
	struct bench *bench = arg;

	if (event == UA_OPEN)
		ua_register(ua, true);
	else if (event == UA_REGISTERED)
		++bench->done;
}

static void open_one(struct bench *bench)
{
	const struct ua_cfg cfg = {
		.server = bench->wss   ? bench->stack.wss
			  : bench->tcp ? bench->stack.tcp
				       : bench->stack.udp,
		.wss = bench->wss,
		.tcp = bench->tcp,
		.session = bench->session,
		.nr = bench->nuas,
		.eventh = on_event,
		.arg = bench,
	};
	struct ua *ua;

	if (ua_alloc(&ua, &cfg))
		bench_die("no client %u", bench->nuas);
	bench->uas[bench->nuas++] = ua;
	if (!bench->wss)
		ua_register(ua, true);
}

static void refresh_one(struct bench *bench)
{
	ua_register(bench->uas[bench->at++ % bench->nuas], bench->fresh);
}

static void come(struct bench *bench, unsigned want)
{
	bench->pid = bench->stack.sigd_worker;
	bench->start = open_one;
	bench->started = bench->done = bench->nuas;
	bench->want = want;
	bench->at_once = AT_ONCE;
	bench->begin_ms = 0;
	go(bench);
}

static void leave(struct bench *bench, unsigned keep)
{
	while (bench->nuas > keep) {
		--bench->nuas;
		bench->uas[bench->nuas] = mem_deref(bench->uas[bench->nuas]);
	}
	settle(bench);
}

/* --- clients of the bare server ------------------------------------------- */

static const uint8_t bare_ask[BARE_ASK] = {'R'};

static void on_bare_open(void *arg)
{
	++((struct bench *)arg)->done;
}

static void on_bare_answer(enum ws_opcode opcode, const uint8_t *data,
			   size_t len, void *arg)
{
	(void)opcode;
	(void)data;
	if (len == BARE_ANSWER)
		++((struct bench *)arg)->done;
}

static void on_bare_udp(int flags, void *arg)
{
	struct bench *bench = arg;
	uint8_t buf[BARE_ANSWER];

	(void)flags;
	while (recv(bench->fd, buf, sizeof(buf), 0) == BARE_ANSWER)
		++bench->done;
}

static void open_bare(struct bench *bench)
{
	const struct ws_client_params params = {.server = bench->bare.tls,
						.tls = true,
						.raw = true,
						.openh = on_bare_open,
						.recvh = on_bare_answer,
						.arg = bench};

	if (ws_client_alloc(&bench->ws[bench->started - 1], &params))
		bench_die("no client of the bare server");
}

static void ask_bare_tls(struct bench *bench)
{
	(void)ws_client_raw(bench->ws[bench->at++ % FIRST], bare_ask,
			    sizeof(bare_ask));
}

static void ask_bare_udp(struct bench *bench)
{
	(void)!sendto(bench->fd, bare_ask, sizeof(bare_ask), 0,
		      &bench->bare.udp.u.sa, bench->bare.udp.len);
}

static void bare_open(struct bench *bench)
{
	bare_start(&bench->bare, &bench->stack);
	bench->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bench->fd < 0 || loop_watch_alloc(&bench->watch, bench->fd,
					      LOOP_READ, on_bare_udp, bench))
		bench_die("no socket: %s", strerror(errno));
	bench->pid = bench->bare.pid;
	bench->start = open_bare;
	bench->started = bench->done = 0;
	bench->want = FIRST;
	bench->at_once = AT_ONCE;
	bench->begin_ms = 0;
	go(bench);
}

static void bare_close(struct bench *bench)
{
	for (unsigned i = 0; i < FIRST; i++)
		bench->ws[i] = mem_deref(bench->ws[i]);
	bench->watch = mem_deref(bench->watch);
	close(bench->fd);
	bare_stop(&bench->bare);
}

/* --- the figures ---------------------------------------------------------- */

static void report_come(struct bench *bench)
{
	long first, all;

	come(bench, FIRST);
	settle(bench);
	first = bench_pss_kb(bench->stack.sigd_worker);
	come(bench, ALL);
	BENCH("new TLS WebSocket, 401, REGISTER: sigd", bench->server / 1e3,
	      "ms", 0.8, "full handshake; Kamailio once: 1.4-1.55, no digest");
	BENCH("... Redis", bench->redis / 1e3, "ms", 0, NULL);
	settle(bench);
	all = bench_pss_kb(bench->stack.sigd_worker);
	BENCH("memory of an idle registered client (PSS)",
	      (double)(all - first) / CLIENTS, "kB", 20,
	      "2,000 of them; Kamailio once: 134");
}

/* The limit of descriptors here is about twice that. */
static void report_many(struct bench *bench)
{
	const long before = bench_pss_kb(bench->stack.sigd_worker);
	const unsigned were = bench->nuas;

	come(bench, FIRST + MANY);
	settle(bench);
	BENCH("memory of an idle registered client (PSS), of 9,000",
	      (double)(bench_pss_kb(bench->stack.sigd_worker) - before) /
		      (FIRST + MANY - were),
	      "kB", 20, "of those behind the first 2,000");
	leave(bench, ALL);
	/* 7,000 ends at once are an overload for a while */
	for (unsigned i = 0; i < 5; i++)
		settle(bench);
}

static void report_resumed(struct bench *bench)
{
	leave(bench, FIRST);
	bench->session = ua_session(bench->uas[0]);
	come(bench, ALL);
	for (unsigned i = FIRST; i < ALL; i++) {
		if (!ua_resumed(bench->uas[i]))
			bench_die("client %u did not resume", i);
	}
	BENCH("new TLS WebSocket, 401, REGISTER, resumed: sigd",
	      bench->server / 1e3, "ms", 0.35, NULL);
	BENCH("... Redis", bench->redis / 1e3, "ms", 0, NULL);
}

/* A way to come in. */
struct kind {
	const char *name;
	double aim;
	const char *peer;
	start_h *bare;
};

static void report(struct bench *bench, const struct kind *kind, bool alone)
{
	const char *how = alone ? "alone" : "busy";
	char text[80];

	bench->pid = bench->stack.sigd_worker;
	bench->fresh = false;
	load(bench, refresh_one, alone);
	snprintf(text, sizeof(text), "%s refresh, %s: sigd", kind->name, how);
	BENCH(text, bench->server, "us", kind->aim, kind->peer);
	BENCH("... Redis", bench->redis, "us", 0, NULL);
	bench->fresh = true;
	load(bench, refresh_one, alone);
	snprintf(text, sizeof(text), "%s 401 and refresh, %s: sigd", kind->name,
		 how);
	BENCH(text, bench->server, "us", 0, "as JsSIP and SIP.js do it");
	BENCH("... Redis", bench->redis, "us", 0, NULL);

	if (!kind->bare)
		return;
	bench->pid = bench->bare.pid;
	load(bench, kind->bare, alone);
	snprintf(text, sizeof(text), "limit of %s, %s: bare loop", kind->name,
		 how);
	BENCH(text, bench->server, "us", 0, "one message, one answer");
	BENCH("... Redis, PING", bench->redis, "us", 0, NULL);
}

static void report_all(struct bench *bench)
{
	static const struct kind wss = {
		"WSS", 60, "Kamailio once: 94-108, memory only, no digest",
		ask_bare_tls};
	static const struct kind udp = {
		"UDP", 45, "Kamailio once: 66-73, memory only, no digest",
		ask_bare_udp};
	static const struct kind tcp = {"TCP", 0, NULL, NULL};

	bench->wss = true;
	report_come(bench);
	report_many(bench);
	report(bench, &wss, true);
	report(bench, &wss, false);
	report_resumed(bench);
	leave(bench, 0);
	bench->wss = false;
	come(bench, FIRST);
	report(bench, &udp, true);
	report(bench, &udp, false);
	leave(bench, 0);
	bench->tcp = true;
	come(bench, FIRST);
	report(bench, &tcp, true);
	report(bench, &tcp, false);
	leave(bench, 0);
}

static void many_fds(void)
{
	struct rlimit fds;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &fds))
		return;
	fds.rlim_cur = fds.rlim_max < FDS ? fds.rlim_max : FDS;
	(void)setrlimit(RLIMIT_NOFILE, &fds);
}

int main(void)
{
	static struct bench bench;
	const struct stack_cfg cfg = {.users = FIRST + MANY};

	many_fds();
	bench_title(title);
	bench_first();
	if (libre_init())
		return 1;
	stack_start(&bench.stack, &cfg);
	if (!loop_test_open_for(&bench.lt, FDS))
		bench_die("no loop");
	bare_open(&bench);
	report_all(&bench);
	bare_close(&bench);
	loop_test_close(&bench.lt);
	stack_stop(&bench.stack);
	libre_close();
	return 0;
}
