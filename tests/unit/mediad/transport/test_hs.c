/*
 * test_hs.c  DTLS-SRTP handshakes against OpenSSL, in memory
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <time.h>
#include <re.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/countof.h"
#include "common/wheel.h"
#include "mediad/transport/cert.h"
#include "mediad/transport/hello.h"
#include "mediad/transport/hs.h"
#include "tests/lib/null_hello.h"
#include "tests/lib/test.h"

enum {
	QUEUE = 64,
	DATAGRAM = 2048,
	START_MS = 1000
};

struct queue {
	uint8_t buf[QUEUE][DATAGRAM];
	size_t len[QUEUE];
	unsigned head, tail;
};

static void queue_put(struct queue *q, const void *data, size_t len)
{
	if (q->tail - q->head == QUEUE || len > DATAGRAM)
		return;
	memcpy(q->buf[q->tail % QUEUE], data, len);
	q->len[q->tail++ % QUEUE] = len;
}

/* What the other side is like; zeroed members are the usual. */
struct shape {
	const char *profiles; /* NULL: both; "": no use_srtp */
	long mtu;             /* 0: 1200 */
	bool no_cert, expired, rsa1024, rsa2048;
	bool serves; /* hs is the client */
};

struct bed {
	struct wheel *wheel;
	struct cert *cert;
	struct hs_ctx *ctx;
	struct hs *hs;
	SSL_CTX *cctx;
	SSL *client;
	BIO_METHOD *method;
	X509 *x509; /* the client's */
	struct queue to_server, to_client;
	size_t largest;   /* datagram of the server */
	bool patient;     /* the client repeats nothing */
	const uint8_t *forged; /* comes before each datagram of the client */
	size_t forged_len;
	unsigned dropped; /* of the server's next datagrams, to lose */
	int done;         /* -1: not yet */
	const char *why;
	unsigned dones;
};

/* --- the client -------------------------------------------------------------- */

static int client_read(BIO *bio, char *buf, int size)
{
	struct queue *q = &((struct bed *)BIO_get_data(bio))->to_client;
	size_t n;

	BIO_clear_retry_flags(bio);
	if (q->head == q->tail) {
		BIO_set_retry_read(bio);
		return -1;
	}
	n = q->len[q->head % QUEUE];
	if (n > (size_t)size)
		n = (size_t)size;
	memcpy(buf, q->buf[q->head++ % QUEUE], n);
	return (int)n;
}

static int client_write(BIO *bio, const char *buf, int len)
{
	struct bed *bed = BIO_get_data(bio);

	queue_put(&bed->to_server, buf, (size_t)len);
	return len;
}

static long client_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static unsigned int client_rto(SSL *ssl, unsigned int us)
{
	struct bed *bed = SSL_get_app_data(ssl);

	if (bed->patient)
		return 60000000;
	return us ? 2 * us : 50000;
}

static int any_cert(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static X509 *client_cert(EVP_PKEY *key, const struct shape *sh)
{
	X509 *x509 = X509_new();
	X509_NAME *name = X509_get_subject_name(x509);
	long end = sh->expired ? -3 * 86400 : 86400;

	X509_set_version(x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 7);
	X509_gmtime_adj(X509_getm_notBefore(x509), -30 * 86400);
	X509_gmtime_adj(X509_getm_notAfter(x509), end);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				   (const uint8_t *)"browser", -1, -1, 0);
	X509_set_issuer_name(x509, name);
	X509_set_pubkey(x509, key);
	X509_sign(x509, key, EVP_sha256());
	return x509;
}

static void client_make(struct bed *bed, const struct shape *sh)
{
	EVP_PKEY *key = sh->rsa1024   ? EVP_RSA_gen(1024)
			: sh->rsa2048 ? EVP_RSA_gen(2048)
				      : EVP_EC_gen("P-256");
	BIO *bio;

	bed->cctx = SSL_CTX_new(DTLS_method());
	bed->x509 = client_cert(key, sh);
	SSL_CTX_set_security_level(bed->cctx, 0);
	SSL_CTX_set_verify(bed->cctx, SSL_VERIFY_PEER, any_cert);
	SSL_CTX_set_options(bed->cctx, SSL_OP_NO_QUERY_MTU);
	if (!sh->no_cert) {
		SSL_CTX_use_certificate(bed->cctx, bed->x509);
		SSL_CTX_use_PrivateKey(bed->cctx, key);
	}
	EVP_PKEY_free(key);
	if (!sh->profiles || sh->profiles[0])
		SSL_CTX_set_tlsext_use_srtp(bed->cctx,
					    sh->profiles
						    ? sh->profiles
						    : "SRTP_AES128_CM_SHA1_80:"
						      "SRTP_AEAD_AES_128_GCM");
	bed->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 100, "test");
	BIO_meth_set_read(bed->method, client_read);
	BIO_meth_set_write(bed->method, client_write);
	BIO_meth_set_ctrl(bed->method, client_ctrl);
	bio = BIO_new(bed->method);
	BIO_set_init(bio, 1);
	BIO_set_data(bio, bed);
	bed->client = SSL_new(bed->cctx);
	SSL_set_mtu(bed->client, sh->mtu ? sh->mtu : 1200);
	SSL_set_bio(bed->client, bio, bio);
	if (sh->serves)
		SSL_set_accept_state(bed->client);
	else
		SSL_set_connect_state(bed->client);
	SSL_set_app_data(bed->client, bed);
	DTLS_set_timer_cb(bed->client, client_rto);
}

