/*
 * test_wish.c  What operators want of a node, as it stands in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/redis_link.h"
#include "common/wish.h"
#include "tests/lib/test.h"

enum { BORN = 1700000000 };

static struct wish of(const char *drain)
{
	const struct redis_val el[] = {
		{.type = REDIS_STR, .str = "drain", .len = 5},
		{.type = REDIS_STR, .str = drain, .len = strlen(drain)}};
	const struct redis_val flat = {
		.type = REDIS_ARRAY, .len = 2, .el = el};
	struct wish wish;

	wish_read(&wish, &flat, BORN);
	return wish;
}

static void a_drain_is_for_one_life_of_the_node(void)
{
	CHECK(of("1700000000 idle").drain);
	CHECK(!of("1700000000 idle").now);
	CHECK(of("1700000000 now").now);
	CHECK(!of("1700000001 now").drain);
	CHECK(!of("1700000001 now").now);
}

static void one_that_is_kept_is_for_all_its_lives(void)
{
	CHECK(of("* now").drain);
	CHECK(of("* idle").drain);
}

static void what_cannot_be_read_is_not_wanted(void)
{
	CHECK(!of("").drain);
	CHECK(!of("now").drain);
	CHECK(!of("x now").drain);

	const struct redis_val none = {.type = REDIS_ARRAY};
	struct wish wish = {.drain = true};

	wish_read(&wish, &none, BORN);
	CHECK(!wish.drain);
}

static void each_daemon_has_a_key_of_its_own(void)
{
	char key[WISH_KEY_MAX];

	wish_key(key, "mediad", "a1");
	CHECK_STR(key, "cb:{n:a1}:wish:mediad");
}

TEST_MAIN(TEST(a_drain_is_for_one_life_of_the_node),
	  TEST(one_that_is_kept_is_for_all_its_lives),
	  TEST(what_cannot_be_read_is_not_wanted),
	  TEST(each_daemon_has_a_key_of_its_own))
