/*
 * srtp_lib.c  SRTP by libsrtp2, made to follow an explicit index
 *
 * libsrtp2 keeps index, replay window and SSRCs by itself. Here it has one
 * stream at a time; when the wanted index is not the one it would guess, the
 * stream is made anew and its ROC set. So it remembers nothing that matters.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <srtp2/srtp.h>

#include "mediad/transport/crypt_priv.h"

enum {
	NEAR = 1 << 14,       /* well inside what libsrtp2 guesses right */
	RTCP_AHEAD = 1 << 17, /* the most that an index is caught up */
};

enum role {
	NONE,
	SENDER,
	RECEIVER
};

/* The one stream of a libsrtp2 session. */
struct stream {
	srtp_t srtp;
	enum role role;
	uint32_t ssrc;
	uint64_t high; /* highest index; 0 in a fresh RTP stream */
};

struct lib {
	struct crypt base;
	srtp_policy_t policy;
	uint8_t master[CRYPT_KEY_MAX + CRYPT_SALT_MAX];
	struct stream rtp, rtcp;
};

static void wipe(void *p, size_t len)
{
	memset(p, 0, len);
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

static void destructor(void *arg)
{
	struct lib *l = arg;

	if (l->rtp.srtp)
		srtp_dealloc(l->rtp.srtp);
	if (l->rtcp.srtp)
		srtp_dealloc(l->rtcp.srtp);
	wipe(l->master, sizeof(l->master));
}

/* libsrtp2's own state is one for the process, and so is this flag. Where
 * somebody else has called srtp_init() before, it is bad_param. */
static int library_init(void)
{
	static bool ready;
	srtp_err_status_t status;

	if (ready)
		return 0;
	status = srtp_init();
	ready = status == srtp_err_status_ok ||
		status == srtp_err_status_bad_param;
	return ready ? 0 : EPROTO;
}

static void policy_set(struct lib *l, const struct crypt_kind *kind)
{
	srtp_crypto_policy_t *rtp = &l->policy.rtp, *rtcp = &l->policy.rtcp;
	bool longer = kind->keylen == 32;

	if (kind->gcm && longer) {
		srtp_crypto_policy_set_aes_gcm_256_16_auth(rtp);
		srtp_crypto_policy_set_aes_gcm_256_16_auth(rtcp);
	} else if (kind->gcm) {
		srtp_crypto_policy_set_aes_gcm_128_16_auth(rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(rtcp);
	} else if (longer) {
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(rtp);
		srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(rtcp);
	} else {
		srtp_crypto_policy_set_rtp_default(rtp);
		srtp_crypto_policy_set_rtcp_default(rtcp);
	}
	if (!kind->gcm)
		rtp->auth_tag_len = kind->tag;
	l->policy.key = l->master;
	l->policy.window_size = 128;
	l->policy.allow_repeat_tx = 1;
}

static int lib_alloc(struct crypt **cp, const struct crypt_kind *kind,
		     const uint8_t *key, const uint8_t *salt)
{
	struct lib *l;
	int err = library_init();

	if (err)
		return err;
	l = mem_zalloc(sizeof(*l), destructor);
	if (!l)
		return ENOMEM;

	l->base.impl = &crypt_libsrtp;
	l->base.kind = kind;
	memcpy(l->master, key, kind->keylen);
	memcpy(l->master + kind->keylen, salt, kind->saltlen);
	policy_set(l, kind);
	if (srtp_create(&l->rtp.srtp, NULL) != srtp_err_status_ok ||
	    srtp_create(&l->rtcp.srtp, NULL) != srtp_err_status_ok) {
		mem_deref(l);
		return ENOMEM;
	}
	*cp = &l->base;
	return 0;
}

static int stream_open(struct lib *l, struct stream *st, enum role role,
		       uint32_t ssrc)
{
	if (st->role != NONE)
		srtp_remove_stream(st->srtp, htonl(st->ssrc));

	st->role = NONE;
	l->policy.ssrc.type = ssrc_specific;
	l->policy.ssrc.value = ssrc;
	if (srtp_add_stream(st->srtp, &l->policy) != srtp_err_status_ok)
		return ENOMEM;

	st->role = role;
	st->ssrc = ssrc;
	st->high = 0;
	return 0;
}

static int work_open(struct lib *l, enum role role, const struct crypt_job *job)
{
	struct stream *st = &l->rtp;
	uint32_t roc = (uint32_t)(job->index >> 16);
	int err = stream_open(l, st, role, job->ssrc);

	if (!err && roc &&
	    srtp_set_stream_roc(st->srtp, job->ssrc, roc) != srtp_err_status_ok)
		err = EPROTO;
	if (err)
		st->role = NONE;
	return err;
}

static bool follows(const struct stream *st, enum role role,
		    const struct crypt_job *job)
{
	uint64_t far = job->index > st->high ? job->index - st->high
					     : st->high - job->index;

	return st->role == role && st->ssrc == job->ssrc && far < NEAR;
}

static int status_errno(srtp_err_status_t status)
{
	if (status == srtp_err_status_ok)
		return 0;
	return status == srtp_err_status_auth_fail ||
			       status == srtp_err_status_cipher_fail
		       ? EBADE
		       : EPROTO;
}

static bool is_replay(srtp_err_status_t status)
{
	return status == srtp_err_status_replay_fail ||
	       status == srtp_err_status_replay_old ||
	       status == srtp_err_status_pkt_idx_old;
}

typedef srtp_err_status_t(work_h)(srtp_t srtp, void *pkt, int *len);

/* len: of the packet before the work. */
static int work_run(struct crypt *c, const struct crypt_job *job,
		    enum role role, size_t len)
{
	work_h *work = role == SENDER ? srtp_protect : srtp_unprotect;
	struct lib *l = (struct lib *)(void *)c;
	srtp_err_status_t status;
	int n = (int)len, err = 0;

	if (!follows(&l->rtp, role, job))
		err = work_open(l, role, job);
	if (err)
		return err;

	status = work(l->rtp.srtp, job->pkt, &n);
	if (is_replay(status)) {
		/* not its business: the caller has judged the index */
		err = work_open(l, role, job);
		if (err)
			return err;
		n = (int)len;
		status = work(l->rtp.srtp, job->pkt, &n);
	}
	if (status == srtp_err_status_ok && job->index > l->rtp.high)
		l->rtp.high = job->index;
	/* a ROC that was set for a packet that failed must not stay */
	if (status != srtp_err_status_ok && !l->rtp.high && job->index >> 16)
		err = stream_open(l, &l->rtp, role, job->ssrc);
	return err ? err : status_errno(status);
}

static int lib_rtp_protect(struct crypt *c, const struct crypt_job *job)
{
	return work_run(c, job, SENDER, job->len);
}

static int lib_rtp_unprotect(struct crypt *c, const struct crypt_job *job)
{
	return work_run(c, job, RECEIVER, job->len + c->kind->tag);
}

/* There is no call to set an SRTCP index: packets that nobody gets move it. */
static int rtcp_catch_up(struct stream *st, uint32_t ssrc, uint64_t index)
{
	if (index - st->high > RTCP_AHEAD)
		return ERANGE;

	while (st->high + 1 < index) {
		uint8_t pkt[CRYPT_RTCP_HDR + CRYPT_GROWTH + 4] = {0x80, 201, 0,
								  1};
		int n = CRYPT_RTCP_HDR;

		for (unsigned i = 0; i < 4; i++)
			pkt[4 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
		if (srtp_protect_rtcp(st->srtp, pkt, &n) != srtp_err_status_ok)
			return EPROTO;
		++st->high;
	}
	return 0;
}

static int lib_rtcp_protect(struct crypt *c, const struct crypt_job *job)
{
	struct lib *l = (struct lib *)(void *)c;
	struct stream *st = &l->rtcp;
	int err = 0, n = (int)job->len;

	if (st->role != SENDER || st->ssrc != job->ssrc ||
	    job->index <= st->high)
		err = stream_open(l, st, SENDER, job->ssrc);
	if (!err)
		err = rtcp_catch_up(st, job->ssrc, job->index);
	if (!err)
		err = status_errno(srtp_protect_rtcp(st->srtp, job->pkt, &n));
	if (!err)
		st->high = job->index;
	return err;
}

static int lib_rtcp_unprotect(struct crypt *c, const struct crypt_job *job)
{
	struct lib *l = (struct lib *)(void *)c;
	struct stream *st = &l->rtcp;
	size_t len = job->len + CRYPT_WORD_LEN + c->kind->rtcp_tag;
	srtp_err_status_t status;
	int err = 0, n = (int)len;

	if (st->role != RECEIVER || st->ssrc != job->ssrc)
		err = stream_open(l, st, RECEIVER, job->ssrc);
	if (err)
		return err;

	status = srtp_unprotect_rtcp(st->srtp, job->pkt, &n);
	if (is_replay(status)) {
		err = stream_open(l, st, RECEIVER, job->ssrc);
		if (err)
			return err;
		n = (int)len;
		status = srtp_unprotect_rtcp(st->srtp, job->pkt, &n);
	}
	return status_errno(status);
}

const struct crypt_impl crypt_libsrtp = {
	.name = "libsrtp",
	.alloc = lib_alloc,
	.rtp_protect = lib_rtp_protect,
	.rtp_unprotect = lib_rtp_unprotect,
	.rtcp_protect = lib_rtcp_protect,
	.rtcp_unprotect = lib_rtcp_unprotect,
};
