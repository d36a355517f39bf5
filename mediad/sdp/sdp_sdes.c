/*
 * sdp_sdes.c  Keys of SRTP within a session description (RFC 4568)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>

#include "mediad/sdp/sdp_sdes.h"
#include "mediad/sdp/sdp_text.h"

enum {
	MKI_LEN_MAX = 8,    /* RFC 4568 has 128: nobody uses them */
	LIFETIME_BITS = 48, /* RFC 3711, 9.2 */
	RTCP_BITS = 31,
	BASE64_MAX = (SDPM_SECRET_MAX + 2) / 3 * 4,
};

static const struct {
	const char *name;
	uint8_t key, salt;
} suites[SDPM_SUITES] = {
	[SDPM_AES_CM_128_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 16, 14},
	[SDPM_AES_CM_128_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 16, 14},
	[SDPM_AES_256_CM_SHA1_80] = {"AES_256_CM_HMAC_SHA1_80", 32, 14},
	[SDPM_AES_256_CM_SHA1_32] = {"AES_256_CM_HMAC_SHA1_32", 32, 14},
	[SDPM_AEAD_AES_128_GCM] = {"AEAD_AES_128_GCM", 16, 12},
	[SDPM_AEAD_AES_256_GCM] = {"AEAD_AES_256_GCM", 32, 12},
};

const char *sdpm_suite_name(enum sdpm_suite suite)
{
	return suite < SDPM_SUITES ? suites[suite].name : NULL;
}

enum sdpm_suite sdpm_suite_find(const struct pl *name)
{
	for (unsigned i = SDPM_NO_SUITE + 1; i < SDPM_SUITES; i++)
		if (sdpm_is_nocase(name, suites[i].name))
			return (enum sdpm_suite)i;

	return SDPM_NO_SUITE;
}

size_t sdpm_suite_key_len(enum sdpm_suite suite)
{
	return suite < SDPM_SUITES ? suites[suite].key : 0;
}

size_t sdpm_suite_salt_len(enum sdpm_suite suite)
{
	return suite < SDPM_SUITES ? suites[suite].salt : 0;
}

/* --- one key ------------------------------------------------------------------ */

static bool is_base64(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* RFC 4568, 6.1: another length than the suite's makes the line invalid;
 * padding is left out by many. */
static bool secret_read(struct sdpm_crypto_key *key, struct pl text)
{
	size_t want = sdpm_suite_key_len(key->suite) +
		      sdpm_suite_salt_len(key->suite);
	char padded[BASE64_MAX + 1];
	uint8_t out[BASE64_MAX];
	size_t len = sizeof(out);
	bool ok;

	while (text.l && text.p[text.l - 1] == '=')
		--text.l;
	if (text.l != (want * 8 + 5) / 6)
		return false;
	for (size_t i = 0; i < text.l; i++)
		if (!is_base64(text.p[i]))
			return false;

	memset(padded, '=', sizeof(padded));
	memcpy(padded, text.p, text.l);
	ok = !base64_decode(padded, (text.l + 3) / 4 * 4, out, &len) &&
	     len == want;
	if (ok)
		memcpy(key->secret, out, want);
	OPENSSL_cleanse(padded, sizeof(padded));
	OPENSSL_cleanse(out, sizeof(out));
	return ok;
}

/* "2^20" or "1048576": how many packets, which we need not count: before a
 * key has sent 2^31 of them its owner has made a new one, or a new call. But
 * it has to be sound. */
static bool lifetime_ok(struct pl text)
{
	bool power = text.l > 2 && !memcmp(text.p, "2^", 2);
	uint32_t n;

	if (power) {
		pl_advance(&text, 2);
		return sdpm_number(&n, &text, LIFETIME_BITS) && *text.p != '0';
	}
	if (!text.l || text.l > 15 || *text.p == '0')
		return false;
	for (size_t i = 0; i < text.l; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
	return pl_u64(&text) <= UINT64_C(1) << LIFETIME_BITS;
}

static bool mki_read(struct sdpm_crypto_key *key, struct pl text)
{
	struct pl value;
	uint32_t len;

	if (!sdpm_cut(&value, &text, ':') ||
	    !sdpm_number(&key->mki, &value, UINT32_MAX) || *value.p == '0' ||
	    !sdpm_number(&len, &text, MKI_LEN_MAX) || *text.p == '0')
		return false;
	key->mki_len = (uint8_t)len;
	return len >= sizeof(key->mki) || !(key->mki >> 8 * len);
}

/* "inline:" key and salt ["|" lifetime] ["|" MKI ":" length] */
static bool inline_read(struct sdpm_crypto_key *key, struct pl text)
{
	static const char method[] = "inline:";
	struct pl secret, field;
	bool last = false;

	if (text.l < sizeof(method) - 1 ||
	    strncasecmp(text.p, method, sizeof(method) - 1))
		return false;
	pl_advance(&text, sizeof(method) - 1);
	if (!sdpm_cut(&secret, &text, '|') || !secret_read(key, secret))
		return false;

	for (unsigned n = 0; sdpm_cut(&field, &text, '|'); n++) {
		bool is_mki = pl_strchr(&field, ':') != NULL;

		if (last || n > 1 ||
		    !(is_mki ? mki_read(key, field) : lifetime_ok(field)))
			return false;
		last = is_mki;
	}
	return true;
}

/* --- session parameters ---------------------------------------------------------- */

/* RFC 4568, 6.3: all but a window's size change what has to be done, and an
 * unknown one may, unless it says that it does not (6.3.7). */
static bool param_ok(const struct pl *param)
{
	return *param->p == '-' ||
	       (param->l > 4 && !strncasecmp(param->p, "WSH=", 4));
}

bool sdpm_crypto_read(struct sdpm_crypto_key *key,
		      const struct sdpm_crypto *crypto)
{
	struct pl rest = crypto->params, word;
	bool ok;

	memset(key, 0, sizeof(*key));
	key->suite = sdpm_suite_find(&crypto->suite);
	ok = key->suite != SDPM_NO_SUITE && sdpm_word(&word, &rest) &&
	     inline_read(key, word);
	while (ok && sdpm_word(&word, &rest))
		ok = param_ok(&word);
	if (!ok)
		OPENSSL_cleanse(key, sizeof(*key));
	return ok;
}

int sdpm_crypto_write(struct mbuf *mb, uint32_t tag, enum sdpm_suite suite,
		      const uint8_t *secret)
{
	size_t n = sdpm_suite_key_len(suite) + sdpm_suite_salt_len(suite);
	char text[BASE64_MAX + 1];
	size_t len = sizeof(text);
	int err = base64_encode(secret, n, text, &len);

	if (!err)
		err = mbuf_printf(mb, "a=crypto:%u %s inline:%b\r\n", tag,
				  sdpm_suite_name(suite), text, len);
	OPENSSL_cleanse(text, sizeof(text));
	return err ? ENOMEM : 0;
}
