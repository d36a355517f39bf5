/*
 * test_bearer.c  Tokens of the admin interface
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/bearer.h"
#include "tests/lib/test.h"

static void only_the_very_token_is_known(void)
{
	struct bearer_set set = {0};

	CHECK_INT(bearer_add(&set, "0123456789abcdef"), 0);
	CHECK_INT(bearer_add(&set, "fedcba9876543210X"), 0);
	CHECK(bearer_known(&set, "0123456789abcdef"));
	CHECK(bearer_known(&set, "fedcba9876543210X"));
	CHECK(!bearer_known(&set, "0123456789abcdeF"));
	CHECK(!bearer_known(&set, "0123456789abcde"));
	CHECK(!bearer_known(&set, "0123456789abcdef0"));
	CHECK(!bearer_known(&set, "fedcba9876543210"));
	CHECK(!bearer_known(&set, ""));
}

static void empty_set_knows_nothing(void)
{
	struct bearer_set set = {0};

	CHECK(!bearer_known(&set, ""));
	CHECK(!bearer_known(&set, "0123456789abcdef"));
}

static void length_and_number_are_bounded(void)
{
	struct bearer_set set = {0};
	char text[BEARER_LEN_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	CHECK_INT(bearer_add(&set, text), EINVAL);
	CHECK(!bearer_known(&set, text));
	text[BEARER_LEN_MAX] = '\0';
	CHECK_INT(bearer_add(&set, text), 0);
	CHECK(bearer_known(&set, text));
	text[BEARER_LEN_MIN - 1] = '\0';
	CHECK_INT(bearer_add(&set, text), EINVAL);
	CHECK_INT(bearer_add(&set, NULL), EINVAL);
	text[BEARER_LEN_MIN - 1] = 'b';
	text[BEARER_LEN_MIN] = '\0';
	for (int i = 1; i < BEARER_MAX; i++)
		CHECK_INT(bearer_add(&set, text), 0);
	CHECK_INT(bearer_add(&set, text), ENOSPC);
}

static void header_is_read_as_rfc_6750_has_it(void)
{
	CHECK_STR(bearer_read("Bearer abc"), "abc");
	CHECK_STR(bearer_read("bEARER   abc"), "abc");
	CHECK_STR(bearer_read("Basic abc"), NULL);
	CHECK_STR(bearer_read("Bearer"), NULL);
	CHECK_STR(bearer_read("Bearerabc"), NULL);
	CHECK_STR(bearer_read(""), NULL);
	CHECK_STR(bearer_read(NULL), NULL);
}

TEST_MAIN(TEST(only_the_very_token_is_known), TEST(empty_set_knows_nothing),
	  TEST(length_and_number_are_bounded),
	  TEST(header_is_read_as_rfc_6750_has_it))
