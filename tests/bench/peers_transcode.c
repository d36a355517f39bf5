/*
 * peers_transcode.c  Opus to PCMU and back, by mediad and by RTPEngine
 *
 * The same calls, one program after the other: plain RTP on both sides, the
 * same frames at the same times. What comes back is counted: a program that
 * drops what it should transcode is no faster.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "mediad/sound/codec.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/legs.h"
#include "tests/bench/lib/marks.h"
#include "tests/bench/lib/rtpengine.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/tree.h"
#include "tests/bench/lib/voice.h"

enum {
	FEW = 20, /* calls; delay is that of these, however many speak */
	MOST = 480,
	FRAMES = 500, /* 10 s, then again */
	FRAME_US = 20000,
	WARM_MS = 4000, /* RTPEngine learns addresses for 3 s */
	MEASURE_MS = 6000,
	STEP_WARM_MS = 1500,
	STEP_MS = 2500,
	RTP_HDR = 12,
	PT_OPUS = 111,
	PT_PCMU = 0,
	SKEW = 37 /* frames: no two calls say the same at once */
};

static const char title[] =
	"Calls with Opus 48000/2 on one side and PCMU on the other, 20 ms, "
	"plain RTP\non both. CPU is that of the process and its children, both "
	"directions, for\none second of one call. Delay is from a tone's begin "
	"at one far end to its\nbegin at the other, codecs' look-ahead (6.5 ms of "
	"Opus) and the far ends'\nown waits in it. The most calls are by steps of "
	"a quarter from half of what\nthe CPU of 20 calls lets expect, until less "
	"than 98 % of the packets come\nback. One media thread each, no kernel "
	"module; each encodes with its own\ndefaults unless said.\n";

struct side {
	int fd, rtcp; /* what comes to rtcp is left there */
	uint16_t port;
	unsigned sent, heard;
	uint64_t bytes; /* of payload that was heard */
	struct marks_ear ear;
};

struct bench {
	struct loop_test lt;
	struct voice_frame frames[2][FRAMES];
	struct side sides[2 * MOST]; /* even ones have Opus, odd ones PCMU */
	unsigned nsides;
	struct marks marks[2];
	unsigned turn; /* of all sides */
	unsigned sent;
};

typedef void(call_h)(void *program, unsigned nr, const char *const sdp[2],
		     char told[2][LEGS_SDP]);

/* A program under load. */
struct subject {
	const char *name;
	struct tree tree;
	pid_t redis; /* 0: it needs none */
	call_h *callh;
	void *program;
};

/* Of so many calls. */
struct load {
	unsigned calls, sent, wanted, heard[2];
	double ms; /* CPU of a call-second */
	double redis, own; /* ms; share of a core */
	double kbit[2];
};

struct costs {
	struct load few, high, most;
	double delay[2][2]; /* few, high: median, 99 % */
	double pss;
	bool at_least; /* the far ends could not do more */
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
	const unsigned frame = (side->sent + nr * SKEW) % FRAMES;
	const struct voice_frame *f = &bench->frames[nr % 2][frame];
	uint8_t pkt[RTP_HDR + VOICE_MAX] = {0x80, opus ? PT_OPUS : PT_PCMU};
	uint16_t seq = htons((uint16_t)side->sent);
	uint32_t ts = htonl(side->sent * (opus ? 960 : 160));
	uint32_t ssrc = htonl(4711 + nr);

	memcpy(pkt + 2, &seq, 2);
	memcpy(pkt + 4, &ts, 4);
	memcpy(pkt + 8, &ssrc, 4);
	memcpy(pkt + RTP_HDR, f->data, f->len);
	if (frame % MARKS_EACH == 0)
		bench->sides[nr ^ 1].ear.sent_us = now_us();
	(void)!send(side->fd, pkt, RTP_HDR + f->len, 0);
	++side->sent;
}

