/*
 * sdp_sdes.h  Keys of SRTP within a session description (RFC 4568)
 *
 * An a=crypto line has a suite, and the key of who wrote it. What cannot be
 * used makes the line invalid, and another one may follow (RFC 4568, 5.1.2):
 * suites and parameters that are unknown, several keys in one line, KDR, FEC,
 * and all that would leave media unencrypted or not authenticated.
 *
 * Pure; who holds keys wipes them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_SDES_H
#define MEDIAD_SDP_SDES_H

#include "mediad/sdp/sdp_model.h"

struct mbuf;

/* The name as RFC 4568, 6188 and 7714 write it; NULL: none. */
const char *sdpm_suite_name(enum sdpm_suite suite);
/* SDPM_NO_SUITE: not one of ours. */
enum sdpm_suite sdpm_suite_find(const struct pl *name);
/* Lengths of master key and master salt, which make up a secret. */
size_t sdpm_suite_key_len(enum sdpm_suite suite);
size_t sdpm_suite_salt_len(enum sdpm_suite suite);

/* What a line says of its writer's key. */
struct sdpm_crypto_key {
	enum sdpm_suite suite;
	uint8_t secret[SDPM_SECRET_MAX];
	uint32_t mki;
	uint8_t mki_len; /* bytes of it in each packet; 0: none */
};

/* False: not valid, or not for us. */
bool sdpm_crypto_read(struct sdpm_crypto_key *key,
		      const struct sdpm_crypto *crypto);

/* ENOMEM. */
int sdpm_crypto_write(struct mbuf *mb, uint32_t tag, enum sdpm_suite suite,
		      const uint8_t *secret);

#endif
