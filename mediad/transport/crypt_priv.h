/*
 * crypt_priv.h  Between crypt.c and the implementations of SRTP
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CRYPT_PRIV_H
#define MEDIAD_CRYPT_PRIV_H

#include <stdbool.h>

#include "mediad/transport/crypt.h"

enum {
	CRYPT_RTCP_HDR = 8, /* of the first packet: stays in clear */
	CRYPT_WORD_LEN = 4, /* E bit and SRTCP index */
	CRYPT_GCM_TAG = 16,
	CRYPT_CM_TAG = 10, /* of SRTCP always, of RTP but for _32 */
	CRYPT_CM_SHORT_TAG = 4,
	CRYPT_SUBKEY_MAX = 32,
};

/* RFC 3711, 4.3.1: labels of the derived keys. */
enum crypt_label {
	CRYPT_RTP_KEY,
	CRYPT_RTP_AUTH,
	CRYPT_RTP_SALT,
	CRYPT_RTCP_KEY,
	CRYPT_RTCP_AUTH,
	CRYPT_RTCP_SALT,
};

/* What a suite is made of. */
struct crypt_kind {
	enum crypt_suite suite;
	const char *name;
	uint8_t keylen, saltlen;
	uint8_t tag; /* of RTP */
	uint8_t rtcp_tag;
	bool gcm;
};
/* NULL: unknown. */
const struct crypt_kind *crypt_kind(enum crypt_suite suite);

/* A packet with checked lengths. */
struct crypt_job {
	uint8_t *pkt;
	size_t hdr; /* bytes that stay in clear */
	size_t len; /* of the clear packet: header and payload */
	uint32_t ssrc;
	uint64_t index;
};

/*
 * The implementations get checked lengths and ranges. protect: room for the
 * growth is there. unprotect: job->len is the length without trailer, which
 * stands behind it. 0, EBADE, or ENOMEM, ERANGE, EPROTO.
 */
struct crypt_impl {
	const char *name;
	int (*alloc)(struct crypt **cp, const struct crypt_kind *kind,
		     const uint8_t *key, const uint8_t *salt);
	int (*rtp_protect)(struct crypt *c, const struct crypt_job *job);
	int (*rtp_unprotect)(struct crypt *c, const struct crypt_job *job);
	int (*rtcp_protect)(struct crypt *c, const struct crypt_job *job);
	int (*rtcp_unprotect)(struct crypt *c, const struct crypt_job *job);
};

/* First member of an implementation's own struct. */
struct crypt {
	const struct crypt_impl *impl;
	const struct crypt_kind *kind;
};

/*
 * AES-CM key derivation, key derivation rate 0. keylen: 16, 24 or 32; saltlen:
 * 12 or 14 (RFC 7714, 11: a short salt is filled up with zeros); len: of
 * out, up to CRYPT_SUBKEY_MAX. EINVAL.
 */
struct crypt_master {
	const uint8_t *key, *salt;
	size_t keylen, saltlen;
};
int crypt_derive(uint8_t *out, size_t len, const struct crypt_master *master,
		 enum crypt_label label);

/* Put session keys in place of derived ones: the vectors of RFC 3711, B.2 and
 * RFC 7714, 16 and 17, are given so. Only for crypt_openssl. */
void crypt_openssl_session(struct crypt *c, const uint8_t *key,
			   const uint8_t *salt);

#endif