/* --- the bed ------------------------------------------------------------------- */

static void on_send(const uint8_t *pkt, size_t len, void *arg)
{
	struct bed *bed = arg;

	if (len > bed->largest)
		bed->largest = len;
	if (bed->dropped)
		--bed->dropped;
	else
		queue_put(&bed->to_client, pkt, len);
}

static void on_done(int err, const char *what, void *arg)
{
	struct bed *bed = arg;

	bed->why = what;
	bed->done = err;
	++bed->dones;
	if (err)
		bed->hs = mem_deref(bed->hs); /* as an owner may */
}

static bool bed_open(struct bed *bed, const struct shape *sh)
{
	memset(bed, 0, sizeof(*bed));
	bed->done = -1;
	client_make(bed, sh);
	if (wheel_alloc(&bed->wheel, START_MS) || cert_make(&bed->cert) ||
	    hs_ctx_alloc(&bed->ctx, bed->cert) ||
	    hs_alloc(&bed->hs, bed->ctx, bed->wheel, 10000))
		return false;
	hs_handlers(bed->hs, on_send, on_done, bed);
	return true;
}

static void bed_close(struct bed *bed)
{
	SSL_free(bed->client);
	SSL_CTX_free(bed->cctx);
	BIO_meth_free(bed->method);
	X509_free(bed->x509);
	mem_deref(bed->hs);
	mem_deref(bed->ctx);
	mem_deref(bed->cert);
	mem_deref(bed->wheel);
	ERR_clear_error();
}

static uint64_t real_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void forge(struct bed *bed)
{
	if (bed->forged && bed->hs && bed->done < 0)
		hs_recv(bed->hs, bed->forged, bed->forged_len);
}

/* Hand datagrams to and fro until both rest. */
static void turn(struct bed *bed)
{
	struct queue *q = &bed->to_server;
	int r = SSL_do_handshake(bed->client);

	forge(bed);

	while (q->head != q->tail ||
	       bed->to_client.head != bed->to_client.tail) {
		if (q->head != q->tail && bed->hs)
			hs_recv(bed->hs, q->buf[q->head % QUEUE],
				q->len[q->head % QUEUE]);
		if (q->head != q->tail)
			++q->head;
		forge(bed);
		r = SSL_do_handshake(bed->client);
		if (r <= 0 &&
		    SSL_get_error(bed->client, r) != SSL_ERROR_WANT_READ)
			break;
	}
}

/* For losses: both retransmission clocks are OpenSSL's, in real time. */
static bool turn_until_both_done(struct bed *bed)
{
	uint64_t begin = real_ms(), now;
	struct timespec nap = {.tv_nsec = 2000000};

	do {
		now = real_ms();
		wheel_advance(bed->wheel, START_MS + (now - begin));
		DTLSv1_handle_timeout(bed->client);
		turn(bed);
		if (bed->done >= 0 && SSL_is_init_finished(bed->client))
			return true;
		nanosleep(&nap, NULL);
	} while (now - begin < 8000);
	return false;
}

static struct cert_fp fp_of(const struct bed *bed)
{
	struct cert_fp fp;
	uint8_t *der = NULL;
	int len = i2d_X509(bed->x509, &der);

	CHECK_INT(cert_fp_of(&fp, CERT_SHA256, der, (size_t)len), 0);
	OPENSSL_free(der);
	return fp;
}

/* --- what is right ---------------------------------------------------------------- */

