/*
 * jwt.c  Tokens: a signature and what it says of who shows it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/jsonr.h"
#include "sigd/auth/jwt.h"

enum {
	SIGNATURE_MAX = 1024
};

/* "header.payload.signature" */
struct parts {
	struct pl header, payload, signature;
	struct pl signed_text;
};

static int split(struct parts *parts, const struct pl *token)
{
	const char *dot, *second;

	if (token->l > JWT_MAX)
		return EOVERFLOW;
	dot = token->l ? memchr(token->p, '.', token->l) : NULL;
	second = dot ? memchr(dot + 1, '.',
			      token->l - (size_t)(dot + 1 - token->p))
		     : NULL;
	if (!second)
		return EBADMSG;
	parts->header = (struct pl){token->p, (size_t)(dot - token->p)};
	parts->payload = (struct pl){dot + 1, (size_t)(second - dot - 1)};
	parts->signature = (struct pl){
		second + 1, token->l - (size_t)(second + 1 - token->p)};
	parts->signed_text = (struct pl){token->p,
					 (size_t)(second - token->p)};
	/* a further dot is no digit of base64url */
	return parts->header.l && parts->signature.l ? 0 : EBADMSG;
}

static int decode(struct mbuf **mbp, const struct pl *part)
{
	struct mbuf *mb = mbuf_alloc(part->l + 1);
	int err = mb ? jwk_base64url(mb->buf, mb->size, &mb->end, part)
		     : ENOMEM;

	if (err)
		mem_deref(mb);
	else
		*mbp = mb;
	return err == EOVERFLOW ? EBADMSG : err;
}

static int json(struct jsonr **docp, const struct pl *part)
{
	struct mbuf *mb = NULL;
	int err = decode(&mb, part);

	err = err ? err : jsonr_parse(docp, (const char *)mb->buf, mb->end);
	if (!err && !jsonr_is_object(jsonr_root(*docp))) {
		*docp = mem_deref(*docp);
		err = EBADMSG;
	}
	mem_deref(mb);
	return err;
}

static int find_key(const struct jwk **keyp, const struct jwk_set *set,
		    const struct jsonr_val *header)
{
	const struct jsonr_val *kid = jsonr_get(header, "kid");
	const char *alg = jsonr_str(jsonr_get(header, "alg"));
	struct pl id = {NULL, 0};

	/* what must be understood is not (RFC 7515 4.1.11) */
	if (!alg || jsonr_get(header, "crit") || (kid && !jsonr_str(kid)))
		return EBADMSG;
	if (jwk_alg_parse(alg) == JWK_NONE)
		return ENOKEY;
	if (kid)
		pl_set_str(&id, jsonr_str(kid));
	if (kid && !id.l)
		return ENOKEY;
	*keyp = jwk_find(set, jwk_alg_parse(alg), &id);
	return *keyp ? 0 : ENOKEY;
}

static int check_signature(const struct parts *parts,
			   const struct jwk_set *set)
{
	uint8_t sig[SIGNATURE_MAX];
	const struct jwk *key = NULL;
	struct jsonr *header = NULL;
	size_t len = 0;
	int err = json(&header, &parts->header);

	err = err ? err : find_key(&key, set, jsonr_root(header));
	if (!err && jwk_base64url(sig, sizeof(sig), &len, &parts->signature))
		err = EBADMSG;
	err = err ? err : jwk_verify(key, &parts->signed_text, sig, len);
	mem_deref(header);
	return err;
}

int jws_open(struct mbuf **payloadp, const struct jwk_set *set,
	     const struct pl *token)
{
	struct parts parts;
	int err = split(&parts, token);

	err = err ? err : check_signature(&parts, set);
	return err ? err : decode(payloadp, &parts.payload);
}

/* --- claims ----------------------------------------------------------------------- */

static bool is(const struct jsonr_val *val, const char *text)
{
	const char *str = jsonr_str(val);

	return str && !strcmp(str, text);
}

/* RFC 7519 4.1.3 */
static bool is_for(const struct jsonr_val *aud, const char *us)
{
	for (size_t i = 0; i < jsonr_count(aud); i++) {
		if (is(jsonr_at(aud, i), us))
			return true;
	}
	return is(aud, us);
}

/* NumericDate; one that is no time of this world is malformed. */
static int date(uint64_t *s, const struct jsonr_val *claims, const char *name)
{
	double num;

	if (!jsonr_num(jsonr_get(claims, name), &num) || num < 0 || num > 1e12)
		return EBADMSG;
	*s = (uint64_t)num;
	return 0;
}

/* From iat on, too: what was made in the future was made by a wrong clock. */
static int check_times(uint64_t *exp, const struct jsonr_val *claims,
		       const struct jwt_rules *rules)
{
	static const char *const from[] = {"nbf", "iat"};
	uint64_t begin;

	if (date(exp, claims, "exp"))
		return EBADMSG;
	if (*exp + rules->skew_s <= rules->now_s)
		return ETIME;
	for (unsigned i = 0; i < 2; i++) {
		if (!jsonr_get(claims, from[i]))
			continue;
		if (date(&begin, claims, from[i]))
			return EBADMSG;
		if (begin > rules->now_s + rules->skew_s)
			return ETIME;
	}
	return 0;
}

static int add_name(struct jwt_who *who, const struct jsonr_val *val)
{
	const char *name = jsonr_str(val);

	if (!name || !*name || strlen(name) > JWT_NAME_MAX ||
	    who->n == JWT_NAMES_MAX)
		return EBADMSG;
	str_ncpy(who->names[who->n++], name, sizeof(who->names[0]));
	return 0;
}

static int read_names(struct jwt_who *who, const struct jsonr_val *val)
{
	int err = 0;

	who->n = 0;
	if (jsonr_str(val))
		return add_name(who, val);
	for (size_t i = 0; i < jsonr_count(val) && !err; i++)
		err = add_name(who, jsonr_at(val, i));
	return err || who->n ? err : EBADMSG;
}

static int check_claims(struct jwt_who *who, const struct jsonr_val *claims,
			const struct jwt_rules *rules)
{
	int err;

	if (!is(jsonr_get(claims, "iss"), rules->issuer) ||
	    !is_for(jsonr_get(claims, "aud"), rules->audience))
		return EACCES;
	err = check_times(&who->exp_s, claims, rules);
	return err ? err : read_names(who, jsonr_get(claims, rules->claim));
}

int jwt_verify(struct jwt_who *who, const struct jwk_set *set,
	       const struct jwt_rules *rules, const struct pl *token)
{
	struct jsonr *claims = NULL;
	struct parts parts;
	int err = split(&parts, token);

	err = err ? err : check_signature(&parts, set);
	err = err ? err : json(&claims, &parts.payload);
	err = err ? err : check_claims(who, jsonr_root(claims), rules);
	mem_deref(claims);
	return err;
}

const char *jwt_why(int err)
{
	switch (err) {
	case 0:
		return "right";
	case EOVERFLOW:
		return "too long";
	case ENOKEY:
		return "no key for it";
	case EACCES:
		return "wrong signature, issuer or audience";
	case ETIME:
		return "expired, or not valid yet";
	default:
		return "malformed";
	}
}

int jwt_issuer(char *issuer, size_t size, const struct pl *token)
{
	struct jsonr *claims = NULL;
	struct parts parts;
	const char *iss;
	int err = split(&parts, token);

	err = err ? err : json(&claims, &parts.payload);
	iss = err ? NULL : jsonr_str(jsonr_get(jsonr_root(claims), "iss"));
	str_ncpy(issuer, iss ? iss : "", size);
	mem_deref(claims);
	return err;
}
