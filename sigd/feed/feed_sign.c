/*
 * feed_sign.c  The signature of a webhook
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/hmac.h>

#include "sigd/feed/feed_sign.h"

enum {
	DIGEST_LEN = 32,
};

/* libre's decoder passes over what is none, and so would leave a key that is
 * short, or none at all, with which anybody could sign. */
static bool is_base64(const char *text)
{
	const size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"abcdefghijklmnopqrstuvwxyz"
					"0123456789+/");
	const size_t pad = strspn(text + len, "=");

	return !text[len + pad] && pad <= 2 && (len + pad) % 4 == 0;
}

static int key_of(uint8_t key[FEED_KEY_BYTES], size_t *len,
		  const char *secret)
{
	static const char prefix[] = "whsec_";
	int err = 0;

	*len = FEED_KEY_BYTES;
	if (!strncmp(secret, prefix, sizeof(prefix) - 1)) {
		secret += sizeof(prefix) - 1;
		err = is_base64(secret) ? base64_decode(secret, strlen(secret),
							key, len)
					: EINVAL;
	} else if (strlen(secret) > *len) {
		err = EINVAL;
	} else {
		*len = strlen(secret);
		memcpy(key, secret, *len);
	}
	return err || *len < FEED_KEY_LEAST ? EINVAL : 0;
}

bool feed_sign_takes(const char *secret)
{
	uint8_t key[FEED_KEY_BYTES];
	size_t len;

	return !key_of(key, &len, secret);
}

int feed_sign(char out[FEED_SIGNATURE_MAX], const char *secret, const char *id,
	      const char *timestamp, const struct pl *body)
{
	uint8_t key[FEED_KEY_BYTES], digest[DIGEST_LEN];
	size_t key_len, len = FEED_SIGNATURE_MAX - 4;
	struct mbuf *text;
	int err = key_of(key, &key_len, secret);

	if (err)
		return err;
	text = mbuf_alloc(body->l + 128);
	if (!text)
		return ENOMEM;
	err = mbuf_printf(text, "%s.%s.%r", id, timestamp, body);
	if (!err && !HMAC(EVP_sha256(), key, (int)key_len, text->buf, text->end,
			  digest, NULL))
		err = ENOMEM;
	mem_deref(text);
	memcpy(out, "v1,", 3);
	err = err ? err : base64_encode(digest, sizeof(digest), out + 3, &len);
	if (!err)
		out[3 + len] = '\0';
	return err;
}