static void check_keys(struct bed *bed, enum crypt_suite suite)
{
	size_t salt = crypt_salt_len(suite);
	struct cert_fp fp = fp_of(bed);
	struct hs_keys keys;
	uint8_t out[60], md[32];

	REQUIRE(bed->hs);
	CHECK_INT(hs_keys(bed->hs, &keys), EPERM);
	CHECK_INT(hs_verify(bed->hs, &fp, 1), 0);
	REQUIRE(!hs_keys(bed->hs, &keys));
	CHECK_INT(keys.suite, suite);
	CHECK(!hs_peer_md(bed->hs, md) && !memcmp(md, fp.md, 32));
	CHECK(SSL_export_keying_material(bed->client, out, 2 * (16 + salt),
					 "EXTRACTOR-dtls_srtp", 19, NULL, 0,
					 0) == 1);
	CHECK(!memcmp(keys.rx_key, out, 16));
	CHECK(!memcmp(keys.tx_key, out + 16, 16));
	CHECK(!memcmp(keys.rx_salt, out + 32, salt));
	CHECK(!memcmp(keys.tx_salt, out + 32 + salt, salt));
	/* they are given once */
	CHECK_INT(hs_keys(bed->hs, &keys), EPERM);
}

static void gcm_is_taken_when_offered(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	turn(&bed);
	CHECK_INT(bed.done, 0);
	CHECK(SSL_is_init_finished(bed.client));
	CHECK(bed.largest > 0 && bed.largest <= HS_MTU);
	check_keys(&bed, CRYPT_AEAD_AES_128_GCM);
	bed_close(&bed);
}

static void sha1_80_is_taken_when_alone(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){
				       .profiles = "SRTP_AES128_CM_SHA1_80"}));
	turn(&bed);
	CHECK_INT(bed.done, 0);
	check_keys(&bed, CRYPT_AES_CM_128_SHA1_80);
	bed_close(&bed);
}

/* The other way round: what is theirs is the server's. */
static void check_client_keys(struct bed *bed)
{
	struct cert_fp fp = fp_of(bed);
	struct hs_keys keys;
	uint8_t out[56];

	REQUIRE(bed->hs);
	CHECK_INT(hs_verify(bed->hs, &fp, 1), 0);
	REQUIRE(!hs_keys(bed->hs, &keys));
	CHECK_INT(keys.suite, CRYPT_AEAD_AES_128_GCM);
	CHECK(SSL_export_keying_material(bed->client, out, sizeof(out),
					 "EXTRACTOR-dtls_srtp", 19, NULL, 0,
					 0) == 1);
	CHECK(!memcmp(keys.tx_key, out, 16));
	CHECK(!memcmp(keys.rx_key, out + 16, 16));
	CHECK(!memcmp(keys.tx_salt, out + 32, 12));
	CHECK(!memcmp(keys.rx_salt, out + 44, 12));
}

static void as_client_we_begin(void)
{
	for (unsigned rsa = 0; rsa < 2; rsa++) {
		struct bed bed;

		REQUIRE(bed_open(&bed, &(struct shape){.serves = true,
						       .profiles =
							"SRTP_AEAD_AES_128_GCM",
						       .rsa2048 = rsa}));
		turn(&bed);
		CHECK_INT(bed.dones, 0);
		hs_connect(bed.hs);
		turn(&bed);
		CHECK_INT(bed.done, 0);
		CHECK(SSL_is_init_finished(bed.client));
		check_client_keys(&bed);
		bed_close(&bed);
	}
}

static void a_lost_hello_of_ours_is_sent_again(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){.serves = true}));
	bed.dropped = 2;
	bed.patient = true;
	hs_connect(bed.hs);
	CHECK(bed.to_client.tail == 0);
	CHECK(turn_until_both_done(&bed));
	CHECK_INT(bed.done, 0);
	bed_close(&bed);
}

static void a_lost_flight_is_sent_again(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	bed.dropped = 1;
	bed.patient = true;
	CHECK(turn_until_both_done(&bed));
	CHECK_INT(bed.done, 0);
	bed_close(&bed);
}

/* RFC 6347, 4.2.4: the client repeats its Finished, the server its answer. */
static void a_lost_finished_is_sent_again(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	while (bed.done < 0) { /* until ours is about to leave */
		SSL_do_handshake(bed.client);
		bed.dropped = bed.to_server.tail > 1 ? 10 : 0;
		REQUIRE(bed.to_server.head != bed.to_server.tail);
		hs_recv(bed.hs, bed.to_server.buf[bed.to_server.head % QUEUE],
			bed.to_server.len[bed.to_server.head % QUEUE]);
		++bed.to_server.head;
	}
	CHECK_INT(bed.done, 0);
	CHECK(!SSL_is_init_finished(bed.client));
	bed.dropped = 0;
	CHECK(turn_until_both_done(&bed));
	CHECK_INT(bed.dones, 1);
	bed_close(&bed);
}

