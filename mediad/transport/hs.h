/*
 * hs.h  DTLS-SRTP handshakes over datagrams that others carry
 *
 * RFC 5764, RFC 6347, RFC 8827. DTLS 1.2, ECDSA P-256, SRTP profiles GCM
 * first. As server, unless hs_connect() makes it the client. No socket. The
 * owner only feeds datagrams from an address that was shown or agreed on.
 * OpenSSL's state goes with the handshake (hs_rest.h): a repeated Finished is
 * answered (RFC 6347, 4.2.4), and the peer's close_notify heard, without it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_HS_H
#define MEDIAD_HS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mediad/transport/crypt.h"
#include "mediad/transport/hello.h"

struct cert;
struct cert_fp;
struct sa;
struct hs;
struct hs_ctx;
struct wheel;

enum {
	HS_MTU = 1200,          /* of each datagram sent */
	/* received for one handshake, but for what is dropped at first sight */
	HS_DATAGRAMS_MAX = 256,
	HS_BYTES_MAX = 65536,
	HS_CHAIN_MAX = 8192,    /* bytes of the peer's certificates */
	HS_COOKIE_LEN = HELLO_COOKIE_LEN,
};

/* rx: what the peer protects with; tx: what we do. */
struct hs_keys {
	enum crypt_suite suite;
	uint8_t rx_key[CRYPT_KEY_LEN], rx_salt[CRYPT_SALT_MAX];
	uint8_t tx_key[CRYPT_KEY_LEN], tx_salt[CRYPT_SALT_MAX];
};

/* A datagram to send to where the latest one came from. */
typedef void(hs_send_h)(const uint8_t *pkt, size_t len, void *arg);
/*
 * err 0: the handshake is done, hs_verify() may be asked. Else it is over:
 * EPROTO failed, ETIMEDOUT, EMSGSIZE over the limits, ECONNRESET the peer
 * closed (also after 0). what: a constant or OpenSSL's reason, for the log.
 * May free the hs.
 */
typedef void(hs_done_h)(int err, const char *what, void *arg);

/* One for each worker. */
int hs_ctx_alloc(struct hs_ctx **ctxp, const struct cert *cert);

/*
 * The cookie of who is at src, sends to the port `at` of ours, and is of this
 * call (may be NULL); of no use anywhere else. It is made of the certificate's
 * key, so nothing is kept for it, and another process of the node makes the
 * same (RFC 6347, 4.2.1).
 */
struct hs_way {
	const struct sa *src;
	const char *call;
	uint16_t at;
};
int hs_ctx_cookie(const struct hs_ctx *ctx, uint8_t cookie[HS_COOKIE_LEN],
		  const struct hs_way *way);

/* limit_ms: time for the handshake. Nothing is sent before hs_recv() or
 * hs_connect(). */
int hs_alloc(struct hs **hsp, struct hs_ctx *ctx, struct wheel *wheel,
	     uint32_t limit_ms);
void hs_handlers(struct hs *hs, hs_send_h *sendh, hs_done_h *doneh, void *arg);
/*
 * As server, before anything is received: a ClientHello that does not bring this
 * cookie is answered with it, in fewer bytes, and is forgotten (RFC 6347, 4.2.1).
 * So who cannot read what is sent to the peer begins no handshake in its name.
 * It can still break the peer's own, by a forged message after the hellos: until
 * ChangeCipherSpec nothing is authentic in DTLS 1.2. limit_ms runs from when the
 * cookie was brought.
 */
void hs_listen(struct hs *hs, const uint8_t cookie[HS_COOKIE_LEN]);
/* Nobody has brought it yet. */
bool hs_listens(const struct hs *hs);
/* We are the client: sends the ClientHello, and again what is not answered. */
void hs_connect(struct hs *hs);
/* One datagram. */
void hs_recv(struct hs *hs, const uint8_t *pkt, size_t len);
bool hs_is_done(const struct hs *hs);
/* As client: the peer has signed our random (RFC 8422, 5.4), so it is one that
 * has our ClientHello. Who only forges its address cannot. */
bool hs_is_answered(const struct hs *hs);

/* An alert came in clear: of the peer, or of whoever forges its address. It
 * ends nothing (RFC 6347, 4.1.2.7). */
bool hs_is_refused(const struct hs *hs);

/* 0: done, and the peer's certificate is the one of the signalling, sound and
 * in its time; EBADE: it is not; EAGAIN: not done. */
int hs_verify(struct hs *hs, const struct cert_fp *fps, size_t nfps);
/* Once, and only after hs_verify() gave 0, else EPERM. The caller wipes
 * *keys. */
int hs_keys(struct hs *hs, struct hs_keys *keys);
/* Of a handshake that is done: "DTLSv1.2", "ECDHE-ECDSA-.."; else NULL. */
const char *hs_version(const struct hs *hs);
const char *hs_cipher(const struct hs *hs);
/* SHA-256 of the peer's certificate; only after the handshake. */
int hs_peer_md(const struct hs *hs, uint8_t md[32]);

#endif
