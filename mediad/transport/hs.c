/*
 * hs.c  DTLS-SRTP handshakes over datagrams that others carry
 *
 * OpenSSL reads the one datagram that hs_recv() was given and writes into the
 * send handler, both through a BIO of ours, so that datagrams keep their
 * borders. Its own clock decides when a flight is due again; the wheel asks.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <re.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/countof.h"
#include "common/wheel.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/hs_priv.h"
#include "mediad/transport/hs_rest.h"
#include "mediad/transport/hs_sift.h"

enum {
	RTO_FIRST_US = 200 * 1000, /* a browser's round trip is shorter */
	RTO_LAST_US = 2000 * 1000,
	ASK_AGAIN_MS = 20, /* the wheel was early by OpenSSL's clock */
	IN_MAX = 2048,     /* bytes of a datagram that are looked at */
};

enum hs_phase {
	HS_LISTENS,
	HS_SHAKES,
	HS_DONE,
	HS_OVER
};

struct hs {
	SSL *ssl;   /* of the handshake */
	X509 *peer; /* until the keys were taken */
	struct wheel *wheel;
	struct wheel_timer again, limit;
	hs_send_h *sendh;
	hs_done_h *doneh;
	void *arg;
	enum hs_phase phase;
	uint32_t limit_ms;
	uint8_t cookie[HS_COOKIE_LEN];
	bool verified, answered, refused;
	bool shown; /* a cookie was brought */
	const char *version, *cipher; /* OpenSSL's */
	const uint8_t *in; /* the datagram being read */
	size_t in_len;
	uint32_t datagrams, bytes;
	uint64_t number; /* of the next record in clear */
	struct hs_keys keys; /* until taken */
	struct hs_flight flight; /* ours, the latest */
	struct hs_rest rest;
	uint8_t md[32];
};

static void drop_ssl(struct hs *hs)
{
	wheel_stop(&hs->again);
	SSL_free(hs->ssl);
	hs->ssl = NULL;
}

static void drop_peer(struct hs *hs)
{
	X509_free(hs->peer);
	hs->peer = NULL;
}

static void destructor(void *arg)
{
	struct hs *hs = arg;

	wheel_stop(&hs->limit);
	drop_ssl(hs);
	drop_peer(hs);
	OPENSSL_cleanse(&hs->keys, sizeof(hs->keys));
	hs_rest_wipe(&hs->rest);
}

/* --- datagrams in and out ------------------------------------------------- */

int hs_bio_read(BIO *bio, char *buf, int size)
{
	struct hs *hs = BIO_get_data(bio);
	size_t n;

	BIO_clear_retry_flags(bio);
	if (!hs->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	/* what does not fit is cut, as recv() does */
	n = hs->in_len < (size_t)size ? hs->in_len : (size_t)size;
	memcpy(buf, hs->in, n);
	hs->in = NULL;
	return (int)n;
}

/* A ClientHello that we refuse may have been forged in the peer's name: an
 * alert in clear would end the handshake that the peer itself wants (RFC 6347,
 * 4.1.2.7). It stays here; the log says why. */
static bool is_alert(const struct hs *hs, const char *buf)
{
	return hs->phase == HS_SHAKES && buf[0] == SSL3_RT_ALERT;
}

int hs_bio_write(BIO *bio, const char *buf, int len)
{
	struct hs *hs = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (len <= 0 || is_alert(hs, buf))
		return len;
	hs_flight_add(&hs->flight, (const uint8_t *)buf, (size_t)len);
	if (hs->sendh)
		hs->sendh((const uint8_t *)buf, (size_t)len, hs->arg);
	return len;
}

/* --- the end of it ---------------------------------------------------------- */

static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return text ? text : "protocol error";
}

/* The last act of its callers. */
static void finish(struct hs *hs, int err, const char *what)
{
	hs_done_h *doneh = hs->doneh;
	void *arg = hs->arg;

	if (err) {
		hs->phase = HS_OVER;
		wheel_stop(&hs->limit);
		drop_ssl(hs);
	}
	if (doneh)
		doneh(err, what, arg);
}

