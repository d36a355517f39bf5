/*
 * test_txn_key.c  SipHash against the vectors of its authors
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/txn/txn_key.h"
#include "tests/lib/test.h"

/* SipHash-2-4 with 128 bits, key 00..0f, input 00..len-1: from vectors.h of
 * the reference implementation (github.com/veorq/SipHash, CC0). */
static const struct {
	size_t len;
	const char *hex;
} vectorv[] = {
	{0, "a3817f04ba25a8e66df67214c7550293"},
	{1, "da87c1d86b99af44347659119b22fc45"},
	{2, "8177228da4a45dc7fca38bdef60affe4"},
	{7, "a1f1ebbed8dbc153c0b84aa61ff08239"},
	{8, "3b62a9ba6258f5610f83e264f31497b4"},
	{15, "5493e99933b0a8117e08ec0f97cfc3d9"},
	{63, "5150d1772f50834a503e069a973fbd7c"},
};

static void siphash_gives_its_authors_vectors(void)
{
	uint8_t secret[TXN_SECRET_LEN], data[64];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	memcpy(secret, data, sizeof(secret));

	for (size_t i = 0; i < ARRAY_SIZE(vectorv); i++) {
		struct txn_key key;
		uint8_t out[16];
		char hex[33];

		txn_key_hash(&key, secret, data, vectorv[i].len);
		for (unsigned n = 0; n < 8; n++) {
			out[n] = (uint8_t)(key.a >> 8 * n);
			out[n + 8] = (uint8_t)(key.b >> 8 * n);
		}
		re_snprintf(hex, sizeof(hex), "%w", out, sizeof(out));
		CHECK_STR(hex, vectorv[i].hex);
	}
}

TEST_MAIN(TEST(siphash_gives_its_authors_vectors))
