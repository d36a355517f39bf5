/*
 * cert.h  The node's DTLS certificate, and fingerprints of certificates
 *
 * One self-signed P-256 certificate for each node, on disk (mode 0600), so
 * that all workers and their successors show the same fingerprint.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CERT_H
#define MEDIAD_CERT_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct cert;

/* In the order of their strength (RFC 8122, 5). md5 and md2 are unknown. */
enum cert_hash {
	CERT_SHA1 = 1,
	CERT_SHA256,
	CERT_SHA384,
	CERT_SHA512,
};

enum {
	CERT_FP_TEXT_MAX = 8 + 64 * 3,
	CERT_FPS_MAX = 8
};

struct cert_fp {
	enum cert_hash hash;
	uint8_t len; /* of md: fixed by hash */
	uint8_t md[64];
};

/* A new certificate that lives in memory alone. */
int cert_make(struct cert **certp);
/* Reads a PEM file with key and certificate; ENOENT, EBADMSG. */
int cert_load(struct cert **certp, const char *path);
/* Reads the file, or makes it (whole or not at all) when absent. */
int cert_load_or_make(struct cert **certp, const char *path);

/* "sha-256 AB:CD:..", as it stands in a=fingerprint. */
const char *cert_fp_text(const struct cert *cert);

/* Parses "sha-256 AB:CD.." (name in any case). ENOTSUP: a hash that we do
 * not take, EBADMSG: not of this form, or of a wrong length. */
int cert_fp_parse(struct cert_fp *fp, const struct pl *text);
/* Of a certificate in DER. EINVAL: unknown hash. */
int cert_fp_of(struct cert_fp *fp, enum cert_hash hash, const uint8_t *der,
	       size_t len);
/*
 * 0 when the certificate matches one of the fingerprints with the strongest
 * hash among them (RFC 8122, 5); EBADE when not, EINVAL when there is none.
 */
int cert_fp_check(const struct cert_fp *fps, size_t nfps, const uint8_t *der,
		  size_t len);

#endif
