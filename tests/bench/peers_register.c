/*
 * peers_register.c  A REGISTER through sigd and through kamailio, in one run
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/kamailio.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/ua.h"
#include "tests/lib/loop_test.h"

enum {
	CLIENTS = 100,
	FRESH = 500, /* new connections */
	AT_ONCE = 20,
	PACED = 3000, /* one each millisecond */
	BUSY = 8000,
	WAIT_MS = 60000,
};

static const char title[] =
	"The same clients and load at each: a new TLS WebSocket with REGISTER\n"
	"(401, then accepted), and refreshes with credentials (MD5) over WSS\n"
	"and UDP. CPU of all processes of each. sigd: one worker, nonces\n"
	"counted and bindings in Redis, whose CPU stands below. kamailio: one\n"
	"process for each transport, bindings in its memory, nonces not\n"
	"counted.\n";

struct bench;

typedef void(start_h)(struct bench *bench);

struct bench {
	struct loop_test lt;
	struct stack stack;
	struct kamailio peer;
	bool ours, wss;
	struct ua *uas[FRESH];
	unsigned nuas, at;
	start_h *start;
	unsigned started, done, want, at_once;
	uint64_t begin_ms; /* of one each millisecond; 0: busy */
	double cpu, redis; /* of one, microseconds */
};

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

static double cpu_now(const struct bench *bench)
{
	return bench->ours ? bench_cpu_of(bench->stack.sigd_worker)
			   : kamailio_cpu(&bench->peer);
}

static void load(struct bench *bench, start_h *start, unsigned want,
		 bool alone)
{
	double cpu = cpu_now(bench);
	double redis = bench_cpu_of(bench->stack.redis);

	bench->start = start;
	bench->started = bench->done = 0;
	bench->want = want;
	bench->at_once = alone ? UINT32_MAX : AT_ONCE;
	bench->begin_ms = alone ? loop_now_ms() : 0;
	if (!loop_test_until(&bench->lt, all_done, bench, WAIT_MS))
		bench_die("only %u of %u were answered", bench->done,
			  bench->want);
	bench->cpu = (cpu_now(bench) - cpu) / want;
	bench->redis = (bench_cpu_of(bench->stack.redis) - redis) / want;
}

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
		.server = bench->ours ? bench->wss ? bench->stack.wss
						   : bench->stack.udp
			  : bench->wss ? bench->peer.wss
				       : bench->peer.udp,
		.wss = bench->wss,
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
	ua_register(bench->uas[bench->at++ % CLIENTS], false);
}

static void leave(struct bench *bench)
{
	while (bench->nuas) {
		--bench->nuas;
		bench->uas[bench->nuas] = mem_deref(bench->uas[bench->nuas]);
	}
}

static void say(const struct bench *bench, const char *what, double scale,
		const char *unit)
{
	char text[96];

	snprintf(text, sizeof(text), "%s: %s", what,
		 bench->ours ? "sigd" : "kamailio");
	BENCH(text, bench->cpu / scale, unit, 0, NULL);
	if (bench->ours)
		BENCH("... Redis", bench->redis / scale, unit, 0, NULL);
}

static void subject(struct bench *bench, bool ours, bool wss)
{
	bench->ours = ours;
	bench->wss  = wss;
	load(bench, open_one, wss ? FRESH : CLIENTS, false);
	if (wss)
		say(bench, "new TLS WebSocket, 401, REGISTER", 1e3, "ms");
	load(bench, refresh_one, PACED, true);
	say(bench, wss ? "WSS refresh, alone" : "UDP refresh, alone", 1, "us");
	load(bench, refresh_one, BUSY, false);
	say(bench, wss ? "WSS refresh, busy" : "UDP refresh, busy", 1, "us");
	leave(bench);
}

int main(void)
{
	static struct bench bench;
	const struct stack_cfg cfg = {.users = FRESH};
	char version[128];

	signal(SIGPIPE, SIG_IGN);
	if (!kamailio_version(version, sizeof(version))) {
		puts("kamailio is not installed: apt-get install kamailio "
		     "kamailio-tls-modules kamailio-websocket-modules");
		return 1;
	}
	bench_title(title);
	printf("      %s\n", version);
	if (libre_init())
		return 1;
	stack_start(&bench.stack, &cfg);
	kamailio_start(&bench.peer, 0);
	if (!loop_test_open(&bench.lt))
		bench_die("no loop");
	for (unsigned i = 0; i < 4; i++)
		subject(&bench, i % 2 == 0, i < 2);
	loop_test_close(&bench.lt);
	kamailio_stop(&bench.peer);
	stack_stop(&bench.stack);
	libre_close();
	return 0;
}
