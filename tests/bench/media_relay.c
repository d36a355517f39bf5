/*
 * media_relay.c  Calls between pages and a PBX through mediad and RTPEngine
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/bench/lib/bare.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/legs.h"
#include "tests/bench/lib/rtpengine.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/subject.h"

enum {
	WARM = 20, /* calls before anything is measured */
	STEP = 200, /* from there, until it is too many */
	MOST = 1900,
	SETTLE_MS = 2000,
	LATE_MS = 10 /* 99 % of the packets under way for longer: too many */
};

static const char title[] =
	"Calls between a page (ICE, DTLS-SRTP) and a PBX (plain RTP), Opus of\n"
	"24 kbit/s, 20 ms, relayed; asked for as sigd and as Kamailio ask.\n"
	"CPU is that of the process and its children, of each packet that came\n"
	"in and went on; all that goes on meanwhile is in it. Delay is from one\n"
	"far end to the other, theirs included: compare it with the bare loop's.\n"
	"Memory is the PSS of further calls. Set-up is of media alone: offer,\n"
	"answer, ICE, DTLS, and the end.\n";

/* CPU of a packet in microseconds, [GCM, CM][100, 400]. */
struct costs {
	double us[2][2];
	double pss, set_up, most;
};

/* --- packets ------------------------------------------------------------------ */

/* By steps, until delay or loss is too much; or the far ends need a core. What
 * a packet costs is that of the last step that went well: one that does not is
 * behind, and cheaper by that. */
static void most_calls(struct subject *subject, struct costs *costs,
		       const struct talk_heard *many)
{
	unsigned calls = SUBJECT_MANY, good = 0;
	struct talk_heard heard = *many;
	double us = 0, tried = costs->us[0][1];

	while (!*subject_flaw(&heard) && heard.ms[1] < LATE_MS) {
		good = calls;
		us = tried;
		/* the next step is one for the far ends, too */
		if (calls + STEP > MOST ||
		    heard.own_load * (calls + STEP) / calls > SUBJECT_OWN_MOST)
			break;
		calls += STEP;
		tried = subject_packets(subject, calls, &heard);
	}
	subject_line(subject, "most calls tried with 99 % under 10 ms", good, "", 0);
	if (!good)
		return;
	costs->most = 1e6 / (us * 2 * 50);
	subject_line(subject, "calls of a core, by the CPU of a packet then",
	     costs->most, "", 0);
}

/* --- calls --------------------------------------------------------------------- */

static void set_up(struct subject *subject, struct costs *costs)
{
	double us = 0, redis = bench_cpu_of(subject->redis);

	subject_begin(subject, SUBJECT_GCM);
	us -= tree_cpu(&subject->tree);
	talk_calls(subject->talk, SUBJECT_FEW);
	subject_end(subject);
	us += tree_cpu(&subject->tree);
	costs->set_up = us / SUBJECT_FEW / 1e3;
	subject_line(subject, "CPU of a call's media, from set-up to end",
	     costs->set_up, "ms", subject->redis ? 1.2 : 0);
	if (subject->redis)
		subject_line(subject, "... Redis, who asks in it",
		     (bench_cpu_of(subject->redis) - redis) / SUBJECT_FEW / 1e3, "ms",
		     0);
}

