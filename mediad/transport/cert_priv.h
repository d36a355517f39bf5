/*
 * cert_priv.h  The certificate as hs.c needs it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CERT_PRIV_H
#define MEDIAD_CERT_PRIV_H

#include <openssl/types.h>

#include "mediad/transport/cert.h"

struct cert {
	EVP_PKEY *key;
	X509 *x509;
	char fp[CERT_FP_TEXT_MAX + 1];
};

/* EOVERFLOW when size is too small. */
int cert_fp_print(char *text, size_t size, const struct cert_fp *fp);

#endif
