/*
 * bench_call.c  Calls through the real sigd, mediad and Redis: set-up, a
 *               message within the call, the media, the memory
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "tests/bench/lib/bare.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/ua.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/mock_media.h"

enum {
	WARM = 5, /* calls before anything is measured */
	CALLS = 50,
	LEGS = 2 * CALLS, /* that speak */
	MORE = CALLS,     /* calls that only take memory */
	PAGES = LEGS + 2 * MORE,
	FRAME_MS = 20,
	MEDIA_MS = 4000,
	READ_MS = 5,
	PACKET = 88, /* an Opus packet of 60 bytes with RTP and SRTP */
	ALONE = 2000,
	BUSY = 6000,
	AT_ONCE = 20,
	CALLS_AT_ONCE = 10,
	WAIT_MS = 60000
};

static const char title[] =
	"50 calls of two pages each, over WSS, through one worker of the real\n"
	"sigd and one of the real mediad, with the real Redis. Set-up: "
	"INVITE,\n"
	"407, INVITE, 200, ACK, ICE, two DTLS handshakes; later BYE. "
	"Forwarded:\n"
	"an INFO within the call and its 200, each read, checked (cookie, "
	"call\n"
	"record in Redis), edited and sent on. Relay: 100 legs that speak "
	"each\n"
	"20 ms, Opus of 24 kbit/s, SRTP with AES-GCM on both sides; all that\n"
	"the worker does meanwhile is in it (wake-ups, RTCP, ICE consent,\n"
	"state file). The limit: a bare loop of epoll, recvfrom and sendto\n"
	"that passes the same packets on as they are, in the same run.\n";

struct bench;

typedef void(start_h)(struct bench *bench);

struct bench {
	struct loop_test lt;
	struct stack stack;
	struct bare bare;
	struct ua *uas[PAGES];
	int fds[LEGS]; /* of the bare relay */
	uint16_t ports[LEGS];
	start_h *start;
	unsigned at;
	unsigned started, done, want, at_once;
	uint64_t begin_ms;
	unsigned calls; /* up, or on their way */
	unsigned spoken;
};

/* CPU of all three, in microseconds. */
struct used {
	double sigd, mediad, redis;
};

static struct used used(const struct bench *bench)
{
	return (struct used){bench_cpu_of(bench->stack.sigd_worker),
			     bench_cpu_of(bench->stack.mediad_worker),
			     bench_cpu_of(bench->stack.redis)};
}

static struct used since(const struct bench *bench, const struct used *from,
			 double per)
{
	struct used now = used(bench);

	return (struct used){(now.sigd - from->sigd) / per,
			     (now.mediad - from->mediad) / per,
			     (now.redis - from->redis) / per};
}

/* --- the load ------------------------------------------------------------- */

static void on_event(struct ua *ua, enum ua_event event, void *arg)
{
	struct bench *bench = arg;

	if (event == UA_OPEN)
		ua_register(ua, true);
	else if (event != UA_DOWN)
		++bench->done;
}

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

