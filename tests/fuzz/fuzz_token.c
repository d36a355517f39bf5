/*
 * fuzz_token.c  A token from outside: opens only when we sealed it
 *
 * First byte: purpose. Then the Call-ID up to a newline, the rest is opened
 * as a token and sealed as data. Input that begins with '#' is a key file.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "common/keyring.h"
#include "common/seal.h"
#include "tests/lib/fuzz.h"

static void try_keyfile(const char *text, size_t len)
{
	struct keyring *ring = NULL;
	char why[64];
	uint8_t id;

	if (!keyring_parse(&ring, text, len, why, sizeof(why)) &&
	    !keyring_current(ring, UINT64_MAX, &id) &&
	    keyring_key(ring, id, SEAL_CTL, &(const uint8_t *){NULL}))
		abort();
	mem_deref(ring);
}

static void try_token(const struct keyring *ring, enum seal_purpose purpose,
		      const struct pl *bound, const struct pl *rest)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	char token[SEAL_TEXT_MAX + 1];
	struct pl text;
	size_t len;

	/* nobody guesses a SIV of 128 bits */
	if (!seal_open(plain, &len, ring, purpose, bound, 1, rest))
		abort();
	if (!rest->l || rest->l > SEAL_PLAIN_MAX)
		return;
	if (seal_token(token, ring, 0, purpose, bound, 1,
		       (const uint8_t *)rest->p, rest->l))
		abort();
	pl_set_str(&text, token);
	if (seal_open(plain, &len, ring, purpose, bound, 1, &text) ||
	    len != rest->l || memcmp(plain, rest->p, len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char keys[] = "1 - 000102030405060708090a0b0c0d0e0f";
	struct keyring *ring = NULL;
	struct pl bound, rest = {(const char *)data, size};
	const char *end;
	char why[64];

	if (!size)
		return 0;
	if (*data == '#') {
		try_keyfile(rest.p, size);
		return 0;
	}
	if (keyring_parse(&ring, keys, sizeof(keys) - 1, why, sizeof(why)))
		abort();
	pl_advance(&rest, 1);
	bound = (struct pl){rest.p, 0};
	end = memchr(rest.p, '\n', rest.l);
	if (end) {
		bound.l = (size_t)(end - rest.p);
		pl_advance(&rest, (ssize_t)bound.l + 1);
	}
	try_token(ring, (enum seal_purpose)(*data % SEAL_CTL), &bound, &rest);
	mem_deref(ring);
	return 0;
}