static void side_hears(struct bench *bench, unsigned nr)
{
	const bool opus = nr % 2 == 0;
	struct side *side = &bench->sides[nr];
	uint8_t pkt[1500];
	ssize_t n;

	while ((n = recv(side->fd, pkt, sizeof(pkt), 0)) > 0) {
		if (n <= RTP_HDR ||
		    (pkt[1] & 0x7f) != (opus ? PT_OPUS : PT_PCMU))
			continue;
		++side->heard;
		side->bytes += (uint64_t)n - RTP_HDR;
		if (side->ear.dec)
			marks_hear(&bench->marks[nr % 2], &side->ear, now_us(),
				   pkt + RTP_HDR, (size_t)n - RTP_HDR);
	}
}

/* Each side at its own time, as those who do not know of each other do. Who
 * could not speak for longer than a frame has missed his turn. */
static void speak_due(struct bench *bench, uint64_t past_us)
{
	const unsigned due =
		(unsigned)(past_us * bench->nsides / FRAME_US);

	if (due > bench->turn + bench->nsides)
		bench->turn = due - bench->nsides;
	for (; bench->turn < due; bench->turn++, bench->sent++)
		side_speaks(bench, bench->turn % bench->nsides);
}

static void speak_for(struct bench *bench, unsigned ms)
{
	static struct pollfd fds[2 * MOST];
	const uint64_t begin = now_us();
	uint64_t past;

	bench->turn = bench->sent = 0;
	for (unsigned i = 0; i < bench->nsides; i++)
		fds[i] = (struct pollfd){bench->sides[i].fd, POLLIN, 0};
	while ((past = now_us() - begin) < (uint64_t)ms * 1000) {
		speak_due(bench, past);
		if (poll(fds, bench->nsides, 1) <= 0)
			continue;
		for (unsigned i = 0; i < bench->nsides; i++) {
			if (fds[i].revents)
				side_hears(bench, i);
		}
	}
}

/* --- calls -------------------------------------------------------------------- */

static void calls_up(struct bench *bench, const struct subject *subject,
		     unsigned calls)
{
	static char sdp[2][LEGS_SDP], told[2][LEGS_SDP];
	const char *const says[2] = {sdp[0], sdp[1]};

	for (unsigned i = bench->nsides / 2; i < calls; i++) {
		struct side *side = &bench->sides[2 * i];

		side_open(&side[0]);
		side_open(&side[1]);
		side_sdp(&side[0], true, sdp[0]);
		side_sdp(&side[1], false, sdp[1]);
		subject->callh(subject->program, i, says, told);
		side_takes(&side[0], told[0], PT_OPUS);
		side_takes(&side[1], told[1], PT_PCMU);
		if (i < FEW && (marks_ear_open(&side[0].ear, &codec_opus) ||
				marks_ear_open(&side[1].ear, &codec_pcmu)))
			bench_die("no memory");
	}
	bench->nsides = 2 * calls;
}

static void calls_drop(struct bench *bench)
{
	for (unsigned i = 0; i < bench->nsides; i++) {
		close(bench->sides[i].fd);
		close(bench->sides[i].rtcp);
		marks_ear_close(&bench->sides[i].ear);
	}
	bench->nsides = 0;
}

/* --- figures ------------------------------------------------------------------ */

static void hear_anew(struct bench *bench)
{
	memset(bench->marks, 0, sizeof(bench->marks));
	for (unsigned i = 0; i < bench->nsides; i++)
		bench->sides[i].heard = 0, bench->sides[i].bytes = 0;
}

static void load_count(struct load *load, const struct bench *bench,
		       unsigned ms)
{
	load->sent = bench->sent;
	load->wanted = ms * bench->nsides / (FRAME_US / 1000);
	for (unsigned i = 0; i < bench->nsides; i++) {
		load->heard[i % 2] += bench->sides[i].heard;
		load->kbit[i % 2] += (double)bench->sides[i].bytes * 8 /
				     load->calls / ms;
	}
}

