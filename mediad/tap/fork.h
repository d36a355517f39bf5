/*
 * fork.h  The audio of a call as RTP to a consumer
 *
 * Two streams to one address, told apart by their SSRC: the even one is the
 * caller's, the odd one, the same number plus 1, that of who was called. Plain
 * UDP from a socket of the worker's own; nothing is read from it. What the
 * system does not take is counted and gone; of what the consumer does not take
 * an unconnected socket never hears.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_TAP_FORK_H
#define MEDIAD_TAP_FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct fork;
struct forker;

enum {
	FORK_CONSUMERS_MAX = 16,
	FORK_NAME_MAX = 32,
};

struct fork_consumer {
	char name[FORK_NAME_MAX + 1];
	struct sa addr;
	const struct codec *codec;
	uint8_t pt;
	uint16_t ptime; /* ms: 20, 40, 60 */
};

struct forker_figures {
	uint64_t forks;   /* begun */
	uint64_t packets; /* sent */
	uint64_t unsent;  /* not taken by our system */
};

/* The consumers that there are. The caller owns *forkerp. */
int forker_alloc(struct forker **forkerp);
int forker_add(struct forker *forker, const struct fork_consumer *consumer);
const struct forker_figures *forker_figures(const struct forker *forker);

bool forker_has(const struct forker *forker, const char *consumer);

/* One call. rate: of its samples, 8000 or 16000 Hz. ENOENT: there is no such
 * consumer. The caller owns *fkp, and the forker outlives it. */
int fork_alloc(struct fork **fkp, struct forker *forker, const char *consumer,
	       uint32_t rate);
const char *fork_consumer(const struct fork *fk);
/* Samples of both sides, interleaved. */
void fork_put(struct fork *fk, const int16_t *pcm, size_t count);

#endif
