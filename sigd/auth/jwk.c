/*
 * jwk.c  Sets of keys that tokens are signed with
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "common/countof.h"
#include "common/jsonr.h"
#include "sigd/auth/jwk.h"

enum {
	NUMBER_MAX = 1024, /* bytes of one in a key */
	RSA_BITS_MIN = 2048,
	RSA_BITS_MAX = 8192,
	SECRET_MIN = 32, /* RFC 7518 3.2 */
	SECRET_MAX = 512,
	P256_LEN = 32,
	ED25519_LEN = 32,
	HS256_LEN = 32,
};

struct jwk {
	enum jwk_alg alg;
	char kid[JWK_KID_MAX + 1]; /* "": none */
	EVP_PKEY *pkey;            /* NULL: a shared secret */
	uint8_t secret[SECRET_MAX];
	size_t secret_len;
};

struct jwk_set {
	size_t n;
	struct jwk *keys[JWK_KEYS_MAX];
};

static const struct {
	const char *name, *kty, *crv; /* crv NULL: has none */
	enum jwk_alg alg;
} algs[] = {
	{"HS256", "oct", NULL, JWK_HS256},
	{"RS256", "RSA", NULL, JWK_RS256},
	{"ES256", "EC", "P-256", JWK_ES256},
	{"EdDSA", "OKP", "Ed25519", JWK_EDDSA},
};

enum jwk_alg jwk_alg_parse(const char *name)
{
	for (size_t i = 0; name && i < COUNTOF(algs); i++) {
		if (!strcmp(algs[i].name, name))
			return algs[i].alg;
	}
	return JWK_NONE;
}

static void key_destructor(void *data)
{
	struct jwk *key = data;

	EVP_PKEY_free(key->pkey);
	OPENSSL_cleanse(key->secret, sizeof(key->secret));
}

static void set_destructor(void *data)
{
	struct jwk_set *set = data;

	for (size_t i = 0; i < set->n; i++)
		mem_deref(set->keys[i]);
}

/* --- numbers -------------------------------------------------------------------- */

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int jwk_base64url(uint8_t *out, size_t size, size_t *len, const struct pl *text)
{
	unsigned bits = 0, have = 0;
	size_t n = 0;

	if (text->l % 4 == 1)
		return EBADMSG;
	for (size_t i = 0; i < text->l; i++) {
		const int d = digit(text->p[i]);

		if (d < 0)
			return EBADMSG;
		bits = (bits << 6 | (unsigned)d) & 0xffff;
		have += 6;
		if (have < 8)
			continue;
		if (n == size)
			return EOVERFLOW;
		have -= 8;
		out[n++] = (uint8_t)(bits >> have);
	}
	*len = n;
	return bits & ((1u << have) - 1) ? EBADMSG : 0;
}

/* A member of the key. */
static int number(uint8_t *out, size_t size, size_t *len,
		  const struct jsonr_val *jwk, const char *name)
{
	const char *str = jsonr_str(jsonr_get(jwk, name));
	struct pl text;

	if (!str)
		return EBADMSG;
	pl_set_str(&text, str);
	return jwk_base64url(out, size, len, &text);
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = bld ? OSSL_PARAM_BLD_to_param(bld) : NULL;
	EVP_PKEY *pkey = NULL;

	if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* Is r a power of 65537 modulo p? */
static bool is_power(unsigned r, unsigned p)
{
	unsigned x = 1;

	do {
		if (x == r)
			return true;
		x = x * (65537 % p) % p;
	} while (x != 1);
	return false;
}

/* CVE-2017-15361: chips made primes that are powers of 65537 modulo many small
 * ones; of others hardly any modulus is. */
static bool is_roca(const BIGNUM *n)
{
	static const uint8_t primes[] = {
		3,   5,	  7,   11,  13,	 17,  19,  23,	29,  31,
		37,  41,  43,  47,  53,	 59,  61,  67,	71,  73,
		79,  83,  89,  97,  101, 103, 107, 109, 113, 127,
		131, 137, 139, 149, 151, 157, 163, 167};

	for (size_t i = 0; i < COUNTOF(primes); i++) {
		if (!is_power((unsigned)BN_mod_word(n, primes[i]), primes[i]))
			return false;
	}
	return true;
}

static bool rsa_good(const BIGNUM *n, const BIGNUM *e)
{
	const int bits = n ? BN_num_bits(n) : 0;

	return e && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX &&
	       BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e) &&
	       BN_num_bits(e) <= 64 && !is_roca(n);
}

static EVP_PKEY *rsa_read(const struct jsonr_val *jwk)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	uint8_t nb[NUMBER_MAX + 1], eb[16];
	BIGNUM *n = NULL, *e = NULL;
	EVP_PKEY *pkey = NULL;
	size_t nlen, elen;

	if (!number(nb, sizeof(nb), &nlen, jwk, "n") &&
	    !number(eb, sizeof(eb), &elen, jwk, "e")) {
		n = BN_bin2bn(nb, (int)nlen, NULL);
		e = BN_bin2bn(eb, (int)elen, NULL);
	}
	if (bld && rsa_good(n, e) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
		pkey = from_params("RSA", bld);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return pkey;
}

