/*
 * bench_call_log.c  What it costs to tell what happened to a call
 *
 * Calls of three minutes of a page and a PBX tell what mediad tells of them,
 * as they would: their way up in five turns of the loop, figures of both legs
 * 20 times, their end; in between come those of other calls. CPU is that of
 * the worker; that of Redis stands beside it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/call_log_writer.h"
#include "common/redis_link.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/stack.h"
#include "tests/lib/loop_test.h"

enum {
	CALLS = 1000,
	ROWS = 20,
	GROUP = 20, /* calls whose notes go out together */
};

/* As a call of test_media_log.c says. */
static const struct line {
	unsigned turn;
	uint8_t leg;
	const char *kind, *data;
} lines[] = {
	{0, 1, "sdp.offer", "dir=in profile=browser"},
	{1, 2, "sdp.offer", "dir=out profile=rtp"},
	{2, 2, "sdp.agreed",
	 "offer=out profile=rtp "
	 "offered=PCMA/8000%20PCMU/8000%20telephone-event/8000 "
	 "chosen=PCMA/8000/1 why=PCMA:%20its%20answer%20to%20our%20offer%20("
	 "policy%20usual) dir=sendrecv secured=no local=192.0.2.4:21660 "
	 "remote=198.51.100.7:55962 dtmf=rtp"},
	{2, 1, "way", "peer=2 way=transcode codec=opus to=PCMA"},
	{2, 2, "way", "peer=1 way=transcode codec=PCMA to=opus"},
	{2, 1, "sdp.agreed",
	 "offer=in profile=browser "
	 "offered=opus/48000%20red/48000%20PCMA/8000%20telephone-event/48000 "
	 "chosen=opus/48000/2 why=opus:%20the%20first%20of%20ours%20that%20it"
	 "%20offered%20(policy%20usual) dir=sendrecv secured=dtls ice=lite "
	 "cands=3 dtmf=rtp refused=red/48000:not%20allowed%20by%20policy"},
	{3, 1, "ice.check", "from=203.0.113.9:40210 over=udp"},
	{3, 1, "ice.nominated",
	 "from=203.0.113.9:40210 over=udp type=srflx local=192.0.2.4:34968"},
	{3, 1, "dtls.hello", "hello=seen try=1"},
	{4, 1, "dtls.done",
	 "version=DTLSv1.2 cipher=ECDHE-ECDSA-AES128-GCM-SHA256 "
	 "srtp=AEAD_AES_128_GCM"},
	{4, 1, "rtp.in",
	 "from=203.0.113.9:40210 pt=111 codec=opus ssrc=3473240240"},
	{4, 2, "rtp.in",
	 "from=198.51.100.7:55962 pt=8 codec=PCMA ssrc=4280391431"},
	{4, 1, "rtp.out", "to=203.0.113.9:40210 codec=opus"},
	{4, 2, "rtp.out", "to=198.51.100.7:55962 codec=PCMA"},
	{4, 2, "rtcp.in", ""},
	{5, 1, "leg.ended",
	 "age=183000 remote=1 local=900 stun=1100 nominated=1150 dtls=1300 "
	 "rtp-in=1350 rtp-out=1400 in=9001 out=9002 lost=12 jitter=4 "
	 "far-lost=3 far-jitter=6 rtt=41 level=-27 mos=441 far-mos=438 "
	 "heard-mos=420 srtp=AEAD_AES_128_GCM codec=opus/48000/2"},
	{5, 2, "leg.ended",
	 "age=182000 remote=800 local=1 rtp-in=850 rtp-out=1350 in=9001 "
	 "out=9002 jitter=1 rtt=12 level=-24 mos=439 far-mos=437 "
	 "heard-mos=420 codec=PCMA/8000/1"},
};

struct bench {
	struct stack stack;
	struct loop_test lt;
	struct redis_link *link;
	struct call_log_writer *writer;
	uint64_t told;
	double cpu;
	int64_t bytes;
	bool read;
};

static void tell(struct bench *bench, unsigned nr, const struct line *line)
{
	struct call_log_data data;
	char id[ID_LEN + 1];
	const struct call_log_note note = {
		.call = id,
		.session = id,
		.leg = line->leg,
		.kind = line->kind,
		.data = &data,
	};

	snprintf(id, sizeof(id), "%016x", nr * 2654435761u);
	call_log_begin(&data);
	data.len = strlen(line->data);
	memcpy(data.text, line->data, data.len + 1);
	call_log_write(bench->writer, &note);
	bench->told++;
}

