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
#include "tests/bench/lib/talk.h"
#include "tests/bench/lib/tree.h"

/* Of a core, that the far ends may take: more, and their delay is their own. */
#define OWN_MOST 0.9

enum {
	WARM = 20, /* calls before anything is measured */
	FEW = 100,
	MANY = 400,
	STEP = 200, /* from there, until it is too many */
	MOST = 1900,
	WARM_MS = 4000, /* RTPEngine learns addresses for 3 s */
	MEASURE_MS = 5000,
	SETTLE_MS = 2000,
	LATE_MS = 10 /* 99 % of the packets under way for longer: too many */
};

#define GCM "SRTP_AEAD_AES_128_GCM"
#define CM  "SRTP_AES128_CM_SHA1_80"

static const char title[] =
	"Calls between a page (ICE, DTLS-SRTP) and a PBX (plain RTP), Opus of\n"
	"24 kbit/s, 20 ms, relayed; asked for as sigd and as Kamailio ask.\n"
	"CPU is that of the process and its children, of each packet that came\n"
	"in and went on; all that goes on meanwhile is in it. Delay is from one\n"
	"far end to the other, theirs included: compare it with the bare loop's.\n"
	"Memory is the PSS of further calls. Set-up is of media alone: offer,\n"
	"answer, ICE, DTLS, and the end.\n";

/* A program under load. NULL: no such subject here. */
struct subject {
	const char *name;
	struct loop_test *lt;
	struct talk *talk;
	struct tree tree;
	pid_t redis; /* 0: it needs none */
	void (*endh)(void *program, unsigned nr);
	void *program;
};

/* CPU of a packet in microseconds, [GCM, CM][FEW, MANY]. */
struct costs {
	double us[2][2];
	double pss, set_up, most;
};

static void line(const struct subject *subject, const char *what,
		 double value, const char *unit, double aim)
{
	char text[120];

	snprintf(text, sizeof(text), "%s: %s", subject->name, what);
	BENCH(text, value, unit, aim, NULL);
}

static bool all_came(const struct talk_heard *heard)
{
	return heard->heard >= 0.999 * heard->sent;
}

/* Why a figure is not that of so many calls; empty: it is. */
static const char *flaw(const struct talk_heard *heard)
{
	if (heard->sent < 0.95 * heard->wanted || heard->own_load > OWN_MOST)
		return "  THE FAR ENDS COULD NOT KEEP UP: the figure does not "
		       "count";
	return all_came(heard) ? ""
			       : "  NOT ALL: the figure does not count";
}

/* --- packets ------------------------------------------------------------------ */

static double packets(struct subject *subject, unsigned calls,
		      struct talk_heard *heard)
{
	double us;
	char what[80];

	talk_calls(subject->talk, calls);
	talk_speak(subject->talk, WARM_MS, NULL);
	us = tree_cpu(&subject->tree);
	talk_speak(subject->talk, MEASURE_MS, heard);
	us = tree_cpu(&subject->tree) - us;
	snprintf(what, sizeof(what), "CPU of a relayed packet, %u calls",
		 calls);
	line(subject, what, us / heard->heard, "us",
	     subject->redis ? (calls == FEW ? 12 : 7) : 0);
	printf("      delay %.2f ms (median) %.2f (99 %%) %.2f (longest); %u "
	       "of %u came%s; far ends: %.0f %% of a core\n",
	       heard->ms[0], heard->ms[1], heard->ms[2], heard->heard,
	       heard->sent, flaw(heard), heard->own_load * 100);
	return us / heard->heard;
}

/* By steps, until delay or loss is too much; or the far ends need a core. */
static void most_calls(struct subject *subject, struct costs *costs,
		       const struct talk_heard *many)
{
	unsigned calls = MANY, good = 0;
	struct talk_heard heard = *many;
	double us = costs->us[0][1];

	while (!*flaw(&heard) && heard.ms[1] < LATE_MS) {
		good = calls;
		/* the next step is one for the far ends, too */
		if (calls + STEP > MOST ||
		    heard.own_load * (calls + STEP) / calls > OWN_MOST)
			break;
		calls += STEP;
		us = packets(subject, calls, &heard);
	}
	line(subject, "most calls tried with 99 % under 10 ms", good, "", 0);
	line(subject, "calls of a core, by the CPU of the last packets",
	     1e6 / (us * 2 * 50), "", 0);
	costs->most = 1e6 / (us * 2 * 50);
}

