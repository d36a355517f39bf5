/*
 * lite_stun.h  STUN messages of ICE: strict view, answers
 *
 * RFC 8489, RFC 8445, 7. Pure, no allocation: what comes from anybody is
 * judged here before anything is known of the sender. (libre's codec allocates
 * for each attribute before the message is authentic, and compares
 * MESSAGE-INTEGRITY with memcmp().)
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_LITE_STUN_H
#define MEDIAD_LITE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum {
	LITE_STUN_REQUEST = 0x0001, /* Binding */
	LITE_STUN_SUCCESS = 0x0101,
	LITE_STUN_ERROR = 0x0111,
	/* attributes that are written elsewhere */
	LITE_STUN_USERNAME = 0x0006,
	LITE_STUN_PRIORITY = 0x0024,
	LITE_STUN_USE_CANDIDATE = 0x0025,
	LITE_STUN_CONTROLLING = 0x802a,
	LITE_STUN_TID = 12,
	LITE_STUN_USER_MAX = 513, /* bytes (RFC 8489, 14.3: under 509, but ICE
				     allows 256:256) */
	LITE_STUN_ATTRS_MAX = 32,
	LITE_STUN_UNKNOWN_MAX = 8,
};

struct lite_stun {
	uint16_t type;
	const uint8_t *tid;
	struct pl username; /* p NULL: none */
	const uint8_t *mi;  /* MESSAGE-INTEGRITY's value, NULL: none */
	uint32_t priority;  /* 0: none */
	bool fingerprint;   /* there, and right */
	bool use_candidate;
	bool controlled; /* the sender's view of its role */
	bool controlling;
	struct sa mapped; /* XOR-MAPPED-ADDRESS, af AF_UNSPEC: none */
	uint16_t code;    /* ERROR-CODE, 0: none */
	uint16_t unknown[LITE_STUN_UNKNOWN_MAX]; /* must be understood */
	unsigned nunknown;
};

/* EBADMSG: not a STUN message in every length, or its FINGERPRINT is wrong:
 * to be dropped. The view points into msg. */
int lite_stun_read(struct lite_stun *st, const uint8_t *msg, size_t len);

/* Whether MESSAGE-INTEGRITY is the one of this password, in constant time.
 * False when there is none. */
bool lite_stun_authentic(const struct lite_stun *st, const uint8_t *msg,
			 const char *pwd);

/* "local:remote"; EBADMSG without the colon. */
int lite_stun_user(const struct lite_stun *st, struct pl *local,
		   struct pl *remote);

/* Writer: begin, attributes, end. A message that does not fit sets `full`. */
struct lite_stun_out {
	uint8_t *msg;
	size_t len, cap;
	bool full;
};
void lite_stun_begin(struct lite_stun_out *out, uint16_t type,
		     const uint8_t tid[LITE_STUN_TID]);
void lite_stun_attr(struct lite_stun_out *out, uint16_t type, const void *value,
		    size_t len);
void lite_stun_mapped(struct lite_stun_out *out, const struct sa *addr);
void lite_stun_error(struct lite_stun_out *out, uint16_t code,
		     const char *reason);
/* pwd: for MESSAGE-INTEGRITY, NULL: none. FINGERPRINT always. Gives the
 * length, 0 when it did not fit. */
size_t lite_stun_end(struct lite_stun_out *out, const char *pwd);

#endif
