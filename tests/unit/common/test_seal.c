/*
 * test_seal.c  Sealed tokens: what opens, and all that must not
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/keyring.h"
#include "common/seal.h"
#include "tests/lib/naughty.h"
#include "tests/lib/test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define K1 "1 - 000102030405060708090a0b0c0d0e0f\n"
#define K2 "2 2026-01-01T00:00:00Z ffeeddccbbaa99887766554433221100\n"

enum {
	BEFORE = 1000,
	AFTER = 1800000000
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789-_";
static const uint8_t data[SEAL_PLAIN_MAX] = "tenant, call and session";
static const struct pl cid_and_tag[] = {PL("3848276298@a"), PL("1928")};

static struct keyring *ring_of(const char *text)
{
	struct keyring *ring = NULL;
	char why[100];

	CHECK(!keyring_parse(&ring, text, strlen(text), why, sizeof(why)));
	return ring;
}

static int open_text(const struct keyring *ring, const char *token,
		     const struct pl *bound, size_t nbound)
{
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pl text;
	size_t len;

	pl_set_str(&text, token);
	return seal_open(plain, &len, ring, SEAL_COOKIE, bound, nbound, &text);
}

static int make(char *token, const struct keyring *ring, size_t len)
{
	return seal_token(token, ring, BEFORE, SEAL_COOKIE, cid_and_tag, 2,
			  data, len);
}

static void every_length_comes_back_as_it_was(void)
{
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 1];
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pl text;
	size_t len;

	for (size_t n = 1; n <= SEAL_PLAIN_MAX; n++) {
		REQUIRE(!make(token, ring, n));
		CHECK(strspn(token, digits) == strlen(token));
		CHECK(strlen(token) <= SEAL_TEXT_MAX);
		pl_set_str(&text, token);
		len = 0;
		CHECK(!seal_open(plain, &len, ring, SEAL_COOKIE, cid_and_tag, 2,
				 &text));
		CHECK(len == n && !memcmp(plain, data, n));
	}
	CHECK_INT(strlen(token), SEAL_TEXT_MAX);
	mem_deref(ring);
}

static void empty_and_too_long_plain_is_refused(void)
{
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 1] = "";
	uint8_t big[SEAL_PLAIN_MAX + 1] = {0};

	CHECK_INT(make(token, ring, 0), EINVAL);
	CHECK_INT(seal_token(token, ring, BEFORE, SEAL_FLOW, NULL, 0, big,
			     sizeof(big)),
		  EMSGSIZE);
	CHECK_STR(token, "");
	mem_deref(ring);
}

static void same_input_seals_to_the_same_token(void)
{
	struct keyring *ring = ring_of(K1);
	char a[SEAL_TEXT_MAX + 1], b[SEAL_TEXT_MAX + 1];

	CHECK(!make(a, ring, 40) && !make(b, ring, 40));
	CHECK_STR(a, b);
	mem_deref(ring);
}

static void token_of_one_purpose_opens_under_no_other(void)
{
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 1];
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pl text;
	size_t len;

	for (unsigned made = SEAL_COOKIE; made < SEAL_CTL; made++) {
		REQUIRE(!seal_token(token, ring, BEFORE,
				    (enum seal_purpose)made, NULL, 0, data,
				    20));
		pl_set_str(&text, token);
		for (unsigned p = SEAL_COOKIE; p < SEAL_CTL; p++)
			CHECK_INT(seal_open(plain, &len, ring,
					    (enum seal_purpose)p, NULL, 0,
					    &text),
				  p == made ? 0 : EBADMSG);
	}
	mem_deref(ring);
}

static void control_key_seals_nothing(void)
{
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 1];
	uint8_t plain[SEAL_PLAIN_MAX];
	struct pl text = PL("AAAA");
	size_t len;

	CHECK_INT(seal_token(token, ring, 0, SEAL_CTL, NULL, 0, data, 1),
		  EINVAL);
	CHECK_INT(seal_open(plain, &len, ring, SEAL_CTL, NULL, 0, &text),
		  EINVAL);
	mem_deref(ring);
}

static void token_moved_to_another_call_or_tag_stays_shut(void)
{
	static const struct pl moved[][4] = {
		{PL("3848276298@b"), PL("1928")},
		{PL("3848276298@a"), PL("1929")},
		{PL("1928"), PL("3848276298@a")},
		{PL("3848276298@a1"), PL("928")},
		{PL("3848276298@a1928"), PL("")},
		{PL(""), PL("3848276298@a1928")},
		{PL("3848276298@a"), PL("")},
		{PL("3848276298@A"), PL("1928")},
	};
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 1];

	REQUIRE(!make(token, ring, 30));
	for (size_t i = 0; i < COUNT(moved); i++)
		CHECK_INT(open_text(ring, token, moved[i], 2), EBADMSG);
	CHECK_INT(open_text(ring, token, cid_and_tag, 1), EBADMSG);
	CHECK_INT(open_text(ring, token, NULL, 0), EBADMSG);
	CHECK_INT(open_text(ring, token, cid_and_tag, 2), 0);
	mem_deref(ring);
}

static void empty_pieces_count(void)
{
	static const struct pl none[4];
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 1];

	for (size_t made = 0; made <= SEAL_BOUND_MAX; made++) {
		REQUIRE(!seal_token(token, ring, BEFORE, SEAL_COOKIE, none,
				    made, data, 9));
		for (size_t n = 0; n <= SEAL_BOUND_MAX; n++)
			CHECK_INT(open_text(ring, token, none, n),
				  n == made ? 0 : EBADMSG);
	}
	CHECK_INT(open_text(ring, token, none, SEAL_BOUND_MAX + 1), EINVAL);
	mem_deref(ring);
}

static void flipped_bit_anywhere_keeps_it_shut(void)
{
	struct keyring *ring = ring_of(K1 K2);
	char token[SEAL_TEXT_MAX + 1];

	REQUIRE(!make(token, ring, 41));
	for (size_t i = 0; i < strlen(token); i++) {
		const char was = token[i];
		const size_t v = (size_t)(strchr(digits, was) - digits);

		for (unsigned bit = 0; bit < 6; bit++) {
			token[i] = digits[v ^ 1u << bit];
			CHECK_INT(open_text(ring, token, cid_and_tag, 2),
				  EBADMSG);
		}
		for (int c = 1; c < 256; c++) {
			token[i] = (char)c;
			if (token[i] != was && c % 7 == 0)
				CHECK_INT(open_text(ring, token, cid_and_tag,
						    2),
					  EBADMSG);
		}
		token[i] = was;
	}
	CHECK_INT(open_text(ring, token, cid_and_tag, 2), 0);
	mem_deref(ring);
}

static void cut_and_lengthened_tokens_stay_shut(void)
{
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 3], cut[SEAL_TEXT_MAX + 1];

	REQUIRE(!make(token, ring, SEAL_PLAIN_MAX));
	for (size_t n = 0; n < SEAL_TEXT_MAX; n++) {
		str_ncpy(cut, token, n + 1);
		CHECK_INT(open_text(ring, cut, cid_and_tag, 2), EBADMSG);
	}
	strcat(token, "A");
	CHECK_INT(open_text(ring, token, cid_and_tag, 2), EBADMSG);
	REQUIRE(!make(token, ring, 3));
	strcat(token, "=");
	CHECK_INT(open_text(ring, token, cid_and_tag, 2), EBADMSG);
	mem_deref(ring);
}

static void old_tokens_open_while_their_key_stays(void)
{
	struct keyring *both = ring_of(K1 K2), *next = ring_of(K2);
	char old[SEAL_TEXT_MAX + 1], new[SEAL_TEXT_MAX + 1];

	REQUIRE(!make(old, both, 20));
	REQUIRE(!seal_token(new, both, AFTER, SEAL_COOKIE, cid_and_tag, 2, data,
			    20));
	CHECK(strcmp(old, new));
	CHECK_INT(open_text(both, old, cid_and_tag, 2), 0);
	CHECK_INT(open_text(both, new, cid_and_tag, 2), 0);
	CHECK_INT(open_text(next, new, cid_and_tag, 2), 0);
	CHECK_INT(open_text(next, old, cid_and_tag, 2), EBADMSG);
	CHECK_INT(make(old, next, 20), ENOENT);
	mem_deref(both);
	mem_deref(next);
}

static void same_id_with_another_secret_opens_nothing(void)
{
	struct keyring *ring = ring_of(K1);
	struct keyring *other = ring_of("1 - 0102030405060708090a0b0c0d0e0f10");
	char token[SEAL_TEXT_MAX + 1];

	REQUIRE(!make(token, ring, 20));
	CHECK_INT(open_text(other, token, cid_and_tag, 2), EBADMSG);
	mem_deref(ring);
	mem_deref(other);
}

static void failed_open_leaves_the_output_alone(void)
{
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 1];
	uint8_t plain[SEAL_PLAIN_MAX] = "before";
	struct pl text;
	size_t len = 77;

	REQUIRE(!make(token, ring, 20));
	token[30] = token[30] == 'A' ? 'B' : 'A';
	pl_set_str(&text, token);
	CHECK(seal_open(plain, &len, ring, SEAL_COOKIE, cid_and_tag, 2, &text));
	CHECK_STR((char *)plain, "before");
	CHECK_INT(len, 77);
	mem_deref(ring);
}

/*
 * The layout is a format that other processes of another version read:
 * the same token for ever. This one was made by another implementation of
 * RFC 5297.
 */
