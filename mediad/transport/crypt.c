/*
 * crypt.c  SRTP: what both implementations share, lengths before all
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "mediad/transport/crypt.h"
#include "mediad/transport/crypt_priv.h"

enum {
	RTP_HDR = 12
};
static const uint64_t INDEX_MAX = (1ull << 48) - 1;
static const uint32_t RTCP_INDEX_MAX = 0x7fffffff;

const char *crypt_impl_name(const struct crypt_impl *impl)
{
	return impl ? impl->name : "none";
}

static const struct crypt_kind kinds[] = {
	{CRYPT_AES_CM_128_SHA1_80, "AES_CM_128_HMAC_SHA1_80", 16, 14,
	 CRYPT_CM_TAG, CRYPT_CM_TAG, false},
	/* SRTCP keeps its 80 bits (RFC 5764, 4.1.2; RFC 6188, table 4) */
	{CRYPT_AES_CM_128_SHA1_32, "AES_CM_128_HMAC_SHA1_32", 16, 14,
	 CRYPT_CM_SHORT_TAG, CRYPT_CM_TAG, false},
	{CRYPT_AES_256_CM_SHA1_80, "AES_256_CM_HMAC_SHA1_80", 32, 14,
	 CRYPT_CM_TAG, CRYPT_CM_TAG, false},
	{CRYPT_AES_256_CM_SHA1_32, "AES_256_CM_HMAC_SHA1_32", 32, 14,
	 CRYPT_CM_SHORT_TAG, CRYPT_CM_TAG, false},
	{CRYPT_AEAD_AES_128_GCM, "AEAD_AES_128_GCM", 16, 12, CRYPT_GCM_TAG,
	 CRYPT_GCM_TAG, true},
	{CRYPT_AEAD_AES_256_GCM, "AEAD_AES_256_GCM", 32, 12, CRYPT_GCM_TAG,
	 CRYPT_GCM_TAG, true},
};

const struct crypt_kind *crypt_kind(enum crypt_suite suite)
{
	for (size_t i = 0; i < COUNTOF(kinds); i++)
		if (kinds[i].suite == suite)
			return &kinds[i];
	return NULL;
}

const char *crypt_suite_name(enum crypt_suite suite)
{
	const struct crypt_kind *kind = crypt_kind(suite);

	return kind ? kind->name : "none";
}

size_t crypt_key_len(enum crypt_suite suite)
{
	const struct crypt_kind *kind = crypt_kind(suite);

	return kind ? kind->keylen : 0;
}

size_t crypt_salt_len(enum crypt_suite suite)
{
	const struct crypt_kind *kind = crypt_kind(suite);

	return kind ? kind->saltlen : 0;
}

size_t crypt_tag_len(enum crypt_suite suite)
{
	const struct crypt_kind *kind = crypt_kind(suite);

	return kind ? kind->tag : 0;
}

size_t crypt_rtcp_end(enum crypt_suite suite)
{
	const struct crypt_kind *kind = crypt_kind(suite);

	return kind && !kind->gcm ? kind->rtcp_tag : 0;
}

int crypt_alloc(struct crypt **cp, const struct crypt_impl *impl,
		enum crypt_suite suite, const uint8_t *key, const uint8_t *salt)
{
	const struct crypt_kind *kind = crypt_kind(suite);

	if (!cp || !impl || !key || !salt || !kind)
		return EINVAL;

