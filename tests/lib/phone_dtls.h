/*
 * phone_dtls.h  Keys of a media_phone by DTLS, without ICE (RFC 5763)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_PHONE_DTLS_H
#define TESTS_LIB_PHONE_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/lib/phone_keys.h"

struct media_phone;
struct mock_dtls;

struct phone_dtls {
	const char *setup; /* what it says; NULL: no DTLS */
	const char *proto; /* NULL: UDP/TLS/RTP/SAVP */
	bool mux;          /* RTCP on RTP's port */
	bool mute;         /* it says nothing at all, as yet */
	bool large;        /* it begins with more than a datagram */
	bool strong;       /* its fingerprint is one by SHA-512 */
	struct mock_dtls *end[2]; /* RTP, RTCP */
	struct phone_keys rtcp;   /* of the other one */
	bool serves, shaken[2];
	char far[256]; /* the worker's fingerprint */
	char text[512];
	const char *lie; /* a fingerprint to tell instead of its own */
	unsigned handshakes;
};

/* Another certificate, and nothing known of the one before: of the next SDP. */
int phone_dtls_renew(struct media_phone *phone);
/* Another association of the same certificate, which is the one of the next
 * SDP; what it had serves until then. */
int phone_dtls_restart(struct media_phone *phone);
/* An association of its own with the certificate of another m-line. */
int phone_dtls_share(struct media_phone *phone, const struct media_phone *with);
/* Its lines of SDP. */
const char *phone_dtls_lines(struct media_phone *phone);
/* The worker's SDP: fingerprint, role. EBADMSG: it has none. */
int phone_dtls_take(struct media_phone *phone, const char *sdp);
void phone_dtls_poll(struct media_phone *phone);
void phone_dtls_recv(struct media_phone *phone, bool rtcp, const uint8_t *pkt,
		     size_t len);
void phone_dtls_close(struct media_phone *phone);

#endif
