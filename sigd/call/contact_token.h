/*
 * contact_token.h  The Contact that we show instead of a party's own
 *
 * Topology is hidden: neither side learns the other's address. The user part
 * of the Contact we show is a sealed token that any worker opens. It holds
 * the call and the side it stands for, and the remote target itself when that
 * fits: so a request in a dialog finds its way with Redis away.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CONTACT_TOKEN_H
#define SIGD_CALL_CONTACT_TOKEN_H

#include <stdint.h>
#include <re.h>

#include "common/seal.h"

struct keyring;

enum { CONTACT_TARGET_MAX = 90 };

struct contact_token {
	char call[17];
	uint8_t side; /* CALL_CALLER, CALL_CALLEE (call_record.h) */
	char target[CONTACT_TARGET_MAX + 1]; /* URI; empty: did not fit */
};

/* target: the party's own Contact URI; left out when too long. */
int contact_token_make(char text[SEAL_TEXT_MAX + 1],
		       const struct keyring *ring, uint64_t now_s,
		       const char *call, uint8_t side,
		       const struct pl *target);
int contact_token_open(struct contact_token *token,
		       const struct keyring *ring, const struct pl *text);

#endif
