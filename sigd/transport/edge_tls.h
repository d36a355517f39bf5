/*
 * edge_tls.h  The TLS of a WSS listener: what is set in its SSL_CTX
 *
 * TLS 1.2 and 1.3, forward secrecy and AEAD only, session tickets with keys
 * common to all workers that have the same secret, no renegotiation, buffers
 * given back when idle.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_EDGE_TLS_H
#define SIGD_TRANSPORT_EDGE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssl_st;
struct ssl_ctx_st;

enum {
	EDGE_TLS_SECRET_LEN = 32
};

/*
 * cert, key: PEM files. ticket_secret: NULL: a random one, so that sessions
 * resume at this worker alone. EINVAL with a sentence in errbuf.
 */
int edge_tls_setup(struct ssl_ctx_st *ctx, const char *cert, const char *key,
		   const uint8_t *ticket_secret, char *errbuf, size_t errlen);
/* Can this pair be used? As edge_tls_setup(). */
int edge_tls_check(const char *cert, const char *key, char *errbuf,
		   size_t errlen);
/* Certificate and key anew, for handshakes from now on; with an error the old
 * ones stay. */
int edge_tls_renew(struct ssl_ctx_st *ctx, const char *cert, const char *key,
		   char *errbuf, size_t errlen);
/* Keys of tickets from another secret; false: they could not be made. */
bool edge_tls_tickets(struct ssl_ctx_st *ctx, const uint8_t *ticket_secret);
/* One for what is never a client: else libwebsockets makes such contexts of
 * its own. */
int edge_tls_idle_ctx(struct ssl_ctx_st **ctxp);
void edge_tls_idle_free(struct ssl_ctx_st *ctx);
/* Have *done set to true when the handshake has succeeded. */
void edge_tls_watch(struct ssl_st *ssl, bool *done);
bool edge_tls_resumed(struct ssl_st *ssl);

#endif
