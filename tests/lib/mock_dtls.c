/*
 * mock_dtls.c  DTLS of a browser or PBX: OpenSSL, datagrams by handler
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <re.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tests/lib/mock_dtls.h"

enum {
	MTU = 1200,
	FIRST_RTO_US = 50000,
	FP_TEXT = 8 + 64 * 3
};

struct mock_dtls {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO_METHOD *method;
	char fp[FP_TEXT + 1];
	const uint8_t *in;
	size_t in_len;
	mock_dtls_send_h *sendh;
	void *arg;
};

static void destructor(void *data)
{
	struct mock_dtls *d = data;

	SSL_free(d->ssl);
	SSL_CTX_free(d->ctx);
	BIO_meth_free(d->method);
}

static int bio_read(BIO *bio, char *buf, int size)
{
	struct mock_dtls *d = BIO_get_data(bio);
	size_t n = d->in_len < (size_t)size ? d->in_len : (size_t)size;

	BIO_clear_retry_flags(bio);
	if (!d->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	memcpy(buf, d->in, n);
	d->in = NULL;
	return (int)n;
}

static int bio_write(BIO *bio, const char *buf, int len)
{
	struct mock_dtls *d = BIO_get_data(bio);

	d->sendh((const uint8_t *)buf, (size_t)len, d->arg);
	return len;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static int accept_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static unsigned int on_rto(SSL *ssl, unsigned int us)
{
	(void)ssl;
	return us ? 2 * us : FIRST_RTO_US;
}

static void fingerprint_by(char text[FP_TEXT + 1], const X509 *x509,
			   const EVP_MD *md_by, const char *name)
{
	uint8_t md[64];
	unsigned n = 0;

	X509_digest(x509, md_by, md, &n);
	sprintf(text, "%s ", name);
	for (unsigned i = 0; i < n; i++)
		sprintf(text + strlen(text), "%s%02X", i ? ":" : "", md[i]);
}

static void fingerprint(char text[FP_TEXT + 1], const X509 *x509)
{
	fingerprint_by(text, x509, EVP_sha256(), "sha-256");
}

static int make_cert(struct mock_dtls *d)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	int ok;

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_gmtime_adj(X509_getm_notBefore(x509), -86400);
	X509_gmtime_adj(X509_getm_notAfter(x509), 30 * 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const uint8_t *)"WebRTC", -1, -1, 0);
	X509_set_issuer_name(x509, name);
	X509_set_pubkey(x509, key);
	ok = X509_sign(x509, key, EVP_sha256()) &&
	     SSL_CTX_use_certificate(d->ctx, x509) &&
	     SSL_CTX_use_PrivateKey(d->ctx, key);
	fingerprint(d->fp, x509);
	X509_free(x509);
	EVP_PKEY_free(key);
	return ok ? 0 : ENOMEM;
}

static int make_ssl(struct mock_dtls *d)
{
	BIO *bio;

	d->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 101, "mock");
	BIO_meth_set_read(d->method, bio_read);
	BIO_meth_set_write(d->method, bio_write);
	BIO_meth_set_ctrl(d->method, bio_ctrl);
	bio = BIO_new(d->method);
	d->ssl = SSL_new(d->ctx);
	if (!bio || !d->ssl)
		return ENOMEM;
	BIO_set_init(bio, 1);
	BIO_set_data(bio, d);
	SSL_set_bio(d->ssl, bio, bio);
	SSL_set_mtu(d->ssl, MTU);
	SSL_set_connect_state(d->ssl);
	DTLS_set_timer_cb(d->ssl, on_rto);
	return 0;
}

int mock_dtls_alloc(struct mock_dtls **dp, const char *profiles,
		    mock_dtls_send_h *sendh, void *arg)
{
	struct mock_dtls *d = mem_zalloc(sizeof(*d), destructor);
	int err;

	if (!d)
		return ENOMEM;
	d->sendh = sendh;
	d->arg = arg;
	d->ctx = SSL_CTX_new(DTLS_method());
	SSL_CTX_set_verify(d->ctx, SSL_VERIFY_PEER, accept_any);
	SSL_CTX_set_options(d->ctx, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_tlsext_use_srtp(d->ctx, profiles
						    ? profiles
						    : "SRTP_AEAD_AES_128_GCM:"
						      "SRTP_AES128_CM_SHA1_80");
	err = make_cert(d);
	if (!err)
		err = make_ssl(d);
	if (err)
		mem_deref(d);
	else
		*dp = d;
	return err;
}

int mock_dtls_again(struct mock_dtls **dp, const struct mock_dtls *as,
		    mock_dtls_send_h *sendh, void *arg)
{
	struct mock_dtls *d = mem_zalloc(sizeof(*d), destructor);
	int err;

	if (!d)
		return ENOMEM;
	d->sendh = sendh;
	d->arg = arg;
	d->ctx = as->ctx;
	SSL_CTX_up_ref(d->ctx);
	memcpy(d->fp, as->fp, sizeof(d->fp));
	err = make_ssl(d);
	if (err)
		mem_deref(d);
	else
		*dp = d;
	return err;
}

void mock_dtls_serve(struct mock_dtls *d)
{
	SSL_set_accept_state(d->ssl);
}

void mock_dtls_large(struct mock_dtls *d)
{
	uint8_t protocols[8 * 200];

	for (unsigned i = 0; i < sizeof(protocols); i++)
		protocols[i] = i % 200 ? 'x' : 199;
	SSL_set_alpn_protos(d->ssl, protocols, sizeof(protocols));
}

void mock_dtls_strong(struct mock_dtls *d)
{
	fingerprint_by(d->fp, SSL_get_certificate(d->ssl), EVP_sha512(),
		       "sha-512");
}

const char *mock_dtls_fingerprint(const struct mock_dtls *d)
{
	return d->fp;
}

void mock_dtls_poll(struct mock_dtls *d)
{
	ERR_clear_error();
	if (SSL_is_init_finished(d->ssl))
		return;
	DTLSv1_handle_timeout(d->ssl);
	SSL_do_handshake(d->ssl);
}

void mock_dtls_recv(struct mock_dtls *d, const uint8_t *pkt, size_t len)
{
	uint8_t buf[2048];

	ERR_clear_error();
	d->in = pkt;
	d->in_len = len;
	if (SSL_is_init_finished(d->ssl))
		SSL_read(d->ssl, buf, sizeof(buf));
	else
		SSL_do_handshake(d->ssl);
	d->in = NULL;
}

/* RFC 5764, 4.2. */
static bool export_keys(struct mock_dtls *d, struct mock_keys *keys)
{
	SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(d->ssl);
	uint8_t out[60], *client, *server;
	size_t salt;

	if (!p)
		return false;
	salt = p->id == SRTP_AEAD_AES_128_GCM ? 12 : 14;
	keys->suite = (uint16_t)p->id;
	if (SSL_export_keying_material(d->ssl, out, 2 * (16 + salt),
				       "EXTRACTOR-dtls_srtp", 19, NULL, 0,
				       0) != 1)
		return false;
	client = SSL_is_server(d->ssl) ? keys->remote : keys->local;
	server = SSL_is_server(d->ssl) ? keys->local : keys->remote;
	memcpy(client, out, 16);
	memcpy(server, out + 16, 16);
	memcpy(client + 16, out + 32, salt);
	memcpy(server + 16, out + 32 + salt, salt);
	return true;
}

bool mock_dtls_keys(struct mock_dtls *d, const char *fp, struct mock_keys *keys,
		    int *err)
{
	char text[FP_TEXT + 1];
	X509 *x509;

	*err = EAGAIN;
	if (!SSL_is_init_finished(d->ssl))
		return false;
	*err = EBADE;
	x509 = SSL_get1_peer_certificate(d->ssl);
	if (!x509)
		return false;
	fingerprint(text, x509);
	X509_free(x509);
	if (strcasecmp(text, fp) || !export_keys(d, keys))
		return false;
	*err = 0;
	return true;
}

void mock_dtls_close(struct mock_dtls *d)
{
	SSL_shutdown(d->ssl);
}
