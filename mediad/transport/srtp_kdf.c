/*
 * srtp_kdf.c  SRTP key derivation (RFC 3711, 4.3; RFC 6188, 3)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/evp.h>

#include "mediad/transport/crypt_priv.h"

static const EVP_CIPHER *counter_mode(size_t keylen)
{
	switch (keylen) {
	case 16:
		return EVP_aes_128_ctr();
	case 24:
		return EVP_aes_192_ctr();
	case 32:
		return EVP_aes_256_ctr();
	default:
		return NULL;
	}
}

int crypt_derive(uint8_t *out, size_t len, const struct crypt_master *master,
		 enum crypt_label label)
{
	const EVP_CIPHER *cipher = counter_mode(master->keylen);
	uint8_t x[16] = {0}, zeros[CRYPT_SUBKEY_MAX] = {0};
	EVP_CIPHER_CTX *ctx;
	int n, ok;

	if (!cipher || master->saltlen > 14 || len > sizeof(zeros))
		return EINVAL;

	/* x = key_id XOR master_salt; key_id = label || r, r = 0: the label is
	 * the 7th byte of 14. The key stream starts at x * 2^16. */
	memcpy(x, master->salt, master->saltlen);
	x[7] ^= (uint8_t)label;

	ctx = EVP_CIPHER_CTX_new();
	if (!ctx)
		return ENOMEM;
	ok = EVP_EncryptInit_ex(ctx, cipher, NULL, master->key, x) &&
	     EVP_EncryptUpdate(ctx, out, &n, zeros, (int)len);
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : EPROTO;
}
