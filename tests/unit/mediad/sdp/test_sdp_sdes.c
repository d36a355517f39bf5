/*
 * test_sdp_sdes.c  One a=crypto line, read and written (RFC 4568)
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_sdes.h"
#include "tests/lib/test.h"

#define KEY30 "YUJDZGVmZ2hpSktMbW9QUXJzVHVWd3l6MTIzNDU2"
#define KEY28 "AAECAwQFBgcICQoLDA0OD6ChoqOkpaanqKmqqw=="
#define KEY46                              \
	"8PBJFLUT8nY6Gx+hMPEOKZj25uQ+QwnR" \
	"5iKg4zK58bY7BIA95R7nyWQjq1t40g=="
#define KEY44 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+goaKjpKWmp6ipqqs="

static bool reads(struct sdpm_crypto_key *key, const char *suite,
		  const char *params)
{
	struct sdpm_crypto crypto = {.tag = 1};

	pl_set_str(&crypto.suite, suite);
	pl_set_str(&crypto.params, params);
	return sdpm_crypto_read(key, &crypto);
}

static void keys_of_each_suite_are_read(void)
{
	static const struct {
		const char *name, *key;
		enum sdpm_suite suite;
		uint8_t first, len;
	} cases[] = {
		{"AES_CM_128_HMAC_SHA1_80", KEY30, SDPM_AES_CM_128_SHA1_80, 'a',
		 30},
		{"AES_CM_128_HMAC_SHA1_32", KEY30, SDPM_AES_CM_128_SHA1_32, 'a',
		 30},
		{"AES_256_CM_HMAC_SHA1_80", KEY46, SDPM_AES_256_CM_SHA1_80,
		 0xf0, 46},
		{"AES_256_CM_HMAC_SHA1_32", KEY46, SDPM_AES_256_CM_SHA1_32,
		 0xf0, 46},
		{"AEAD_AES_128_GCM", KEY28, SDPM_AEAD_AES_128_GCM, 0, 28},
		{"AEAD_AES_256_GCM", KEY44, SDPM_AEAD_AES_256_GCM, 0, 44},
	};

	for (size_t i = 0; i < COUNTOF(cases); i++) {
		struct sdpm_crypto_key key;
		char text[128];

		re_snprintf(text, sizeof(text), "inline:%s", cases[i].key);
		CHECK(reads(&key, cases[i].name, text));
		CHECK_INT(key.suite, cases[i].suite);
		CHECK_INT(key.secret[0], cases[i].first);
		CHECK_INT(sdpm_suite_key_len(key.suite) +
				  sdpm_suite_salt_len(key.suite),
			  cases[i].len);
		CHECK_INT(key.mki_len, 0);
		/* many leave the padding out, RFC 4568 discards it */
		while (text[strlen(text) - 1] == '=')
			text[strlen(text) - 1] = '\0';
		CHECK(reads(&key, cases[i].name, text));
		/* too short, too long */
		text[strlen(text) - 1] = '\0';
		CHECK(!reads(&key, cases[i].name, text));
		re_snprintf(text, sizeof(text), "inline:%.*sAAAA",
			    (int)strcspn(cases[i].key, "="), cases[i].key);
		CHECK(!reads(&key, cases[i].name, text));
	}
}

static void the_examples_of_the_rfc_are_read(void)
{
	struct sdpm_crypto_key key;

	CHECK(reads(
		&key, "AES_CM_128_HMAC_SHA1_80",
		"inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4"));
	CHECK_INT(key.mki, 1);
	CHECK_INT(key.mki_len, 4);
	CHECK(!memcmp(key.secret, "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#", 30));
	CHECK(reads(&key, "AES_CM_128_HMAC_SHA1_80",
		    "inline:" KEY30 "|1066:4"));
	CHECK_INT(key.mki, 1066);
}

static void what_is_sound_or_harmless_is_taken(void)
{
	static const char *const good[] = {
		"inline:" KEY30,
		"INLINE:" KEY30,
		"inline:" KEY30 "|2^48",
		"inline:" KEY30 "|1048576",
		"inline:" KEY30 "|2^31|1:1",
		"inline:" KEY30 "|255:1",
		"inline:" KEY30 "|4294967295:8",
		"inline:" KEY30 "   WSH=128",
		"inline:" KEY30 " -new=1",
		"inline:" KEY30 " WSH=64 -x -y",
	};
	struct sdpm_crypto_key key;

	for (size_t i = 0; i < COUNTOF(good); i++)

		test_check(reads(&key, "AES_CM_128_HMAC_SHA1_80", good[i]),
			   good[i], __FILE__, __LINE__);
}

