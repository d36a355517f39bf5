/*
 * trace_tally.h  How many messages have come and gone, by method and class
 *
 * Counted where the bytes pass (struct transport_tap), malformed ones too, so
 * by the first line and the first CSeq alone. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_TALLY_H
#define SIGD_TRACE_TRACE_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TALLY_METHODS = 15, /* of trace_tally_methods; 0: any other */
	TALLY_CLASSES = 6,  /* 1xx .. 6xx from 0 */
	TALLY_IN = 0,
	TALLY_OUT,
	TALLY_WAYS
};

/* Whose responses are told apart. */
enum tally_of {
	TALLY_INVITE,
	TALLY_REGISTER,
	TALLY_OPTIONS,
	TALLY_BYE,
	TALLY_ANY,
	TALLY_OFS
};

/* "other", "INVITE" .. */
extern const char *const trace_tally_methods[TALLY_METHODS];

struct trace_tally {
	uint64_t requests[TALLY_WAYS][TALLY_METHODS];
	uint64_t responses[TALLY_WAYS][TALLY_OFS][TALLY_CLASSES];
};

void trace_tally(struct trace_tally *tally, bool out, const void *sip,
		 size_t len);

#endif
