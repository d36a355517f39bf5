/*
 * bench_trace.c  What it costs to keep what was said, and how large that is
 *
 * Calls with all their messages pass the tap of one worker, as they would on
 * the wire: in three lots, when they ring, when they are answered and when
 * they end, so that each call is three batches. CPU is that of the worker;
 * that of Redis stands beside it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "sigd/trace/trace.h"
#include "sigd/transport/transport.h"
#include "common/redis_link.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/stack.h"
#include "tests/lib/loop_test.h"

enum {
	CALLS = 400, /* at once */
	ROUNDS = 10,
	TEXT_MAX = 4096,
};

static const char head[] =
	"%s\r\n"
	"Via: SIP/2.0/%s %s;branch=z9hG4bK%08x%08x;rport\r\n"
	"Max-Forwards: 69\r\n"
	"To: <sip:bob@example.org>%s\r\n"
	"From: \"Alice\" <sip:alice@example.org>;tag=%08x\r\n"
	"Call-ID: %08x%08x@call\r\n"
	"CSeq: %u %s\r\n"
	"Contact: <sip:%08x@192.0.2.1:5060;transport=%s>\r\n"
	"Record-Route: <sip:%08x%08x%08x%08x%08x%08x@192.0.2.1:5060;lr>\r\n"
	"Allow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO\r\n"
	"Supported: timer,ice,replaces,outbound\r\n"
	"User-Agent: a softphone 1.2.3\r\n"
	"%s";

static const char sdp[] =
	"Content-Type: application/sdp\r\nContent-Length: 1100\r\n\r\n"
	"v=0\r\no=- %08x%08x 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	"a=group:BUNDLE 0\r\na=msid-semantic: WMS a\r\n"
	"m=audio 51472 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n"
	"c=IN IP4 192.0.2.17\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
	"a=candidate:1467250027 1 udp 2122260223 192.0.2.17 51472 typ host "
	"generation 0 network-id 1\r\n"
	"a=candidate:3180493051 1 udp 1686052607 203.0.113.77 51472 typ srflx "
	"raddr 192.0.2.17 rport 51472 generation 0 network-id 1\r\n"
	"a=ice-ufrag:F7gI\r\na=ice-pwd:%08x%08x%08x\r\n"
	"a=ice-options:trickle\r\na=fingerprint:sha-256 %08x:%08x:%08x:%08x\r\n"
	"a=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n"
	"a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
	"a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 "
	"PCMA/8000\r\n"
	"a=rtpmap:13 CN/8000\r\na=rtpmap:126 telephone-event/8000\r\n";

static const char none[] = "Content-Length: 0\r\n\r\n";

/* What a call says on both sides, in its three parts. */
static const struct line {
	unsigned part;
	bool out, udp, sdp;
	unsigned cseq;
	const char *first, *method;
} lines[] = {
	{0, false, false, true, 1, "INVITE sip:bob@example.org SIP/2.0",
	 "INVITE"},
	{0, true, false, false, 1, "SIP/2.0 407 Proxy Authentication Required",
	 "INVITE"},
	{0, false, false, false, 1, "ACK sip:bob@example.org SIP/2.0", "ACK"},
	{0, false, false, true, 2, "INVITE sip:bob@example.org SIP/2.0",
	 "INVITE"},
	{0, true, false, false, 2, "SIP/2.0 100 Trying", "INVITE"},
	{0, true, true, true, 2, "INVITE sip:bob@192.0.2.9 SIP/2.0", "INVITE"},
	{0, false, true, false, 2, "SIP/2.0 100 Trying", "INVITE"},
	{0, false, true, false, 2, "SIP/2.0 180 Ringing", "INVITE"},
	{0, true, false, false, 2, "SIP/2.0 180 Ringing", "INVITE"},
	{1, false, true, true, 2, "SIP/2.0 200 OK", "INVITE"},
	{1, true, false, true, 2, "SIP/2.0 200 OK", "INVITE"},
	{1, false, false, false, 2, "ACK sip:bob@192.0.2.1 SIP/2.0", "ACK"},
	{1, true, true, false, 2, "ACK sip:bob@192.0.2.9 SIP/2.0", "ACK"},
	{2, false, false, false, 3, "BYE sip:bob@192.0.2.1 SIP/2.0", "BYE"},
	{2, true, true, false, 3, "BYE sip:bob@192.0.2.9 SIP/2.0", "BYE"},
	{2, false, true, false, 3, "SIP/2.0 200 OK", "BYE"},
	{2, true, false, false, 3, "SIP/2.0 200 OK", "BYE"},
};

struct said {
	char text[TEXT_MAX];
	size_t len;
};

/* Numbers that are not alike, as in messages. */
static uint32_t any(void)
{
	return rand_u32();
}

