/*
 * probe_state.h  Whether a connection is there, as its answers to OPTIONS say
 *
 * So many failures in a row make it down, so many answers up again: one lost
 * datagram is no outage. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_PROBE_STATE_H
#define SIGD_UPSTREAM_PROBE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

enum probe_phase {
	PROBE_UNKNOWN, /* no answer yet, and not enough failures */
	PROBE_UP,
	PROBE_DOWN,
};

enum { PROBE_WHY_MAX = 64, PROBE_STATE_MAX = 512 };

/* In a row, at least 1. */
struct probe_limits {
	uint32_t down, up;
};

/* Plain data. */
struct probe_state {
	enum probe_phase phase, was; /* was: before the last change */
	unsigned failures;  /* in a row, since this worker asks */
	unsigned answers;   /* the same */
	uint16_t code;      /* last final answer; 0: none came */
	char why[PROBE_WHY_MAX];
	uint64_t since_ms;  /* unix: in this phase; 0: never probed */
	uint64_t last_ms;   /* unix: of the last probe's end */
	uint32_t rtt_ms;    /* of the last answer */
	uint32_t print;     /* of the address that was probed */
};

/* What came of one probe. */
struct probe_result {
	uint16_t code;   /* 0: none came */
	const char *why; /* its phrase, or what went wrong */
	uint64_t now_ms; /* unix */
	uint32_t rtt_ms; /* when there is a code */
};

/* Any answer but 408 (a proxy on the way gave up) and 503 is one. */
bool probe_answered(uint16_t code);
/* True: the phase has changed. */
bool probe_count(struct probe_state *state, const struct probe_result *result,
		 const struct probe_limits *limits);
/* It is about to be another: worth asking again soon. */
bool probe_wavers(const struct probe_state *state);

const char *probe_phase_name(enum probe_phase phase);
/* state= code= why= since= last= rtt= at= print=. EOVERFLOW. */
int probe_state_print(char text[PROBE_STATE_MAX],
		      const struct probe_state *state, const char *at);
/* EBADMSG: not one of ours. */
int probe_state_parse(struct probe_state *state, const struct pl *text);

#endif