static void load(struct bench *bench, start_h *start, unsigned count,
		 unsigned at_once)
{
	bench->start = start;
	bench->started = bench->done = 0;
	bench->want = count;
	bench->at_once = at_once ? at_once : UINT32_MAX;
	bench->begin_ms = at_once ? 0 : loop_now_ms();
	if (!loop_test_until(&bench->lt, all_done, bench, WAIT_MS))
		bench_die("only %u of %u were done", bench->done, count);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void wait(struct bench *bench, uint32_t ms)
{
	loop_test_until(&bench->lt, never, NULL, ms);
}

static void open_one(struct bench *bench)
{
	const struct ua_cfg cfg = {
		.server = bench->stack.wss,
		.wss = true,
		.nr = bench->started - 1,
		.wheel = bench->lt.wheel,
		.eventh = on_event,
		.arg = bench,
	};

	if (ua_alloc(&bench->uas[bench->started - 1], &cfg))
		bench_die("no page");
}

/* Even ones call, the odd ones next to them answer. */
static void call_one(struct bench *bench)
{
	unsigned caller = 2 * bench->calls++;

	ua_call(bench->uas[caller], caller + 1);
}

static void info_one(struct bench *bench)
{
	ua_info(bench->uas[2 * (bench->at++ % CALLS)]);
}

static bool media_ready(void *arg)
{
	const struct bench *bench = arg;

	for (unsigned i = 0; i < 2 * bench->calls; i++) {
		const struct mock_media *media = ua_media(bench->uas[i]);

		if (!media || !mock_media_ready(media))
			return false;
	}
	return true;
}

static bool all_down(void *arg)
{
	const struct bench *bench = arg;

	for (unsigned i = 0; i < PAGES; i++) {
		if (ua_media(bench->uas[i]))
			return false;
	}
	return true;
}

static void hang_up(struct bench *bench)
{
	for (unsigned i = 0; i < bench->calls; i++)
		ua_bye(bench->uas[2 * i]);
	bench->calls = 0;
	if (!loop_test_until(&bench->lt, all_down, bench, WAIT_MS))
		bench_die("a call does not end");
	wait(bench, 500);
}

static void set_up(struct bench *bench, unsigned calls)
{
	load(bench, call_one, calls, CALLS_AT_ONCE);
	if (!loop_test_until(&bench->lt, media_ready, bench, WAIT_MS))
		bench_die("media does not come up");
}

/* --- media ---------------------------------------------------------------- */

/* In each millisecond its share of those who speak each 20 ms. */
static bool speak_together(void *arg)
{
	struct bench *bench = arg;
	uint64_t ms = loop_now_ms() - bench->begin_ms;

	while (bench->spoken < ms * LEGS / FRAME_MS) {
		bench->start(bench);
		++bench->spoken;
	}
	return ms >= MEDIA_MS;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Each at its own time, as those who do not know of each other do. What comes
 * back is read every few milliseconds. */
static void speak_apart(struct bench *bench)
{
	const uint64_t gap = FRAME_MS * 1000 / LEGS, begin = now_us();
	uint64_t read_ms = loop_now_ms();

	while (bench->spoken < MEDIA_MS * 1000 / gap) {
		uint64_t due = begin + bench->spoken * gap, now = now_us();
		const struct timespec nap = {
			.tv_nsec = due > now ? (long)(due - now) * 1000 : 0};

		if (nap.tv_nsec)
			nanosleep(&nap, NULL);
		bench->start(bench);
		++bench->spoken;
		if (loop_now_ms() - read_ms < READ_MS)
			continue;
		loop_test_until(&bench->lt, never, NULL, 0);
		read_ms = loop_now_ms();
	}
}

static void speak_one(struct bench *bench)
{
	ua_speak(bench->uas[bench->spoken % LEGS]);
}

static unsigned heard(const struct bench *bench)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LEGS; i++)
		n += ua_heard(bench->uas[i]);
	return n;
}

static void talk(struct bench *bench, start_h *start, bool apart)
{
	bench->start = start;
	bench->spoken = 0;
	bench->begin_ms = loop_now_ms();
	if (apart)
		speak_apart(bench);
	else
		loop_test_until(&bench->lt, speak_together, bench,
				2 * MEDIA_MS);
	bench->begin_ms = 0;
	wait(bench, 20);
}

/* The peer's port is in the packet: the bare relay knows nobody. */
static void speak_bare(struct bench *bench)
{
	unsigned i = bench->spoken % LEGS;
	uint8_t pkt[PACKET] = {BARE_RELAY};
	uint8_t buf[PACKET];

	memcpy(pkt + 1, &bench->ports[i ^ 1], sizeof(bench->ports[0]));
	(void)!sendto(bench->fds[i], pkt, sizeof(pkt), 0, &bench->bare.udp.u.sa,
		      bench->bare.udp.len);
	while (recv(bench->fds[i], buf, sizeof(buf), MSG_DONTWAIT) > 0)
		++bench->done;
}

static void bare_open(struct bench *bench)
{
	for (unsigned i = 0; i < LEGS; i++) {
		struct sa addr;

		bench->fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		sa_set_str(&addr, "127.0.0.1", 0);
		if (bench->fds[i] < 0 ||
		    bind(bench->fds[i], &addr.u.sa, addr.len) ||
		    getsockname(bench->fds[i], &addr.u.sa, &addr.len))
			bench_die("no socket: %s", strerror(errno));
		bench->ports[i] = sa_port(&addr);
	}
	bare_start(&bench->bare, &bench->stack);
}

