/*
 * credentials.c  The other side of digest: answering a PBX's challenge
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/crypto.h>

#include "common/id.h"
#include "sigd/auth/credentials.h"
#include "sigd/auth/digest.h"

/* A challenge that can be answered. */
struct offer {
	struct shdr_digest digest;
	enum digest_alg alg;
	bool sess; /* "-sess" (RFC 7616 section 3.4.2) */
	const char *qop; /* NULL: none, as RFC 2069 had it */
	uint32_t nc;
};

/* Between quotes without an escape: nobody may end our header field. */
static bool quotable(const struct pl *text)
{
	for (size_t i = 0; i < text->l; i++) {
		uint8_t c = (uint8_t)text->p[i];

		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

/* What came between quotes goes back as it came, with its escapes: a
 * backslash must have something behind it, and a quote one before it. */
static bool repeatable(const struct pl *text)
{
	for (size_t i = 0; i < text->l; i++) {
		uint8_t c = (uint8_t)text->p[i];

		if (c < 0x20 || c == 0x7f || c == '"')
			return false;
		if (c == '\\' && ++i == text->l)
			return false;
	}
	return true;
}

static bool algorithm(struct offer *offer)
{
	static const char sess[] = "-sess";
	struct pl name = offer->digest.algorithm;
	size_t n = sizeof(sess) - 1;

	if (name.l > n) {
		const struct pl end = {name.p + name.l - n, n};

		offer->sess = !pl_strcasecmp(&end, sess);
		name.l -= offer->sess ? n : 0;
	}
	return digest_alg_parse(&offer->alg, &name);
}

/* qop-options is a list; auth-int only where nothing else is offered: a body
 * may be written anew on the way (RFC 7616 section 3.4.3). */
static bool protection(struct offer *offer)
{
	const struct pl *qop = &offer->digest.qop;

	if (!pl_isset(qop))
		return !offer->sess;
	offer->qop = shdr_list_has(qop, "auth")	      ? "auth"
		     : shdr_list_has(qop, "auth-int") ? "auth-int"
						      : NULL;
	return offer->qop != NULL;
}

static bool offer_read(struct offer *offer, const struct pl *val,
		       const struct pl *realm)
{
	struct shdr_digest *digest = &offer->digest;

	memset(offer, 0, sizeof(*offer));
	return !shdr_digest_decode(digest, val) && pl_isset(&digest->realm) &&
	       pl_isset(&digest->nonce) &&
	       (!pl_isset(realm) || !pl_cmp(&digest->realm, realm)) &&
	       repeatable(&digest->realm) && repeatable(&digest->nonce) &&
	       repeatable(&digest->opaque) && algorithm(offer) &&
	       protection(offer);
}

/* The first one, unless a stronger comes behind it: else who can put a
 * challenge on top decides how weak our answer is. */
static int choose(struct offer *best, const struct smsg *response,
		  enum shdr_id header, const struct pl *realm)
{
	const struct smsg_hdr *hdr = smsg_hdr(response, header);
	bool found = false;
	struct offer offer;
	struct pl val;

	for (unsigned i = 0; hdr && i < CREDENTIALS_CHALLENGES_MAX; i++) {
		val = smsg_hdr_val(response, hdr);
		hdr = smsg_hdr_next(response, hdr);
		if (!offer_read(&offer, &val, realm))
			continue;
		if (!found || offer.alg > best->alg)
			*best = offer;
		found = true;
	}
	return found ? 0 : ENOENT;
}

static int ha1_make(char ha1[DIGEST_HEX_MAX + 1], const struct offer *offer,
		    const struct credentials *who, const struct pl *cnonce)
{
	const struct pl user[3] = {who->username, offer->digest.realm,
				   who->password};
	struct pl session[3] = {{0}, offer->digest.nonce, *cnonce};
	char first[DIGEST_HEX_MAX + 1];
	int err = digest_hash(ha1, offer->alg, user, 3);

	if (err || !offer->sess)
		return err;

	str_ncpy(first, ha1, sizeof(first));
	pl_set_str(&session[0], first);
	err = digest_hash(ha1, offer->alg, session, 3);
	OPENSSL_cleanse(first, sizeof(first));
	return err;
}

/* A2: method and URI, with auth-int the body's hash behind them. */
static int ha2_make(char ha2[DIGEST_HEX_MAX + 1], const struct offer *offer,
		    const struct credentials_use *use)
{
	const bool integrity = offer->qop && !strcmp(offer->qop, "auth-int");
	struct pl a2[3] = {use->method, use->uri, {0}};
	char body[DIGEST_HEX_MAX + 1] = "";
	int err = 0;

	if (integrity)
		err = digest_hash(body, offer->alg, &use->body, 1);
	pl_set_str(&a2[2], body);
	return err ? err
		   : digest_hash(ha2, offer->alg, a2, integrity ? 3 : 2);
}

static int response_make(char hex[DIGEST_HEX_MAX + 1],
			 const struct offer *offer,
			 const struct credentials *who,
			 const struct credentials_use *use,
			 const struct pl *cnonce)
{
	char ha1[DIGEST_HEX_MAX + 1], ha2[DIGEST_HEX_MAX + 1], nc[9];
	struct pl with[6] = {{0}, offer->digest.nonce, {0}, *cnonce, {0}, {0}};
	struct pl without[3] = {{0}, offer->digest.nonce, {0}};
	int err = ha1_make(ha1, offer, who, cnonce);

	if (!err)
		err = ha2_make(ha2, offer, use);
	if (err)
		return err;

	re_snprintf(nc, sizeof(nc), "%08x", offer->nc);
	pl_set_str(&with[0], ha1);
	pl_set_str(&with[2], nc);
	pl_set_str(&with[4], offer->qop ? offer->qop : "");
	pl_set_str(&with[5], ha2);
	without[0] = with[0];
	without[2] = with[5];
	err = offer->qop ? digest_hash(hex, offer->alg, with, 6)
			 : digest_hash(hex, offer->alg, without, 3);
	OPENSSL_cleanse(ha1, sizeof(ha1));
	return err;
}

static int value_write(struct credentials_answer *answer,
		       const struct offer *offer,
		       const struct credentials *who,
		       const struct credentials_use *use)
{
	const struct shdr_digest *digest = &offer->digest;
	char cnonce[17], hex[DIGEST_HEX_MAX + 1];
	char qop[64] = "", opaque[600] = "";
	struct pl cn;
	int err;

	id_make(cnonce);
	pl_set_str(&cn, cnonce);
	err = response_make(hex, offer, who, use, &cn);
	if (err)
		return err;

	if (offer->qop)
		re_snprintf(qop, sizeof(qop), ", qop=%s, nc=%08x, "
			    "cnonce=\"%s\"", offer->qop, offer->nc, cnonce);
	if (pl_isset(&digest->opaque) &&
	    re_snprintf(opaque, sizeof(opaque), ", opaque=\"%r\"",
			&digest->opaque) < 0)
		return EOVERFLOW;

	return re_snprintf(answer->val, sizeof(answer->val),
			   "Digest username=\"%r\", realm=\"%r\", "
			   "nonce=\"%r\", uri=\"%r\", response=\"%s\", "
			   "algorithm=%s%s%s%s",
			   &who->username, &digest->realm, &digest->nonce,
			   &use->uri, hex, digest_alg_name(offer->alg),
			   offer->sess ? "-sess" : "", qop, opaque) < 0
		       ? EOVERFLOW
		       : 0;
}

int credentials_answer(struct credentials_answer *answer,
		       const struct credentials *credentials,
		       const struct smsg *response,
		       const struct credentials_use *use)
{
	bool proxy = response->scode == 407;
	struct offer offer;
	int err;

	if ((response->scode != 401 && !proxy) ||
	    !quotable(&credentials->username) || !quotable(&use->uri))
		return EINVAL;

	err = choose(&offer, response,
		     proxy ? SHDR_PROXY_AUTHENTICATE : SHDR_WWW_AUTHENTICATE,
		     &credentials->realm);
	if (err)
		return err;

	answer->header = proxy ? SHDR_PROXY_AUTHORIZATION
			       : SHDR_AUTHORIZATION;
	answer->stale  = !pl_strcasecmp(&offer.digest.stale, "true");
	answer->nonce  = offer.digest.nonce;
	answer->realm  = offer.digest.realm;
	offer.nc = credentials->nch ? credentials->nch(&answer->nonce,
						       credentials->arg)
				    : 1;
	return value_write(answer, &offer, credentials, use);
}
