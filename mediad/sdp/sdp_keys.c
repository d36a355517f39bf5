/*
 * sdp_keys.c  Whose keys an agreement has (RFC 4568, 5.1, 7.1)
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <openssl/crypto.h>

#include "mediad/sdp/sdp_decide_priv.h"
#include "mediad/sdp/sdp_sdes.h"

static const struct sdpm_own *own_find(const struct sdpm_policy *policy,
				       enum sdpm_suite suite)
{
	for (size_t i = 0; i < policy->nown; i++)
		if (policy->own[i].suite == suite)
			return &policy->own[i];

	return NULL;
}

/* What comes back as it went out would have both sides use one key stream:
 * RFC 4568, 7.1.2 forbids it. */
static bool is_echo(const struct sdpm_crypto_key *key,
		    const struct sdpm_own *own)
{
	size_t len = sdpm_suite_key_len(key->suite);

	return !CRYPTO_memcmp(key->secret, own->secret, len);
}

static void take(struct sdpm_sdes *sdes, uint32_t tag,
		 const struct sdpm_crypto_key *key, const struct sdpm_own *own)
{
	memset(sdes, 0, sizeof(*sdes));
	sdes->tag = tag;
	sdes->suite = key->suite;
	sdes->mki = key->mki;
	sdes->mki_len = key->mki_len;
	memcpy(sdes->theirs, key->secret, sizeof(sdes->theirs));
	sdes->ours = *own;
}

static bool same_theirs(const struct sdpm_sdes *a, const struct sdpm_sdes *b)
{
	return a->suite == b->suite && a->mki == b->mki &&
	       a->mki_len == b->mki_len &&
	       !CRYPTO_memcmp(a->theirs, b->theirs, sizeof(a->theirs));
}

bool sdpm_keys_offered(struct sdpm_sdes *sdes, const struct sdpm_media *media,
		       const struct sdpm_policy *policy,
		       const struct sdpm_sdes *prev)
{
	const struct sdpm_streams *streams = &media->streams;
	struct sdpm_crypto_key key;
	bool found = false;

	for (size_t i = 0; !found && i < streams->ncryptos; i++) {
		const struct sdpm_own *own;

		if (!sdpm_crypto_read(&key, &streams->cryptos[i]))
			continue;
		own = own_find(policy, key.suite);
		found = own && !is_echo(&key, own);
		if (found)
			take(sdes, streams->cryptos[i].tag, &key, own);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	/* whoever has changed its key may be another one behind the same
	 * name, who knows nothing of our ROC: then ours is new, too (7.1.4) */
	if (found && prev && same_theirs(sdes, prev))
		sdes->ours = prev->ours;
	return found;
}

bool sdpm_keys_answered(struct sdpm_sdes *sdes, const struct sdpm_media *media,
			const struct sdpm_policy *offered)
{
	const struct sdpm_streams *streams = &media->streams;
	struct sdpm_crypto_key key;
	bool found = false;

	for (size_t i = 0; !found && i < streams->ncryptos; i++) {
		const struct sdpm_crypto *crypto = &streams->cryptos[i];
		const struct sdpm_own *own;

		/* a tag of ours, with the suite that it stands for */
		if (!crypto->tag || crypto->tag > offered->nown ||
		    !sdpm_crypto_read(&key, crypto))
			continue;
		own = &offered->own[crypto->tag - 1];
		found = own->suite == key.suite && !is_echo(&key, own);
		if (found)
			take(sdes, crypto->tag, &key, own);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return found;
}
