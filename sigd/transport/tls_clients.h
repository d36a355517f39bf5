/*
 * tls_clients.h  Certificates that clients show at a listener
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_TLS_CLIENTS_H
#define SIGD_TRANSPORT_TLS_CLIENTS_H

struct ssl_ctx_st;

/*
 * Ask whoever comes for a certificate of an authority in the PEM file `ca`;
 * who shows none, or another, is let in all the same. Sessions resume only at
 * listeners that ask for the same authorities. EINVAL: the file cannot be
 * used; logged.
 */
int tls_clients_ask(struct ssl_ctx_st *ctx, const char *ca);

#endif
