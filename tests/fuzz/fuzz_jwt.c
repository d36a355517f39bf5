/*
 * fuzz_jwt.c  Tokens and sets of keys: "<token>" or "{<jwks>}"
 *
 * What begins with a brace is a set of keys. Anything else is a token, checked
 * with a fixed key: none that the fuzzer makes can be right.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <re.h>

#include "sigd/auth/jwt.h"
#include "tests/lib/fuzz.h"

static const char keys[] =
	"{\"keys\":[{\"kty\":\"oct\",\"kid\":\"k\",\"k\":"
	"\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}";

static void try_token(const struct pl *token)
{
	static const struct jwt_rules rules = {.issuer = "i",
					       .audience = "a",
					       .claim = "sub",
					       .now_s = 1};
	struct pl text = {keys, sizeof(keys) - 1};
	struct jwk_set *set = NULL;
	char why[128], issuer[64];
	struct jwt_who who;

	if (jwk_set_parse(&set, &text, false, why, sizeof(why)))
		abort();
	/* none is signed with this key but by the holder of it; the seeds are
	 * for another audience */
	if (!jwt_verify(&who, set, &rules, token))
		abort();
	(void)jwt_issuer(issuer, sizeof(issuer), token);
	mem_deref(set);
}

static void try_keys(const struct pl *text)
{
	struct jwk_set *set = NULL;
	char why[128];

	if (!jwk_set_parse(&set, text, false, why, sizeof(why)) &&
	    !jwk_set_count(set))
		abort();
	mem_deref(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pl text = {(const char *)data, size};

	if (size && *data == '{')
		try_keys(&text);
	else
		try_token(&text);
	return 0;
}
