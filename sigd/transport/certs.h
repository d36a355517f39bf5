/*
 * certs.h  Certificates with their keys, and which one a client gets
 *
 * A set is loaded as a whole and never changes; a reload makes another one.
 * A client that names a domain (SNI, RFC 6066 3) gets the pair that is for
 * it: the exact name first, then "*." before all but its first label. Who
 * names none, or none that is known, gets the listener's own pair.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_CERTS_H
#define SIGD_TRANSPORT_CERTS_H

#include <stddef.h>
#include <stdint.h>

struct certs;
struct ssl_st;

/* PEM files: certificate chain, key. Without domains: a listener's own, found
 * by its file alone. The certificate must be for each of the domains. */
struct certs_pair {
	const char *cert, *key;
	const char *const *domains;
	size_t ndomains;
};

/* What is wrong with a pair: one line, with the file. */
typedef void(certs_bad_h)(const char *why, void *arg);

/*
 * Load pairs. badh is called for each that cannot be used. With an earlier
 * set its place is taken by what that one had from the same files, or it is
 * left out, and the result is 0; without: EINVAL.
 * The caller owns *certsp; mem_ref() shares it. Pairs are copied.
 */
int certs_load(struct certs **certsp, const struct certs_pair *pairs, size_t n,
	       const struct certs *earlier, certs_bad_h *badh, void *arg);

/* Have a handshake show the pair for the name that the client gave (NULL:
 * none); own: file of the listener's own certificate; NULL: the first of all
 * pairs. ENOENT: there is none. */
int certs_serve(const struct certs *certs, const char *name, const char *own,
		struct ssl_st *ssl);

/* When the first of them expires, unix seconds; 0: there is none. *filep (may
 * be NULL): its file. */
int64_t certs_expiry(const struct certs *certs, const char **filep);

#endif
