/*
 * subject.h  A program whose relayed packets are measured
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_SUBJECT_H
#define TESTS_BENCH_LIB_SUBJECT_H

#include <sys/types.h>

#include "tests/bench/lib/talk.h"
#include "tests/bench/lib/tree.h"

struct legs;
struct stack;

enum {
	SUBJECT_FEW = 100, /* calls */
	SUBJECT_MANY = 400
};

/* Of a core, that the far ends may take: more, and their delay is their own. */
#define SUBJECT_OWN_MOST 0.9

#define SUBJECT_GCM "SRTP_AEAD_AES_128_GCM"
#define SUBJECT_CM  "SRTP_AES128_CM_SHA1_80"

struct subject {
	const char *name;
	struct loop_test *lt;
	struct talk *talk;
	struct tree tree;
	pid_t redis; /* 0: it needs none */
	talk_join_h *joinh;
	void (*endh)(void *program, unsigned nr);
	void *program;
};

/* The mediad of a stack, asked as sigd does it; ends with legs_close(). */
void subject_mediad(struct subject *subject, const struct stack *stack,
		    struct legs *legs);

/* A figure of it. */
void subject_line(const struct subject *subject, const char *what,
		  double value, const char *unit, double aim);

/* Far ends that have these profiles, and the end of all calls. */
void subject_begin(struct subject *subject, const char *profiles);
void subject_end(struct subject *subject);
/* So many calls in all speak for a while, and what it took is printed: CPU of
 * a packet in microseconds. */
double subject_packets(struct subject *subject, unsigned calls,
		       struct talk_heard *heard);
/* Why a figure is not that of so many calls; empty: it is. */
const char *subject_flaw(const struct talk_heard *heard);

#endif
