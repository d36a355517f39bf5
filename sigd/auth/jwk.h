/*
 * jwk.h  Sets of keys that tokens are signed with (RFC 7517, 7518, 8037)
 *
 * Each key has one algorithm, its own `alg` or what its kind has: RS256 for
 * RSA, ES256 for P-256, EdDSA for Ed25519, HS256 for a shared secret. Keys for
 * anything else are passed over, so are weak ones (RSA under 2048 bits, or of
 * the chips of CVE-2017-15361; secrets under 32 bytes). A set is refused that
 * has a key id twice, or shared secrets and public keys: a token must never be
 * checked with a public key as if that were a secret.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_AUTH_JWK_H
#define SIGD_AUTH_JWK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum jwk_alg {
	JWK_NONE,
	JWK_HS256,
	JWK_RS256,
	JWK_ES256,
	JWK_EDDSA
};

enum {
	JWK_KEYS_MAX = 64,
	JWK_KID_MAX = 256,
	JWK_TEXT_MAX = 262144
};

struct jwk;
struct jwk_set;

/*
 * A JWK Set, or a single JWK. public_only: shared secrets are refused, as from
 * a place that anybody may read. EBADMSG with a sentence in `why`; ENOENT: no
 * key of it can be used. The caller owns *setp.
 */
int jwk_set_parse(struct jwk_set **setp, const struct pl *text,
		  bool public_only, char *why, size_t size);
size_t jwk_set_count(const struct jwk_set *set);

/* That of this id; kid unset: the only one with this algorithm. NULL. */
const struct jwk *jwk_find(const struct jwk_set *set, enum jwk_alg alg,
			   const struct pl *kid);

/* JWK_NONE: not one that we take. */
enum jwk_alg jwk_alg_parse(const char *name);

/* Is this the key's signature (RFC 7518 3)? EACCES. */
int jwk_verify(const struct jwk *key, const struct pl *signed_text,
	       const uint8_t *sig, size_t sig_len);

/* base64url without padding, and nothing in the bits that are left over (RFC
 * 7515 2). EBADMSG, EOVERFLOW. */
int jwk_base64url(uint8_t *out, size_t size, size_t *len,
		  const struct pl *text);

#endif
