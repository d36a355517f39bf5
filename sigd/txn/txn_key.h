/*
 * txn_key.h  What tells one transaction from another
 *
 * The fields that RFC 3261 17.1.3 and 17.2.3 compare, as one keyed hash of 128
 * bits (SipHash-2-4): equal hashes are equal fields for all purposes, and
 * nobody without the key can make two alike, nor fill one bucket of a table.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TXN_TXN_KEY_H
#define SIGD_TXN_TXN_KEY_H

#include "sigd/sip/smsg.h"

enum {
	TXN_SECRET_LEN = 16
};

struct txn_key {
	uint64_t a, b;
};

static inline bool txn_key_equal(const struct txn_key *x,
				 const struct txn_key *y)
{
	return x->a == y->a && x->b == y->b;
}

/* A server transaction: request as it came; method instead of its own, so that
 * an ACK or CANCEL finds its INVITE. */
void txn_key_server(struct txn_key *key, const uint8_t *secret,
		    const struct smsg *req, const struct pl *method);
/* A client transaction. */
void txn_key_client(struct txn_key *key, const uint8_t *secret,
		    const struct pl *branch, const struct pl *method);

/* SipHash-2-4 with 128 bits of output over one text; for the test against its
 * authors' vectors. */
void txn_key_hash(struct txn_key *key, const uint8_t *secret,
		  const uint8_t *data, size_t len);

#endif
