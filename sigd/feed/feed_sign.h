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

#include <re.h>

enum {
	FEED_SIGNATURE_MAX = 3 + 44 + 1,
	FEED_KEY_BYTES = 128,
};

/* EINVAL: the secret is too long. */
int feed_sign(char out[FEED_SIGNATURE_MAX], const char *secret, const char *id,
	      const char *timestamp, const struct pl *body);

#endif