static void on_limit(void *arg)
{
	finish(arg, ETIMEDOUT, "handshake took too long");
}

/* --- retransmission ---------------------------------------------------------- */

static unsigned int on_rto(SSL *ssl, unsigned int us)
{
	(void)ssl;
	if (!us)
		return RTO_FIRST_US;
	return us < RTO_LAST_US / 2 ? 2 * us : RTO_LAST_US;
}

static void arm(struct hs *hs);

static void on_again(void *arg)
{
	struct hs *hs = arg;

	ERR_clear_error();
	if (DTLSv1_handle_timeout(hs->ssl) < 0)
		finish(hs, EPROTO, reason());
	else
		arm(hs);
}

static void arm(struct hs *hs)
{
	struct timeval tv;
	uint64_t ms;

	if (!DTLSv1_get_timeout(hs->ssl, &tv)) {
		wheel_stop(&hs->again);
		return;
	}
	ms = (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1;
	wheel_start(hs->wheel, &hs->again,
		    ms > ASK_AGAIN_MS ? ms : ASK_AGAIN_MS, on_again, hs);
}

/* --- the handshake ------------------------------------------------------------ */

/* RFC 5764, 4.2: client key, server key, client salt, server salt. */
static int export_keys(struct hs *hs, enum crypt_suite suite)
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	uint8_t out[2 * (CRYPT_KEY_LEN + CRYPT_SALT_MAX)];
	size_t salt = crypt_salt_len(suite);
	const bool server = SSL_is_server(hs->ssl);
	const uint8_t *salts = out + 2 * CRYPT_KEY_LEN;

	if (SSL_export_keying_material(hs->ssl, out, 2 * (CRYPT_KEY_LEN + salt),
				       label, sizeof(label) - 1, NULL, 0,
				       0) != 1)
		return EPROTO;

	hs->keys.suite = suite;
	memcpy(hs->keys.rx_key, out + (server ? 0 : CRYPT_KEY_LEN),
	       CRYPT_KEY_LEN);
	memcpy(hs->keys.tx_key, out + (server ? CRYPT_KEY_LEN : 0),
	       CRYPT_KEY_LEN);
	memcpy(hs->keys.rx_salt, salts + (server ? 0 : salt), salt);
	memcpy(hs->keys.tx_salt, salts + (server ? salt : 0), salt);
	OPENSSL_cleanse(out, sizeof(out));
	return 0;
}

static int take_result(struct hs *hs, const char **what)
{
	const SRTP_PROTECTION_PROFILE *profile =
		SSL_get_selected_srtp_profile(hs->ssl);
	unsigned n = sizeof(hs->md);
	enum crypt_suite suite;

	*what = "no common SRTP profile";
	if (!profile)
		return EPROTO;
	suite = (enum crypt_suite)profile->id;
	if (crypt_key_len(suite) != CRYPT_KEY_LEN)
		return EPROTO;

	*what = "no certificate";
	hs->peer = SSL_get1_peer_certificate(hs->ssl);
	if (!hs->peer || !X509_digest(hs->peer, EVP_sha256(), hs->md, &n))
		return EPROTO;

	*what = "no key export";
	return export_keys(hs, suite);
}

static void on_shaken(struct hs *hs)
{
	const char *what;
	int err = take_result(hs, &what);

	if (err) {
		finish(hs, err, what);
		return;
	}
	hs->phase = HS_DONE;
	hs->version = SSL_get_version(hs->ssl);
	hs->cipher = SSL_get_cipher_name(hs->ssl);
	wheel_stop(&hs->limit);
	hs_rest_keep(&hs->rest, hs->ssl);
	drop_ssl(hs);
	finish(hs, 0, NULL);
}

/* As client: its ServerKeyExchange was taken. */
static bool has_signed(const SSL *ssl)
{
	static const OSSL_HANDSHAKE_STATE before[] = {
		TLS_ST_BEFORE,      TLS_ST_CW_CLNT_HELLO,
		TLS_ST_CR_SRVR_HELLO, DTLS_ST_CR_HELLO_VERIFY_REQUEST,
		TLS_ST_CR_CERT,     TLS_ST_CR_CERT_STATUS,
	};
	const OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl);

	for (size_t i = 0; i < COUNTOF(before); i++)
		if (state == before[i])
			return false;
	return !SSL_is_server(ssl);
}

