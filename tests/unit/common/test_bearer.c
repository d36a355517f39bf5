/*
 * test_bearer.c  Tokens of the admin interface
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/bearer.h"
#include "tests/lib/test.h"

/* printf %s correct-horse-battery | sha256sum, and of another one */
#define HASH "62249369389075490555a758353aec61500c6218fa597252d52dc4bd0148f12d"

static void add(struct bearer_set *set, const char *name, const char *hash)
{
	struct bearer bearer = {.name = name};

	REQUIRE(!bearer_hash_read(bearer.hash, hash));
	CHECK_INT(bearer_add(set, &bearer), 0);
}

static void only_the_very_token_is_known(void)
{
	char token[2][BEARER_TOKEN_LEN + 1], hex[2][2 * BEARER_HASH_LEN + 1];
	struct bearer_set set = {0};

	for (int i = 0; i < 2; i++)
		REQUIRE(!bearer_make(token[i], hex[i]));
	add(&set, "a", hex[0]);
	add(&set, "b", hex[1]);
	CHECK_STR(bearer_find(&set, token[0])->name, "a");
	CHECK_STR(bearer_find(&set, token[1])->name, "b");
	token[0][BEARER_TOKEN_LEN - 1] ^= 1;
	CHECK(!bearer_find(&set, token[0]));
	token[0][BEARER_TOKEN_LEN - 1] = '\0';
	CHECK(!bearer_find(&set, token[0]));
	CHECK(!bearer_find(&set, ""));
	CHECK(!bearer_find(&set, hex[1])); /* what is kept opens nothing */
}

static void empty_set_knows_nothing(void)
{
	struct bearer_set set = {0};

	CHECK(!bearer_find(&set, ""));
	CHECK(!bearer_find(&set, "0123456789abcdef"));
}

static void length_and_number_are_bounded(void)
{
	struct bearer_set set = {0};
	struct bearer bearer = {.name = "a"};
	char text[BEARER_LEN_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	CHECK(!bearer_find(&set, text));
	for (int i = 0; i < BEARER_MAX; i++)
		CHECK_INT(bearer_add(&set, &bearer), 0);
	CHECK_INT(bearer_add(&set, &bearer), ENOSPC);
}

static void tokens_are_new_and_long(void)
{
	char a[BEARER_TOKEN_LEN + 1], b[BEARER_TOKEN_LEN + 1];
	char hex[2 * BEARER_HASH_LEN + 1];

	REQUIRE(!bearer_make(a, hex) && !bearer_make(b, hex));
	CHECK_INT(strlen(a), BEARER_TOKEN_LEN);
	CHECK(!strncmp(a, "cb_", 3));
	CHECK(strcmp(a, b) != 0);
	CHECK_INT(strlen(hex), 64);
	CHECK_STR(bearer_read("Bearer cb_a-_9"), "cb_a-_9");
}

static void hashes_are_64_digits(void)
{
	uint8_t hash[BEARER_HASH_LEN];
	char text[] = HASH;

	CHECK_INT(bearer_hash_read(hash, text), 0);
	CHECK_INT(hash[0], 0x62);
	CHECK_INT(hash[31], 0x2d);
	text[3] = 'F';
	CHECK_INT(bearer_hash_read(hash, text), EBADMSG);
	CHECK_INT(bearer_hash_read(hash, HASH "0"), EBADMSG);
	CHECK_INT(bearer_hash_read(hash, ""), EBADMSG);
}

static void an_end_is_the_end_of_a_day(void)
{
	CHECK(bearer_until("1970-01-01") == 86400);
	CHECK(bearer_until("2027-01-31") == 1801440000);
	CHECK(bearer_until("2028-02-29") > 0);
	CHECK(!bearer_until("2027-02-29"));
	CHECK(!bearer_until("2027-13-01"));
	CHECK(!bearer_until("2027-1-01"));
	CHECK(!bearer_until("2027-01-01T"));
	CHECK(!bearer_until("-027-01-01"));
	CHECK(!bearer_until(""));
}

static void header_is_read_as_rfc_6750_has_it(void)
{
	CHECK_STR(bearer_read("Bearer abc"), "abc");
	CHECK_STR(bearer_read("bEARER   a.b-c_d~e+f/g=="), "a.b-c_d~e+f/g==");
	CHECK_STR(bearer_read("Basic abc"), NULL);
	CHECK_STR(bearer_read("Bearer"), "");
	CHECK_STR(bearer_read("Bearer "), "");
	CHECK_STR(bearer_read("Bearer ="), "");
	CHECK_STR(bearer_read("Bearer a b"), "");
	CHECK_STR(bearer_read("Bearer a=b"), "");
	CHECK_STR(bearer_read("Bearer a\xc3\xa4"), "");
	CHECK_STR(bearer_read("Bearerabc"), NULL);
	CHECK_STR(bearer_read(""), NULL);
	CHECK_STR(bearer_read(NULL), NULL);
}

TEST_MAIN(TEST(only_the_very_token_is_known), TEST(empty_set_knows_nothing),
	  TEST(length_and_number_are_bounded), TEST(tokens_are_new_and_long),
	  TEST(hashes_are_64_digits), TEST(an_end_is_the_end_of_a_day),
	  TEST(header_is_read_as_rfc_6750_has_it))