/* Put together as the diary does. */
static void tell_row(struct bench *bench, unsigned nr, uint8_t leg)
{
	struct line line = {.leg = leg, .kind = "figures"};
	struct call_log_data data;

	call_log_begin(&data);
	call_log_num(&data, "in", 250);
	call_log_num(&data, "out", 250);
	call_log_num(&data, "jitter", 4);
	call_log_num(&data, "rtt", 41);
	call_log_num(&data, "level", -27);
	call_log_num(&data, "mos", 441);
	call_log_num(&data, "far-mos", 438);
	line.data = data.text;
	tell(bench, nr, &line);
}

static bool is_sent(void *arg)
{
	const struct bench *bench = arg;
	const struct call_log_counts *counts = call_log_counts(bench->writer);

	return counts->written + counts->dropped == bench->told;
}

static void send_all(struct bench *bench, double begin)
{
	call_log_flush(bench->writer);
	if (!loop_test_until(&bench->lt, is_sent, bench, 5000))
		bench_die("what was told did not get to Redis");
	bench->cpu += bench_cpu_us() - begin;
}

static void turn(struct bench *bench, unsigned first, unsigned nr)
{
	const double begin = bench_cpu_us();

	for (unsigned c = first; c < first + GROUP; c++)
		for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			if (lines[i].turn == nr)
				tell(bench, c, &lines[i]);
	send_all(bench, begin);
}

static void rows(struct bench *bench, unsigned first)
{
	const double begin = bench_cpu_us();

	for (unsigned c = first; c < first + GROUP; c++) {
		tell_row(bench, c, 1);
		tell_row(bench, c, 2);
	}
	send_all(bench, begin);
}

static void on_bytes(int err, const struct redis_val *val, void *arg)
{
	struct bench *bench = arg;

	bench->read = true;
	if (!err && val->type == REDIS_INT)
		bench->bytes = val->num;
}

static bool is_read(void *arg)
{
	return ((const struct bench *)arg)->read;
}

static void weigh(struct bench *bench)
{
	const struct redis_arg argv[] = {
		redis_str("MEMORY"), redis_str("USAGE"),
		redis_str("cb:{c:0}:log:0000000000000000")};

	if (redis_link_send(bench->link, argv, 3, on_bytes, bench) ||
	    !loop_test_until(&bench->lt, is_read, bench, 5000))
		bench_die("no answer");
}

static void calls(struct bench *bench)
{
	for (unsigned c = 0; c < CALLS; c += GROUP)
		for (unsigned nr = 0; nr < 5; nr++)
			turn(bench, c, nr);
	for (unsigned r = 0; r < ROWS; r++)
		for (unsigned c = 0; c < CALLS; c += GROUP)
			rows(bench, c);
	for (unsigned c = 0; c < CALLS; c += GROUP)
		turn(bench, c, 5);
}

static bool is_up(void *arg)
{
	return redis_link_up(arg);
}

static void log_open(struct bench *bench)
{
	char sock[128];
	const struct redis_cfg redis = {.path = sock};
	const struct call_log_cfg cfg = {.keep_s = 86400};

	snprintf(sock, sizeof(sock), "%s/redis.sock", bench->stack.dir);
	if (redis_link_alloc(&bench->link, &redis, bench->lt.wheel, NULL,
			     NULL) ||
	    !loop_test_until(&bench->lt, is_up, bench->link, 5000) ||
	    call_log_writer_alloc(&bench->writer, &cfg, bench->link,
				  bench->lt.wheel, "m1/1"))
		bench_die("no way to Redis");
}

static void figures(const struct bench *bench, double redis_us)
{
	if (call_log_counts(bench->writer)->dropped)
		bench_die("some were dropped");
	bench_title("A call of three minutes of a page and a PBX: what mediad "
		    "tells its log.\n");
	BENCH("entries, a call", (double)bench->told / CALLS, "", 0, NULL);
	BENCH("worker, a call", bench->cpu / CALLS, "us", 0, NULL);
	BENCH("worker, an entry", bench->cpu / (double)bench->told, "us", 0,
	      NULL);
	BENCH("Redis, a call", redis_us / CALLS, "us", 0, NULL);
	BENCH("stored, a call", (double)bench->bytes, "B", 0,
	      "whole blocks of 4 kB");
}

int main(void)
{
	const struct stack_cfg cfg = {.users = 1};
	struct bench *bench;
	double redis;

	if (libre_init())
		return 1;
	bench = mem_zalloc(sizeof(*bench), NULL);
	if (!bench)
		bench_die("no memory");
	stack_start(&bench->stack, &cfg);
	if (!loop_test_open(&bench->lt))
		bench_die("no loop");
	log_open(bench);
	redis = bench_cpu_of(bench->stack.redis);
	calls(bench);
	redis = bench_cpu_of(bench->stack.redis) - redis;
	weigh(bench);
	figures(bench, redis);
	mem_deref(bench->writer);
	mem_deref(bench->link);
	loop_test_close(&bench->lt);
	stack_stop(&bench->stack);
	mem_deref(bench);
	libre_close();
	return 0;
}