static void closing_is_told(void)
{
	struct bed bed;
	struct cert_fp fp;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	turn(&bed);
	fp = fp_of(&bed);
	CHECK_INT(hs_verify(bed.hs, &fp, 1), 0);
	/* however late */
	wheel_advance(bed.wheel, START_MS + 3600000);
	SSL_shutdown(bed.client);
	turn(&bed);
	CHECK_INT(bed.done, ECONNRESET);
	bed_close(&bed);
}

static void a_forged_close_is_not_heard(void)
{
	struct bed bed;
	uint8_t pkt[DATAGRAM];
	size_t len;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	turn(&bed);
	SSL_shutdown(bed.client);
	len = bed.to_server.len[bed.to_server.head % QUEUE];
	memcpy(pkt, bed.to_server.buf[bed.to_server.head % QUEUE], len);
	bed.to_server.head = bed.to_server.tail;
	for (size_t i = 0; i < len; i++) {
		pkt[i] ^= 1;
		hs_recv(bed.hs, pkt, len);
		pkt[i] ^= 1;
		hs_recv(bed.hs, pkt, i);
	}
	CHECK_INT(bed.dones, 1);
	hs_recv(bed.hs, pkt, len);
	CHECK_INT(bed.dones, 2);
	CHECK_INT(bed.done, ECONNRESET);
	bed_close(&bed);
}

/* A record's header: type, version, epoch, number, length. */
#define REC(type, version, epoch, nr, len) \
	type, 254, version, 0, epoch, 0, 0, 0, 0, 0, nr, 0, len

/* RFC 6347, 4.1.2.7: who forges an address can send one as well. The second
 * hides in a record of another version, which OpenSSL steps into, the third
 * behind another record. */
static void an_alert_in_clear_ends_no_handshake(void)
{
	static const uint8_t bare[] = {REC(21, 253, 0, 9, 2), 2, 40};
	static const uint8_t inside[] = {REC(22, 255, 0, 9, 15),
					 REC(21, 253, 0, 8, 2), 2, 40};
	static const uint8_t later[] = {REC(22, 255, 1, 9, 15),
					REC(21, 253, 0, 8, 2), 2, 40};
	static const uint8_t behind[] = {REC(23, 253, 0, 7, 1), 1,
					 REC(21, 253, 0, 6, 2), 1, 0};
	static const uint8_t *const forged[] = {bare, inside, later, behind};
	static const size_t lens[] = {sizeof(bare), sizeof(inside),
				      sizeof(later), sizeof(behind)};

	for (unsigned i = 0; i < 8; i++) {
		struct bed bed;

		REQUIRE(bed_open(&bed, &(struct shape){.serves = i % 2}));
		bed.forged = forged[i / 2];
		bed.forged_len = lens[i / 2];
		if (i % 2)
			hs_connect(bed.hs);
		turn(&bed);
		CHECK_INT(bed.done, 0);
		CHECK(SSL_is_init_finished(bed.client));
		bed_close(&bed);
	}
}

static void the_handshake_state_is_let_go_of(void)
{
	struct bed bed;
	struct cert_fp fp;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	turn(&bed);
	CHECK_INT(wheel_count(bed.wheel), 0);
	/* an answer of the signalling may still come */
	fp = fp_of(&bed);
	CHECK_INT(hs_verify(bed.hs, &fp, 1), 0);
	CHECK_INT(bed.dones, 1);
	bed_close(&bed);
}

/* Post-quantum key shares make a ClientHello larger than a datagram. */
static void a_hello_in_pieces_is_put_together(void)
{
	for (unsigned swap = 0; swap < 2; swap++) {
		struct bed bed;
		struct queue *q = &bed.to_server;
		char name[240] = "";

		REQUIRE(bed_open(&bed, &(struct shape){.mtu = 256}));
		memset(name, 'x', sizeof(name) - 1);
		SSL_set_tlsext_host_name(bed.client, name); /* fills it */
		SSL_do_handshake(bed.client);
		REQUIRE(q->tail - q->head >= 2);
		if (swap) { /* the last comes first */
			uint8_t first[DATAGRAM];
			unsigned last = q->tail - 1;
			size_t len = q->len[0];

			memcpy(first, q->buf[0], len);
			memcpy(q->buf[0], q->buf[last], q->len[last]);
			q->len[0] = q->len[last];
			memcpy(q->buf[last], first, len);
			q->len[last] = len;
		}
		turn(&bed);
		CHECK_INT(bed.done, 0);
		check_keys(&bed, CRYPT_AEAD_AES_128_GCM);
		bed_close(&bed);
	}
}

/* --- who has to show that it is there ------------------------------------------ */

static const uint8_t cookie[HS_COOKIE_LEN] = "where it is said to", other[
	HS_COOKIE_LEN] = "where somebody is";

