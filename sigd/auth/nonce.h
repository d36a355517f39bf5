/*
 * nonce.h  Digest nonces that any worker can check: sealed, never stored
 *
 * A nonce holds when it was made and a random id. It is sealed for its realm
 * and for the source that was challenged (a connection, or a UDP address), so
 * one that was overheard is of no use elsewhere. How often it was used is the
 * registrar's matter: the id names the counter (RFC 7616 section 3.4, nc).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_AUTH_NONCE_H
#define SIGD_AUTH_NONCE_H

#include <stdint.h>
#include <re.h>

#include "common/seal.h"

struct keyring;

enum { NONCE_ID_LEN = 16 };

/* What a nonce is bound to. */
struct nonce_bound {
	struct pl realm;
	struct pl source; /* text of the flow or address */
};

struct nonce {
	uint64_t made_ms;           /* unix time */
	char id[NONCE_ID_LEN + 1];  /* hex, names the counter */
};

/* 0-terminated text. now_ms: unix time. ENOSYS: no randomness. */
int nonce_make(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
	       uint64_t now_ms, const struct nonce_bound *bound);

/* ESTALE: ours, but older than life_ms (or from the future by more than a
 * minute: clocks differ). EBADMSG: not ours, or of another realm or source. */
int nonce_open(struct nonce *nonce, const struct keyring *ring,
	       uint64_t now_ms, uint32_t life_ms,
	       const struct nonce_bound *bound, const struct pl *text);

#endif
