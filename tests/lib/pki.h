/*
 * pki.h  A CA and certificates for tests, ECDSA P-256
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_PKI_H
#define TESTS_LIB_PKI_H

#include <stdio.h>
#include <stdlib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/lib/test.h"

struct pki_ca {
	EVP_PKEY *key;
	X509 *cert;
	char path[300];
};

/* name: CN and DNS name; ca NULL: signed by itself. */
static inline X509 *pki_certificate(EVP_PKEY *key, const char *name, bool is_ca,
				    const struct pki_ca *ca)
{
	X509 *x509 = X509_new();
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	char san[100];

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), rand());
	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
	X509_set_pubkey(x509, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN",
				   MBSTRING_ASC, (const uint8_t *)name, -1, -1,
				   0);
	X509_set_issuer_name(x509, X509_get_subject_name(ca ? ca->cert : x509));
	X509V3_set_ctx(&ctx, ca ? ca->cert : x509, x509, NULL, NULL, 0);
	snprintf(san, sizeof(san), "DNS:%s", name);
	ext = X509V3_EXT_nconf_nid(NULL, &ctx, NID_subject_alt_name, san);
	X509_add_ext(x509, ext, -1);
	X509_EXTENSION_free(ext);
	ext = X509V3_EXT_nconf_nid(NULL, &ctx, NID_basic_constraints,
				   is_ca ? "critical,CA:TRUE" : "CA:FALSE");
	X509_add_ext(x509, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(x509, ca ? ca->key : key, EVP_sha256());
	return x509;
}

static inline void pki_write(const char *path, X509 *x509, EVP_PKEY *key)
{
	FILE *f = fopen(path, "w");

	if (!f || (x509 && !PEM_write_X509(f, x509)) ||
	    (key && !PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL)))
		abort();
	fclose(f);
}

/* ca->path is its certificate, in the folder of this run. */
static inline void pki_ca_make(struct pki_ca *ca, const char *name)
{
	ca->key = EVP_EC_gen("P-256");
	ca->cert = pki_certificate(ca->key, name, true, NULL);
	snprintf(ca->path, sizeof(ca->path), "%s/%s.pem", test_tmpdir(), name);
	pki_write(ca->path, ca->cert, NULL);
}

static inline void pki_ca_free(struct pki_ca *ca)
{
	EVP_PKEY_free(ca->key);
	X509_free(ca->cert);
}

/* A key and its certificate, into these files. */
static inline void pki_issue(const struct pki_ca *ca, const char *name,
			     const char *cert_path, const char *key_path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = pki_certificate(key, name, false, ca);

	pki_write(cert_path, x509, NULL);
	pki_write(key_path, NULL, key);
	X509_free(x509);
	EVP_PKEY_free(key);
}

#endif