static bool bed_listen(struct bed *bed, const uint8_t mine[HS_COOKIE_LEN])
{
	if (!bed_open(bed, &(struct shape){0}))
		return false;
	hs_listen(bed->hs, mine);
	return CHECK(hs_listens(bed->hs));
}

static void who_brings_the_cookie_is_heard(void)
{
	struct bed bed;

	REQUIRE(bed_listen(&bed, cookie));
	turn(&bed);
	CHECK_INT(bed.done, 0);
	CHECK(!hs_listens(bed.hs));
	check_keys(&bed, CRYPT_AEAD_AES_128_GCM);
	bed_close(&bed);
}

/* As large as with a key share against quantum computers (1,216 bytes), which
 * DTLS 1.3 has in its first hello. */
static void make_large(struct bed *bed)
{
	uint8_t protocols[8 * 200];

	for (unsigned i = 0; i < sizeof(protocols); i++)
		protocols[i] = i % 200 ? 'x' : 199;
	CHECK_INT(SSL_set_alpn_protos(bed->client, protocols,
				      sizeof(protocols)),
		  0);
}

/* Whose hello needs two datagrams or more: the first has the cookie. */
static void who_brings_it_in_pieces_is_heard(void)
{
	static const long mtus[] = {1200, 500, 256};

	for (unsigned i = 0; i < COUNTOF(mtus); i++) {
		struct bed bed;

		REQUIRE(bed_listen(&bed, cookie));
		bed.patient = true;
		SSL_set_mtu(bed.client, mtus[i]);
		make_large(&bed);
		SSL_do_handshake(bed.client);
		CHECK(bed.to_server.tail - bed.to_server.head >= 2);
		turn(&bed);
		CHECK_INT(bed.done, 0);
		check_keys(&bed, CRYPT_AEAD_AES_128_GCM);
		bed_close(&bed);
	}
}

/* What of it came too early comes again. */
static void pieces_may_come_out_of_order(void)
{
	uint8_t first[DATAGRAM];
	struct queue *q;
	struct bed bed;
	size_t len;

	REQUIRE(bed_listen(&bed, cookie));
	q = &bed.to_server;
	make_large(&bed);
	for (unsigned i = 0; i < 2; i++) {
		SSL_do_handshake(bed.client);
		REQUIRE(q->tail - q->head == 2);
		len = q->len[q->head % QUEUE];
		memcpy(first, q->buf[q->head % QUEUE], len);
		++q->head;
		hs_recv(bed.hs, q->buf[q->head % QUEUE],
			q->len[q->head % QUEUE]);
		++q->head;
		CHECK(hs_listens(bed.hs));
		CHECK_INT(bed.to_client.tail - bed.to_client.head, 0);
		hs_recv(bed.hs, first, len);
		CHECK(hs_listens(bed.hs) == !i);
	}
	CHECK(turn_until_both_done(&bed));
	check_keys(&bed, CRYPT_AEAD_AES_128_GCM);
	bed_close(&bed);
}

/* However many come: each is answered with less than it is, and the one who is
 * there begins as if they had not come. No time runs against it. */
static void who_does_not_changes_nothing(void)
{
	struct bed bed;
	const struct queue *q = &bed.to_server;

	REQUIRE(bed_listen(&bed, cookie));
	bed.patient = true;
	SSL_do_handshake(bed.client);
	REQUIRE(q->tail - q->head == 1);
	for (unsigned i = 0; i < 1000; i++) {
		bed.to_client.head = bed.to_client.tail;
		hs_recv(bed.hs, q->buf[0], q->len[0]);
		CHECK_INT(bed.to_client.tail - bed.to_client.head, 1);
	}
	CHECK(bed.largest < q->len[0]);
	CHECK(hs_listens(bed.hs));
	CHECK_INT(bed.dones, 0);
	wheel_advance(bed.wheel, START_MS + 60000);
	CHECK_INT(wheel_count(bed.wheel), 0);
	CHECK_INT(bed.dones, 0);
	bed.to_server.head = bed.to_server.tail;
	turn(&bed);
	CHECK_INT(bed.done, 0);
	check_keys(&bed, CRYPT_AEAD_AES_128_GCM);
	bed_close(&bed);
}

static void a_cookie_of_another_place_is_none(void)
{
	struct queue *q;
	struct bed bed, there;

	REQUIRE(bed_listen(&bed, cookie) && bed_listen(&there, other));
	q = &bed.to_server;
	SSL_do_handshake(bed.client);
	hs_recv(bed.hs, q->buf[0], q->len[0]);
	SSL_do_handshake(bed.client);
	REQUIRE(q->tail - q->head == 2);
	hs_recv(there.hs, q->buf[1], q->len[1]);
	CHECK(hs_listens(there.hs));
	hs_recv(bed.hs, q->buf[1], q->len[1]);
	CHECK(!hs_listens(bed.hs));
	bed_close(&bed);
	bed_close(&there);
}

