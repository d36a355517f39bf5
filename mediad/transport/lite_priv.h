/*
 * lite_priv.h  The agent's state, for lite.c and lite_state.c
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_LITE_PRIV_H
#define MEDIAD_LITE_PRIV_H

#include "mediad/transport/lite.h"

struct lite_pair {
	struct sa addr;
	uint64_t heard_ms, nominated_ms;
	uint32_t priority;
	uint8_t sock;
	bool used;
};

struct lite {
	uint8_t slot; /* of the worker, in each ufrag */
	struct lite_gen cur, old;
	struct lite_pair pairs[LITE_PAIRS_MAX]; /* used ones first */
	int selected;                           /* of pairs, -1: none */
	bool cur_selected; /* with the present credentials */
	uint64_t heard_ms; /* latest valid check on the selected pair */
	uint64_t errors_ms;
	uint32_t errors;
};

/* ice-char (RFC 8839, 5.4). */
bool lite_chars_ok(const char *p, size_t len);

#endif
