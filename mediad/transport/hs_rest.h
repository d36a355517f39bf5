/*
 * hs_rest.h  What is left of a DTLS association after its handshake
 *
 * OpenSSL's state takes 50 kB, and is freed with the handshake. Two things may
 * still come: the peer's last flight once more, when ours was lost (RFC 6347,
 * 4.2.4), which the same bytes answer; and an alert, which the peer's key is
 * kept for. Records of other kinds are nobody's. Knows AES-GCM alone; of
 * associations with other ciphers the end is not heard.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_HS_REST_H
#define MEDIAD_HS_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <openssl/ssl.h>

enum {
	HS_FLIGHT_MAX = 256, /* bytes; ChangeCipherSpec and Finished: 75 */
	HS_FLIGHT_DATAGRAMS = 4,
	HS_AGAIN_MAX = 16, /* times that it is sent again */
};

/* Of the datagrams that answer one, and whole, or none. */
struct hs_flight {
	uint16_t len[HS_FLIGHT_DATAGRAMS];
	uint8_t n;
	bool spilt; /* it was longer */
	uint8_t buf[HS_FLIGHT_MAX];
};

void hs_flight_begin(struct hs_flight *flight);
void hs_flight_add(struct hs_flight *flight, const uint8_t *pkt, size_t len);

/* Of the peer's records; zeroed: not known. */
struct hs_rest {
	uint8_t key[32], iv[4];
	uint8_t key_len; /* 0: none */
	uint8_t again;
};

/* The handshake is done. Without its keys there is no error: see above. */
void hs_rest_keep(struct hs_rest *rest, SSL *ssl);
void hs_rest_wipe(struct hs_rest *rest);

enum hs_news {
	HS_NEWS_NONE,
	HS_NEWS_AGAIN, /* the peer has not heard our last flight */
	HS_NEWS_CLOSED /* authentic: the peer is at its end */
};

/* What a datagram says; pkt is not changed. */
enum hs_news hs_rest_read(struct hs_rest *rest, const uint8_t *pkt,
			  size_t len);

#endif