/* OpenSSL looks whether the point is on the curve. */
static EVP_PKEY *ec_read(const struct jsonr_val *jwk)
{
	uint8_t point[1 + 2 * P256_LEN] = {POINT_CONVERSION_UNCOMPRESSED};
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *pkey = NULL;
	size_t x, y;

	if (bld && !number(point + 1, P256_LEN, &x, jwk, "x") &&
	    !number(point + 1 + P256_LEN, P256_LEN, &y, jwk, "y") &&
	    x == P256_LEN && y == P256_LEN &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
					    "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY,
					     point, sizeof(point)))
		pkey = from_params("EC", bld);
	OSSL_PARAM_BLD_free(bld);
	return pkey;
}

static EVP_PKEY *ed_read(const struct jsonr_val *jwk)
{
	uint8_t x[ED25519_LEN];
	size_t len;

	return !number(x, sizeof(x), &len, jwk, "x") && len == sizeof(x)
		       ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x,
						     len)
		       : NULL;
}

/* --- one key ---------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static enum jwk_alg alg_of(const struct jsonr_val *jwk)
{
	const char *alg = jsonr_str(jsonr_get(jwk, "alg"));
	const char *kty = jsonr_str(jsonr_get(jwk, "kty"));
	const char *crv = jsonr_str(jsonr_get(jwk, "crv"));

	if (jsonr_get(jwk, "alg") && !alg)
		return JWK_NONE;
	for (size_t i = 0; kty && i < COUNTOF(algs); i++) {
		if (!strcmp(algs[i].kty, kty) &&
		    (!algs[i].crv || same(algs[i].crv, crv)) &&
		    (!alg || !strcmp(algs[i].name, alg)))
			return algs[i].alg;
	}
	return JWK_NONE;
}

/* RFC 7517 4.2, 4.3 */
static bool verifies(const struct jsonr_val *jwk)
{
	const struct jsonr_val *use = jsonr_get(jwk, "use");
	const struct jsonr_val *ops = jsonr_get(jwk, "key_ops");
	bool found = !ops;

	for (size_t i = 0; i < jsonr_count(ops); i++)
		found |= same(jsonr_str(jsonr_at(ops, i)), "verify");
	return found && (!use || same(jsonr_str(use), "sig"));
}

static bool key_fill(struct jwk *key, const struct jsonr_val *jwk)
{
	switch (key->alg) {
	case JWK_HS256:
		return !number(key->secret, sizeof(key->secret),
			       &key->secret_len, jwk, "k") &&
		       key->secret_len >= SECRET_MIN;
	case JWK_RS256:
		return (key->pkey = rsa_read(jwk)) != NULL;
	case JWK_ES256:
		return (key->pkey = ec_read(jwk)) != NULL;
	case JWK_EDDSA:
		return (key->pkey = ed_read(jwk)) != NULL;
	case JWK_NONE:
		break;
	}
	return false;
}

/* NULL: passed over. */
static struct jwk *key_read(const struct jsonr_val *jwk)
{
	const char *kid = jsonr_str(jsonr_get(jwk, "kid"));
	struct jwk *key = mem_zalloc(sizeof(*key), key_destructor);

	if (!key)
		return NULL;
	key->alg = alg_of(jwk);
	if (key->alg && verifies(jwk) && (kid || !jsonr_get(jwk, "kid")) &&
	    (!kid || strlen(kid) <= JWK_KID_MAX) && key_fill(key, jwk)) {
		str_ncpy(key->kid, kid ? kid : "", sizeof(key->kid));
		return key;
	}
	return mem_deref(key);
}

/* --- a set ------------------------------------------------------------------------- */

/* Of keys that are passed over, too: which one was meant? */
static bool kid_twice(const struct jsonr_val *keys, size_t at)
{
	const char *kid = jsonr_str(jsonr_get(jsonr_at(keys, at), "kid"));

	for (size_t i = 0; kid && i < at; i++) {
		if (same(jsonr_str(jsonr_get(jsonr_at(keys, i), "kid")), kid))
			return true;
	}
	return false;
}

static const char *set_add(struct jwk_set *set, const struct jsonr_val *jwk,
			   bool public_only)
{
	struct jwk *key = key_read(jwk);

	if (!key)
		return NULL;
	if ((public_only && !key->pkey) ||
	    (set->n && !set->keys[0]->pkey != !key->pkey)) {
		const char *why = public_only
					  ? "a shared secret in public"
					  : "shared secrets and public keys";

		mem_deref(key);
		return why;
	}
	set->keys[set->n++] = key;
	return NULL;
}

