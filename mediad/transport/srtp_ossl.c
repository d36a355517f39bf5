/*
 * srtp_ossl.c  SRTP from OpenSSL's primitives
 *
 * What makes it fast: the AES context keeps its key and only gets a new IV,
 * HMAC starts from the saved states of its padded key (RFC 2104, 4) instead of
 * two more blocks of SHA-1 for each packet. One AES context serves RTP
 * and, rarely, RTCP, for which it is keyed again: half the memory.
 *
 * SPDX-License-Identifier: MIT
 */
/* SHA1_*() can copy their state, for which EVP takes an allocation */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "mediad/transport/crypt_priv.h"

enum kind {
	RTP,
	RTCP,
	KINDS
};
enum {
	AUTH_KEY_LEN = 20,
	GCM_IV = 12,
	CM_IV = 16,
	E_BIT = 0x80
};

struct session_keys {
	uint8_t key[CRYPT_KEY_MAX];
	uint8_t salt[CRYPT_SALT_MAX];
};

/* HMAC's states after the padded key */
struct auth_keys {
	SHA_CTX inner, outer;
};

struct ossl {
	struct crypt base;
	EVP_CIPHER_CTX *ctx;
	enum kind keyed; /* whose key ctx holds; KINDS: none yet */
	struct session_keys keys[KINDS];
	struct auth_keys auth[]; /* AES-CM: KINDS, AES-GCM: none */
};

static size_t auth_size(const struct crypt_kind *kind)
{
	return kind->gcm ? 0 : KINDS * sizeof(struct auth_keys);
}

static void destructor(void *arg)
{
	struct ossl *o = arg;

	EVP_CIPHER_CTX_free(o->ctx);
	OPENSSL_cleanse(o->keys, sizeof(o->keys));
	OPENSSL_cleanse(o->auth, auth_size(o->base.kind));
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* SSRC and 48 bits of index, as they stand in the IV of all suites
 * (RFC 3711, 4.1.1; RFC 7714, 8.1, 9.1), XORed onto the salt. */
static void iv_xor(uint8_t *p, const struct crypt_job *job)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] ^= (uint8_t)(job->ssrc >> (24 - 8 * i));
	for (unsigned i = 0; i < 6; i++)
		p[4 + i] ^= (uint8_t)(job->index >> (40 - 8 * i));
}

static bool set_iv(struct ossl *o, enum kind kind, const uint8_t *iv, int enc)
{
	const uint8_t *key = o->keyed == kind ? NULL : o->keys[kind].key;

	o->keyed = kind;
	if (EVP_CipherInit_ex(o->ctx, NULL, NULL, key, iv, enc))
		return true;

	o->keyed = KINDS;
	return false;
}

/* --- AES-GCM -------------------------------------------------------------- */

struct gcm_aad {
	const uint8_t *word; /* behind the header (SRTCP); NULL: none */
	uint8_t *tag;
};

static int gcm_run(struct ossl *o, enum kind kind, const struct crypt_job *job,
		   const struct gcm_aad *aad, int enc)
{
	size_t len = job->len - job->hdr;
	uint8_t iv[GCM_IV], *data = job->pkt + job->hdr;
	int n, ok;

	memcpy(iv, o->keys[kind].salt, sizeof(iv));
	iv_xor(iv + 2, job);
	ok = set_iv(o, kind, iv, enc) &&
	     EVP_CipherUpdate(o->ctx, NULL, &n, job->pkt, (int)job->hdr);
	if (ok && aad->word)
		ok = EVP_CipherUpdate(o->ctx, NULL, &n, aad->word,
				      CRYPT_WORD_LEN);
	if (ok && len)
		ok = EVP_CipherUpdate(o->ctx, data, &n, data, (int)len);
	if (ok && !enc)
		ok = EVP_CIPHER_CTX_ctrl(o->ctx, EVP_CTRL_AEAD_SET_TAG,
					 CRYPT_GCM_TAG, aad->tag);
	if (!ok)
		return EPROTO;
	if (!EVP_CipherFinal_ex(o->ctx, data + len, &n))
		return EBADE;
	if (enc && !EVP_CIPHER_CTX_ctrl(o->ctx, EVP_CTRL_AEAD_GET_TAG,
					CRYPT_GCM_TAG, aad->tag))
		return EPROTO;
	return 0;
}

