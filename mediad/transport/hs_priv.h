/*
 * hs_priv.h  Between the handshake and its OpenSSL context
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_HS_PRIV_H
#define MEDIAD_HS_PRIV_H

#include <stdbool.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include "mediad/transport/hs.h"

/* An SSL of a server, whose BIO carries the datagrams of hs. */
int hs_ctx_open(struct hs_ctx *ctx, SSL **sslp, struct hs *hs);
/* Make it a client's, before its first step. */
void hs_ctx_client(SSL *ssl);

/* HS_COOKIE_LEN bytes. */
const uint8_t *hs_cookie(const struct hs *hs);

/* The BIO's two ends; its data is the struct hs. */
int hs_bio_read(BIO *bio, char *buf, int size);
int hs_bio_write(BIO *bio, const char *buf, int len);

/* Whether a peer's certificate is in its time, with a usual key. */
bool hs_cert_sound(X509 *x509);

#endif