static const char *set_fill(struct jwk_set *set, const struct jsonr_val *root,
			    bool public_only)
{
	const struct jsonr_val *keys = jsonr_get(root, "keys");
	const char *why = NULL;

	if (!jsonr_is_object(root))
		return "no JWK and no JWK Set";
	if (!keys)
		return set_add(set, root, public_only);
	if (jsonr_count(keys) > JWK_KEYS_MAX)
		return "too many keys";
	for (size_t i = 0; i < jsonr_count(keys) && !why; i++)
		why = kid_twice(keys, i) ? "a key id is there twice"
					 : set_add(set, jsonr_at(keys, i),
						   public_only);
	return why;
}

int jwk_set_parse(struct jwk_set **setp, const struct pl *text,
		  bool public_only, char *why, size_t size)
{
	struct jwk_set *set = mem_zalloc(sizeof(*set), set_destructor);
	struct jsonr *doc = NULL;
	const char *bad = NULL;
	int err = set ? 0 : ENOMEM;

	if (!err)
		err = text->l > JWK_TEXT_MAX ? EBADMSG
					     : jsonr_parse(&doc, text->p,
							   text->l);
	if (err)
		bad = "no JSON, a name twice in it, or too long";
	else
		bad = set_fill(set, jsonr_root(doc), public_only);
	if (!err && bad)
		err = EBADMSG;
	if (!err && !set->n) {
		bad = "no key in it can be used";
		err = ENOENT;
	}
	mem_deref(doc);
	if (err) {
		mem_deref(set);
		str_ncpy(why, bad, size);
		return err;
	}
	*setp = set;
	return 0;
}

size_t jwk_set_count(const struct jwk_set *set)
{
	return set->n;
}

const struct jwk *jwk_find(const struct jwk_set *set, enum jwk_alg alg,
			   const struct pl *kid)
{
	const struct jwk *found = NULL;

	for (size_t i = 0; i < set->n; i++) {
		const struct jwk *key = set->keys[i];

		if (key->alg != alg ||
		    (pl_isset(kid) && pl_strcmp(kid, key->kid)))
			continue;
		if (found)
			return NULL;
		found = key;
	}
	return found;
}

/* --- signatures ---------------------------------------------------------------------- */

static bool hmac_right(const struct jwk *key, const struct pl *text,
		       const uint8_t *sig, size_t len)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	return HMAC(EVP_sha256(), key->secret, (int)key->secret_len,
		    (const uint8_t *)text->p, text->l, mac, &n) &&
	       len == HS256_LEN && n == len && !CRYPTO_memcmp(mac, sig, len);
}

static bool pkey_right(const struct jwk *key, const EVP_MD *md,
		       const struct pl *text, const uint8_t *sig, size_t len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool right = ctx &&
		     EVP_DigestVerifyInit(ctx, NULL, md, NULL, key->pkey) ==
			     1 &&
		     EVP_DigestVerify(ctx, sig, len, (const uint8_t *)text->p,
				      text->l) == 1;

	EVP_MD_CTX_free(ctx);
	return right;
}

/* RFC 7518 3.4: r and s as they are; OpenSSL wants them in DER. */
static bool ec_right(const struct jwk *key, const struct pl *text,
		     const uint8_t *sig, size_t len)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = NULL, *s = NULL;
	uint8_t der[80], *p = der;
	bool right = false;
	int n = 0;

	if (pair && len == 2 * P256_LEN) {
		r = BN_bin2bn(sig, P256_LEN, NULL);
		s = BN_bin2bn(sig + P256_LEN, P256_LEN, NULL);
	}
	if (r && s && ECDSA_SIG_set0(pair, r, s)) {
		r = s = NULL;
		n = i2d_ECDSA_SIG(pair, NULL);
		if (n > 0 && (size_t)n <= sizeof(der))
			n = i2d_ECDSA_SIG(pair, &p);
		else
			n = 0;
	}
	if (n > 0)
		right = pkey_right(key, EVP_sha256(), text, der, (size_t)n);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return right;
}

int jwk_verify(const struct jwk *key, const struct pl *signed_text,
	       const uint8_t *sig, size_t sig_len)
{
	bool right = false;

	switch (key->alg) {
	case JWK_HS256:
		right = hmac_right(key, signed_text, sig, sig_len);
		break;
	case JWK_RS256:
		right = sig_len == (size_t)EVP_PKEY_get_size(key->pkey) &&
			pkey_right(key, EVP_sha256(), signed_text, sig,
				   sig_len);
		break;
	case JWK_ES256:
		right = ec_right(key, signed_text, sig, sig_len);
		break;
	case JWK_EDDSA:
		right = pkey_right(key, NULL, signed_text, sig, sig_len);
		break;
	case JWK_NONE:
		break;
	}
	return right ? 0 : EACCES;
}