static void memory(struct subject *subject, struct costs *costs)
{
	double kb = tree_pss(&subject->tree);

	talk_calls(subject->talk, SUBJECT_MANY);
	talk_pause(subject->talk, SETTLE_MS);
	costs->pss = (tree_pss(&subject->tree) - kb) / (SUBJECT_MANY - SUBJECT_FEW);
	subject_line(subject, "memory of a further call (PSS)", costs->pss, "kB",
	     subject->redis ? 20 : 0);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void measure(struct subject *subject, struct costs *costs)
{
	struct talk_heard heard;
	unsigned fds;

	subject_begin(subject, SUBJECT_GCM);
	talk_calls(subject->talk, WARM);
	subject_end(subject);
	fds = tree_fds(&subject->tree);
	set_up(subject, costs);
	printf("   AES-GCM\n");
	subject_begin(subject, SUBJECT_GCM);
	costs->us[0][0] = subject_packets(subject, SUBJECT_FEW, &heard);
	memory(subject, costs);
	costs->us[0][1] = subject_packets(subject, SUBJECT_MANY, &heard);
	most_calls(subject, costs, &heard);
	subject_end(subject);
	printf("   AES-CM, HMAC-SHA1-80\n");
	subject_begin(subject, SUBJECT_CM);
	costs->us[1][0] = subject_packets(subject, SUBJECT_FEW, &heard);
	costs->us[1][1] = subject_packets(subject, SUBJECT_MANY, &heard);
	subject_end(subject);
	/* RTPEngine closes a call's ports a little later */
	(void)loop_test_until(subject->lt, never, NULL, SETTLE_MS);
	subject_line(subject, "open descriptors when all is over, against before",
	     (double)tree_fds(&subject->tree) - fds, "", 0);
}

/* --- the programs -------------------------------------------------------------- */

static void run_mediad(struct loop_test *lt, struct costs *costs)
{
	const struct stack_cfg cfg = {.media = true, .rtp = true, .users = 1};
	struct subject subject = {.name = "mediad", .lt = lt};
	struct stack stack;
	struct legs legs;

	stack_start(&stack, &cfg);
	subject_mediad(&subject, &stack, &legs);
	measure(&subject, costs);
	legs_close(&legs);
	stack_stop(&stack);
}

static void rtpengine_joinh(void *program, unsigned nr,
			    const char *const sdp[2], char told[2][TALK_SDP])
{
	rtpengine_bridge(program, nr, sdp, told);
}

static void rtpengine_endh(void *program, unsigned nr)
{
	rtpengine_end(program, nr);
}

static void run_rtpengine(struct loop_test *lt, struct costs *costs)
{
	struct subject subject = {
		.name = "RTPEngine", .lt = lt, .joinh = rtpengine_joinh,
		.endh = rtpengine_endh};
	struct rtpengine peer;

	rtpengine_start(&peer);
	subject.program = &peer;
	tree_find(&subject.tree, peer.pid);
	measure(&subject, costs);
	rtpengine_stop(&peer);
}

/* The same datagrams, passed on as they are. */
static void run_bare(struct loop_test *lt)
{
	const struct stack_cfg cfg = {.users = 1};
	struct subject subject = {.name = "bare loop", .lt = lt};
	struct talk_heard heard;
	struct talk_cfg talk;
	struct stack stack;
	struct bare bare;

	stack_start(&stack, &cfg);
	bare_start(&bare, &stack);
	tree_find(&subject.tree, bare.pid);
	talk = (struct talk_cfg){.lt = lt, .bare = &bare.udp};
	if (talk_alloc(&subject.talk, &talk))
		bench_die("no memory");
	(void)subject_packets(&subject, SUBJECT_FEW, &heard);
	(void)subject_packets(&subject, SUBJECT_MANY, &heard);
	mem_deref(subject.talk);
	bare_stop(&bare);
	stack_stop(&stack);
}

static void ratio(const char *what, double ours, double peers)
{
	BENCH(what, peers / ours, "", 0, NULL);
}

static void compare(const struct costs *ours, const struct costs *peer)
{
	printf("RTPEngine's figure by mediad's\n");
	ratio("relayed packet, AES-GCM, 100 calls", ours->us[0][0],
	      peer->us[0][0]);
	ratio("... 400 calls", ours->us[0][1], peer->us[0][1]);
	ratio("relayed packet, AES-CM, 100 calls", ours->us[1][0],
	      peer->us[1][0]);
	ratio("... 400 calls", ours->us[1][1], peer->us[1][1]);
	ratio("memory of a call", ours->pss, peer->pss);
	ratio("set-up of media", ours->set_up, peer->set_up);
	if (ours->most && peer->most)
		ratio("calls of a core, ours by its", peer->most, ours->most);
}

static bool wanted(const char *only, const char *name)
{
	return !only || !strcmp(only, name);
}

/* With the name of a subject (bare, mediad, rtpengine): that one alone. */
int main(int argc, char *argv[])
{
	const char *only = argc > 1 ? argv[1] : NULL;
	struct costs ours = {.pss = 0}, peer = {.pss = 0};
	struct loop_test lt;
	char version[128];

	signal(SIGPIPE, SIG_IGN);
	bench_title(title);
	bench_first();
	if (libre_init() || !loop_test_open(&lt))
		return 1;
	if (wanted(only, "bare"))
		run_bare(&lt);
	if (wanted(only, "mediad"))
		run_mediad(&lt, &ours);
	if (!wanted(only, "rtpengine")) {
		printf("Cordboard %s\n", VERSION);
	} else if (rtpengine_version(version, sizeof(version))) {
		run_rtpengine(&lt, &peer);
		printf("Cordboard %s, RTPEngine %s\n", VERSION, version);
		if (!only)
			compare(&ours, &peer);
	} else {
		puts("rtpengine is not installed: apt-get install "
		     "rtpengine-daemon");
	}
	loop_test_close(&lt);
	libre_close();
	return 0;
}
