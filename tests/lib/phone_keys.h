/*
 * phone_keys.h  SRTP of a media_phone, by keys in its SDP (RFC 4568)
 *
 * By libsrtp2, so that what the worker does with OpenSSL is seen by another.
 * It counts its packets and the worker's by itself, from ROC 0 with each key.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_PHONE_KEYS_H
#define TESTS_LIB_PHONE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crypt;

struct phone_keys {
	const char *suite;  /* as RFC 4568 writes it; NULL: plain RTP */
	const char *proto;  /* NULL: RTP/SAVP */
	const char *params; /* behind the key, "|2^20"; NULL: none */
	unsigned tag;       /* of its line; 0: 1 */
	uint8_t secret[46]; /* its key, in use once settled */
	uint8_t used[46];   /* the one that it sends under */
	uint8_t theirs[46]; /* the worker's */
	struct crypt *tx, *rx;
	uint64_t sent;    /* index of the latest packet, */
	uint64_t high;    /* of the worker's: highest under its key */
	uint32_t reports; /* SRTCP sent */
	uint32_t changes; /* of the worker's key */
	uint32_t unreadable;
	char text[160]; /* of its a=crypto */
};

/* Another key, for its next SDP. */
void phone_keys_renew(struct phone_keys *keys);
/* Its line of SDP. */
const char *phone_keys_line(struct phone_keys *keys);
/* The worker's SDP has a line of this suite. EBADMSG. */
int phone_keys_take(struct phone_keys *keys, const char *sdp);
/* From now on it sends under its key. */
void phone_keys_settle(struct phone_keys *keys);
/* Both keys at once, of DTLS: 16 bytes and a salt each. */
void phone_keys_set(struct phone_keys *keys, const char *suite,
		    const uint8_t *ours, const uint8_t *theirs);
void phone_keys_close(struct phone_keys *keys);

/* False: not sent, not readable. pkt has room for 160 bytes more. */
bool phone_keys_seal(struct phone_keys *keys, bool rtcp, uint8_t *pkt,
		     size_t *len);
bool phone_keys_open(struct phone_keys *keys, bool rtcp, uint8_t *pkt,
		     size_t *len);

#endif
