/*
 * tls_name.h  Is this certificate that of a SIP domain? (RFC 5922)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_TLS_NAME_H
#define SIGD_TRANSPORT_TLS_NAME_H

#include <stdbool.h>

struct x509_st;

/*
 * domain: a host name, or an IP address without brackets. By RFC 5922 7.1 the
 * URIs "sip:domain" of the subjectAltName count; when there are none, its DNS
 * names; when there are none of these either, the common name. Never wildcards
 * (7.2). An address has to stand there as such.
 */
bool tls_name_is(const struct x509_st *cert, const char *domain);

#endif
