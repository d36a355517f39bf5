/*
 * hs_rest.c  What is left of a DTLS association after its handshake
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "mediad/transport/hs_rest.h"

enum {
	REC_HDR = 13, /* RFC 6347, 4.1 */
	REC_EPOCH = 3,
	REC_LEN = 11,
	ALERT = 21,
	HANDSHAKE = 22,
	GCM_NONCE = 8, /* RFC 5288, 3: explicit; four more are the key's */
	GCM_IV = 4,
	GCM_TAG = 16,
	ALERT_LEN = 2,
	ALERT_FATAL = 2,
	ALERT_CLOSE = 0,
	BLOCK_MAX = 2 * (32 + GCM_IV),
};

/* --- our last flight ------------------------------------------------------ */

void hs_flight_begin(struct hs_flight *flight)
{
	flight->n = 0;
	flight->spilt = false;
}

void hs_flight_add(struct hs_flight *flight, const uint8_t *pkt, size_t len)
{
	size_t used = 0;

	for (unsigned i = 0; i < flight->n; i++)
		used += flight->len[i];
	if (flight->spilt || flight->n == HS_FLIGHT_DATAGRAMS ||
	    len > sizeof(flight->buf) - used) {
		flight->spilt = true;
		flight->n = 0;
		return;
	}
	memcpy(flight->buf + used, pkt, len);
	flight->len[flight->n++] = (uint16_t)len;
}

/* --- the peer's key --------------------------------------------------------- */

/* RFC 5246, 6.3: the key block, from the master secret and both randoms. */
static bool expand(uint8_t *block, size_t len, SSL *ssl, const EVP_MD *md)
{
	uint8_t seed[13 + 2 * SSL3_RANDOM_SIZE] = "key expansion";
	uint8_t master[SSL_MAX_MASTER_KEY_LENGTH];
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	size_t n = SSL_SESSION_get_master_key(SSL_get0_session(ssl), master,
					      sizeof(master));
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_KDF_PARAM_DIGEST,
			(char *)(uintptr_t)EVP_MD_get0_name(md), 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
						  master, n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed,
						  sizeof(seed)),
		OSSL_PARAM_END};
	bool ok;

	SSL_get_server_random(ssl, seed + 13, SSL3_RANDOM_SIZE);
	SSL_get_client_random(ssl, seed + 13 + SSL3_RANDOM_SIZE,
			      SSL3_RANDOM_SIZE);
	ok = ctx && EVP_KDF_derive(ctx, block, len, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	OPENSSL_cleanse(master, sizeof(master));
	return ok;
}

static uint8_t gcm_key_len(const SSL_CIPHER *cipher)
{
	switch (cipher ? SSL_CIPHER_get_cipher_nid(cipher) : NID_undef) {
	case NID_aes_128_gcm:
		return 16;
	case NID_aes_256_gcm:
		return 32;
	default:
		return 0;
	}
}

/* Client's key, server's key, client's IV, server's IV. */
void hs_rest_keep(struct hs_rest *rest, SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	const bool server = SSL_is_server(ssl);
	uint8_t n = gcm_key_len(cipher), block[BLOCK_MAX];

	*rest = (struct hs_rest){.key_len = 0};
	if (!n || !expand(block, 2u * (n + GCM_IV), ssl,
			  SSL_CIPHER_get_handshake_digest(cipher)))
		return;
	memcpy(rest->key, block + (server ? 0 : n), n);
	memcpy(rest->iv, block + 2 * n + (server ? 0 : GCM_IV), GCM_IV);
	rest->key_len = n;
	OPENSSL_cleanse(block, sizeof(block));
}

void hs_rest_wipe(struct hs_rest *rest)
{
	OPENSSL_cleanse(rest, sizeof(*rest));
}

/* --- what comes -------------------------------------------------------------- */

/* RFC 5246, 6.2.3.3; RFC 6347, 4.1.2.1: with epoch and sequence number. */
static bool open_alert(const struct hs_rest *rest, const uint8_t *rec,
		       uint8_t alert[ALERT_LEN])
{
	const uint8_t *body = rec + REC_HDR;
	uint8_t iv[GCM_IV + GCM_NONCE], aad[REC_HDR], tag[GCM_TAG];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok;

	memcpy(iv, rest->iv, GCM_IV);
	memcpy(iv + GCM_IV, body, GCM_NONCE);
	memcpy(aad, rec + REC_EPOCH, 8);
	memcpy(aad + 8, rec, REC_EPOCH);
	aad[11] = 0;
	aad[12] = ALERT_LEN;
	memcpy(tag, body + GCM_NONCE + ALERT_LEN, sizeof(tag));
	ok = ctx &&
	     EVP_DecryptInit_ex(ctx,
				rest->key_len == 16 ? EVP_aes_128_gcm()
						    : EVP_aes_256_gcm(),
				NULL, rest->key, iv) &&
	     EVP_DecryptUpdate(ctx, NULL, &n, aad, sizeof(aad)) &&
	     EVP_DecryptUpdate(ctx, alert, &n, body + GCM_NONCE, ALERT_LEN) &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag) &&
	     EVP_DecryptFinal_ex(ctx, alert + n, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static bool closes(const struct hs_rest *rest, const uint8_t *rec, size_t len)
{
	uint8_t alert[ALERT_LEN];

	return rest->key_len && len == GCM_NONCE + ALERT_LEN + GCM_TAG &&
	       open_alert(rest, rec, alert) &&
	       (alert[0] == ALERT_FATAL || alert[1] == ALERT_CLOSE);
}

enum hs_news hs_rest_read(struct hs_rest *rest, const uint8_t *pkt,
			  size_t len)
{
	enum hs_news news = HS_NEWS_NONE;

	while (len >= REC_HDR) {
		size_t n = (size_t)pkt[REC_LEN] << 8 | pkt[REC_LEN + 1];
		unsigned epoch = (unsigned)pkt[REC_EPOCH] << 8 |
				 pkt[REC_EPOCH + 1];

		if (n > len - REC_HDR)
			break;
		if (epoch == 1 && pkt[0] == ALERT && closes(rest, pkt, n))
			return HS_NEWS_CLOSED;
		/* its Finished; what is before it in clear anyone can send */
		if (epoch == 1 && pkt[0] == HANDSHAKE &&
		    rest->again < HS_AGAIN_MAX)
			news = HS_NEWS_AGAIN;
		pkt += REC_HDR + n;
		len -= REC_HDR + n;
	}
	if (news == HS_NEWS_AGAIN)
		++rest->again;
	return news;
}