static int gcm_rtp(struct ossl *o, const struct crypt_job *job, int enc)
{
	struct gcm_aad aad = {.tag = job->pkt + job->len};

	return gcm_run(o, RTP, job, &aad, enc);
}

static int gcm_rtcp(struct ossl *o, const struct crypt_job *job, int enc)
{
	uint8_t *tag = job->pkt + job->len, *word = tag + CRYPT_GCM_TAG;
	struct gcm_aad aad = {.word = word, .tag = tag};

	if (enc) {
		put32(word, (uint32_t)job->index);
		word[0] |= E_BIT;
	}
	return gcm_run(o, RTCP, job, &aad, enc);
}

/* --- AES-CM with HMAC-SHA1 ------------------------------------------------ */

static int cm_crypt(struct ossl *o, enum kind kind, const struct crypt_job *job)
{
	size_t len = job->len - job->hdr;
	uint8_t iv[CM_IV] = {0}, *data = job->pkt + job->hdr;
	int n;

	if (!len)
		return 0;

	memcpy(iv, o->keys[kind].salt, CRYPT_SALT_MAX);
	iv_xor(iv + 4, job);
	if (!set_iv(o, kind, iv, 1) ||
	    !EVP_CipherUpdate(o->ctx, data, &n, data, (int)len))
		return EPROTO;
	return 0;
}

static size_t cm_tag_len(const struct ossl *o, enum kind kind)
{
	return kind == RTP ? o->base.kind->tag : o->base.kind->rtcp_tag;
}

/* HMAC-SHA1 of len bytes, then 4 more: ROC, or for SRTCP part of the packet. */
static void cm_tag(uint8_t md[SHA_DIGEST_LENGTH], struct ossl *o,
		   enum kind kind, const struct crypt_job *job)
{
	SHA_CTX sha = o->auth[kind].inner;
	uint8_t word[CRYPT_WORD_LEN];

	put32(word, kind == RTP ? (uint32_t)(job->index >> 16)
				: (uint32_t)job->index | 1u << 31);
	SHA1_Update(&sha, job->pkt, job->len);
	SHA1_Update(&sha, word, sizeof(word));
	SHA1_Final(md, &sha);

	sha = o->auth[kind].outer;
	SHA1_Update(&sha, md, SHA_DIGEST_LENGTH);
	SHA1_Final(md, &sha);
}

static int cm_seal(struct ossl *o, enum kind kind, const struct crypt_job *job)
{
	uint8_t md[SHA_DIGEST_LENGTH], *trailer = job->pkt + job->len;
	int err = cm_crypt(o, kind, job);

	if (err)
		return err;

	if (kind == RTCP) {
		put32(trailer, (uint32_t)job->index | 1u << 31);
		trailer += CRYPT_WORD_LEN;
	}
	cm_tag(md, o, kind, job);
	memcpy(trailer, md, cm_tag_len(o, kind));
	return 0;
}

static int cm_open(struct ossl *o, enum kind kind, const struct crypt_job *job)
{
	uint8_t md[SHA_DIGEST_LENGTH];
	const uint8_t *tag =
		job->pkt + job->len + (kind == RTCP ? CRYPT_WORD_LEN : 0);

	cm_tag(md, o, kind, job);
	if (CRYPTO_memcmp(md, tag, cm_tag_len(o, kind)))
		return EBADE;
	return cm_crypt(o, kind, job);
}