static void load_measure(struct load *load, struct bench *bench,
			 const struct subject *subject, const unsigned ms[2])
{
	const double seconds = bench->nsides / 2.0 * ms[1] / 1000;
	double us, redis, own;

	speak_for(bench, ms[0]);
	hear_anew(bench);
	us = tree_cpu(&subject->tree);
	redis = bench_cpu_of(subject->redis);
	own = bench_cpu_us();
	speak_for(bench, ms[1]);
	*load = (struct load){
		.calls = bench->nsides / 2,
		.ms = (tree_cpu(&subject->tree) - us) / seconds / 1000,
		.redis = (bench_cpu_of(subject->redis) - redis) / seconds /
			 1000,
		.own = (bench_cpu_us() - own) / 1000 / ms[1]};
	load_count(load, bench, ms[1]);
}

static bool all_came(const struct load *load)
{
	return load->heard[0] >= 0.98 * load->sent / 2 &&
	       load->heard[1] >= 0.98 * load->sent / 2;
}

static bool far_ends_kept_up(const struct load *load)
{
	return load->sent >= 0.95 * load->wanted;
}

static void line(const struct subject *subject, const char *what, double value,
		 const char *unit)
{
	char text[120];

	snprintf(text, sizeof(text), "%s: %s", subject->name, what);
	BENCH(text, value, unit, 0, NULL);
}

static void load_print(const struct subject *subject, const struct load *load)
{
	char what[80];

	snprintf(what, sizeof(what), "CPU of a call-second, %u calls",
		 load->calls);
	line(subject, what, load->ms, "ms");
	if (subject->redis)
		line(subject, "... Redis meanwhile, sigd's share in it",
		     load->redis, "ms");
	printf("      came back: Opus %u (%.1f kbit/s), PCMU %u of %u; far "
	       "ends: %.0f %% of a core%s%s\n",
	       load->heard[0], load->kbit[0], load->heard[1], load->sent / 2,
	       load->own * 100, all_came(load) ? "" : "  NOT ALL",
	       far_ends_kept_up(load) ? "" : "  THE FAR ENDS COULD NOT KEEP UP");
}

static void delay_print(const struct subject *subject,
			const struct bench *bench, double delay[2])
{
	struct marks all = bench->marks[0];

	all.count += bench->marks[1].count;
	for (unsigned i = 0; i < MARKS_BUCKETS; i++)
		all.delays[i] += bench->marks[1].delays[i];
	delay[0] = marks_percentile(&all, 0.5);
	delay[1] = marks_percentile(&all, 0.99);
	line(subject, "... delay, median", delay[0], "ms");
	line(subject, "... delay, 99 %", delay[1], "ms");
	printf("      to Opus %.1f and %.1f ms, to PCMU %.1f and %.1f; %u "
	       "tones\n",
	       marks_percentile(&bench->marks[0], 0.5),
	       marks_percentile(&bench->marks[0], 0.99),
	       marks_percentile(&bench->marks[1], 0.5),
	       marks_percentile(&bench->marks[1], 0.99), all.count);
}

static void measure_at(struct bench *bench, const struct subject *subject,
		       struct load *load, double delay[2])
{
	load_measure(load, bench, subject,
		     (const unsigned[2]){WARM_MS, MEASURE_MS});
	load_print(subject, load);
	delay_print(subject, bench, delay);
}

/* How many: by steps, from half of what CPU lets expect. */
static void most_calls(struct bench *bench, const struct subject *subject,
		       struct costs *costs)
{
	unsigned calls = (unsigned)(500 / costs->few.ms), grown = FEW;
	const double before = tree_pss(&subject->tree);
	struct load load;

	costs->most = costs->few;
	for (calls = calls > FEW ? calls : FEW + 5;; calls += calls / 4) {
		if (calls > MOST) {
			costs->at_least = true;
			break;
		}
		calls_up(bench, subject, calls);
		load_measure(&load, bench, subject,
			     (const unsigned[2]){STEP_WARM_MS, STEP_MS});
		load_print(subject, &load);
		if (grown == FEW) {
			grown = calls;
			costs->pss = (tree_pss(&subject->tree) - before) /
				     (calls - FEW);
		}
		costs->at_least = !far_ends_kept_up(&load);
		if (!all_came(&load) || costs->at_least)
			break;
		costs->most = load;
	}
	line(subject, "most calls with 98 % of the packets",
	     costs->most.calls, costs->at_least ? "+" : "");
	line(subject, "calls of a core, extrapolated from their CPU",
	     1000 / costs->most.ms, "");
	line(subject, "memory of a further call (PSS)", costs->pss, "kB");
}