/* Each thing of a way makes another one; another process of the node does not. */
static void a_cookie_is_of_one_way_and_node(void)
{
	static const struct {
		const char *host, *call;
		uint16_t port, at;
		bool other; /* node */
	} ways[] = {
		{"192.0.2.1", "ca", 4000, 20000, false},
		{"192.0.2.2", "ca", 4000, 20000, false},
		{"192.0.2.1", "cb", 4000, 20000, false},
		{"192.0.2.1", NULL, 4000, 20000, false},
		{"192.0.2.1", "ca", 4001, 20000, false},
		{"192.0.2.1", "ca", 4000, 20001, false},
		{"192.0.2.1", "ca", 4000, 20000, true},
		{"2001:db8::1", "ca", 4000, 20000, false},
		{"2001:db8::2", "ca", 4000, 20000, false},
	};
	uint8_t made[COUNTOF(ways)][HS_COOKIE_LEN], again[HS_COOKIE_LEN];
	struct bed bed, there;
	struct hs_ctx *next = NULL;

	REQUIRE(bed_open(&bed, &(struct shape){0}) &&
		bed_open(&there, &(struct shape){0}) &&
		!hs_ctx_alloc(&next, bed.cert));
	for (unsigned i = 0; i < COUNTOF(ways); i++) {
		struct sa src;
		const struct hs_way way = {&src, ways[i].call, ways[i].at};

		sa_set_str(&src, ways[i].host, ways[i].port);
		CHECK_INT(hs_ctx_cookie(ways[i].other ? there.ctx : bed.ctx,
					made[i], &way),
			  0);
		CHECK_INT(hs_ctx_cookie(next, again, &way), 0);
		CHECK(!memcmp(again, made[i], sizeof(again)) != ways[i].other);
		for (unsigned n = 0; n < i; n++)
			CHECK(memcmp(made[n], made[i], sizeof(made[i])));
	}
	mem_deref(next);
	bed_close(&bed);
	bed_close(&there);
}

/* What is no hello, or half of one, or has its cookie elsewhere. */
static void rubbish_is_no_cookie(void)
{
	struct bed bed;
	struct queue *q;
	uint8_t pkt[DATAGRAM];

	REQUIRE(bed_listen(&bed, cookie));
	q = &bed.to_server;
	SSL_do_handshake(bed.client);
	for (size_t len = 0; len < q->len[0]; len++) {
		memcpy(pkt, q->buf[0], q->len[0]);
		hs_recv(bed.hs, pkt, len);
		pkt[len] ^= 0x55;
		hs_recv(bed.hs, pkt, q->len[0]);
		CHECK(bed.hs && hs_listens(bed.hs));
	}
	bed.to_client.head = bed.to_client.tail;
	turn(&bed);
	CHECK_INT(bed.done, 0);
	bed_close(&bed);
}

/* A ClientHello of somebody else; the number of its record is to be filled in. */
static const uint8_t others_hello[] = {
	22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, 1, 0, 0, 42,
	0,  0,	 0,   0, 0, 0, 0, 42, 254, 253, 1, 2, 3, 4, 5, 6, 7,
	8,  9,	 0,   1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4,
	5,  6,	 7,   8, 9, 0, 1, 2, 0, 0, 0, 2, 0, 1, 1, 0};

static void numbered(uint8_t hello[sizeof(others_hello)], uint64_t number)
{
	memcpy(hello, others_hello, sizeof(others_hello));
	for (unsigned i = 11; i-- > 5; number >>= 8)
		hello[i] = (uint8_t)number;
}

/* Until the client has brought the cookie, and no further. */
static bool turn_until_shown(struct bed *bed)
{
	struct queue *q = &bed->to_server;

	for (unsigned i = 0; i < 2; i++) {
		SSL_do_handshake(bed->client);
		if (!CHECK(q->head != q->tail))
			return false;
		hs_recv(bed->hs, q->buf[q->head % QUEUE],
			q->len[q->head % QUEUE]);
		++q->head;
	}
	return CHECK(!hs_listens(bed->hs));
}

