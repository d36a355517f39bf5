/*
 * edge_tls.c  The TLS of a WSS listener
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "sigd/transport/edge_tls.h"

enum {
	TICKET_KEYS_LEN = 80,
	SESSION_LIFE_S = 7200
};

static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
/* AES-128 first, as browsers have it: its SHA-256 costs a handshake 17 us less
 * than the SHA-384 that OpenSSL would prefer */
static const char suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
			     "TLS_CHACHA20_POLY1305_SHA256";
/* P-256 second: lws would set it alone, which costs a browser (X25519 first)
 * one more round trip */
static const char groups[] = "X25519:P-256:P-384";

static int fail(char *errbuf, size_t errlen, const char *what, const char *file)
{
	/* the first is the cause, the others tell who stumbled over it */
	unsigned long code = ERR_peek_error();
	const char *why = ERR_SYSTEM_ERROR(code)
				  ? strerror(ERR_GET_REASON(code))
				  : ERR_reason_error_string(code);

	snprintf(errbuf, errlen, "%s %s: %s", what, file,
		 code && why ? why : "cannot be used");
	ERR_clear_error();
	return EINVAL;
}

/* Name, HMAC and AES key of the tickets (OpenSSL: 16, 32 and 32 bytes). */
bool edge_tls_tickets(SSL_CTX *ctx, const uint8_t *secret)
{
	uint8_t keys[3 * EVP_MAX_MD_SIZE], own[EDGE_TLS_SECRET_LEN];
	size_t pos = 0;
	bool ok = true;

	if (!secret) {
		ok = RAND_bytes(own, sizeof(own)) == 1;
		secret = own;
	}
	for (uint8_t i = 1; ok && pos < TICKET_KEYS_LEN; i++) {
		char info[] = "cordboard tls ticket 0";
		unsigned n = 0;

		info[sizeof(info) - 2] = (char)('0' + i);
		ok = HMAC(EVP_sha256(), secret, EDGE_TLS_SECRET_LEN,
			  (const uint8_t *)info, sizeof(info) - 1, keys + pos,
			  &n);
		pos += n;
	}
	ok = ok &&
	     SSL_CTX_set_tlsext_ticket_keys(ctx, keys, TICKET_KEYS_LEN) == 1;
	OPENSSL_cleanse(keys, sizeof(keys));
	OPENSSL_cleanse(own, sizeof(own));
	return ok;
}

static void on_info(const SSL *ssl, int where, int ret)
{
	bool *done = SSL_get_app_data(ssl);

	(void)ret;
	if (done && (where & SSL_CB_HANDSHAKE_DONE))
		*done = true;
}

static bool policy(SSL_CTX *ctx)
{
	static const uint8_t id[] = "cordboard";

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* The state of a session is the ticket at the client: nothing of it
	 * is kept here */
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, SESSION_LIFE_S);
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_info_callback(ctx, on_info);
	/* lws would look for another listener by the name that the client
	 * asks for */
	SSL_CTX_set_tlsext_servername_callback(ctx, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, ciphers) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, suites) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
	       SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1;
}

static int pair_load(SSL_CTX *ctx, const char *cert, const char *key,
		     char *errbuf, size_t errlen)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return fail(errbuf, errlen, "certificate", cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		return fail(errbuf, errlen, "key", key);
	return 0;
}

int edge_tls_setup(struct ssl_ctx_st *ctx, const char *cert, const char *key,
		   const uint8_t *ticket_secret, char *errbuf, size_t errlen)
{
	ERR_clear_error();
	if (!cert || !key)
		return fail(errbuf, errlen, "tls", "without certificate");
	if (!policy(ctx) || !edge_tls_tickets(ctx, ticket_secret))
		return fail(errbuf, errlen, "tls", "settings");
	return pair_load(ctx, cert, key, errbuf, errlen);
}

int edge_tls_check(const char *cert, const char *key, char *errbuf,
		   size_t errlen)
{
	SSL_CTX *trial;
	int err;

	ERR_clear_error();
	if (!cert || !key)
		return fail(errbuf, errlen, "tls", "without certificate");
	trial = SSL_CTX_new(TLS_server_method());
	if (!trial)
		return ENOMEM;

	err = pair_load(trial, cert, key, errbuf, errlen);
	SSL_CTX_free(trial);
	return err;
}

int edge_tls_renew(struct ssl_ctx_st *ctx, const char *cert, const char *key,
		   char *errbuf, size_t errlen)
{
	/* What is loaded halfway cannot be taken back: try it elsewhere */
	int err = edge_tls_check(cert, key, errbuf, errlen);

	return err ? err : pair_load(ctx, cert, key, errbuf, errlen);
}

int edge_tls_idle_ctx(struct ssl_ctx_st **ctxp)
{
	*ctxp = SSL_CTX_new(TLS_client_method());
	return *ctxp ? 0 : ENOMEM;
}

void edge_tls_idle_free(struct ssl_ctx_st *ctx)
{
	SSL_CTX_free(ctx);
}

void edge_tls_watch(struct ssl_st *ssl, bool *done)
{
	if (!ssl)
		return;

	SSL_set_app_data(ssl, done);
	if (SSL_is_init_finished(ssl))
		*done = true;
}

bool edge_tls_resumed(struct ssl_st *ssl)
{
	return ssl && SSL_session_reused(ssl);
}
