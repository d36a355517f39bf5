/*
 * peers_transcode.c  Opus to PCMU and back, by mediad and by RTPEngine
 *
 * The same calls, one program after the other and again: plain RTP on both
 * sides, the same frames at the same times. What comes back is counted: a
 * program that drops what it should transcode is no faster.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/legs.h"
#include "tests/bench/lib/rtpengine.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/tree.h"
#include "tests/bench/lib/voice.h"

enum {
	CALLS = 20,
	SIDES = 2 * CALLS, /* even ones have Opus, the odd ones PCMU */
	FRAMES = 500,      /* 10 s, then again */
	FRAME_US = 20000,
	WARM_MS = 4000, /* RTPEngine learns addresses for 3 s */
	MEASURE_MS = 8000,
	ROUNDS = 2,
	RTP_HDR = 12,
	PT_OPUS = 111,
	PT_PCMU = 0,
	SKEW = 37 /* frames: no two calls say the same at once */
};

static const char title[] =
	"20 calls, Opus 48000/2 on one side and PCMU on the other, 20 ms, "
	"plain RTP\non both; CPU of the process and its children, both "
	"directions, for one\nsecond of one call. 4 s of the same load go "
	"before the 8 s that count.\nOne media thread each, no kernel "
	"module; each encodes with its own\ndefaults unless said.\n";

struct side {
	int fd, rtcp; /* what comes to rtcp is left there */
	uint16_t port;
	unsigned sent, heard;
	uint64_t bytes; /* of payload that was heard */
};

struct bench {
	struct loop_test lt;
	struct voice_frame frames[2][FRAMES];
	struct side sides[SIDES];
	uint64_t begin_us;
	unsigned sent; /* of all sides */
};

/* A program under load. */
struct subject {
	const char *name;
	struct tree tree;
	pid_t redis; /* 0: it needs none */
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* --- the far ends ----------------------------------------------------------- */

static int bound(uint16_t port)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sa addr;

	sa_set_str(&addr, "127.0.0.1", port);
	if (fd >= 0 && !bind(fd, &addr.u.sa, addr.len))
		return fd;
	close(fd);
	return -1;
}

static void side_open(struct side *side)
{
	struct sa addr;

	*side = (struct side){.fd = -1, .rtcp = -1};
	for (unsigned i = 0; i < 1000; i++) {
		stack_free_port(&addr, SOCK_DGRAM);
		side->port = sa_port(&addr) & 0xfffe;
		side->fd = bound(side->port);
		side->rtcp = bound(side->port + 1);
		if (side->fd >= 0 && side->rtcp >= 0)
			return;
		close(side->fd);
		close(side->rtcp);
	}
	bench_die("no pair of ports");
}

static void side_sdp(const struct side *side, bool opus, char sdp[LEGS_SDP])
{
	snprintf(sdp, LEGS_SDP,
		 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		 "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP %u\r\n"
		 "%sa=ptime:20\r\na=sendrecv\r\n",
		 side->port, opus ? PT_OPUS : PT_PCMU,
		 opus ? "a=rtpmap:111 opus/48000/2\r\n"
			"a=fmtp:111 minptime=10;useinbandfec=1\r\n"
		      : "a=rtpmap:0 PCMU/8000\r\n");
}

/* Send to where this description says. */
static void side_takes(struct side *side, const char *sdp, unsigned pt)
{
	const char *m = strstr(sdp, "m=audio ");
	unsigned port, first;
	struct sa peer;

	if (!m || sscanf(m, "m=audio %u RTP/AVP %u", &port, &first) != 2 ||
	    first != pt)
		bench_die("not what was asked for: %s", sdp);
	sa_set_str(&peer, "127.0.0.1", (uint16_t)port);
	if (connect(side->fd, &peer.u.sa, peer.len))
		bench_die("port %u: %s", port, strerror(errno));
}

static void side_speaks(struct bench *bench, unsigned nr)
{
	struct side *side = &bench->sides[nr];
	bool opus = nr % 2 == 0;
	const struct voice_frame *f =
		&bench->frames[nr % 2][(side->sent + nr * SKEW) % FRAMES];
	uint8_t pkt[RTP_HDR + VOICE_MAX] = {0x80, opus ? PT_OPUS : PT_PCMU};
	uint16_t seq = htons((uint16_t)side->sent);
	uint32_t ts = htonl(side->sent * (opus ? 960 : 160));
	uint32_t ssrc = htonl(4711 + nr);

	memcpy(pkt + 2, &seq, 2);
	memcpy(pkt + 4, &ts, 4);
	memcpy(pkt + 8, &ssrc, 4);
	memcpy(pkt + RTP_HDR, f->data, f->len);
	(void)!send(side->fd, pkt, RTP_HDR + f->len, 0);
	++side->sent;
}

static void side_hears(struct side *side, bool opus)
{
	uint8_t pkt[1500];
	ssize_t n;

	while ((n = recv(side->fd, pkt, sizeof(pkt), 0)) > 0) {
		if (n <= RTP_HDR ||
		    (pkt[1] & 0x7f) != (opus ? PT_OPUS : PT_PCMU))
			continue;
		++side->heard;
		side->bytes += (uint64_t)n - RTP_HDR;
	}
}

