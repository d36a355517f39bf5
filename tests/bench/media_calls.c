/*
 * media_calls.c  Whole calls from a page to a phone: sigd and mediad beside
 *                kamailio and RTPEngine
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/kamailio.h"
#include "tests/bench/lib/rtpengine.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/tree.h"
#include "tests/bench/lib/ua.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/mock_media.h"

enum {
	CALLS = 100,
	UAS = 2 * CALLS, /* even ones are pages, the odd ones phones */
	WARM = 20,
	ROUNDS = 3,
	AT_ONCE = 10,
	PHONE_PORT = 30000, /* nobody says anything */
	WAIT_MS = 60000
};

static const char title[] =
	"Calls from a page (WSS, ICE, DTLS-SRTP) to a phone (UDP, plain RTP),\n"
	"ten at once: INVITE, 407, INVITE, 200, ACK, ICE, DTLS, later BYE.\n"
	"Both have PCMA, which is relayed.\n"
	"CPU of the processes and their children, of one call. sigd and mediad\n"
	"keep records of calls in Redis, whose CPU stands below; kamailio and\n"
	"RTPEngine keep theirs to themselves.\n";

struct bench {
	struct loop_test lt;
	struct sa wss, udp;
	struct ua *uas[UAS];
	unsigned opened, started, done, want;
	unsigned first; /* of the calls that are up */
};

/* What serves; the third one is Redis, if any. */
struct subject {
	const char *names[3];
	struct tree trees[3];
};

static void on_event(struct ua *ua, enum ua_event event, void *arg)
{
	struct bench *bench = arg;

	if (event == UA_OPEN)
		ua_register(ua, true);
	else if (event == UA_REGISTERED || event == UA_UP)
		++bench->done;
}

static void ua_open(struct bench *bench, unsigned nr)
{
	bool page = nr % 2 == 0;
	const struct ua_cfg cfg = {
		.server = page ? bench->wss : bench->udp,
		.wss = page,
		.nr = nr,
		.wheel = bench->lt.wheel,
		.pcma = page,
		.rtp = page ? 0 : PHONE_PORT,
		.eventh = on_event,
		.arg = bench,
	};

	if (ua_alloc(&bench->uas[nr], &cfg))
		bench_die("no endpoint");
	if (!page)
		ua_register(bench->uas[nr], true);
}

static bool all_open(void *arg)
{
	struct bench *bench = arg;

	while (bench->opened < UAS && bench->opened - bench->done < AT_ONCE)
		ua_open(bench, bench->opened++);
	return bench->done == UAS;
}

static bool media_ready(const struct bench *bench, unsigned call)
{
	const struct mock_media *media = ua_media(bench->uas[2 * call]);

	return media && mock_media_ready(media);
}

/* Its media is up before it counts as done. */
static bool all_up(void *arg)
{
	struct bench *bench = arg;
	unsigned ready = 0;

	for (unsigned i = 0; i < bench->started; i++)
		ready += media_ready(bench, i);
	while (bench->started < bench->want &&
	       bench->started - ready < AT_ONCE) {
		ua_call(bench->uas[2 * bench->started],
			2 * bench->started + 1);
		++bench->started;
	}
	return ready == bench->want;
}

static bool all_down(void *arg)
{
	const struct bench *bench = arg;

	for (unsigned i = 0; i < bench->want; i++)
		if (ua_media(bench->uas[2 * i]))
			return false;
	return true;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void calls(struct bench *bench, unsigned count)
{
	bench->want = count;
	bench->started = 0;
	if (!loop_test_until(&bench->lt, all_up, bench, WAIT_MS))
		bench_die("a call does not come up");
	for (unsigned i = 0; i < count; i++)
		ua_bye(bench->uas[2 * i]);
	if (!loop_test_until(&bench->lt, all_down, bench, WAIT_MS))
		bench_die("a call does not end");
	/* what is left to be done when all is said */
	(void)loop_test_until(&bench->lt, never, NULL, 500);
}

/* CPU of one call, in ms. */
static void measure(struct bench *bench, struct subject *subject,
		    double ms[3])
{
	bench->opened = bench->done = 0;
	if (!loop_test_until(&bench->lt, all_open, bench, WAIT_MS))
		bench_die("only %u of %u are registered", bench->done, UAS);
	calls(bench, WARM);
	/* kamailio may have forked when it seemed ready, or later */
	for (unsigned i = 0; i < 3; i++) {
		struct tree *tree = &subject->trees[i];

		tree_find(tree, tree->pids[0]);
		ms[i] = -tree_cpu(tree);
	}
	for (unsigned i = 0; i < ROUNDS; i++)
		calls(bench, CALLS);
	for (unsigned i = 0; i < 3; i++) {
		ms[i] += tree_cpu(&subject->trees[i]);
		ms[i] /= 1e3 * CALLS * ROUNDS;
	}
	for (unsigned i = 0; i < UAS; i++)
		bench->uas[i] = mem_deref(bench->uas[i]);
}

static void say(const struct subject *subject, const double ms[3],
		const double aims[3])
{
	char text[80];

	for (unsigned i = 0; i < 3 && subject->names[i]; i++) {
		snprintf(text, sizeof(text), "call, INVITE to BYE: %s",
			 subject->names[i]);
		BENCH(text, ms[i], "ms", aims[i], NULL);
	}
}

static void run_ours(struct bench *bench, double ms[3])
{
	const struct stack_cfg cfg = {.users = UAS, .media = true, .rtp = true};
	struct subject subject = {.names = {"sigd", "mediad", "Redis"}};
	const double aims[3] = {0.6, 1.2, 0};
	struct stack stack;

	stack_start(&stack, &cfg);
	bench->wss = stack.wss;
	bench->udp = stack.udp;
	tree_find(&subject.trees[0], stack.sigd);
	tree_find(&subject.trees[1], stack.mediad);
	tree_find(&subject.trees[2], stack.redis);
	measure(bench, &subject, ms);
	say(&subject, ms, aims);
	stack_stop(&stack);
}

static void run_peers(struct bench *bench, double ms[3])
{
	struct subject subject = {.names = {"kamailio", "RTPEngine"}};
	const double aims[3] = {0};
	struct rtpengine media;
	struct kamailio peer;

	rtpengine_start(&media);
	kamailio_start(&peer, media.ng);
	bench->wss = peer.wss;
	bench->udp = peer.udp;
	tree_find(&subject.trees[0], peer.pid);
	tree_find(&subject.trees[1], media.pid);
	measure(bench, &subject, ms);
	say(&subject, ms, aims);
	kamailio_stop(&peer);
	rtpengine_stop(&media);
}

int main(void)
{
	static struct bench bench;
	double ours[3], peers[3];
	char versions[2][128];

	signal(SIGPIPE, SIG_IGN);
	bench_title(title);
	bench_first();
	if (libre_init() || !loop_test_open(&bench.lt))
		return 1;
	run_ours(&bench, ours);
	if (kamailio_version(versions[0], sizeof(versions[0])) &&
	    rtpengine_version(versions[1], sizeof(versions[1]))) {
		run_peers(&bench, peers);
		printf("Cordboard %s, %s, RTPEngine %s\n", VERSION,
		       versions[0], versions[1]);
		BENCH("kamailio's figure by sigd's", peers[0] / ours[0], "", 0,
		      NULL);
		BENCH("RTPEngine's figure by mediad's", peers[1] / ours[1], "",
		      0, NULL);
	} else {
		puts("kamailio (with modules for TLS and WebSocket) or "
		     "rtpengine is not installed");
	}
	loop_test_close(&bench.lt);
	libre_close();
	return 0;
}
