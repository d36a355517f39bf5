/*
 * credentials.h  The other side of digest: answering a PBX's challenge
 *
 * RFC 3261 22.2, 22.3, RFC 7616, RFC 8760. Pure but for the random cnonce.
 * A challenge is answered with the credentials of the connection that it came
 * from, and for the realm they are meant for, never with others.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_AUTH_CREDENTIALS_H
#define SIGD_AUTH_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "sigd/sip/smsg.h"

enum { CREDENTIALS_VAL_MAX = 1536, CREDENTIALS_CHALLENGES_MAX = 8 };

/* How often this nonce was used before, and one more: 1 for a new one (RFC
 * 7616 section 3.4, nc). */
typedef uint32_t(credentials_nc_h)(const struct pl *nonce, void *arg);

/* Borrowed texts. */
struct credentials {
	struct pl username; /* no quotes, backslashes or control characters */
	struct pl password;
	struct pl realm; /* empty: any realm is answered */
	credentials_nc_h *nch; /* NULL: each nonce is new */
	void *arg;
};

/* The request that shall carry the answer. */
struct credentials_use {
	struct pl method; /* "INVITE" */
	struct pl uri;    /* its Request-URI */
	struct pl body;   /* for auth-int */
};


struct credentials_answer {
	enum shdr_id header; /* SHDR_AUTHORIZATION or _PROXY_AUTHORIZATION */
	bool stale;          /* the nonce was too old, the password right */
	struct pl nonce;     /* of the response: the same one a second time
				means that the password is wrong */
	struct pl realm;     /* of the response */
	char val[CREDENTIALS_VAL_MAX]; /* 0-terminated */
};

/*
 * Answer a 401 or 407. The strongest of its challenges is taken that can be
 * answered (RFC 8760 section 2.3: the topmost that is understood, but never
 * MD5 where SHA-256 is offered). qop is auth where it is offered, auth-int
 * where that alone is.
 *   ENOENT     nothing in it can be answered: other scheme, realm, algorithm
 *              or qop
 *   EINVAL     not a 401 or 407, or a username or URI that cannot be quoted
 *   EOVERFLOW  it does not fit
 */
int credentials_answer(struct credentials_answer *answer,
		       const struct credentials *credentials,
		       const struct smsg *response,
		       const struct credentials_use *use);

#endif