static void shake(struct hs *hs)
{
	int r = SSL_do_handshake(hs->ssl);

	if (r == 1 || SSL_get_error(hs->ssl, r) == SSL_ERROR_WANT_READ)
		hs->answered = has_signed(hs->ssl);
	if (r == 1)
		on_shaken(hs);
	else if (SSL_get_error(hs->ssl, r) == SSL_ERROR_WANT_READ)
		arm(hs);
	else
		finish(hs, EPROTO, reason());
}

/* The peer may not have heard our Finished: RFC 6347, 4.2.4. */
static void send_again(struct hs *hs)
{
	const uint8_t *pkt = hs->flight.buf;

	for (unsigned i = 0; i < hs->flight.n; i++) {
		if (hs->sendh)
			hs->sendh(pkt, hs->flight.len[i], hs->arg);
		pkt += hs->flight.len[i];
	}
}

static void read_on(struct hs *hs, const uint8_t *pkt, size_t len)
{
	switch (hs_rest_read(&hs->rest, pkt, len)) {
	case HS_NEWS_AGAIN:
		send_again(hs);
		break;
	case HS_NEWS_CLOSED:
		finish(hs, ECONNRESET, "closed by the peer");
		break;
	case HS_NEWS_NONE:
		break;
	}
}

void hs_connect(struct hs *hs)
{
	if (hs->phase != HS_SHAKES || !hs->ssl)
		return;
	ERR_clear_error();
	hs_ctx_client(hs->ssl);
	shake(hs);
}

static void limit_begin(struct hs *hs)
{
	wheel_start(hs->wheel, &hs->limit, hs->limit_ms, on_limit, hs);
}

/* What is left of a datagram is in `in`, IN_MAX bytes. */
static bool sift(struct hs *hs, uint8_t *in, const uint8_t *pkt, size_t len)
{
	struct hs_sieve sieve = {
		.out = in,
		.cap = IN_MAX,
		.number = hs->number,
	};

	hs->in_len = hs_sift(&sieve, pkt, len);
	hs->number = sieve.number;
	hs->refused |= sieve.alert && hs->phase == HS_SHAKES;
	return hs->in_len > 0;
}

static bool brings_cookie(const struct hs *hs, const uint8_t *pkt, size_t len)
{
	struct hello hello;

	return hello_read(&hello, pkt, len) &&
	       hello_brings(&hello, hs->cookie);
}

/* RFC 6347, 4.2.1: a HelloVerifyRequest is all that a ClientHello gets which
 * does not bring our cookie; it changes nothing here. True: one has. Our answer
 * takes the number of the record: 0 in the former case, whoever asks and how
 * often, and the ServerHello a later one. */
static bool has_shown(struct hs *hs, const uint8_t *pkt, size_t len)
{
	uint8_t in[IN_MAX];
	BIO_ADDR *addr;
	bool shown;

	hs->number = brings_cookie(hs, pkt, len);
	addr = sift(hs, in, pkt, len) ? BIO_ADDR_new() : NULL;
	if (!addr)
		return false;
	hs->in = in;
	ERR_clear_error();
	shown = DTLSv1_listen(hs->ssl, addr) == 1;
	hs->in = NULL;
	BIO_ADDR_free(addr);
	return shown;
}

static void listen_on(struct hs *hs, const uint8_t *pkt, size_t len)
{
	if (!has_shown(hs, pkt, len))
		return;
	hs->phase = HS_SHAKES;
	hs->shown = true;
	limit_begin(hs);
	hs_flight_begin(&hs->flight);
	shake(hs);
}

/* After one that has brought the cookie, a hello without it: of who cannot, or
 * an earlier one that is late. Neither counts. */
static bool is_idle(const struct hs *hs, const uint8_t *pkt, size_t len)
{
	struct hello hello;

	return hs->shown && hello_read(&hello, pkt, len) &&
	       !hello_brings(&hello, hs->cookie);
}

