/*
 * route_ha1.c  H(name:realm:password): what digest needs of a password
 *
 * RFC 7616 section 3.4.2, RFC 8760.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <re.h>

#include "routing/party/route_party.h"

struct route_hasher {
	EVP_MD *md5, *sha256; /* NULL: not offered (FIPS has no MD5) */
	EVP_MD_CTX *ctx;
};

static void destructor(void *arg)
{
	struct route_hasher *hasher = arg;

	EVP_MD_CTX_free(hasher->ctx);
	EVP_MD_free(hasher->md5);
	EVP_MD_free(hasher->sha256);
}

int route_hasher_alloc(struct route_hasher **hasherp)
{
	struct route_hasher *hasher = mem_zalloc(sizeof(*hasher), destructor);

	if (!hasher)
		return ENOMEM;
	hasher->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	hasher->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	hasher->ctx = EVP_MD_CTX_new();
	if (!hasher->sha256 || !hasher->ctx) {
		mem_deref(hasher);
		return ENOMEM;
	}
	*hasherp = hasher;
	return 0;
}

static bool add(EVP_MD_CTX *ctx, const char *text)
{
	return EVP_DigestUpdate(ctx, text, strlen(text));
}

static int make(const struct route_hasher *hasher, const EVP_MD *md, char *hex,
		const struct route_secret *secret)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t hash[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = hasher->ctx;
	unsigned len;

	if (!EVP_DigestInit_ex(ctx, md, NULL) || !add(ctx, secret->name) ||
	    !add(ctx, ":") || !add(ctx, secret->realm) || !add(ctx, ":") ||
	    !add(ctx, secret->password) || !EVP_DigestFinal_ex(ctx, hash, &len))
		return ENOMEM;
	for (unsigned i = 0; i < len; i++) {
		*hex++ = digits[hash[i] >> 4];
		*hex++ = digits[hash[i] & 15];
	}
	*hex = '\0';
	OPENSSL_cleanse(hash, sizeof(hash));
	return 0;
}

int route_ha1_make(const struct route_hasher *hasher,
		   const struct route_secret *secret, char *md5, char *sha256)
{
	int err = make(hasher, hasher->sha256, sha256, secret);

	if (!err && hasher->md5)
		err = make(hasher, hasher->md5, md5, secret);
	return err;
}
