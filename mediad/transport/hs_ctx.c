/*
 * hs_ctx.c  What all DTLS handshakes of a worker share
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>

#include "mediad/transport/cert_priv.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/hs_priv.h"

enum {
	IP_UDP_OVERHEAD = 48,
	CLOCK_SLACK_S = 86400, /* between the peer's clock and ours */
	RSA_BITS_MIN = 2048,
	RSA_BITS_MAX = 8192,
	SECRET_LEN = 32,
};

struct hs_ctx {
	SSL_CTX *ssl_ctx;
	BIO_METHOD *method;
	uint8_t secret[SECRET_LEN]; /* of cookies */
};

static void destructor(void *arg)
{
	struct hs_ctx *ctx = arg;

	SSL_CTX_free(ctx->ssl_ctx);
	BIO_meth_free(ctx->method);
	OPENSSL_cleanse(ctx->secret, sizeof(ctx->secret));
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;

	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return HS_MTU;
	case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
		return IP_UDP_OVERHEAD;
	default:
		return 0;
	}
}

static int bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static int method_make(BIO_METHOD **methodp)
{
	BIO_METHOD *method =
		BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
			     "media datagram");

	if (!method)
		return ENOMEM;
	*methodp = method;
	return BIO_meth_set_create(method, bio_create) &&
			       BIO_meth_set_read(method, hs_bio_read) &&
			       BIO_meth_set_write(method, hs_bio_write) &&
			       BIO_meth_set_ctrl(method, bio_ctrl)
		       ? 0
		       : ENOMEM;
}

/* The fingerprint of the signalling decides, not a chain: hs_verify(). In the
 * place of OpenSSL's look at the chain, which costs and decides nothing. */
static int accept_any(X509_STORE_CTX *store, void *arg)
{
	(void)store;
	(void)arg;
	return 1;
}

static const struct hs *hs_of(const SSL *ssl)
{
	return BIO_get_data(SSL_get_rbio(ssl));
}

static int cookie_make(SSL *ssl, unsigned char *cookie, unsigned *len)
{
	memcpy(cookie, hs_cookie(hs_of(ssl)), HS_COOKIE_LEN);
	*len = HS_COOKIE_LEN;
	return 1;
}

static int cookie_check(SSL *ssl, const unsigned char *cookie, unsigned len)
{
	return len == HS_COOKIE_LEN &&
	       !CRYPTO_memcmp(cookie, hs_cookie(hs_of(ssl)), len);
}

static bool configure(SSL_CTX *ssl_ctx, const struct cert *cert)
{
	/* RFC 8827, 6.5: DTLS 1.2, forward secrecy, P-256 */
	SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET |
					     SSL_OP_NO_RENEGOTIATION |
					     SSL_OP_NO_COMPRESSION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE |
					     SSL_OP_SINGLE_ECDH_USE);
	SSL_CTX_set_session_cache_mode(ssl_ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
	/* or its buffer has room for 16 kB, which no datagram has */
	SSL_CTX_set_max_send_fragment(ssl_ctx, HS_MTU);
	SSL_CTX_set_verify(ssl_ctx,
			   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
			   NULL);
	SSL_CTX_set_cert_verify_callback(ssl_ctx, accept_any, NULL);
	SSL_CTX_set_max_cert_list(ssl_ctx, HS_CHAIN_MAX);
	SSL_CTX_set_cookie_generate_cb(ssl_ctx, cookie_make);
	SSL_CTX_set_cookie_verify_cb(ssl_ctx, cookie_check);

	return SSL_CTX_set_min_proto_version(ssl_ctx, DTLS1_2_VERSION) &&
	       SSL_CTX_set_max_proto_version(ssl_ctx, DTLS1_2_VERSION) &&
	       SSL_CTX_set_cipher_list(ssl_ctx, "ECDHE-ECDSA-AES128-GCM-SHA256:"
						"ECDHE-ECDSA-AES256-GCM-SHA384:"
						"ECDHE-ECDSA-CHACHA20-POLY1305:"
						"ECDHE-ECDSA-AES128-SHA") &&
	       SSL_CTX_set1_groups_list(ssl_ctx, "X25519:P-256:P-384") &&
	       SSL_CTX_use_certificate(ssl_ctx, cert->x509) &&
	       SSL_CTX_use_PrivateKey(ssl_ctx, cert->key) &&
	       /* 0 is success for this one; ours is the order that counts */
	       !SSL_CTX_set_tlsext_use_srtp(ssl_ctx, "SRTP_AEAD_AES_128_GCM:"
						     "SRTP_AES128_CM_SHA1_80");
}

/* --- cookies ------------------------------------------------------------------- */