/* Each side at its own time, as those who do not know of each other do. */
static void speak_for(struct bench *bench, unsigned ms)
{
	uint64_t end = now_us() + (uint64_t)ms * 1000, now;
	struct pollfd fds[SIDES];

	for (unsigned i = 0; i < SIDES; i++)
		fds[i] = (struct pollfd){bench->sides[i].fd, POLLIN, 0};
	while ((now = now_us()) < end) {
		while (bench->sent < (now - bench->begin_us) * SIDES / FRAME_US)
			side_speaks(bench, bench->sent++ % SIDES);
		if (poll(fds, SIDES, 1) <= 0)
			continue;
		for (unsigned i = 0; i < SIDES; i++) {
			if (fds[i].revents)
				side_hears(&bench->sides[i], i % 2 == 0);
		}
	}
}

/* --- figures ------------------------------------------------------------------ */

/* How many came of those that were sent meanwhile; their bits a second. */
static void report_heard(const struct bench *bench, unsigned sent)
{
	const double each = sent / 2.0;

	for (unsigned k = 0; k < 2; k++) {
		unsigned heard = 0;
		double bytes = 0;

		for (unsigned i = k; i < SIDES; i += 2) {
			heard += bench->sides[i].heard;
			bytes += (double)bench->sides[i].bytes;
		}
		printf("      %s that came back: %u packets of %.0f, "
		       "%.1f kbit/s%s\n",
		       k ? "PCMU" : "Opus", heard, each,
		       bytes * 8 / CALLS / MEASURE_MS,
		       heard < 0.98 * each ? "  NOT ALL: the figure above does "
					     "not count"
					   : "");
	}
}

static void measure(struct bench *bench, const struct subject *subject)
{
	const double seconds = CALLS * MEASURE_MS / 1000.0;
	double us, redis;
	unsigned sent;

	bench->begin_us = now_us();
	bench->sent = 0;
	speak_for(bench, WARM_MS);
	for (unsigned i = 0; i < SIDES; i++)
		bench->sides[i].heard = 0, bench->sides[i].bytes = 0;
	sent = bench->sent;
	us = tree_cpu(&subject->tree);
	redis = bench_cpu_of(subject->redis);
	speak_for(bench, MEASURE_MS);
	us = tree_cpu(&subject->tree) - us;
	redis = bench_cpu_of(subject->redis) - redis;
	BENCH(subject->name, us / seconds / 1000, "ms", 0, NULL);
	if (subject->redis)
		BENCH("  Redis meanwhile, sigd's share in it",
		      redis / seconds / 1000, "ms", 0, NULL);
	report_heard(bench, bench->sent - sent);
}

/* --- the programs ------------------------------------------------------------- */

typedef void(call_h)(void *program, unsigned nr, const char *const sdp[2],
		     char told[2][LEGS_SDP]);

static void set_up(struct bench *bench, call_h *callh, void *program)
{
	static char sdp[2][LEGS_SDP], told[2][LEGS_SDP];
	const char *const says[2] = {sdp[0], sdp[1]};

	for (unsigned i = 0; i < CALLS; i++) {
		struct side *side = &bench->sides[2 * i];

		side_open(&side[0]);
		side_open(&side[1]);
		side_sdp(&side[0], true, sdp[0]);
		side_sdp(&side[1], false, sdp[1]);
		callh(program, i, says, told);
		side_takes(&side[0], told[0], PT_OPUS);
		side_takes(&side[1], told[1], PT_PCMU);
	}
}

static void take_down(struct bench *bench)
{
	for (unsigned i = 0; i < SIDES; i++) {
		close(bench->sides[i].fd);
		close(bench->sides[i].rtcp);
	}
}

static void legs_callh(void *program, unsigned nr, const char *const sdp[2],
		       char told[2][LEGS_SDP])
{
	legs_call(program, nr, sdp, told);
}

static void run_mediad(struct bench *bench, unsigned complexity,
		       const char *name)
{
	const struct stack_cfg cfg = {.media = true,
				      .rtp = true,
				      .users = 1,
				      .complexity = complexity};
	struct subject subject = {.name = name};
	struct stack stack;
	struct legs legs;

	stack_start(&stack, &cfg);
	legs_open(&legs, &bench->lt, &stack);
	set_up(bench, legs_callh, &legs);
	tree_find(&subject.tree, stack.mediad);
	subject.redis = stack.redis;
	measure(bench, &subject);
	legs_close(&legs);
	take_down(bench);
	stack_stop(&stack);
}

static void rtpengine_callh(void *program, unsigned nr,
			    const char *const sdp[2], char told[2][LEGS_SDP])
{
	rtpengine_call(program, nr, sdp, told);
}

static void run_rtpengine(struct bench *bench)
{
	struct subject subject = {.name = "RTPEngine"};
	struct rtpengine peer;

	rtpengine_start(&peer);
	set_up(bench, rtpengine_callh, &peer);
	tree_find(&subject.tree, peer.pid);
	measure(bench, &subject);
	take_down(bench);
	rtpengine_stop(&peer);
}

int main(void)
{
	static struct bench bench;
	char version[128];

	signal(SIGPIPE, SIG_IGN);
	if (!rtpengine_version(version, sizeof(version)))
		bench_die("rtpengine is not installed");
	bench_title(title);
	printf("Cordboard %s, RTPEngine %s\n", VERSION, version);
	if (libre_init() || voice_opus(bench.frames[0], FRAMES) ||
	    voice_pcmu(bench.frames[1], FRAMES))
		return 1;
	if (!loop_test_open(&bench.lt))
		bench_die("no loop");
	for (unsigned i = 0; i < ROUNDS; i++) {
		run_mediad(&bench, 0, "mediad");
		run_rtpengine(&bench);
	}
	run_mediad(&bench, 10, "mediad, Opus with complexity 10");
	loop_test_close(&bench.lt);
	libre_close();
	return 0;
}