static void said_make(struct said *said, const struct line *line,
		      const uint32_t call[2])
{
	char body[2048];
	int n;

	snprintf(body, sizeof(body), "%s", none);
	if (line->sdp)
		snprintf(body, sizeof(body), sdp, any(), any(), any(), any(),
			 any(), any(), any(), any(), any());
	n = snprintf(said->text, sizeof(said->text), head, line->first,
		     line->udp ? "UDP" : "WSS",
		     line->udp ? "192.0.2.1" : "4qf4rr3s7s4k.invalid", any(),
		     any(), line->part ? ";tag=77aa88bb" : "", call[0], call[0],
		     call[1], line->cseq, line->method, any(),
		     line->udp ? "udp" : "ws", any(), any(), any(), any(),
		     any(), any(), body);
	said->len = (size_t)n;
}

struct bench {
	struct stack stack;
	struct loop_test lt;
	struct redis_link *link;
	struct trace *trace;
	struct said said[CALLS][sizeof(lines) / sizeof(lines[0])];
	uint64_t bytes, messages;
	double cpu;
};

static bool is_sent(void *arg)
{
	const struct bench *bench = arg;
	struct trace_counts counts;

	trace_counts(bench->trace, &counts);
	return !counts.store.waiting;
}

static void part_say(struct bench *bench, unsigned part)
{
	struct sa addr;
	double begin = bench_cpu_us();

	(void)sa_set_str(&addr, "192.0.2.9", 5060);
	for (unsigned c = 0; c < CALLS; c++) {
		for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]);
		     i++) {
			const struct said *said = &bench->said[c][i];
			const struct transport_tap tap = {
				lines[i].out,
				lines[i].udp ? FLOW_UDP : FLOW_WSS,
				&addr,
				&addr,
				(const uint8_t *)said->text,
				said->len};

			if (lines[i].part != part)
				continue;
			trace_tap(&tap, bench->trace);
			bench->bytes += said->len;
			++bench->messages;
		}
	}
	if (!loop_test_until(&bench->lt, is_sent, bench, 5000))
		bench_die("what was said did not get to Redis");
	bench->cpu += bench_cpu_us() - begin;
}

static void calls_make(struct bench *bench)
{
	for (unsigned c = 0; c < CALLS; c++) {
		const uint32_t call[] = {any(), any()};

		for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			said_make(&bench->said[c][i], &lines[i], call);
	}
}

static void figures(const struct bench *bench, double redis_us)
{
	const double calls = (double)CALLS * ROUNDS;
	struct trace_counts counts;

	trace_counts(bench->trace, &counts);
	if (counts.store.messages != bench->messages)
		bench_die("%llu of %llu messages were kept",
			  (unsigned long long)counts.store.messages,
			  (unsigned long long)bench->messages);
	bench_title("A call of 17 messages (13 kB), kept in three batches.\n");
	BENCH("worker, a call", bench->cpu / calls, "us", 0, NULL);
	BENCH("worker, a message", bench->cpu / (double)bench->messages, "us",
	      0, NULL);
	BENCH("Redis, a call", redis_us / calls, "us", 0, NULL);
	BENCH("said, a call", (double)bench->bytes / calls, "B", 0, NULL);
	BENCH("stored, a call", (double)counts.store.bytes / calls, "B", 0,
	      NULL);
}

static bool is_up(void *arg)
{
	return redis_link_up(arg);
}

static void trace_open(struct bench *bench)
{
	const struct trace_cfg cfg = {.store = {.keep_ms = 600000,
						.call_bytes = 65536,
						.bytes = 1 << 30,
						.memory = 64 << 20}};
	char sock[128];
	const struct redis_cfg redis = {.path = sock};

	snprintf(sock, sizeof(sock), "%s/redis.sock", bench->stack.dir);
	if (redis_link_alloc(&bench->link, &redis, bench->lt.wheel, NULL,
			     NULL) ||
	    !loop_test_until(&bench->lt, is_up, bench->link, 5000) ||
	    trace_alloc(&bench->trace, &cfg, "a1/1", bench->link,
			bench->lt.wheel))
		bench_die("no way to Redis");
}

static double measure(struct bench *bench)
{
	double redis = bench_cpu_of(bench->stack.redis);

	for (unsigned round = 0; round < ROUNDS; round++) {
		calls_make(bench);
		for (unsigned part = 0; part < 3; part++)
			part_say(bench, part);
	}
	return bench_cpu_of(bench->stack.redis) - redis;
}

int main(void)
{
	const struct stack_cfg cfg = {.users = 1};
	struct bench *bench;

	if (libre_init())
		return 1;
	bench = mem_zalloc(sizeof(*bench), NULL);
	if (!bench)
		bench_die("no memory");
	stack_start(&bench->stack, &cfg);
	if (!loop_test_open(&bench->lt))
		bench_die("no loop");
	trace_open(bench);
	figures(bench, measure(bench));
	mem_deref(bench->trace);
	mem_deref(bench->link);
	loop_test_close(&bench->lt);
	stack_stop(&bench->stack);
	mem_deref(bench);
	libre_close();
	return 0;
}