/* --- the programs ------------------------------------------------------------- */

typedef void(run_h)(struct bench *bench, struct costs *costs, bool ramp);

static void measure(struct bench *bench, const struct subject *subject,
		    struct costs *costs, bool ramp)
{
	unsigned high = costs->most.calls * 4 / 5;

	calls_up(bench, subject, ramp || !high ? FEW : high);
	if (ramp) {
		measure_at(bench, subject, &costs->few, costs->delay[0]);
		most_calls(bench, subject, costs);
	} else {
		measure_at(bench, subject, &costs->high, costs->delay[1]);
	}
	calls_drop(bench);
}

static void legs_callh(void *program, unsigned nr, const char *const sdp[2],
		       char told[2][LEGS_SDP])
{
	legs_call(program, nr, sdp, told);
}

static void mediad_as(struct bench *bench, struct costs *costs, bool ramp,
		      unsigned complexity)
{
	const struct stack_cfg cfg = {.media = true,
				      .rtp = true,
				      .users = 1,
				      .complexity = complexity};
	struct legs legs;
	struct subject subject = {
		.name = complexity ? "mediad, complexity 10" : "mediad",
		.callh = legs_callh,
		.program = &legs};
	struct stack stack;

	stack_start(&stack, &cfg);
	legs_open(&legs, &bench->lt, &stack);
	tree_find(&subject.tree, stack.mediad);
	subject.redis = stack.redis;
	measure(bench, &subject, costs, ramp);
	legs_close(&legs);
	stack_stop(&stack);
}

static void run_mediad(struct bench *bench, struct costs *costs, bool ramp)
{
	mediad_as(bench, costs, ramp, 0);
}

static void rtpengine_callh(void *program, unsigned nr,
			    const char *const sdp[2], char told[2][LEGS_SDP])
{
	rtpengine_call(program, nr, sdp, told);
}

static void run_rtpengine(struct bench *bench, struct costs *costs, bool ramp)
{
	struct rtpengine peer;
	struct subject subject = {.name = "RTPEngine",
				  .callh = rtpengine_callh,
				  .program = &peer};

	rtpengine_start(&peer);
	tree_find(&subject.tree, peer.pid);
	measure(bench, &subject, costs, ramp);
	rtpengine_stop(&peer);
}

static void ratio(const char *what, double ours, double peers)
{
	BENCH(what, peers / ours, "", 0, NULL);
}

static void compare(const struct costs *ours, const struct costs *peer)
{
	printf("RTPEngine's figure by mediad's\n");
	ratio("CPU of a call-second, 20 calls", ours->few.ms, peer->few.ms);
	ratio("... at 80 % of the most", ours->high.ms, peer->high.ms);
	ratio("calls of a core, ours by its", ours->most.ms, peer->most.ms);
	ratio("memory of a call", ours->pss, peer->pss);
}

static void descriptors_allow(void)
{
	struct rlimit lim;

	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
}

int main(void)
{
	static run_h *const run[2] = {run_mediad, run_rtpengine};
	static struct bench bench;
	struct costs costs[2] = {{.pss = 0}}, slow = {.pss = 0};
	char version[128];

	signal(SIGPIPE, SIG_IGN);
	if (!rtpengine_version(version, sizeof(version)))
		bench_die("rtpengine is not installed");
	bench_title(title);
	printf("Cordboard %s, RTPEngine %s\n", VERSION, version);
	bench_first();
	descriptors_allow();
	if (libre_init() || voice_opus_marked(bench.frames[0], FRAMES) ||
	    voice_pcmu_marked(bench.frames[1], FRAMES))
		return 1;
	if (!loop_test_open(&bench.lt))
		bench_die("no loop");
	for (unsigned i = 0; i < 4; i++)
		run[i % 2](&bench, &costs[i % 2], i < 2);
	mediad_as(&bench, &slow, false, 10);
	compare(&costs[0], &costs[1]);
	loop_test_close(&bench.lt);
	libre_close();
	return 0;
}