	return impl->alloc(cp, kind, key, salt);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* Header with CSRCs and extension (RFC 3550, 5.1, 5.3.1); 0: does not fit. */
static size_t rtp_header(const uint8_t *pkt, size_t len)
{
	size_t hdr;

	if (len < RTP_HDR || pkt[0] >> 6 != 2)
		return 0;

	hdr = RTP_HDR + 4u * (pkt[0] & 0x0f);
	if (pkt[0] & 0x10) {
		if (hdr + 4 > len)
			return 0;
		hdr += 4 + 4u * (pkt[hdr + 2] << 8 | pkt[hdr + 3]);
	}
	return hdr <= len ? hdr : 0;
}

static int rtp_job(struct crypt_job *job, uint8_t *pkt, size_t len,
		   uint64_t index)
{
	size_t hdr = rtp_header(pkt, len);

	if (!hdr)
		return EBADMSG;
	if (index > INDEX_MAX)
		return ERANGE;

	job->pkt = pkt;
	job->hdr = hdr;
	job->len = len;
	job->ssrc = get32(pkt + 8);
	job->index = index;
	/* the index has the sequence number within (RFC 3711, 3.3.1): else
	 * two packets could share a key stream */
	return (index & 0xffff) == (get32(pkt) & 0xffff) ? 0 : ERANGE;
}

int crypt_rtp_protect(struct crypt *c, uint8_t *pkt, size_t *len, size_t cap,
		      uint64_t index)
{
	size_t tag = c->kind->tag;
	struct crypt_job job;
	int err = rtp_job(&job, pkt, *len, index);

	if (!err && *len + tag > cap)
		err = ENOBUFS;
	if (!err)
		err = c->impl->rtp_protect(c, &job);
	if (!err)
		*len += tag;
	return err;
}

int crypt_rtp_unprotect(struct crypt *c, uint8_t *pkt, size_t *len,
			uint64_t index)
{
	size_t tag = c->kind->tag;
	struct crypt_job job;
	int err;

	if (*len < tag)
		return EBADMSG;

	/* the header must end before the tag */
	err = rtp_job(&job, pkt, *len - tag, index);
	if (!err)
		err = c->impl->rtp_unprotect(c, &job);
	if (!err)
		*len = job.len;
	return err;
}

static int rtcp_job(struct crypt_job *job, uint8_t *pkt, size_t len,
		    uint32_t index)
{
	if (len < CRYPT_RTCP_HDR || pkt[0] >> 6 != 2)
		return EBADMSG;
	if (index > RTCP_INDEX_MAX)
		return ERANGE;

	job->pkt = pkt;
	job->hdr = CRYPT_RTCP_HDR;
	job->len = len;
	job->ssrc = get32(pkt + 4);
	job->index = index;
	return 0;
}

int crypt_rtcp_protect(struct crypt *c, uint8_t *pkt, size_t *len, size_t cap,
		       uint32_t index)
{
	size_t growth = c->kind->rtcp_tag + CRYPT_WORD_LEN;
	struct crypt_job job;
	int err = rtcp_job(&job, pkt, *len, index);

	/* RFC 3711 begins with 0, libsrtp2 with 1: both hold with 1 */
	if (!err && !index)
		err = ERANGE;
	if (!err && *len + growth > cap)
		err = ENOBUFS;
	if (!err)
		err = c->impl->rtcp_protect(c, &job);
	if (!err)
		*len += growth;
	return err;
}

int crypt_rtcp_unprotect(struct crypt *c, uint8_t *pkt, size_t *len,
			 uint32_t *index)
{
	size_t tag = c->kind->rtcp_tag;
	struct crypt_job job;
	uint32_t word;
	int err;

	if (*len < CRYPT_RTCP_HDR + CRYPT_WORD_LEN + tag)
		return EBADMSG;

	/* RFC 3711, 3.4: word, then tag. RFC 7714, 9.2: tag, then word. */
	if (c->kind->gcm)
		word = get32(pkt + *len - CRYPT_WORD_LEN);
	else
		word = get32(pkt + *len - tag - CRYPT_WORD_LEN);

	err = rtcp_job(&job, pkt, *len - tag - CRYPT_WORD_LEN,
		       word & RTCP_INDEX_MAX);
	/* RFC 8827, 6.5: media is encrypted, RTCP, too; no downgrade by E */
	if (!err && !(word >> 31))
		err = EBADE;
	if (!err)
		err = c->impl->rtcp_unprotect(c, &job);
	if (err)
		return err;

	*len = job.len;
	*index = (uint32_t)job.index;
	return 0;
}
