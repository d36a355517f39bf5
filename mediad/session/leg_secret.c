/*
 * leg_secret.c  Keys of SRTP that stand in a leg's SDP (RFC 4568)
 *
 * A key of ours begins with the index that our stream has when it is first
 * used (base), which is ROC 0 to who hears it (RFC 3711, 3.3.1), and keeps
 * that for good: offers and answers bring new ones, and sdp_keys.c keeps what
 * is in use. So no index is used twice under a key, whoever answers an offer,
 * and how often.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "common/countof.h"
#include "common/log.h"
#include "mediad/sdp/sdp_sdes.h"
#include "mediad/session/session_priv.h"

static const enum crypt_suite crypt_suites[SDPM_SUITES] = {
	[SDPM_AES_CM_128_SHA1_80] = CRYPT_AES_CM_128_SHA1_80,
	[SDPM_AES_CM_128_SHA1_32] = CRYPT_AES_CM_128_SHA1_32,
	[SDPM_AES_256_CM_SHA1_80] = CRYPT_AES_256_CM_SHA1_80,
	[SDPM_AES_256_CM_SHA1_32] = CRYPT_AES_256_CM_SHA1_32,
	[SDPM_AEAD_AES_128_GCM] = CRYPT_AEAD_AES_128_GCM,
	[SDPM_AEAD_AES_256_GCM] = CRYPT_AEAD_AES_256_GCM,
};

static uint64_t base_of(uint64_t next)
{
	return next & ~UINT64_C(0xffff);
}

void leg_secret_make(struct sdpm_policy *policy, const struct leg *leg,
		     uint64_t next)
{
	const struct leg_terms *terms = &leg->terms;

	for (uint8_t i = 0; i < terms->nsuites; i++) {
		struct sdpm_own *own = &policy->own[policy->nown];

		/* nothing is better than a key that others can guess */
		if (RAND_bytes(own->secret, sizeof(own->secret)) != 1) {
			log_error(leg->session->call, "no randomness for keys",
				  "leg=%u", leg->nr);
			return;
		}
		own->suite = terms->suites[i];
		own->base = base_of(next);
		policy->unused |= (uint8_t)(1u << policy->nown++);
	}
}

void leg_secret_taken(struct sdpm_sdes *sdes, struct sdpm_policy *offered,
		      uint64_t next)
{
	for (unsigned i = 0; i < offered->nown; i++) {
		struct sdpm_own *own = &offered->own[i];

		if (own->suite != sdes->suite ||
		    CRYPTO_memcmp(own->secret, sdes->ours.secret,
				  sizeof(own->secret)))
			continue;
		/* the stream may have wrapped round since it was offered; one
		 * that was used may be taken by who had it before */
		if (offered->unused >> i & 1)
			own->base = base_of(next);
		offered->unused &= (uint8_t)~(1u << i);
		sdes->ours.base = own->base;
	}
}

void leg_secret_keys_of(struct secure_keys *keys, const struct sdpm_sdes *sdes)
{
	size_t len;

	memset(keys, 0, sizeof(*keys));
	if (sdes->suite == SDPM_NO_SUITE)
		return;
	len = sdpm_suite_key_len(sdes->suite) +
	      sdpm_suite_salt_len(sdes->suite);
	keys->suite = crypt_suites[sdes->suite];
	keys->mki = sdes->mki;
	keys->mki_len = sdes->mki_len;
	memcpy(keys->rx, sdes->theirs, len);
	memcpy(keys->tx, sdes->ours.secret, len);
	keys->base = sdes->ours.base;
}

void leg_secret_keys(struct secure_keys *keys, const struct sdpm_choice *choice)
{
	if (choice->dtls)
		memset(keys, 0, sizeof(*keys));
	else
		leg_secret_keys_of(keys, &choice->peer.sdes);
}

/* --- terms ---------------------------------------------------------------------- */

static int suite_add(struct leg_terms *terms, enum sdpm_suite suite)
{
	if (suite == SDPM_NO_SUITE)
		return EINVAL;
	for (unsigned i = 0; i < terms->nsuites; i++)
		if (terms->suites[i] == suite)
			return 0;
	terms->suites[terms->nsuites++] = suite;
	return 0;
}

int leg_secret_read(struct leg_terms *terms, struct pl list)
{
	/* the one that all have first; GCM is not among them, because some
	 * take it and cannot do it (docs/config-routing.md) */
	static const enum sdpm_suite usual[] = {SDPM_AES_CM_128_SHA1_80,
						SDPM_AES_256_CM_SHA1_80};
	const char *end;
	struct pl name;
	int err = 0;

	for (size_t i = 0; !list.l && i < COUNTOF(usual); i++)
		(void)suite_add(terms, usual[i]);
	while (list.l && !err) {
		end = pl_strchr(&list, ',');
		name.p = list.p;
		name.l = end ? (size_t)(end - list.p) : list.l;
		err = suite_add(terms, sdpm_suite_find(&name));
		pl_advance(&list, (ssize_t)(name.l + (end ? 1 : 0)));
	}
	return err;
}

/* --- memory ------------------------------------------------------------------------ */

static void choice_destructor(void *arg)
{
	struct sdpm_choice *choice = arg;

	OPENSSL_cleanse(&choice->peer, sizeof(choice->peer));
}

static void offer_destructor(void *arg)
{
	struct sdpm_offer *offer = arg;

	OPENSSL_cleanse(offer->policy.own, sizeof(offer->policy.own));
}

struct sdpm_choice *leg_secret_choice(void)
{
	return mem_zalloc(sizeof(struct sdpm_choice), choice_destructor);
}

struct sdpm_offer *leg_secret_offer(void)
{
	return mem_zalloc(sizeof(struct sdpm_offer), offer_destructor);
}

/* A whole one is as good, only larger. */
struct sdpm_choice *leg_secret_keep(struct sdpm_choice *choice)
{
	const size_t size = sdpm_choice_size(choice);
	struct sdpm_choice *kept = mem_alloc(size, choice_destructor);

	return kept ? memcpy(kept, choice, size) : mem_ref(choice);
}

struct sdpm_offer *leg_secret_keep_offer(struct sdpm_offer *offer)
{
	const size_t size = sdpm_offer_size(offer);
	struct sdpm_offer *kept = mem_alloc(size, offer_destructor);

	return kept ? memcpy(kept, offer, size) : mem_ref(offer);
}
