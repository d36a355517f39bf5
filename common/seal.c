/*
 * seal.c  Sealed tokens: what we hand out and must trust when it comes back
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <openssl/evp.h>
#include <re.h>

#include "common/keyring.h"
#include "common/keyring_priv.h"
#include "common/seal.h"

enum {
	LAYOUT_VERSION = 1,
	HEAD_LEN = 2, /* version, key id */
	SIV_LEN = 16,
	RAW_MAX = HEAD_LEN + SIV_LEN + SEAL_PLAIN_MAX,
	AAD_LEN = 4 + 4 * SEAL_BOUND_MAX,
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789-_";

static void to_text(char *text, const uint8_t *raw, size_t len)
{
	uint32_t acc = 0;
	unsigned bits = 0;

	while (len--) {
		acc = acc << 8 | *raw++;
		for (bits += 8; bits >= 6; bits -= 6)
			*text++ = digits[acc >> (bits - 6) & 63];
	}
	if (bits)
		*text++ = digits[acc << (6 - bits) & 63];
	*text = '\0';
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '_')
		return c == '-' ? 62 : 63;
	return -1;
}

/*
 * One byte string has one text: the unused bits of the last digit are zero,
 * so that no second spelling of a token opens.
 */
static bool from_text(uint8_t raw[RAW_MAX], size_t *len, const struct pl *text)
{
	uint32_t acc = 0;
	unsigned bits = 0;

	if (text->l > SEAL_TEXT_MAX || text->l % 4 == 1)
		return false;
	*len = 0;
	for (size_t i = 0; i < text->l; i++) {
		int v = digit_value(text->p[i]);

		if (v < 0)
			return false;
		acc = acc << 6 | (uint32_t)v;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			raw[(*len)++] = (uint8_t)(acc >> bits);
		}
	}
	return !(acc & ((1u << bits) - 1));
}

/*
 * Associated data: one block with everything of fixed size and the lengths of
 * the pieces, then each piece that is not empty (an empty one is not seen by
 * every OpenSSL: CVE-2023-2975; its length is).
 */
static bool feed_bound(EVP_CIPHER_CTX *ctx, const uint8_t head[HEAD_LEN],
		       enum seal_purpose purpose, const struct pl *bound,
		       size_t nbound)
{
	uint8_t aad[AAD_LEN] = {head[0], head[1], (uint8_t)purpose,
				(uint8_t)nbound};
	int n;

	for (size_t i = 0; i < nbound; i++) {
		if (bound[i].l > INT_MAX)
			return false;
		for (size_t k = 0; k < 4; k++)
			aad[4 + 4 * i + k] =
				(uint8_t)(bound[i].l >> (24 - 8 * k));
	}
	if (!EVP_CipherUpdate(ctx, NULL, &n, aad, sizeof(aad)))
		return false;
	for (size_t i = 0; i < nbound; i++) {
		if (bound[i].l && !EVP_CipherUpdate(ctx, NULL, &n,
						    (const uint8_t *)bound[i].p,
						    (int)bound[i].l))
			return false;
	}
	return true;
}

/* A fresh context with key and associated data, or NULL. */
static EVP_CIPHER_CTX *begin(const EVP_CIPHER_CTX *keyed)
{
	EVP_CIPHER_CTX *ctx = keyed ? EVP_CIPHER_CTX_new() : NULL;

	if (ctx && !EVP_CIPHER_CTX_copy(ctx, keyed)) {
		EVP_CIPHER_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

int seal_token(char token[SEAL_TEXT_MAX + 1], const struct keyring *ring,
	       uint64_t now_s, enum seal_purpose purpose,
	       const struct pl *bound, size_t nbound, const uint8_t *plain,
	       size_t len)
{
	uint8_t raw[RAW_MAX] = {LAYOUT_VERSION};
	EVP_CIPHER_CTX *ctx;
	int n = 0, err;
	bool ok;

	if (len > SEAL_PLAIN_MAX)
		return EMSGSIZE;
	if (!token || !ring || !plain || !len || nbound > SEAL_BOUND_MAX ||
	    purpose >= SEAL_CTL)
		return EINVAL;
	err = keyring_current(ring, now_s, &raw[1]);
	if (err)
		return err;

	ctx = begin(keyring_siv(ring, raw[1], purpose, true));
	if (!ctx)
		return ENOMEM;
	ok = feed_bound(ctx, raw, purpose, bound, nbound) &&
	     EVP_EncryptUpdate(ctx, raw + HEAD_LEN + SIV_LEN, &n, plain,
			       (int)len) > 0 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SIV_LEN,
				 raw + HEAD_LEN) > 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok || n != (int)len)
		return EINVAL;

	to_text(token, raw, HEAD_LEN + SIV_LEN + len);
	return 0;
}

int seal_open(uint8_t plain[SEAL_PLAIN_MAX], size_t *len,
	      const struct keyring *ring, enum seal_purpose purpose,
	      const struct pl *bound, size_t nbound, const struct pl *token)
{
	uint8_t raw[RAW_MAX], out[SEAL_PLAIN_MAX];
	EVP_CIPHER_CTX *ctx;
	size_t rawlen;
	int n = 0;
	bool ok;

	if (!plain || !len || !ring || !token || nbound > SEAL_BOUND_MAX ||
	    purpose >= SEAL_CTL)
		return EINVAL;
	if (!from_text(raw, &rawlen, token) || rawlen <= HEAD_LEN + SIV_LEN ||
	    raw[0] != LAYOUT_VERSION)
		return EBADMSG;

	ctx = begin(keyring_siv(ring, raw[1], purpose, false));
	if (!ctx)
		return EBADMSG;
	/* the tag is compared in constant time inside OpenSSL */
	rawlen -= HEAD_LEN + SIV_LEN;
	ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SIV_LEN,
				 raw + HEAD_LEN) > 0 &&
	     feed_bound(ctx, raw, purpose, bound, nbound) &&
	     EVP_DecryptUpdate(ctx, out, &n, raw + HEAD_LEN + SIV_LEN,
			       (int)rawlen) > 0;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok || n != (int)rawlen)
		return EBADMSG;

	memcpy(plain, out, rawlen);
	*len = rawlen;
	return 0;
}
