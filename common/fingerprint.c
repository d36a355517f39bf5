/*
 * fingerprint.c  Whether two nodes have read the same files
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdint.h>
#include <openssl/evp.h>
#include <re.h>

#include "common/fingerprint.h"

struct fingerprint {
	EVP_MD_CTX *ctx;
	bool failed;
};

static void destructor(void *arg)
{
	struct fingerprint *print = arg;

	EVP_MD_CTX_free(print->ctx);
}

int fingerprint_alloc(struct fingerprint **printp)
{
	struct fingerprint *print = mem_zalloc(sizeof(*print), destructor);

	if (!print)
		return ENOMEM;
	print->ctx = EVP_MD_CTX_new();
	if (!print->ctx || !EVP_DigestInit_ex(print->ctx, EVP_sha256(), NULL)) {
		mem_deref(print);
		return ENOMEM;
	}
	*printp = print;
	return 0;
}

void fingerprint_add(struct fingerprint *print, const void *data, size_t len)
{
	uint8_t size[8];

	if (!print)
		return;
	for (unsigned i = 0; i < sizeof(size); i++)
		size[i] = (uint8_t)((uint64_t)len >> 8 * i);
	if (!EVP_DigestUpdate(print->ctx, size, sizeof(size)) ||
	    !EVP_DigestUpdate(print->ctx, data, len))
		print->failed = true;
}

void fingerprint_text(const struct fingerprint *print,
		      char text[FINGERPRINT_LEN + 1])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	uint8_t md[EVP_MAX_MD_SIZE] = {0};
	bool ok = copy && print && !print->failed &&
		  EVP_MD_CTX_copy_ex(copy, print->ctx) &&
		  EVP_DigestFinal_ex(copy, md, NULL);

	EVP_MD_CTX_free(copy);
	text[0] = '\0';
	for (unsigned i = 0; ok && i < FINGERPRINT_LEN / 2; i++)
		(void)re_snprintf(text + 2 * i, 3, "%02x", md[i]);
}
