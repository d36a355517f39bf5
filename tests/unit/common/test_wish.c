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

static bool plan_read(struct wish *wish, const char *text)
{
	*wish = (struct wish){.drain = false};
	return wish_log_read(wish, text, strlen(text));
}

static void a_plan_of_the_log_has_an_end_areas_and_a_call(void)
{
	struct wish wish;

	REQUIRE(plan_read(&wish, "1700000000000 warn sigd/proxy=debug "
				 "sigd=info call=0123456789abcdef"));
	CHECK(wish.log_until_ms == 1700000000000ull);
	CHECK_INT(wish.plan.level, LOG_L_WARN);
	CHECK_INT(wish.plan.nareas, 2);
	CHECK_STR(wish.plan.areas[0].name, "sigd/proxy");
	CHECK_INT(wish.plan.areas[0].level, LOG_L_DEBUG);
	CHECK_STR(wish.plan.call, "0123456789abcdef");
}

static void a_plan_that_cannot_be_read_is_none(void)
{
	static const char *const bad[] = {
		"", "1", "x warn", "1 loud", "1 warn sigd", "1 warn =debug",
		"1 warn sigd=loud", "1 warn call=0123", "-1 warn",
		"1 warn a=info b=info c=info d=info e=info f=info g=info "
		"h=info i=info"};
	struct wish wish;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!plan_read(&wish, bad[i]));
}

static void a_change_far_behind_is_another_sum(void)
{
	char a[WISH_SUM_LEN + 1], b[WISH_SUM_LEN + 1];
	char text[WISH_LOG_MAX + 1];

	wish_log_sum(a, "");
	CHECK_STR(a, "");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	wish_log_sum(a, text);
	text[sizeof(text) - 2] = 'y';
	wish_log_sum(b, text);
	CHECK_INT(strlen(a), WISH_SUM_LEN);
	CHECK(strcmp(a, b));
}

TEST_MAIN(TEST(a_change_far_behind_is_another_sum),
	  TEST(a_plan_of_the_log_has_an_end_areas_and_a_call),
	  TEST(a_plan_that_cannot_be_read_is_none),
	  TEST(a_drain_is_for_one_life_of_the_node),
	  TEST(one_that_is_kept_is_for_all_its_lives),
	  TEST(what_cannot_be_read_is_not_wanted),
	  TEST(each_daemon_has_a_key_of_its_own))
