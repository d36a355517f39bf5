/*
 * subject.c  A program whose relayed packets are measured
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stdio.h>
#include <re.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/legs.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/subject.h"

enum {
	WARM_MS = 4000, /* RTPEngine learns addresses for 3 s */
	MEASURE_MS = 5000
};

void subject_line(const struct subject *subject, const char *what,
		  double value, const char *unit, double aim)
{
	char text[120];

	snprintf(text, sizeof(text), "%s: %s", subject->name, what);
	BENCH(text, value, unit, aim, NULL);
}

/* --- packets ------------------------------------------------------------------ */

static bool all_came(const struct talk_heard *heard)
{
	return heard->heard >= 0.999 * heard->sent;
}

const char *subject_flaw(const struct talk_heard *heard)
{
	if (heard->sent < 0.95 * heard->wanted || heard->own_load > SUBJECT_OWN_MOST)
		return "  THE FAR ENDS COULD NOT KEEP UP: the figure does not "
		       "count";
	return all_came(heard) ? ""
			       : "  NOT ALL: the figure does not count";
}

double subject_packets(struct subject *subject, unsigned calls,
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
	subject_line(subject, what, us / heard->heard, "us",
	     subject->redis ? (calls == SUBJECT_FEW ? 12 : 7) : 0);
	printf("      delay %.2f ms (median) %.2f (99 %%) %.2f (longest); %u "
	       "of %u came%s; far ends: %.0f %% of a core\n",
	       heard->ms[0], heard->ms[1], heard->ms[2], heard->heard,
	       heard->sent, subject_flaw(heard), heard->own_load * 100);
	return us / heard->heard;
}

/* --- calls --------------------------------------------------------------------- */

void subject_begin(struct subject *subject, const char *profiles)
{
	const struct talk_cfg cfg = {.lt = subject->lt,
				     .profiles = profiles,
				     .joinh = subject->joinh,
				     .program = subject->program};

	if (talk_alloc(&subject->talk, &cfg))
		bench_die("no memory");
}

void subject_end(struct subject *subject)
{
	unsigned calls = talk_count(subject->talk);

	subject->talk = mem_deref(subject->talk);
	for (unsigned i = 0; i < calls; i++)
		subject->endh(subject->program, i);
}

/* --- mediad -------------------------------------------------------------------- */

static void legs_joinh(void *program, unsigned nr, const char *const sdp[2],
		       char told[2][TALK_SDP])
{
	legs_bridge(program, nr, sdp, told);
}

static void legs_endh(void *program, unsigned nr)
{
	legs_end(program, nr);
}

void subject_mediad(struct subject *subject, const struct stack *stack,
		    struct legs *legs)
{
	legs_open(legs, subject->lt, stack);
	subject->joinh = legs_joinh;
	subject->endh = legs_endh;
	subject->program = legs;
	subject->redis = stack->redis;
	tree_find(&subject->tree, stack->mediad);
}
