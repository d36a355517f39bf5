/*
 * probe_state.h  Whether a connection is there, as its answers to OPTIONS say
 *
 * Two failures in a row make it down, one answer up again: one lost datagram
 * is no outage, and who answers lives. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_UPSTREAM_PROBE_STATE_H
#define SIGD_UPSTREAM_PROBE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

enum probe_phase {
	PROBE_UNKNOWN, /* no answer yet, and not yet two failures */
	PROBE_UP,
	PROBE_DOWN,
};

enum { PROBE_FAILURES = 2, PROBE_WHY_MAX = 64, PROBE_STATE_MAX = 512 };

/* Plain data. */
struct probe_state {
	enum probe_phase phase;
	unsigned failures;  /* in a row */
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
bool probe_count(struct probe_state *state, const struct probe_result *result);

const char *probe_phase_name(enum probe_phase phase);
/* state= code= why= since= last= rtt= at= print=. EOVERFLOW. */
int probe_state_print(char text[PROBE_STATE_MAX],
		      const struct probe_state *state, const char *at);
/* EBADMSG: not one of ours. */
int probe_state_parse(struct probe_state *state, const struct pl *text);

#endif
