/*
 * load.h  How busy this worker is, as one number, and how much to refuse
 *
 * The load is the worst of: processor time, lag of the loop, how full the
 * queue of datagrams and the table of transactions are, each divided by what
 * is too much of it. Above 1 a growing share of new work is refused, below it
 * a shrinking one (additive increase and decrease, as the loss algorithm of
 * RFC 7339 would be told): so what is taken on stays near what can be done,
 * instead of swinging between all and nothing (RFC 5390 REQ 1, 21).
 *
 * Lag counts where the worker works for half of the time that it has: one that
 * is late with less to do is late because the machine stands still or works for
 * others, and nobody is served sooner for a call that is refused. One that gets
 * little of a processor and uses all of that is overloaded.
 *
 * Redis that owes an answer for long is different: what is refused meanwhile
 * grows with how long it does, and nothing of that stays once it answers.
 * Pure: time is an argument.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_GUARD_LOAD_H
#define SIGD_GUARD_LOAD_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LOAD_SAMPLE_MS = 100,   /* how often load_sample() wants to be called */
	LOAD_FULL = 1000,       /* per mille: a load of 1 */
	LOAD_CPU_HIGH = 900,    /* per mille of one core */
	LOAD_LAG_HIGH_MS = 100, /* two deadlines in a row served so late, */
	LOAD_LAG_OWN = 500,     /* with so much to do, per mille of its time */
	LOAD_REDIS_HIGH_MS = 500, /* from here on some is refused, */
	LOAD_REDIS_ALL_MS = 1500, /* from here on all */
	LOAD_QUEUE_HIGH = 500,  /* per mille of the receive buffer */
	LOAD_TXNS_HIGH = 700,   /* per mille of their limit */
};

struct load_sample {
	uint64_t now_us;   /* monotonic */
	uint64_t cpu_us;   /* of this thread, since it began */
	uint32_t lag_ms;   /* of the timer that takes the sample */
	uint32_t redis_ms; /* how long the oldest command waits for Redis */
	uint32_t queue;    /* per mille, the fullest */
	uint32_t txns;     /* per mille */
};

/* Plain data; zeroed: idle. */
struct load {
	uint64_t now_us, cpu_us; /* of the last sample; 0: none yet */
	uint32_t lag_ms;         /* of the last sample */
	uint32_t value;          /* the load, per mille, may exceed LOAD_FULL */
	uint32_t share;          /* of new work to refuse, per mille */
	uint32_t redis_share;    /* ... on account of Redis */
	uint32_t owed;           /* what share has added up to, per mille */
};

void load_sample(struct load *load, const struct load_sample *sample);

/* Once per piece of new work: true when this one is to be refused. Spreads
 * refusals evenly: of n calls in a row n * load_share() / 1000 are true, +-1. */
bool load_refuses(struct load *load);
/* Of both, per mille. */
uint32_t load_share(const struct load *load);

#endif
