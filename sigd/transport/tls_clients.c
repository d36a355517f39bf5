/*
 * tls_clients.c  Certificates that clients show at a listener
 *
 * A session ticket holds the certificate that was shown and what came of its
 * check, and all listeners of a cluster seal theirs with the same keys. So a
 * session belongs to the authorities that were asked for (RFC 5246 F.1.4, RFC
 * 8446 4.6.1): its context is their digest, and a ticket from a listener with
 * others, or of the time before one was taken out, is worth a full handshake.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "common/log.h"
#include "sigd/transport/tls_clients.h"

/* Who shows a certificate of somebody else's is let in as who shows none:
 * what it is worth is asked when it matters (stream_named()). */
static int on_client(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

/* Those that were loaded, so that a file that changes meanwhile makes no
 * difference between what is checked and what is named. */
static bool authorities_hash(EVP_MD_CTX *md, SSL_CTX *ctx)
{
	const STACK_OF(X509_OBJECT) *all =
		X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));
	bool ok = EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

	for (int i = 0; ok && i < sk_X509_OBJECT_num(all); i++) {
		const X509 *cert = X509_OBJECT_get0_X509(
			sk_X509_OBJECT_value(all, i));
		uint8_t print[EVP_MAX_MD_SIZE];
		unsigned len = 0;

		ok = !cert ||
		     (X509_digest(cert, EVP_sha256(), print, &len) == 1 &&
		      EVP_DigestUpdate(md, print, len) == 1);
	}
	return ok;
}

static bool session_bind(SSL_CTX *ctx)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t id[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok = md && authorities_hash(md, ctx) &&
		  EVP_DigestFinal_ex(md, id, &len) == 1 &&
		  SSL_CTX_set_session_id_context(ctx, id, len) == 1;

	EVP_MD_CTX_free(md);
	return ok;
}

int tls_clients_ask(struct ssl_ctx_st *ctx, const char *ca)
{
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca);

	if (!names || SSL_CTX_load_verify_file(ctx, ca) != 1 ||
	    !session_bind(ctx)) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		log_error(NULL, "the authorities of clients cannot be used",
			  "file=%s", ca);
		ERR_clear_error();
		return EINVAL;
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_client);
	return 0;
}