static void cm_auth_init(struct auth_keys *keys, const uint8_t *key)
{
	uint8_t pad[SHA_CBLOCK];

	for (unsigned i = 0; i < SHA_CBLOCK; i++)
		pad[i] = (uint8_t)((i < AUTH_KEY_LEN ? key[i] : 0) ^ 0x36);
	SHA1_Init(&keys->inner);
	SHA1_Update(&keys->inner, pad, sizeof(pad));

	for (unsigned i = 0; i < SHA_CBLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	SHA1_Init(&keys->outer);
	SHA1_Update(&keys->outer, pad, sizeof(pad));
	OPENSSL_cleanse(pad, sizeof(pad));
}

/* --- both ------------------------------------------------------------------ */

static int derive(struct ossl *o, const struct crypt_master *master)
{
	uint8_t auth[AUTH_KEY_LEN];
	int err = 0;

	for (unsigned kind = RTP; kind < KINDS && !err; kind++) {
		struct session_keys *keys = &o->keys[kind];
		enum crypt_label first =
			kind == RTP ? CRYPT_RTP_KEY : CRYPT_RTCP_KEY;

		err = crypt_derive(keys->key, master->keylen, master, first);
		if (!err)
			err = crypt_derive(keys->salt, master->saltlen, master,
					   first + 2);
		if (err || o->base.kind->gcm)
			continue;
		err = crypt_derive(auth, sizeof(auth), master, first + 1);
		if (!err)
			cm_auth_init(&o->auth[kind], auth);
	}
	OPENSSL_cleanse(auth, sizeof(auth));
	return err;
}

static struct ossl *self(struct crypt *c)
{
	return (struct ossl *)(void *)c;
}

void crypt_openssl_session(struct crypt *c, const uint8_t *key,
			   const uint8_t *salt)
{
	struct ossl *o = self(c);

	for (unsigned kind = RTP; kind < KINDS; kind++) {
		memcpy(o->keys[kind].key, key, c->kind->keylen);
		memcpy(o->keys[kind].salt, salt, c->kind->saltlen);
	}
	o->keyed = KINDS;
}

static const EVP_CIPHER *cipher_of(const struct crypt_kind *kind)
{
	if (kind->gcm)
		return kind->keylen == 16 ? EVP_aes_128_gcm()
					  : EVP_aes_256_gcm();
	return kind->keylen == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
}

static int ossl_alloc(struct crypt **cp, const struct crypt_kind *kind,
		      const uint8_t *key, const uint8_t *salt)
{
	struct crypt_master master = {.key = key,
				      .salt = salt,
				      .keylen = kind->keylen,
				      .saltlen = kind->saltlen};
	struct ossl *o = mem_zalloc(sizeof(*o) + auth_size(kind), destructor);
	int err;

	if (!o)
		return ENOMEM;

	o->base.impl = &crypt_openssl;
	o->base.kind = kind;
	o->keyed = KINDS;
	err = derive(o, &master);
	o->ctx = EVP_CIPHER_CTX_new();
	if (!err && (!o->ctx || !EVP_CipherInit_ex(o->ctx, cipher_of(kind),
						   NULL, NULL, NULL, 1)))
		err = ENOMEM;
	if (err)
		mem_deref(o);
	else
		*cp = &o->base;
	return err;
}

static int ossl_rtp_protect(struct crypt *c, const struct crypt_job *job)
{
	return c->kind->gcm ? gcm_rtp(self(c), job, 1)
			    : cm_seal(self(c), RTP, job);
}

static int ossl_rtp_unprotect(struct crypt *c, const struct crypt_job *job)
{
	return c->kind->gcm ? gcm_rtp(self(c), job, 0)
			    : cm_open(self(c), RTP, job);
}

static int ossl_rtcp_protect(struct crypt *c, const struct crypt_job *job)
{
	return c->kind->gcm ? gcm_rtcp(self(c), job, 1)
			    : cm_seal(self(c), RTCP, job);
}

static int ossl_rtcp_unprotect(struct crypt *c, const struct crypt_job *job)
{
	return c->kind->gcm ? gcm_rtcp(self(c), job, 0)
			    : cm_open(self(c), RTCP, job);
}

const struct crypt_impl crypt_openssl = {
	.name = "openssl",
	.alloc = ossl_alloc,
	.rtp_protect = ossl_rtp_protect,
	.rtp_unprotect = ossl_rtp_unprotect,
	.rtcp_protect = ossl_rtcp_protect,
	.rtcp_unprotect = ossl_rtcp_unprotect,
};