/* The highest there is would make all others old. */
static void a_record_of_any_number_shuts_nobody_out(void)
{
	static const uint64_t numbers[] = {0, 70, 0xfffffffffff0,
					   0xffffffffffff};
	uint8_t hello[sizeof(others_hello)];

	for (unsigned i = 0; i < 3 * COUNTOF(numbers); i++) {
		struct bed bed;
		struct queue *q = &bed.to_server;

		REQUIRE(bed_open(&bed, &(struct shape){0}));
		bed.patient = true;
		numbered(hello, numbers[i / 3]);
		if (i % 3)
			hs_listen(bed.hs, cookie);
		SSL_do_handshake(bed.client);
		if (i % 3 == 0) { /* within one that needs no cookie */
			hs_recv(bed.hs, q->buf[0], q->len[0]);
			++q->head;
		}
		if (i % 3 == 1) /* or within one that did */
			REQUIRE(turn_until_shown(&bed));
		/* or before: what answers it comes to the client, too */
		hs_recv(bed.hs, hello, sizeof(hello));
		turn(&bed);
		CHECK_INT(bed.done, 0);
		CHECK(SSL_is_init_finished(bed.client));
		bed_close(&bed);
	}
}

/* However many hellos and alerts come in its name, before and within. */
static void a_flood_in_its_name_keeps_nobody_out(void)
{
	static const uint8_t alert[] = {21, 254, 253, 0, 0, 0, 0, 0,
					0,  0,	 7,   0, 2, 2, 40};
	uint8_t hello[sizeof(others_hello)];
	struct bed bed;

	REQUIRE(bed_listen(&bed, cookie));
	bed.patient = true;
	for (unsigned i = 0; i < 200; i++) {
		numbered(hello, i);
		hs_recv(bed.hs, hello, sizeof(hello));
	}
	REQUIRE(turn_until_shown(&bed));
	for (unsigned i = 0; i < 1000; i++) {
		numbered(hello, i);
		hello[18] = i % 2; /* as if it were the one with a cookie */
		hs_recv(bed.hs, hello, sizeof(hello));
		REQUIRE(bed.hs);
		hs_recv(bed.hs, alert, sizeof(alert));
		REQUIRE(bed.hs);
	}
	turn(&bed);
	CHECK_INT(bed.done, 0);
	check_keys(&bed, CRYPT_AEAD_AES_128_GCM);
	bed_close(&bed);
}

/* --- what is wrong ------------------------------------------------------------------ */

static void another_certificate_is_refused(void)
{
	struct bed bed;
	struct cert_fp fp;
	struct hs_keys keys;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	fp = fp_of(&bed);
	CHECK_INT(hs_verify(bed.hs, &fp, 1), EAGAIN);
	turn(&bed);
	fp.md[5] ^= 1;
	CHECK_INT(hs_verify(bed.hs, &fp, 1), EBADE);
	CHECK_INT(hs_keys(bed.hs, &keys), EPERM);
	CHECK_INT(hs_verify(bed.hs, NULL, 0), EINVAL);
	CHECK_INT(hs_keys(bed.hs, &keys), EPERM);
	bed_close(&bed);
}

static void absurd_certificates_are_refused(void)
{
	static const struct shape shapes[] = {{.expired = true},
					      {.rsa1024 = true}};

	for (unsigned i = 0; i < 2; i++) {
		struct bed bed;
		struct cert_fp fp;

		REQUIRE(bed_open(&bed, &shapes[i]));
		turn(&bed);
		fp = fp_of(&bed);
		if (bed.done == 0)
			CHECK_INT(hs_verify(bed.hs, &fp, 1), EBADE);
		else
			CHECK_INT(bed.done, EPROTO);
		bed_close(&bed);
	}
}

static void no_certificate_ends_it(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){.no_cert = true}));
	turn(&bed);
	CHECK_INT(bed.done, EPROTO);
	bed_close(&bed);
}

static void no_common_profile_ends_it(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){.profiles = ""}));
	turn(&bed);
	CHECK_INT(bed.done, EPROTO);
	bed_close(&bed);
}

static void a_handshake_that_stands_still_times_out(void)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	SSL_do_handshake(bed.client);
	hs_recv(bed.hs, bed.to_server.buf[0], bed.to_server.len[0]);
	for (uint64_t ms = 1; ms < 10000; ms += 7)
		wheel_advance(bed.wheel, START_MS + ms);
	CHECK_INT(bed.done, -1);
	wheel_advance(bed.wheel, START_MS + 10000);
	CHECK_INT(bed.done, ETIMEDOUT);
	bed_close(&bed);
}

static void a_handshake_is_limited_in_size(void)
{
	struct bed bed;
	/* far ahead of what can be kept: message 100 */
	uint8_t junk[1200] = {22, 254, 253, 0,    0, 0,   0,    0,    0,
			      0,  0,   4,   0xa3, 4, 0,   4,    0x97, 0,
			      100, 0,  0,   0,    0, 4,   0x97};
	unsigned n = 0;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	for (; bed.hs && n < 1000; n++)
		hs_recv(bed.hs, junk, sizeof(junk));
	CHECK_INT(bed.done, EMSGSIZE);
	CHECK(n <= HS_BYTES_MAX / sizeof(junk) + 1);
	bed_close(&bed);
}

