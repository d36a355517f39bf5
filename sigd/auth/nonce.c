/*
 * nonce.c  Digest nonces that any worker can check: sealed, never stored
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/keyring.h"
#include "sigd/auth/nonce.h"

enum { TIME_LEN = 6, ID_BYTES = NONCE_ID_LEN / 2, SKEW_MS = 60000 };

static void pieces(struct pl bound[2], const struct nonce_bound *from)
{
	bound[0] = from->realm;
	bound[1] = from->source;
}

int nonce_make(char text[SEAL_TEXT_MAX + 1], const struct keyring *ring,
	       uint64_t now_ms, const struct nonce_bound *bound)
{
	uint8_t plain[TIME_LEN + ID_BYTES];
	struct pl bits[2];

	for (unsigned i = 0; i < TIME_LEN; i++)
		plain[i] = (uint8_t)(now_ms >> (8 * (TIME_LEN - 1 - i)));
	if (getrandom(plain + TIME_LEN, ID_BYTES, 0) != ID_BYTES)
		return ENOSYS;

	pieces(bits, bound);
	return seal_token(text, ring, now_ms / 1000, SEAL_NONCE, bits, 2,
			  plain, sizeof(plain));
}

int nonce_open(struct nonce *nonce, const struct keyring *ring,
	       uint64_t now_ms, uint32_t life_ms,
	       const struct nonce_bound *bound, const struct pl *text)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pl bits[2];
	size_t len;
	int err;

	pieces(bits, bound);
	err = seal_open(plain, &len, ring, SEAL_NONCE, bits, 2, text);
	if (err || len != TIME_LEN + ID_BYTES)
		return EBADMSG;

	nonce->made_ms = 0;
	for (unsigned i = 0; i < TIME_LEN; i++)
		nonce->made_ms = nonce->made_ms << 8 | plain[i];
	re_snprintf(nonce->id, sizeof(nonce->id), "%w", plain + TIME_LEN,
		    (size_t)ID_BYTES);

	if (nonce->made_ms > now_ms + SKEW_MS)
		return ESTALE;
	return now_ms > nonce->made_ms + life_ms ? ESTALE : 0;
}
