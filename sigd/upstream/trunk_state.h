/*
 * trunk_state.h  What is known of a registration at a PBX, as text in Redis
 *
 * "key=value" pairs with a space between, values percent-encoded: state,
 * callid, cseq, ends (unix ms), code, why, since (unix ms), at (node/slot),
 * print (of the configuration that it was made with). Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_TRUNK_STATE_H
#define SIGD_UPSTREAM_TRUNK_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

enum trunk_phase {
	TRUNK_TRYING,     /* never yet registered */
	TRUNK_REGISTERED,
	TRUNK_FAILED,     /* refused or silent; it is tried again */
};

enum { TRUNK_CALLID_MAX = 64, TRUNK_WHY_MAX = 128, TRUNK_STATE_MAX = 1024 };

/* Plain data. */
struct trunk_state {
	enum trunk_phase phase;
	char callid[TRUNK_CALLID_MAX];
	uint32_t cseq;     /* last one used */
	uint64_t ends_ms;  /* unix: when the registration lapses; 0: none */
	uint16_t code;     /* last final answer; 0: none came */
	char why[TRUNK_WHY_MAX]; /* its phrase, or what went wrong */
	uint64_t since_ms; /* unix: in this phase */
	uint32_t print;    /* of what it depends on in the configuration */
};

/*
 * How long to wait after a failure that follows so many others: least_ms,
 * doubled by each up to 5 min. While a former registration is in force the
 * next try comes as soon as least_ms allows.
 */
uint32_t trunk_retry_ms(unsigned failures, uint32_t least_ms, bool in_force);

const char *trunk_phase_name(enum trunk_phase phase);

/* at: "node/slot". EOVERFLOW. */
int trunk_state_print(char text[TRUNK_STATE_MAX],
		      const struct trunk_state *state, const char *at);
/* EBADMSG: not one of ours. */
int trunk_state_parse(struct trunk_state *state, const struct pl *text);

#endif
