/*
 * mock_dtls.h  DTLS of a browser or PBX: OpenSSL, datagrams by handler
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_MOCK_DTLS_H
#define TESTS_LIB_MOCK_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mock_dtls;

/* In the mock's view. suite: the DTLS-SRTP profile number, 1 or 7. */
struct mock_keys {
	uint16_t suite;
	uint8_t local[30], remote[30]; /* key and salt, together */
};

typedef void(mock_dtls_send_h)(const uint8_t *pkt, size_t len, void *arg);

/* profiles: OpenSSL's names with ':', NULL: a browser's. Own certificate. */
int mock_dtls_alloc(struct mock_dtls **dp, const char *profiles,
		    mock_dtls_send_h *sendh, void *arg);
/* Another association of the same certificate. */
int mock_dtls_again(struct mock_dtls **dp, const struct mock_dtls *as,
		    mock_dtls_send_h *sendh, void *arg);
/* It waits for the other one to begin; at once after mock_dtls_alloc(). */
void mock_dtls_serve(struct mock_dtls *d);
/* Its ClientHello is too large for one datagram, as with a key share against
 * quantum computers. Before it begins. */
void mock_dtls_large(struct mock_dtls *d);
/* Its fingerprint is one by SHA-512. */
void mock_dtls_strong(struct mock_dtls *d);
/* "sha-256 AB:..." of our certificate. */
const char *mock_dtls_fingerprint(const struct mock_dtls *d);
/* Begin, or retransmit when it is time (by the real clock). */
void mock_dtls_poll(struct mock_dtls *d);
void mock_dtls_recv(struct mock_dtls *d, const uint8_t *pkt, size_t len);
/* True once, when the handshake is done and the peer's certificate has this
 * fingerprint; EAGAIN, EBADE in *err otherwise. */
bool mock_dtls_keys(struct mock_dtls *d, const char *fingerprint,
		    struct mock_keys *keys, int *err);
/* Send close_notify. */
void mock_dtls_close(struct mock_dtls *d);

#endif
