/*
 * edge_tls.c  TLS as a server: what is set in the SSL_CTX of a listener
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <re.h>

#include "common/keyring.h"
#include "common/seal.h"
#include "sigd/transport/certs.h"
#include "sigd/transport/edge_tls.h"

enum {
	NAME_LEN = 16, /* of a ticket's key, RFC 5077 4 */
	IV_LEN = 16,
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

/* What follows from one of the cluster's keys. */
struct ticket_key {
	uint8_t id; /* in the ring */
	uint8_t name[NAME_LEN];
	uint8_t mac[32];
	uint8_t aes[32];
};

/* What the callbacks of one context are given. */
struct edge_tls_on {
	struct le le;
	struct edge_tls *tls;
	const char *own;
};

struct edge_tls {
	struct certs *certs;
	struct keyring *ring; /* NULL: keys[0] is one of our own */
	struct ticket_key keys[KEYRING_MAX];
	size_t nkeys;
	struct list contexts; /* struct edge_tls_on */
};

static void on_destructor(void *data)
{
	struct edge_tls_on *on = data;

	list_unlink(&on->le);
}

static void destructor(void *data)
{
	struct edge_tls *tls = data;

	list_flush(&tls->contexts);
	OPENSSL_cleanse(tls->keys, sizeof(tls->keys));
	mem_deref(tls->certs);
	mem_deref(tls->ring);
}

/* --- keys of tickets ------------------------------------------------------ */

static bool derive(uint8_t out[32], const uint8_t *secret, char nr)
{
	char info[] = "cordboard tls ticket 0";
	unsigned n = 0;

	info[sizeof(info) - 2] = nr;
	return HMAC(EVP_sha256(), secret, KEYRING_KEY_LEN,
		    (const uint8_t *)info, sizeof(info) - 1, out, &n) &&
	       n == 32;
}

static bool key_add(struct edge_tls *tls, uint8_t id, const uint8_t *secret)
{
	struct ticket_key *key = &tls->keys[tls->nkeys];
	uint8_t name[32];

	key->id = id;
	if (!derive(name, secret, '1') || !derive(key->mac, secret, '2') ||
	    !derive(key->aes, secret, '3'))
		return false;
	memcpy(key->name, name, NAME_LEN);
	++tls->nkeys;
	return true;
}

static int own_key(struct edge_tls *tls)
{
	uint8_t secret[KEYRING_KEY_LEN];
	bool ok = RAND_bytes(secret, sizeof(secret)) == 1 &&
		  key_add(tls, 0, secret);

	OPENSSL_cleanse(secret, sizeof(secret));
	return ok ? 0 : EIO;
}

int edge_tls_keys(struct edge_tls *tls, struct keyring *ring)
{
	const uint8_t *secret;
	bool ok = true;

	if (!ring)
		return 0;

	OPENSSL_cleanse(tls->keys, sizeof(tls->keys));
	tls->nkeys = 0;
	mem_deref(tls->ring);
	tls->ring = mem_ref(ring);
	for (int id = 0; id <= UINT8_MAX && ok && tls->nkeys < KEYRING_MAX;
	     id++) {
		if (!keyring_key(ring, (uint8_t)id, SEAL_TICKET, &secret))
			ok = key_add(tls, (uint8_t)id, secret);
	}
	return ok ? 0 : EIO;
}

/* The newest whose time has come; NULL: none. */
static const struct ticket_key *sealing_key(const struct edge_tls *tls)
{
	uint8_t id = 0;

	if (tls->ring && keyring_current(tls->ring, (uint64_t)time(NULL), &id))
		return NULL;
	for (size_t i = 0; i < tls->nkeys; i++) {
		if (tls->keys[i].id == id)
			return &tls->keys[i];
	}
	return NULL;
}

static const struct ticket_key *named_key(const struct edge_tls *tls,
					  const uint8_t *name)
{
	for (size_t i = 0; i < tls->nkeys; i++) {
		if (!memcmp(tls->keys[i].name, name, NAME_LEN))
			return &tls->keys[i];
	}
	return NULL;
}

static bool mac_start(EVP_MAC_CTX *mac, const struct ticket_key *key)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
						  (void *)(uintptr_t)key->mac,
						  sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
						 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/*
 * SSL_CTX_set_tlsext_ticket_key_evp_cb(3): to seal, 1 is done and 0 no ticket;
 * to open, 0 is not one of ours, 1 opened, 2 opened and to be replaced: the
 * key will be gone one day.
 */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
		     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	const struct edge_tls_on *on =
		SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const struct ticket_key *now = sealing_key(on->tls);
	const struct ticket_key *key = seal ? now : named_key(on->tls, name);

	if (!key)
		return 0;
	if (seal) {
		memcpy(name, key->name, NAME_LEN);
		if (RAND_bytes(iv, IV_LEN) != 1)
			return -1;
	}
	if (EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->aes, iv,
			      seal) != 1 ||
	    !mac_start(mac, key))
		return -1;
	return seal || key == now ? 1 : 2;
}

/* --- a context ------------------------------------------------------------ */

static void on_info(const SSL *ssl, int where, int ret)
{
	bool *done = SSL_get_app_data(ssl);

	(void)ret;
	if (done && (where & SSL_CB_HANDSHAKE_DONE))
		*done = true;
}

/* 1: go on; 0: the handshake fails. */
static int on_certificate(SSL *ssl, void *arg)
{
	const struct edge_tls_on *on = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	return !certs_serve(on->tls->certs, name, on->own, ssl);
}

/* Without one the name that a client asks for would not be kept. It is lws
 * that would look for another listener by it. */
static int on_name(SSL *ssl, int *alert, void *arg)
{
	(void)ssl;
	(void)alert;
	(void)arg;
	return SSL_TLSEXT_ERR_OK;
}

static bool policy(SSL_CTX *ctx)
{
	/* of listeners that ask for no certificate (tls_clients.h) */
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
	SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, ciphers) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, suites) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
	       SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1;
}

int edge_tls_setup(struct edge_tls *tls, struct ssl_ctx_st *ctx,
		   const char *own)
{
	struct edge_tls_on *on = mem_zalloc(sizeof(*on), on_destructor);

	if (!on)
		return ENOMEM;

	ERR_clear_error();
	on->tls = tls;
	on->own = own;
	list_append(&tls->contexts, &on->le, on);
	if (!policy(ctx) || SSL_CTX_set_app_data(ctx, on) != 1 ||
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) != 1) {
		ERR_clear_error();
		return EINVAL;
	}
	SSL_CTX_set_cert_cb(ctx, on_certificate, on);
	return 0;
}

int edge_tls_ctx(struct edge_tls *tls, struct ssl_ctx_st **ctxp,
		 const char *own)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int err = ctx ? edge_tls_setup(tls, ctx, own) : ENOMEM;

	if (err)
		SSL_CTX_free(ctx);
	else
		*ctxp = ctx;
	return err;
}

/* --- life ----------------------------------------------------------------- */

int edge_tls_alloc(struct edge_tls **tlsp, struct certs *certs,
		   struct keyring *ring)
{
	struct edge_tls *tls = mem_zalloc(sizeof(*tls), destructor);
	int err;

	if (!tls)
		return ENOMEM;

	tls->certs = mem_ref(certs);
	err = ring ? edge_tls_keys(tls, ring) : own_key(tls);
	if (err)
		mem_deref(tls);
	else
		*tlsp = tls;
	return err;
}

void edge_tls_certs(struct edge_tls *tls, struct certs *certs)
{
	if (!certs)
		return;

	mem_ref(certs);
	mem_deref(tls->certs);
	tls->certs = certs;
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
