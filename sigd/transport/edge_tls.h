/*
 * edge_tls.h  TLS as a server: what is set in the SSL_CTX of a listener
 *
 * TLS 1.2 and 1.3, forward secrecy and AEAD only, certificates by the name
 * that is asked for (certs.h), session tickets under the cluster's keys, no
 * renegotiation, buffers given back when idle. A session resumes at whatever
 * listener asks for the same certificates of clients (tls_clients.h). One for
 * all listeners of a worker; certificates and keys are exchanged in it, never
 * in a context, so a reload touches no connection.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_EDGE_TLS_H
#define SIGD_TRANSPORT_EDGE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct certs;
struct edge_tls;
struct keyring;
struct ssl_st;
struct ssl_ctx_st;

/* ring: NULL: a key of its own, so that sessions resume at this worker alone.
 * Both are kept by reference. The caller owns *tlsp, which outlives the
 * contexts. */
int edge_tls_alloc(struct edge_tls **tlsp, struct certs *certs,
		   struct keyring *ring);
/* For handshakes from now on. */
void edge_tls_certs(struct edge_tls *tls, struct certs *certs);
/* For tickets from now on; those under a key that is not in it do not resume.
 * ring may be NULL: nothing changes. */
int edge_tls_keys(struct edge_tls *tls, struct keyring *ring);

/* A context for a listener; own: the file of its own certificate, or NULL
 * (certs.h), borrowed. Free it with SSL_CTX_free(). */
int edge_tls_ctx(struct edge_tls *tls, struct ssl_ctx_st **ctxp,
		 const char *own);
/* The same with a context that somebody else has made. */
int edge_tls_setup(struct edge_tls *tls, struct ssl_ctx_st *ctx,
		   const char *own);

/* One for what is never a client: else libwebsockets makes such contexts of
 * its own. */
int edge_tls_idle_ctx(struct ssl_ctx_st **ctxp);
void edge_tls_idle_free(struct ssl_ctx_st *ctx);
/* Have *done set to true when the handshake has succeeded. */
void edge_tls_watch(struct ssl_st *ssl, bool *done);
bool edge_tls_resumed(struct ssl_st *ssl);

#endif
