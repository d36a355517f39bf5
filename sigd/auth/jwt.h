/*
 * jwt.h  Tokens: a signature and what it says of who shows it
 *
 * RFC 7515 (compact form alone), RFC 7519, RFC 8725. The algorithm is that of
 * the key, never what the token would like: `alg` is only compared with it.
 * What a header names beside alg, kid and typ is not looked at (jku, jwk and
 * x5u least of all), but `crit` refuses it. Pure: keys and time are arguments.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_AUTH_JWT_H
#define SIGD_AUTH_JWT_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "sigd/auth/jwk.h"

enum {
	JWT_MAX = 8192, /* characters of a token */
	JWT_NAME_MAX = 255,
	JWT_NAMES_MAX = 8,
};

/* What is asked of a token. Borrowed texts. */
struct jwt_rules {
	const char *issuer;   /* iss must be this */
	const char *audience; /* aud must be this, or have it */
	const char *claim;    /* that names who it is for; a string, or an
				 array of such */
	uint32_t skew_s;      /* by how much clocks may differ */
	uint64_t now_s;       /* unix time */
};

/* Plain data. */
struct jwt_who {
	uint64_t exp_s; /* unix time, always in it */
	size_t n;       /* 1.. */
	char names[JWT_NAMES_MAX][JWT_NAME_MAX + 1];
};

/*
 *   EOVERFLOW  longer than JWT_MAX
 *   EBADMSG    no token: form, JSON, a claim of the wrong kind or missing
 *   ENOKEY     no key of that id and algorithm in the set
 *   EACCES     the signature is wrong; or it is not for us: iss, aud
 *   ETIME      it has expired, or is not valid yet
 */
int jwt_verify(struct jwt_who *who, const struct jwk_set *set,
	       const struct jwt_rules *rules, const struct pl *token);
/* The reason in words, for people. */
const char *jwt_why(int err);

/* Its issuer as it says, nothing being checked: which keys to ask. "" when
 * there is none. */
int jwt_issuer(char *issuer, size_t size, const struct pl *token);

/* The signature alone. payload: mem_deref() by the caller. Errors as above. */
int jws_open(struct mbuf **payloadp, const struct jwk_set *set,
	     const struct pl *token);

#endif
