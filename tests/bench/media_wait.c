/*
 * media_wait.c  What it buys that packets wait for each other
 *
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <stdio.h>
#include <re.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/legs.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/subject.h"

enum {
	ROUNDS = 3
};

static const char title[] =
	"Calls as in media_relay, AES-GCM, through a mediad that lets packets\n"
	"wait for others up to a millisecond, and through one that does not\n"
	"(packet_wait_us), three times in turn. Below, the least CPU and delay\n"
	"of each.\n";

/* [FEW, MANY] */
struct least {
	double us[2], ms[2][2];
};

static void keep(double *least, double value)
{
	if (!*least || value < *least)
		*least = value;
}

static void run(struct loop_test *lt, bool at_once, struct least *least)
{
	static const unsigned calls[2] = {SUBJECT_FEW, SUBJECT_MANY};
	const struct stack_cfg cfg = {
		.media = true, .rtp = true, .users = 1, .at_once = at_once};
	struct subject subject = {.name = at_once ? "at once" : "waiting",
				  .lt = lt};
	struct talk_heard heard;
	struct stack stack;
	struct legs legs;

	stack_start(&stack, &cfg);
	subject_mediad(&subject, &stack, &legs);
	subject_begin(&subject, SUBJECT_GCM);
	for (unsigned i = 0; i < 2; i++) {
		double us = subject_packets(&subject, calls[i], &heard);

		if (*subject_flaw(&heard))
			continue;
		keep(&least->us[i], us);
		keep(&least->ms[i][0], heard.ms[0]);
		keep(&least->ms[i][1], heard.ms[1]);
	}
	subject_end(&subject);
	legs_close(&legs);
	stack_stop(&stack);
}

static void say(const char *name, const struct least *least)
{
	for (unsigned i = 0; i < 2; i++) {
		char text[80];

		snprintf(text, sizeof(text), "%s, %u calls: CPU of a packet",
			 name, i ? SUBJECT_MANY : SUBJECT_FEW);
		BENCH(text, least->us[i], "us", 0, NULL);
		BENCH("... delay, median", least->ms[i][0], "ms", 0, NULL);
		BENCH("... 99 %", least->ms[i][1], "ms", 0, NULL);
	}
}

int main(void)
{
	struct least waiting = {.us = {0}}, at_once = {.us = {0}};
	struct loop_test lt;

	signal(SIGPIPE, SIG_IGN);
	bench_title(title);
	bench_first();
	if (libre_init() || !loop_test_open(&lt))
		return 1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		run(&lt, false, &waiting);
		run(&lt, true, &at_once);
	}
	say("waiting", &waiting);
	say("at once", &at_once);
	loop_test_close(&lt);
	libre_close();
	return 0;
}
