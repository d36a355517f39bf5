/*
 * test_mac.c  The vectors of RFC 4231, whose keys fit into a block
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/mac.h"
#include "tests/lib/test.h"

static void is(const char *key, const char *data, const char *want)
{
	uint8_t mac[MAC_LEN], expected[MAC_LEN];

	mac_sha256(mac, (const uint8_t *)key, strlen(key), data, strlen(data));
	CHECK_INT(str_hex(expected, sizeof(expected), want), 0);
	CHECK(!memcmp(mac, expected, sizeof(mac)));
}

static void the_vectors_of_the_rfc_are_met(void)
{
	is("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
	   "\x0b\x0b\x0b\x0b",
	   "Hi There",
	   "b0344c61d8db38535ca8afceaf0bf12b"
	   "881dc200c9833da726e9376c2e32cff7");
	is("Jefe", "what do ya want for nothing?",
	   "5bdcc146bf60754e6a042426089575c7"
	   "5a003f089d2739839dec58b964ec3843");
}

static void no_key_is_a_key(void)
{
	is("", "", "b613679a0814d9ec772f95d778c35fc5"
		   "ff1697c493715653c6c712144292c5ad");
}

TEST_MAIN(TEST(the_vectors_of_the_rfc_are_met), TEST(no_key_is_a_key))