/* Only what OpenSSL sees counts: the rest anybody can send without end. */
static void shake_on(struct hs *hs, const uint8_t *pkt, size_t len)
{
	uint8_t in[IN_MAX];

	if (is_idle(hs, pkt, len) || !sift(hs, in, pkt, len))
		return;
	++hs->datagrams;
	hs->bytes += (uint32_t)len;
	if (hs->datagrams > HS_DATAGRAMS_MAX || hs->bytes > HS_BYTES_MAX) {
		finish(hs, EMSGSIZE, "handshake over its limits");
		return;
	}
	hs->in = in;
	hs_flight_begin(&hs->flight);
	ERR_clear_error();
	shake(hs);
}

void hs_recv(struct hs *hs, const uint8_t *pkt, size_t len)
{
	switch (hs->phase) {
	case HS_LISTENS:
		listen_on(hs, pkt, len);
		break;
	case HS_SHAKES:
		shake_on(hs, pkt, len);
		break;
	case HS_DONE:
		read_on(hs, pkt, len);
		break;
	case HS_OVER:
		break;
	}
}

/* --- life and queries ---------------------------------------------------------- */

int hs_alloc(struct hs **hsp, struct hs_ctx *ctx, struct wheel *wheel,
	     uint32_t limit_ms)
{
	struct hs *hs = mem_zalloc(sizeof(*hs), destructor);
	int err;

	if (!hs)
		return ENOMEM;
	hs->wheel = wheel;
	hs->phase = HS_SHAKES;
	hs->limit_ms = limit_ms;
	err = hs_ctx_open(ctx, &hs->ssl, hs);
	if (err) {
		mem_deref(hs);
		return err;
	}
	DTLS_set_timer_cb(hs->ssl, on_rto);
	limit_begin(hs);
	*hsp = hs;
	return 0;
}

void hs_listen(struct hs *hs, const uint8_t cookie[HS_COOKIE_LEN])
{
	memcpy(hs->cookie, cookie, sizeof(hs->cookie));
	hs->phase = HS_LISTENS;
	wheel_stop(&hs->limit);
}

const uint8_t *hs_cookie(const struct hs *hs)
{
	return hs->cookie;
}

bool hs_listens(const struct hs *hs)
{
	return hs->phase == HS_LISTENS;
}

void hs_handlers(struct hs *hs, hs_send_h *sendh, hs_done_h *doneh, void *arg)
{
	hs->sendh = sendh;
	hs->doneh = doneh;
	hs->arg = arg;
}

bool hs_is_done(const struct hs *hs)
{
	return hs->phase == HS_DONE;
}

bool hs_is_answered(const struct hs *hs)
{
	return hs->answered;
}

bool hs_is_refused(const struct hs *hs)
{
	return hs->refused;
}

const char *hs_version(const struct hs *hs)
{
	return hs->version;
}

const char *hs_cipher(const struct hs *hs)
{
	return hs->cipher;
}

int hs_verify(struct hs *hs, const struct cert_fp *fps, size_t nfps)
{
	uint8_t *der = NULL;
	int len, err;

	if (hs->phase != HS_DONE || !hs->peer)
		return EAGAIN;
	len = i2d_X509(hs->peer, &der);
	if (len <= 0)
		return ENOMEM;
	err = cert_fp_check(fps, nfps, der, (size_t)len);
	OPENSSL_free(der);
	if (!err && !hs_cert_sound(hs->peer))
		err = EBADE;
	hs->verified = !err;
	return err;
}

int hs_keys(struct hs *hs, struct hs_keys *keys)
{
	if (!hs->verified)
		return EPERM;

	*keys = hs->keys;
	OPENSSL_cleanse(&hs->keys, sizeof(hs->keys));
	hs->verified = false;
	drop_peer(hs);
	return 0;
}

int hs_peer_md(const struct hs *hs, uint8_t md[32])
{
	if (hs->phase != HS_DONE)
		return EAGAIN;
	memcpy(md, hs->md, sizeof(hs->md));
	return 0;
}
