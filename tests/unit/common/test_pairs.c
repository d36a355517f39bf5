/*
 * test_pairs.c  A state as text: one value, or all of them at once
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/pairs.h"
#include "tests/lib/test.h"

/* Both ways of reading say the same. */
static const char *value(const char *text, const char *key)
{
	static char one[16], many[16];
	struct pairs pairs;
	struct pl pl;
	int err;

	pl_set_str(&pl, text);
	pairs_split(&pairs, &pl);
	err = pairs_text(one, sizeof(one), &pl, key);
	CHECK_INT(pairs_get(many, sizeof(many), &pairs, key), err);
	if (err)
		return err == EBADMSG ? "none" : "?";
	CHECK_STR(many, one);
	return many;
}

static void a_value_is_found_by_its_whole_key(void)
{
	CHECK_STR(value("a=1 bc=2 b=3", "b"), "3");
	CHECK_STR(value("a=1 bc=2 b=3", "bc"), "2");
	CHECK_STR(value("a=1 bc=2 b=3", "c"), "none");
	CHECK_STR(value("a=1=2", "a"), "1=2");
	CHECK_STR(value("a=1 a=2", "a"), "1");
	CHECK_STR(value("a=", "a"), "");
}

static void what_is_no_pair_is_passed_over(void)
{
	CHECK_STR(value("", "a"), "none");
	CHECK_STR(value(" ", "a"), "none");
	CHECK_STR(value("a", "a"), "none");
	CHECK_STR(value("x  y a=1 ", "a"), "1");
}

static void a_value_is_decoded(void)
{
	CHECK_STR(value("a=b%20c b=1", "a"), "b c");
	CHECK_STR(value("a=%", "a"), "none");
	CHECK_STR(value("a=%4", "a"), "none");
	CHECK_STR(value("a=%zz", "a"), "none");
	CHECK_STR(value("a=x%00", "a"), "none");
	CHECK_STR(value("a=123456789012345", "a"), "123456789012345");
	CHECK_STR(value("a=1234567890123456", "a"), "none");
}

/* Of a text from outside that has more of them than there is room for. */
static void too_many_are_cut_off(void)
{
	char text[4 * (PAIRS_MAX + 9) + 1] = "", out[8];
	struct pairs pairs;
	struct pl pl;

	for (int i = 0; i < PAIRS_MAX - 1; i++)
		strcat(text, "a=1 ");
	strcat(text, "b=2 c=3");
	pl_set_str(&pl, text);
	pairs_split(&pairs, &pl);
	CHECK_INT(pairs.n, PAIRS_MAX);
	CHECK(!pairs_get(out, sizeof(out), &pairs, "b"));
	CHECK_INT(pairs_get(out, sizeof(out), &pairs, "c"), EBADMSG);
	pairs_split(&pairs, &(struct pl){NULL, 0});
	CHECK_INT(pairs.n, 0);
}

TEST_MAIN(TEST(a_value_is_found_by_its_whole_key),
	  TEST(what_is_no_pair_is_passed_over), TEST(a_value_is_decoded),
	  TEST(too_many_are_cut_off))
