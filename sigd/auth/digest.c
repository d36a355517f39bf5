/*
 * digest.c  Digest access authentication for SIP: challenge and check
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "sigd/auth/digest.h"

enum { SAME_URI_MAX = 512 };

/* No password hashes to all zeros. */
#define ZEROS "00000000000000000000000000000000"

const struct digest_secret digest_nobody = {.ha1 = {ZEROS, ZEROS ZEROS}};

static const struct {
	const char *name;
	const EVP_MD *(*md)(void);
} algs[DIGEST_ALGS] = {
	[DIGEST_MD5]    = {"MD5", EVP_md5},
	[DIGEST_SHA256] = {"SHA-256", EVP_sha256},
};

bool digest_alg_parse(enum digest_alg *alg, const struct pl *name)
{
	if (!pl_isset(name)) {
		*alg = DIGEST_MD5;
		return true;
	}
	for (unsigned i = 0; i < DIGEST_ALGS; i++) {
		if (!pl_strcasecmp(name, algs[i].name)) {
			*alg = (enum digest_alg)i;
			return true;
		}
	}
	return false;
}

const char *digest_alg_name(enum digest_alg alg)
{
	return algs[alg].name;
}

int digest_hash(char hex[DIGEST_HEX_MAX + 1], enum digest_alg alg,
		const struct pl *pieces, size_t count)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok = ctx && EVP_DigestInit_ex(ctx, algs[alg].md(), NULL);

	for (size_t i = 0; ok && i < count; i++) {
		if (i)
			ok = EVP_DigestUpdate(ctx, ":", 1);
		if (ok && pieces[i].l)
			ok = EVP_DigestUpdate(ctx, pieces[i].p, pieces[i].l);
	}
	ok = ok && EVP_DigestFinal_ex(ctx, md, &len);
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return ENOSYS;

	re_snprintf(hex, DIGEST_HEX_MAX + 1, "%w", md, (size_t)len);
	OPENSSL_cleanse(md, sizeof(md));
	return 0;
}

int digest_secret_make(struct digest_secret *secret, const struct pl *user,
		       const struct pl *realm, const struct pl *password)
{
	struct pl pieces[3] = {*user, *realm, *password};
	int err = 0;

	for (unsigned i = 0; i < DIGEST_ALGS && !err; i++)
		err = digest_hash(secret->ha1[i], (enum digest_alg)i, pieces, 3);
	return err;
}

int digest_challenge(char val[DIGEST_CHALLENGE_MAX], enum digest_alg alg,
		     const struct pl *realm, const char *nonce, bool stale)
{
	int n = re_snprintf(val, DIGEST_CHALLENGE_MAX,
			    "Digest realm=\"%r\", nonce=\"%s\", "
			    "algorithm=%s, qop=\"auth\"%s",
			    realm, nonce, algs[alg].name,
			    stale ? ", stale=true" : "");

	return n < 0 ? EOVERFLOW : 0;
}

/* The URI in the response must be that of the request (RFC 7616 3.4.6): else
 * a response for one target could be used for another. Each parameter of one
 * is looked for in the other, so only short ones may differ in their text. */
static bool same_uri(const struct pl *a, const struct pl *b)
{
	struct suri ua, ub;

	if (!pl_cmp(a, b))
		return true;
	return a->l <= SAME_URI_MAX && b->l <= SAME_URI_MAX && !suri_decode(&ua, a) && !suri_decode(&ub, b) &&
	       suri_equal(&ua, &ub);
}

/* nc-value = 8LHEX */
static int nonce_count(uint32_t *nc, const struct pl *text)
{
	if (text->l != 8)
		return EBADMSG;
	for (size_t i = 0; i < text->l; i++) {
		if (!strchr("0123456789abcdefABCDEF", text->p[i]))
			return EBADMSG;
	}
	*nc = pl_x32(text);
	return *nc ? 0 : EBADMSG;
}

/* The zeros are no secret: whoever answers with them has known nothing. */
static bool is_secret(const struct digest_secret *secret, enum digest_alg alg)
{
	return secret->ha1[alg][0] &&
	       strcmp(secret->ha1[alg], digest_nobody.ha1[alg]);
}

/* Both texts as hex digits without case, in constant time. */
static bool same_hex(const char *want, const struct pl *is)
{
	char low[DIGEST_HEX_MAX + 1] = "";
	size_t len = strlen(want);

	if (is->l != len)
		return false;
	for (size_t i = 0; i < len; i++)
		low[i] = (char)(is->p[i] | 0x20 * (is->p[i] >= 'A' &&
						   is->p[i] <= 'F'));
	return !CRYPTO_memcmp(low, want, len);
}

static void set_str(struct pl *pl, const char *str)
{
	pl->p = str;
	pl->l = strlen(str);
}

static int expected(char hex[DIGEST_HEX_MAX + 1], enum digest_alg alg,
		    const struct digest_secret *secret,
		    const struct shdr_digest *digest,
		    const struct pl *method)
{
	struct pl a2[2] = {*method, digest->uri};
	struct pl all[6] = {{0}, digest->nonce, digest->nc, digest->cnonce,
			    digest->qop, {0}};
	char ha2[DIGEST_HEX_MAX + 1];
	int err = digest_hash(ha2, alg, a2, 2);

	if (err)
		return err;

	set_str(&all[0], secret->ha1[alg]);
	set_str(&all[5], ha2);
	return digest_hash(hex, alg, all, 6);
}

int digest_check(const struct shdr_digest *digest,
		 const struct digest_secret *secret,
		 const struct digest_request *req, uint32_t *nc)
{
	char hex[DIGEST_HEX_MAX + 1];
	enum digest_alg alg;
	bool same;
	int err;

	/* we never offer userhash, and a name in username* would be a second
	 * way to write one (RFC 7616 3.4, 3.4.4) */
	if (!digest_alg_parse(&alg, &digest->algorithm) ||
	    pl_isset(&digest->username_star) ||
	    !pl_strcasecmp(&digest->userhash, "true") ||
	    pl_strcasecmp(&digest->qop, "auth") ||
	    !pl_isset(&digest->cnonce) || !pl_isset(&digest->response) ||
	    !same_uri(&digest->uri, &req->uri))
		return EBADMSG;

	err = nonce_count(nc, &digest->nc);
	if (err)
		return err;

	err = expected(hex, alg, secret, digest, &req->method);
	if (err)
		return err;

	/* who has no secret for this algorithm can never be right, and is
	 * compared all the same: that it is so shows in no time */
	same = same_hex(hex, &digest->response);
	return same && is_secret(secret, alg) ? 0 : EACCES;
}
