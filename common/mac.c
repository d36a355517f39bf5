/*
 * mac.c  HMAC with SHA-256 of one piece of memory
 *
 * SPDX-License-Identifier: MIT
 */
/* SHA256_*() work without an allocation, for which EVP takes several */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "common/mac.h"

static void begin(SHA256_CTX *sha, const uint8_t *key, size_t keylen,
		  uint8_t with)
{
	uint8_t pad[SHA256_CBLOCK];

	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] = (uint8_t)((i < keylen ? key[i] : 0) ^ with);
	SHA256_Init(sha);
	SHA256_Update(sha, pad, sizeof(pad));
	OPENSSL_cleanse(pad, sizeof(pad));
}

void mac_sha256(uint8_t mac[MAC_LEN], const uint8_t *key, size_t keylen,
		const void *data, size_t len)
{
	uint8_t inner[SHA256_DIGEST_LENGTH];
	SHA256_CTX sha;

	assert(keylen <= MAC_KEY_MAX);
	begin(&sha, key, keylen, 0x36);
	SHA256_Update(&sha, data, len);
	SHA256_Final(inner, &sha);

	begin(&sha, key, keylen, 0x5c);
	SHA256_Update(&sha, inner, sizeof(inner));
	SHA256_Final(mac, &sha);
	OPENSSL_cleanse(&sha, sizeof(sha));
}
