/*
 * trace_said.h  What was said in a stretch of time, as much as there is room
 *               for
 *
 * Messages come in any order, of many traces; what is kept are copies. When
 * there is no room the latest go, and the stretch ends before them: who asks
 * for what is behind its end gets them then, and nothing is lost. Of one
 * microsecond alone more may be said than there is room for: that is a gap.
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_SAID_H
#define SIGD_TRACE_TRACE_SAID_H

#include "sigd/trace/trace_msg.h"

struct trace_said;

enum {
	TRACE_SAID_NAME = 41, /* characters of a trace's name */
};

struct trace_said_cfg {
	uint64_t after_us, until_us; /* behind the first, up to the other */
	size_t messages, bytes;	     /* room: two messages at least; of it
					half is used at least */
};

/* A message, and the trace that it is of. */
struct trace_said_one {
	struct trace_msg msg;
	char trace[TRACE_SAID_NAME + 1];
};

/* The caller owns *saidp. */
int trace_said_alloc(struct trace_said **saidp,
		     const struct trace_said_cfg *cfg);
/* What is not of the stretch is passed over. ENOMEM: nor is it kept. */
int trace_said_take(struct trace_said *said, const struct trace_msg *msg,
		    const char *trace);
/* Something of the stretch could not be looked at. */
void trace_said_miss(struct trace_said *said);

/* In order of time: before trace_said_at(). */
void trace_said_sort(struct trace_said *said);
/* NULL behind the last. */
const struct trace_said_one *trace_said_at(const struct trace_said *said,
					   size_t nr);
/* Where the stretch ends now. */
uint64_t trace_said_until(const struct trace_said *said);
/* Something up to there is missing. */
bool trace_said_gap(const struct trace_said *said);

#endif
