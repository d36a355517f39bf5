/*
 * token.h  Makes signed tokens and the keys to check them, for tests
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_TOKEN_H
#define TESTS_LIB_TOKEN_H

#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

enum {
	TOKEN_MAX = 16384,
	TOKEN_JWK_MAX = 2048
};

#define TOKEN_SECRET "0123456789abcdef0123456789abcdef"

/* base64url behind what is in out. */
static inline void token_b64(char *out, const void *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = data;
	unsigned bits = 0, have = 0;
	size_t n = strlen(out);

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 6; have -= 6)
			out[n++] = digits[bits >> (have - 6) & 63];
	}
	if (have)
		out[n++] = digits[bits << (6 - have) & 63];
	out[n] = '\0';
}

struct token_key {
	EVP_PKEY *pkey; /* NULL: TOKEN_SECRET */
	const char *alg, *kid;
	char jwk[TOKEN_JWK_MAX];
};

static inline void token_param(char *jwk, const struct token_key *key,
			       const char *name, const char *param)
{
	unsigned char buf[1024];
	BIGNUM *bn = NULL;
	char b64[1500] = "";
	int n;

	if (EVP_PKEY_get_bn_param(key->pkey, param, &bn) != 1)
		return;
	n = BN_num_bytes(bn);
	if (!strcmp(key->alg, "ES256"))
		n = 32;
	BN_bn2binpad(bn, buf, n);
	token_b64(b64, buf, (size_t)n);
	sprintf(jwk + strlen(jwk), ",\"%s\":\"%s\"", name, b64);
	BN_free(bn);
}

/* alg: HS256, RS256, ES256, EdDSA. */
static inline void token_key_make(struct token_key *key, const char *alg,
				  const char *kid)
{
	char b64[128] = "", *jwk = key->jwk;
	unsigned char raw[32];
	size_t len = sizeof(raw);

	key->alg = alg;
	key->kid = kid;
	key->pkey = !strcmp(alg, "RS256")   ? EVP_RSA_gen(2048)
		    : !strcmp(alg, "ES256") ? EVP_EC_gen("P-256")
		    : !strcmp(alg, "EdDSA")
			    ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
			    : NULL;
	sprintf(jwk, "{\"kid\":\"%s\",\"alg\":\"%s\"", kid, alg);
	if (!strcmp(alg, "RS256")) {
		strcat(jwk, ",\"kty\":\"RSA\"");
		token_param(jwk, key, "n", OSSL_PKEY_PARAM_RSA_N);
		token_param(jwk, key, "e", OSSL_PKEY_PARAM_RSA_E);
	} else if (!strcmp(alg, "ES256")) {
		strcat(jwk, ",\"kty\":\"EC\",\"crv\":\"P-256\"");
		token_param(jwk, key, "x", OSSL_PKEY_PARAM_EC_PUB_X);
		token_param(jwk, key, "y", OSSL_PKEY_PARAM_EC_PUB_Y);
	} else if (!strcmp(alg, "EdDSA")) {
		EVP_PKEY_get_raw_public_key(key->pkey, raw, &len);
		token_b64(b64, raw, len);
		sprintf(jwk + strlen(jwk),
			",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"",
			b64);
	} else {
		token_b64(b64, TOKEN_SECRET, strlen(TOKEN_SECRET));
		sprintf(jwk + strlen(jwk), ",\"kty\":\"oct\",\"k\":\"%s\"",
			b64);
	}
	strcat(jwk, "}");
}

static inline void token_key_free(struct token_key *key)
{
	EVP_PKEY_free(key->pkey);
}

static inline size_t token_sign(const struct token_key *key,
				const char *text, unsigned char sig[1024])
{
	EVP_MD_CTX *ctx;
	size_t len = 1024;
	unsigned mac = 0;

	if (!key->pkey) {
		HMAC(EVP_sha256(), TOKEN_SECRET, (int)strlen(TOKEN_SECRET),
		     (const unsigned char *)text, strlen(text), sig, &mac);
		return mac;
	}
	ctx = EVP_MD_CTX_new();
	EVP_DigestSignInit(ctx, NULL,
			   strcmp(key->alg, "EdDSA") ? EVP_sha256() : NULL,
			   NULL, key->pkey);
	EVP_DigestSign(ctx, sig, &len, (const unsigned char *)text,
		       strlen(text));
	EVP_MD_CTX_free(ctx);
	if (!strcmp(key->alg, "ES256")) {
		const unsigned char *p = sig;
		ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)len);

		BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, 32);
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + 32, 32);
		ECDSA_SIG_free(pair);
		len = 64;
	}
	return len;
}

/* Whatever header and claims say. */
static inline void token_make_as(char out[TOKEN_MAX],
				 const struct token_key *key,
				 const char *header, const char *claims)
{
	unsigned char sig[1024];
	size_t len;

	out[0] = '\0';
	token_b64(out, header, strlen(header));
	strcat(out, ".");
	token_b64(out, claims, strlen(claims));
	len = token_sign(key, out, sig);
	strcat(out, ".");
	token_b64(out, sig, len);
}

static inline void token_make(char out[TOKEN_MAX], const struct token_key *key,
			      const char *claims)
{
	char header[256];

	snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"%s\"}",
		 key->alg, key->kid);
	token_make_as(out, key, header, claims);
}

#endif
