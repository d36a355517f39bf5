/*
 * cert_fp.c  Fingerprints of certificates (RFC 8122, 5)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "mediad/transport/cert_priv.h"

struct hash_row {
	const char *name; /* as in SDP; OpenSSL knows it, too */
	enum cert_hash hash;
	uint8_t len;
};

/* md2 and md5 MUST NOT be used (RFC 8122, 5). sha-1 counts only when the
 * peer gives nothing better. */
static const struct hash_row hashes[] = {
	{"sha-1", CERT_SHA1, 20},
	{"sha-256", CERT_SHA256, 32},
	{"sha-384", CERT_SHA384, 48},
	{"sha-512", CERT_SHA512, 64},
};

enum {
	HASHES = sizeof(hashes) / sizeof(hashes[0])
};

static const struct hash_row *row_of(enum cert_hash hash)
{
	for (size_t i = 0; i < HASHES; i++) {
		if (hashes[i].hash == hash)
			return &hashes[i];
	}
	return NULL;
}

static const EVP_MD *digest_of(enum cert_hash hash)
{
	switch (hash) {
	case CERT_SHA1:
		return EVP_sha1();
	case CERT_SHA256:
		return EVP_sha256();
	case CERT_SHA384:
		return EVP_sha384();
	case CERT_SHA512:
		return EVP_sha512();
	}
	return NULL;
}

int cert_fp_print(char *text, size_t size, const struct cert_fp *fp)
{
	const struct hash_row *row = row_of(fp->hash);
	size_t n;

	if (!row || size < strlen(row->name) + 1 + 3u * fp->len)
		return EOVERFLOW;

	n = strlen(row->name);
	memcpy(text, row->name, n);
	for (unsigned i = 0; i < fp->len; i++) {
		static const char hex[] = "0123456789ABCDEF";

		text[n++] = i ? ':' : ' ';
		text[n++] = hex[fp->md[i] >> 4];
		text[n++] = hex[fp->md[i] & 15];
	}
	text[n] = '\0';
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "AB:CD" of exactly fp->len bytes. */
static int parse_bytes(struct cert_fp *fp, const struct pl *hex)
{
	if (hex->l != fp->len * 3u - 1)
		return EBADMSG;

	for (unsigned i = 0; i < fp->len; i++) {
		const char *p = hex->p + 3u * i;
		int hi = hex_digit(p[0]), lo = hex_digit(p[1]);

		if (hi < 0 || lo < 0 || (i + 1u < fp->len && p[2] != ':'))
			return EBADMSG;
		fp->md[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

int cert_fp_parse(struct cert_fp *fp, const struct pl *text)
{
	const char *sp = text->l ? memchr(text->p, ' ', text->l) : NULL;
	struct pl name, hex;

	if (!sp)
		return EBADMSG;
	name.p = text->p;
	name.l = (size_t)(sp - text->p);
	hex.p = sp + 1;
	hex.l = text->l - name.l - 1;

	for (size_t i = 0; i < HASHES; i++) {
		if (pl_strcasecmp(&name, hashes[i].name))
			continue;
		memset(fp, 0, sizeof(*fp));
		fp->hash = hashes[i].hash;
		fp->len = hashes[i].len;
		return parse_bytes(fp, &hex);
	}
	return ENOTSUP;
}

int cert_fp_of(struct cert_fp *fp, enum cert_hash hash, const uint8_t *der,
	       size_t len)
{
	const struct hash_row *row = row_of(hash);

	if (!row)
		return EINVAL;
	memset(fp, 0, sizeof(*fp));
	fp->hash = hash;
	fp->len = row->len;
	return EVP_Digest(der, len, fp->md, NULL, digest_of(hash), NULL)
		       ? 0
		       : ENOMEM;
}

int cert_fp_check(const struct cert_fp *fps, size_t nfps, const uint8_t *der,
		  size_t len)
{
	struct cert_fp own = {0};
	enum cert_hash best = 0;
	int err;

	for (size_t i = 0; i < nfps; i++) {
		if (row_of(fps[i].hash) && fps[i].hash > best)
			best = fps[i].hash;
	}
	err = cert_fp_of(&own, best, der, len);
	if (err)
		return err;

	for (size_t i = 0; i < nfps; i++) {
		if (fps[i].hash == best && fps[i].len == own.len &&
		    !CRYPTO_memcmp(fps[i].md, own.md, own.len))
			return 0;
	}
	return EBADE;
}
