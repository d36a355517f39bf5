/*
 * branch_token.h  The branch of our Via: it names the worker that waits
 *
 * A response may reach any worker: the one that holds the socket. The branch
 * (RFC 3261 8.1.1.7) is a sealed token that says which worker has the
 * transaction, so that the bytes can be passed on to it. Bound to the Call-ID.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_BRANCH_TOKEN_H
#define SIGD_CALL_BRANCH_TOKEN_H

#include <stdint.h>
#include <re.h>

#include "common/seal.h"
#include "common/worker.h"

struct keyring;

enum { BRANCH_TEXT_MAX = 7 + SEAL_TEXT_MAX };

struct branch_owner {
	char node[NODE_NAME_MAX + 1];
	uint8_t slot;
	uint32_t epoch;
	uint32_t num;  /* of the branch, never twice in an epoch */
	uint32_t loop; /* what was asked of the routes (proxy/loop_guard.h);
			  0: nothing */
};

/* "z9hG4bK" and the token, 0-terminated. */
int branch_token_make(char text[BRANCH_TEXT_MAX + 1],
		      const struct keyring *ring, uint64_t now_s,
		      const struct branch_owner *owner,
		      const struct pl *callid);
/* EBADMSG: not ours, or of another Call-ID. */
int branch_token_open(struct branch_owner *owner, const struct keyring *ring,
		      const struct pl *callid, const struct pl *text);

#endif