static void feed_and_survive(const uint8_t *data, size_t len)
{
	struct bed bed;

	REQUIRE(bed_open(&bed, &(struct shape){0}));
	hs_recv(bed.hs, data, len);
	CHECK(bed.done != 0);
	/* what was fed is not what a client of ours sends: no keys */
	if (bed.hs)
		CHECK(!hs_is_done(bed.hs));
	bed_close(&bed);
}

/* ES2023-01: the ClientHello that ended calls in three products. */
static void the_null_cipher_hello_ends_only_its_handshake(void)
{
	uint8_t hello[NULL_HELLO_LEN];

	null_hello(hello);
	feed_and_survive(hello, sizeof(hello));
	for (size_t n = 0; n < sizeof(hello); n++)
		feed_and_survive(hello, n);
}

/* It is refused for what it asks, not for its form. */
static void the_null_cipher_hello_is_well_formed(void)
{
	uint8_t pkt[NULL_HELLO_LEN];
	struct hello hello;
	struct bed bed;

	null_hello(pkt);
	REQUIRE(hello_read(&hello, pkt, sizeof(pkt)));
	CHECK_INT(hello.cookie_len, 0);
	REQUIRE(bed_open(&bed, &(struct shape){0}));
	hs_recv(bed.hs, pkt, sizeof(pkt));
	CHECK_INT(bed.done, EPROTO);
	CHECK_STR(bed.why, "no shared cipher");
	bed_close(&bed);
}

static void handshakes_of_others_do_no_harm(void)
{
	static const char *const names[] = {"dtls/ecc_handshake_client.raw",
					    "dtls/psk_handshake_client.raw",
					    "dtls/ecc_handshake_server.raw",
					    "dtls/psk_handshake_server.raw"};

	for (unsigned i = 0; i < 4; i++) {
		const char *path = test_suite_path(names[i]);
		uint8_t *data;
		size_t len;

		if (!path) {
			test_skip("no shared suites");
			return;
		}
		data = test_read_file(path, &len);
		REQUIRE(data);
		for (size_t n = 1; n < len; n += len / 20 + 1)
			feed_and_survive(data + n / 2, len - n);
		feed_and_survive(data, len);
		mem_deref(data);
	}
}

static void alloc_survives_a_lack_of_memory(void)
{
	struct wheel *wheel = NULL;
	struct cert *cert = NULL;
	struct hs_ctx *ctx = NULL;
	struct hs *hs = NULL;

	if (!wheel_alloc(&wheel, 0) && !cert_make(&cert) &&
	    !hs_ctx_alloc(&ctx, cert))
		(void)!hs_alloc(&hs, ctx, wheel, 1000);
	mem_deref(hs);
	mem_deref(ctx);
	mem_deref(cert);
	mem_deref(wheel);
}

TEST_MAIN(TEST(gcm_is_taken_when_offered), TEST(sha1_80_is_taken_when_alone),
	  TEST(a_hello_in_pieces_is_put_together),
	  TEST(who_brings_the_cookie_is_heard),
	  TEST(who_brings_it_in_pieces_is_heard),
	  TEST(pieces_may_come_out_of_order),
	  TEST(who_does_not_changes_nothing),
	  TEST(a_record_of_any_number_shuts_nobody_out),
	  TEST(a_flood_in_its_name_keeps_nobody_out),
	  TEST(a_cookie_of_another_place_is_none), TEST(a_cookie_is_of_one_way_and_node),
	  TEST(rubbish_is_no_cookie),
	  TEST(as_client_we_begin), TEST(a_lost_hello_of_ours_is_sent_again),
	  TEST(a_lost_flight_is_sent_again),
	  TEST(a_lost_finished_is_sent_again), TEST(closing_is_told),
	  TEST(a_forged_close_is_not_heard),
	  TEST(an_alert_in_clear_ends_no_handshake),
	  TEST(the_handshake_state_is_let_go_of),
	  TEST(another_certificate_is_refused),
	  TEST(absurd_certificates_are_refused), TEST(no_certificate_ends_it),
	  TEST(no_common_profile_ends_it),
	  TEST(a_handshake_that_stands_still_times_out),
	  TEST(a_handshake_is_limited_in_size),
	  TEST(the_null_cipher_hello_ends_only_its_handshake),
	  TEST(the_null_cipher_hello_is_well_formed),
	  TEST(handshakes_of_others_do_no_harm),
	  TEST_OOM(alloc_survives_a_lack_of_memory))