/* --- the figures ---------------------------------------------------------- */

/* Into what the handshakes of the calls before have left in the heap: what
 * stays is the calls' own. */
static void report_memory(struct bench *bench)
{
	long kb = bench_pss_kb(bench->stack.mediad_worker);

	set_up(bench, MORE);
	wait(bench, 1000);
	kb = bench_pss_kb(bench->stack.mediad_worker) - kb;
	BENCH("memory of a further call in mediad (PSS)", (double)kb / MORE,
	      "kB", 20, "two browser legs; RTPEngine once: 251");
}

static void report_relay(struct bench *bench, bool apart)
{
	double us = bench_cpu_of(bench->stack.mediad_worker);
	unsigned before = heard(bench), packets;
	char note[80];

	talk(bench, speak_one, apart);
	us = bench_cpu_of(bench->stack.mediad_worker) - us;
	packets = heard(bench) - before;
	snprintf(note, sizeof(note), "%u of %u came; RTPEngine once: 30",
		 packets, bench->spoken);
	BENCH(apart ? "relayed packet, 100 legs, one by one: mediad"
		    : "relayed packet, 100 legs, 5 each ms: mediad",
	      us / packets, "us", 12, note);
	us = bench_cpu_of(bench->bare.pid);
	bench->done = 0;
	talk(bench, speak_bare, apart);
	us = bench_cpu_of(bench->bare.pid) - us;
	BENCH("limit: bare loop", us / bench->spoken, "us", 0,
	      "no SRTP, nothing checked");
}

static void report_info(struct bench *bench, bool alone)
{
	struct used before = used(bench);
	unsigned count = alone ? ALONE : BUSY;

	load(bench, info_one, count, alone ? 0 : AT_ONCE);
	/* the request, and its answer */
	before = since(bench, &before, 2 * count);
	BENCH(alone ? "forwarded SIP message, alone: sigd"
		    : "forwarded SIP message, busy: sigd",
	      before.sigd, "us", 0, NULL);
	BENCH("... Redis", before.redis, "us", 0, NULL);
}

static void report_hang_up(struct bench *bench, const struct used *up)
{
	unsigned calls = bench->calls;
	struct used down = used(bench);

	hang_up(bench);
	down = since(bench, &down, calls);
	BENCH("call, INVITE to BYE: sigd", (up->sigd + down.sigd) / 1e3, "ms",
	      0.6, "Kamailio once: 1.5-2.1");
	BENCH("... mediad", (up->mediad + down.mediad) / 1e3, "ms", 1.2,
	      "two DTLS handshakes; RTPEngine once, with one: 2.8-3.3");
	BENCH("... Redis", (up->redis + down.redis) / 1e3, "ms", 0, NULL);
}

static void report(struct bench *bench)
{
	struct used up;

	load(bench, open_one, PAGES, AT_ONCE);
	set_up(bench, WARM);
	hang_up(bench);
	up = used(bench);
	set_up(bench, CALLS);
	up = since(bench, &up, CALLS);
	report_relay(bench, false);
	report_relay(bench, true);
	report_info(bench, true);
	report_info(bench, false);
	report_memory(bench);
	report_hang_up(bench, &up);
}

int main(void)
{
	static struct bench bench;
	const struct stack_cfg cfg = {.users = PAGES, .media = true};

	signal(SIGPIPE, SIG_IGN);
	bench_title(title);
	bench_first();
	if (libre_init())
		return 1;
	stack_start(&bench.stack, &cfg);
	if (!loop_test_open(&bench.lt))
		bench_die("no loop");
	bare_open(&bench);
	report(&bench);
	bare_stop(&bench.bare);
	for (unsigned i = 0; i < PAGES; i++)
		mem_deref(bench.uas[i]);
	for (unsigned i = 0; i < LEGS; i++)
		close(bench.fds[i]);
	loop_test_close(&bench.lt);
	stack_stop(&bench.stack);
	libre_close();
	return 0;
}
