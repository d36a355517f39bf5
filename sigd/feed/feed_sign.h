/*
 * feed_sign.h  The signature of a webhook
 *
 * By Standard Webhooks 1.0: "v1,<base64 of HMAC-SHA-256 over
 * id.timestamp.body>" under the secret, which is the text itself, or what
 * "whsec_<base64>" encodes. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_FEED_FEED_SIGN_H
#define SIGD_FEED_FEED_SIGN_H

#include <stdbool.h>
#include <re.h>

enum {
	FEED_SIGNATURE_MAX = 3 + 44 + 1,
	FEED_KEY_BYTES = 128,
	FEED_KEY_LEAST = 16, /* bytes: with fewer it could be guessed */
};

/* Whether it is a secret: neither too short nor too long, and base64 where it
 * is said to be. */
bool feed_sign_takes(const char *secret);
/* EINVAL: the secret is none. */
int feed_sign(char out[FEED_SIGNATURE_MAX], const char *secret, const char *id,
	      const char *timestamp, const struct pl *body);

#endif