static int secret_make(struct hs_ctx *ctx, const struct cert *cert)
{
	static const uint8_t use[] = "cookies of DTLS";
	uint8_t *der = NULL;
	const int len = i2d_PrivateKey(cert->key, &der);
	bool ok;

	if (len <= 0)
		return ENOMEM;
	ok = HMAC(EVP_sha256(), der, len, use, sizeof(use), ctx->secret,
		  NULL) != NULL;
	OPENSSL_clear_free(der, (size_t)len);
	return ok ? 0 : ENOMEM;
}

static size_t address_put(uint8_t *out, const struct sa *sa)
{
	const size_t len = sa_af(sa) == AF_INET6 ? 16 : 4;

	out[0] = (uint8_t)len;
	if (len == 16)
		memcpy(out + 1, &sa->u.in6.sin6_addr, len);
	else
		memcpy(out + 1, &sa->u.in.sin_addr, len);
	out[len + 1] = (uint8_t)(sa_port(sa) >> 8);
	out[len + 2] = (uint8_t)sa_port(sa);
	return len + 3;
}

int hs_ctx_cookie(const struct hs_ctx *ctx, uint8_t cookie[HS_COOKIE_LEN],
		  const struct hs_way *way)
{
	uint8_t text[2 + 19 + 128], md[EVP_MAX_MD_SIZE];
	const char *call = way->call ? way->call : "";
	const size_t ncall = strlen(call);
	size_t len = 2;

	if (ncall > 128)
		return EOVERFLOW;
	text[0] = (uint8_t)(way->at >> 8);
	text[1] = (uint8_t)way->at;
	len += address_put(text + len, way->src);
	memcpy(text + len, call, ncall);
	len += ncall;
	if (!HMAC(EVP_sha256(), ctx->secret, sizeof(ctx->secret), text, len, md,
		  NULL))
		return ENOMEM;
	memcpy(cookie, md, HS_COOKIE_LEN);
	return 0;
}

/* --- life ------------------------------------------------------------------------- */

int hs_ctx_alloc(struct hs_ctx **ctxp, const struct cert *cert)
{
	struct hs_ctx *ctx = mem_zalloc(sizeof(*ctx), destructor);
	int err;

	if (!ctx)
		return ENOMEM;
	err = method_make(&ctx->method);
	if (!err)
		err = secret_make(ctx, cert);
	if (!err) {
		ctx->ssl_ctx = SSL_CTX_new(DTLS_method());
		if (!ctx->ssl_ctx)
			err = ENOMEM;
		else if (!configure(ctx->ssl_ctx, cert))
			err = EPROTO;
	}
	if (err)
		mem_deref(ctx);
	else
		*ctxp = ctx;
	return err;
}

int hs_ctx_open(struct hs_ctx *ctx, SSL **sslp, struct hs *hs)
{
	SSL *ssl = SSL_new(ctx->ssl_ctx);
	BIO *bio = BIO_new(ctx->method);

	if (!ssl || !bio) {
		SSL_free(ssl);
		BIO_free(bio);
		return ENOMEM;
	}
	BIO_set_data(bio, hs);
	SSL_set_bio(ssl, bio, bio); /* takes it */
	SSL_set_mtu(ssl, HS_MTU);
	SSL_set_accept_state(ssl);
	*sslp = ssl;
	return 0;
}

/* A PBX's certificate may be RSA, unlike ours, for which a server's list is. */
void hs_ctx_client(SSL *ssl)
{
	(void)SSL_set_cipher_list(ssl, "ECDHE-ECDSA-AES128-GCM-SHA256:"
				       "ECDHE-RSA-AES128-GCM-SHA256:"
				       "ECDHE-ECDSA-AES256-GCM-SHA384:"
				       "ECDHE-RSA-AES256-GCM-SHA384:"
				       "ECDHE-ECDSA-AES128-SHA:"
				       "ECDHE-RSA-AES128-SHA");
	SSL_set_connect_state(ssl);
}

/* The fingerprint binds the certificate to the signalling; this only keeps
 * out what no browser makes (threat: absurd certificates). */
bool hs_cert_sound(X509 *x509)
{
	EVP_PKEY *key = X509_get0_pubkey(x509);
	time_t soon = time(NULL) + CLOCK_SLACK_S;
	time_t past = time(NULL) - CLOCK_SLACK_S;
	char group[32];
	size_t n;
	int bits;

	if (!key || X509_cmp_time(X509_get0_notBefore(x509), &soon) >= 0 ||
	    X509_cmp_time(X509_get0_notAfter(x509), &past) <= 0)
		return false;

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		/* only curves with a name: none of the peer's own making */
		return EVP_PKEY_get_group_name(key, group, sizeof(group), &n) ==
		       1;
	case EVP_PKEY_RSA:
		bits = EVP_PKEY_get_bits(key);
		return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
	case EVP_PKEY_ED25519:
		return true;
	default:
		return false;
	}
}