static void layout_of_version_one_does_not_change(void)
{
	struct keyring *ring = ring_of(K1);
	char token[SEAL_TEXT_MAX + 1];

	REQUIRE(!make(token, ring, 24));
	CHECK_STR(token,
		  "AQHTxdwOXMoDIg2SXi4QPXJ4xmj1gMyE-deyav5VU97_ldh0rq75ILRB");
	REQUIRE(!seal_token(token, ring, BEFORE, SEAL_CONTACT, NULL, 0, data,
			    24));
	CHECK_STR(token,
		  "AQE0rnbgctb5Vdi_ywvmDq1Y0ZUNpPdtuePOvhaFY32-NMSAFr9-ShON");
	mem_deref(ring);
}

static void naughty_token(const char *line, void *arg)
{
	CHECK_INT(open_text(arg, line, NULL, 0), EBADMSG);
}

static void naughty_strings_open_nothing(void)
{
	struct keyring *ring = ring_of(K1);

	(void)naughty_each(naughty_token, ring);
	mem_deref(ring);
}

TEST_MAIN(TEST(every_length_comes_back_as_it_was),
	  TEST(empty_and_too_long_plain_is_refused),
	  TEST(same_input_seals_to_the_same_token),
	  TEST(token_of_one_purpose_opens_under_no_other),
	  TEST(control_key_seals_nothing),
	  TEST(token_moved_to_another_call_or_tag_stays_shut),
	  TEST(empty_pieces_count), TEST(flipped_bit_anywhere_keeps_it_shut),
	  TEST(cut_and_lengthened_tokens_stay_shut),
	  TEST(old_tokens_open_while_their_key_stays),
	  TEST(same_id_with_another_secret_opens_nothing),
	  TEST(failed_open_leaves_the_output_alone),
	  TEST(layout_of_version_one_does_not_change),
	  TEST(naughty_strings_open_nothing))
