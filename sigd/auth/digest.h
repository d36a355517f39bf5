/*
 * digest.h  Digest access authentication for SIP: challenge and check
 *
 * RFC 3261 section 22, RFC 7616, RFC 8760. Pure: secrets, nonce and time are
 * arguments. qop=auth always: without it a response could be replayed freely.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_AUTH_DIGEST_H
#define SIGD_AUTH_DIGEST_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "sigd/sip/shdr.h"

enum digest_alg { DIGEST_MD5, DIGEST_SHA256, DIGEST_ALGS };

enum { DIGEST_HEX_MAX = 64, DIGEST_CHALLENGE_MAX = 512 };

/* H(username:realm:password) in lower-case hex, by algorithm. */
struct digest_secret {
	char ha1[DIGEST_ALGS][DIGEST_HEX_MAX + 1]; /* empty: not known */
};

/* The secret of somebody who is not there: as costly to check as a true one,
 * and never right. */
extern const struct digest_secret digest_nobody;

int digest_secret_make(struct digest_secret *secret, const struct pl *user,
		       const struct pl *realm, const struct pl *password);

/* "MD5", "SHA-256"; false when it is neither (an absent one is MD5, RFC 7616
 * section 3.3). */
bool digest_alg_parse(enum digest_alg *alg, const struct pl *name);
const char *digest_alg_name(enum digest_alg alg);

/* H(a:b:c...) in lower-case hex; no piece is copied. */
int digest_hash(char hex[DIGEST_HEX_MAX + 1], enum digest_alg alg,
		const struct pl *pieces, size_t count);

/* A value for WWW-Authenticate or Proxy-Authenticate. */
int digest_challenge(char val[DIGEST_CHALLENGE_MAX], enum digest_alg alg,
		     const struct pl *realm, const char *nonce, bool stale);

/* What a response is checked against. */
struct digest_request {
	struct pl method;
	struct pl uri; /* the Request-URI */
};

/*
 * Is the response right? *nc: its nonce count, 1.. . EBADMSG: a parameter is
 * missing or malformed, a username* or userhash is given, or the URI is not
 * that of the request; EACCES: the response is wrong. Compares in constant time.
 */
int digest_check(const struct shdr_digest *digest,
		 const struct digest_secret *secret,
		 const struct digest_request *req, uint32_t *nc);

#endif
