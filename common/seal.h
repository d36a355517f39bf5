/*
 * seal.h  Sealed tokens: what we hand out and must trust when it comes back
 *
 * AES-128-SIV (RFC 5297, OpenSSL), one key per purpose, derived from the
 * cluster's secrets (common/keyring.h). Text form, base64url without padding:
 *   layout version (1 byte) | key id (1 byte) | SIV (16) | ciphertext
 * The version, key id, purpose and the `bound` strings are authenticated as
 * associated data, so a token cannot be moved to another purpose, Call-ID or
 * tag. Deterministic: the same input seals to the same token.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_SEAL_H
#define COMMON_SEAL_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct keyring;

enum seal_purpose {
	SEAL_COOKIE,  /* Record-Route cookie of a dialog */
	SEAL_BRANCH,  /* Via branch: who owns the transaction */
	SEAL_FLOW,    /* a device of ours, as PBXs have it */
	SEAL_CONTACT, /* the Contact that we show */
	SEAL_NONCE,   /* digest nonce */
	SEAL_SUB,     /* Record-Route cookie of a subscription */
	SEAL_SUB_URI, /* Contact and routes of its far end */
	SEAL_CTL,     /* not sealing: the key of the control protocol's MAC */
	SEAL_TICKET,  /* nor this: of TLS session tickets */
};

enum {
	SEAL_TEXT_MAX = 160,
	SEAL_PLAIN_MAX = 102,
	SEAL_BOUND_MAX = 4
};

/*
 * Writes a 0-terminated token of at most SEAL_TEXT_MAX characters.
 * bound: what the token is tied to, up to SEAL_BOUND_MAX pieces (may be 0).
 * EMSGSIZE when plain is over SEAL_PLAIN_MAX.
 */
int seal_token(char token[SEAL_TEXT_MAX + 1], const struct keyring *ring,
	       uint64_t now_s, enum seal_purpose purpose,
	       const struct pl *bound, size_t nbound, const uint8_t *plain,
	       size_t len);

/* EBADMSG: not ours, altered, moved, or its key is gone. plain holds
 * SEAL_PLAIN_MAX bytes. */
int seal_open(uint8_t plain[SEAL_PLAIN_MAX], size_t *len,
	      const struct keyring *ring, enum seal_purpose purpose,
	      const struct pl *bound, size_t nbound, const struct pl *token);

#endif