/* --- calls --------------------------------------------------------------------- */

static void end_all(struct subject *subject)
{
	unsigned calls = talk_count(subject->talk);

	subject->talk = mem_deref(subject->talk);
	for (unsigned i = 0; i < calls; i++)
		subject->endh(subject->program, i);
}

static void talk_begin(struct subject *subject, const char *profiles,
		       talk_join_h *joinh)
{
	const struct talk_cfg cfg = {.lt = subject->lt,
				     .profiles = profiles,
				     .joinh = joinh,
				     .program = subject->program};

	if (talk_alloc(&subject->talk, &cfg))
		bench_die("no memory");
}

static void set_up(struct subject *subject, talk_join_h *joinh,
		   struct costs *costs)
{
	double us = 0, redis = bench_cpu_of(subject->redis);

	talk_begin(subject, GCM, joinh);
	us -= tree_cpu(&subject->tree);
	talk_calls(subject->talk, FEW);
	end_all(subject);
	us += tree_cpu(&subject->tree);
	costs->set_up = us / FEW / 1e3;
	line(subject, "CPU of a call's media, from set-up to end",
	     costs->set_up, "ms", subject->redis ? 1.2 : 0);
	if (subject->redis)
		line(subject, "... Redis, who asks in it",
		     (bench_cpu_of(subject->redis) - redis) / FEW / 1e3, "ms",
		     0);
}

static void memory(struct subject *subject, struct costs *costs)
{
	double kb = tree_pss(&subject->tree);

	talk_calls(subject->talk, MANY);
	talk_pause(subject->talk, SETTLE_MS);
	costs->pss = (tree_pss(&subject->tree) - kb) / (MANY - FEW);
	line(subject, "memory of a further call (PSS)", costs->pss, "kB",
	     subject->redis ? 20 : 0);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void measure(struct subject *subject, talk_join_h *joinh,
		    struct costs *costs)
{
	struct talk_heard heard;
	unsigned fds;

	talk_begin(subject, GCM, joinh);
	talk_calls(subject->talk, WARM);
	end_all(subject);
	fds = tree_fds(&subject->tree);
	set_up(subject, joinh, costs);
	printf("   AES-GCM\n");
	talk_begin(subject, GCM, joinh);
	costs->us[0][0] = packets(subject, FEW, &heard);
	memory(subject, costs);
	costs->us[0][1] = packets(subject, MANY, &heard);
	most_calls(subject, costs, &heard);
	end_all(subject);
	printf("   AES-CM, HMAC-SHA1-80\n");
	talk_begin(subject, CM, joinh);
	costs->us[1][0] = packets(subject, FEW, &heard);
	costs->us[1][1] = packets(subject, MANY, &heard);
	end_all(subject);
	/* RTPEngine closes a call's ports a little later */
	(void)loop_test_until(subject->lt, never, NULL, SETTLE_MS);
	line(subject, "open descriptors when all is over, against before",
	     (double)tree_fds(&subject->tree) - fds, "", 0);
}

/* --- the programs -------------------------------------------------------------- */

static void legs_joinh(void *program, unsigned nr, const char *const sdp[2],
		       char told[2][TALK_SDP])
{
	legs_bridge(program, nr, sdp, told);
}

static void legs_endh(void *program, unsigned nr)
{
	legs_end(program, nr);
}

static void run_mediad(struct loop_test *lt, struct costs *costs)
{
	const struct stack_cfg cfg = {.media = true, .rtp = true, .users = 1};
	struct subject subject = {.name = "mediad", .lt = lt, .endh = legs_endh};
	struct stack stack;
	struct legs legs;

	stack_start(&stack, &cfg);
	legs_open(&legs, lt, &stack);
	subject.program = &legs;
	subject.redis = stack.redis;
	tree_find(&subject.tree, stack.mediad);
	measure(&subject, legs_joinh, costs);
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
		.name = "RTPEngine", .lt = lt, .endh = rtpengine_endh};
	struct rtpengine peer;

	rtpengine_start(&peer);
	subject.program = &peer;
	tree_find(&subject.tree, peer.pid);
	measure(&subject, rtpengine_joinh, costs);
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
	(void)packets(&subject, FEW, &heard);
	(void)packets(&subject, MANY, &heard);
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
	ratio("calls of a core, ours by its", peer->most, ours->most);
}

static bool wanted(const char *only, const char *name)
{
	return !only || !strcmp(only, name);
}

/* With the name of a subject: that one alone. */
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
