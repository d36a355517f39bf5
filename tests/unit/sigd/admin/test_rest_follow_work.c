/*
 * test_rest_follow_work.c  Who follows traces, and how much of it
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/admin/rest_follow_work.h"
#include "tests/lib/test.h"

/* Whether there was time for a question that cost so much. */
static bool asks(struct rest_follow_work *work, uint64_t second,
		 const char *by, const char *tenant, size_t bytes)
{
	struct rest_follow_share *share =
		rest_follow_share(work, second, by, tenant);

	if (rest_follow_wait(work, share))
		return false;
	rest_follow_worked(work, share, bytes);
	return true;
}

static void one_who_follows_much_leaves_others_theirs(void)
{
	struct rest_follow_work work = {0};

	CHECK(asks(&work, 1, "a", "acme", FOLLOW_WORK));
	for (int i = 0; i < 10; i++)
		CHECK(!asks(&work, 1, "a", "acme", FOLLOW_WORK));
	/* nor by another token of that tenant */
	CHECK(!asks(&work, 1, "b", "acme", 1));
	CHECK(asks(&work, 1, "c", "other", FOLLOW_WORK));
	/* one that opens all is no tenant's, whatever it is called */
	CHECK(asks(&work, 1, "acme", NULL, FOLLOW_WORK));
	CHECK(!asks(&work, 1, "acme", NULL, 1));
	/* in the next second it goes on */
	CHECK(asks(&work, 2, "a", "acme", FOLLOW_WORK));
}

static void small_questions_need_not_wait(void)
{
	struct rest_follow_work work = {0};

	for (int i = 0; i < 1000; i++)
		CHECK(asks(&work, 1, "a", NULL, 1024));
}

static void all_together_have_a_limit(void)
{
	static const char *const tokens[] = {"a", "b", "c", "d"};
	struct rest_follow_work work = {0};

	for (size_t i = 0; i < 4; i++)
		CHECK(asks(&work, 1, tokens[i], NULL, FOLLOW_WORK));
	CHECK_INT(work.bytes, FOLLOW_WORK_ALL);
	CHECK(!asks(&work, 1, "e", NULL, 1));
	CHECK(asks(&work, 2, "e", NULL, 1));
}

static void of_too_many_the_last_ones_have_one_share(void)
{
	struct rest_follow_work work = {0};
	char name[8];

	for (int i = 0; i < FOLLOW_SHARES + 20; i++) {
		re_snprintf(name, sizeof(name), "%d", i);
		CHECK(asks(&work, 1, name, NULL, 1024));
	}
	CHECK_INT(work.n, FOLLOW_SHARES);
	CHECK(asks(&work, 1, "more", NULL, FOLLOW_WORK));
	CHECK(!asks(&work, 1, "another", NULL, 1));
	CHECK(asks(&work, 1, "0", NULL, 1));
}

TEST_MAIN(TEST(one_who_follows_much_leaves_others_theirs),
	  TEST(small_questions_need_not_wait),
	  TEST(all_together_have_a_limit),
	  TEST(of_too_many_the_last_ones_have_one_share))