static void what_is_not_sound_or_not_safe_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"inline",
		"inline:",
		"inline:|2^20",
		"uri:https://example.com/key",
		"inline:" KEY30 ";inline:" KEY30,
		"inline:" KEY30 "|1:4;inline:" KEY30 "|2:4",
		"inline:YUJDZGVmZ2hpSktMbW9QUXJzVHVWd3l6MTIzNDU!",
		"inline:YUJDZGVmZ2hpSktMbW9QUXJz VHVWd3l6MTIzNDU2",
		"inline:" KEY30 "|0",
		"inline:" KEY30 "|01",
		"inline:" KEY30 "|2^49",
		"inline:" KEY30 "|2^",
		"inline:" KEY30 "|2^x",
		"inline:" KEY30 "|281474976710657",
		"inline:" KEY30 "|99999999999999999999",
		"inline:" KEY30 "|1:",
		"inline:" KEY30 "|:4",
		"inline:" KEY30 "|1:0",
		"inline:" KEY30 "|01:4",
		"inline:" KEY30 "|1:04",
		"inline:" KEY30 "|256:1",
		"inline:" KEY30 "|1:9",
		"inline:" KEY30 "|1:129",
		"inline:" KEY30 "|2^20|1:4|x",
		"inline:" KEY30 "|1:4|2^20",
		"inline:" KEY30 "|2^20|2^20|1:4",
		"inline:" KEY30 " KDR=1",
		"inline:" KEY30 " UNENCRYPTED_SRTP",
		"inline:" KEY30 " UNENCRYPTED_SRTCP",
		"inline:" KEY30 " UNAUTHENTICATED_SRTP",
		"inline:" KEY30 " WSH=64 UNENCRYPTED_SRTCP",
		"inline:" KEY30 " FEC_ORDER=FEC_SRTP",
		"inline:" KEY30 " FEC_KEY=inline:" KEY30,
		"inline:" KEY30 " unknown",
	};
	static const char *const suites[] = {"F8_128_HMAC_SHA1_80",
					     "AES_192_CM_HMAC_SHA1_80",
					     "NULL_HMAC_SHA1_80", ""};
	struct sdpm_crypto_key key;
	uint8_t zeros[sizeof(key)] = {0};

	for (size_t i = 0; i < COUNTOF(bad); i++) {

		test_check(!reads(&key, "AES_CM_128_HMAC_SHA1_80", bad[i]),
			   bad[i], __FILE__, __LINE__);
		/* nothing of a key stays behind */
		CHECK(!memcmp(&key, zeros, sizeof(key)));
	}
	for (size_t i = 0; i < COUNTOF(suites); i++)
		CHECK(!reads(&key, suites[i], "inline:" KEY30));
}

static void what_is_written_is_read_again(void)
{
	for (unsigned i = 1; i < SDPM_SUITES; i++) {
		const enum sdpm_suite suite = (enum sdpm_suite)i;
		size_t len =
			sdpm_suite_key_len(suite) + sdpm_suite_salt_len(suite);
		struct mbuf *mb = mbuf_alloc(64);
		uint8_t secret[SDPM_SECRET_MAX];
		struct sdpm_crypto_key key;
		struct sdpm_crypto crypto;
		struct pl tag;

		REQUIRE(mb != NULL);
		rand_bytes(secret, sizeof(secret));
		CHECK_INT(sdpm_crypto_write(mb, 7, suite, secret), 0);
		CHECK(!re_regex((char *)mb->buf, mb->end,
				"a=crypto:[0-9]+ [^ ]+ [^ \r]+\r\n", &tag,
				&crypto.suite, &crypto.params));
		CHECK_INT(pl_u32(&tag), 7);
		CHECK(sdpm_crypto_read(&key, &crypto));
		CHECK_INT(key.suite, suite);
		CHECK(!memcmp(key.secret, secret, len));
		mem_deref(mb);
	}
}

TEST_MAIN(TEST(keys_of_each_suite_are_read),
	  TEST(the_examples_of_the_rfc_are_read),
	  TEST(what_is_sound_or_harmless_is_taken),
	  TEST(what_is_not_sound_or_not_safe_is_refused),
	  TEST(what_is_written_is_read_again))
