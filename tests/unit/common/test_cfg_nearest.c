/*
 * test_cfg_nearest.c  What somebody may have meant
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_tree.h"
#include "tests/lib/test.h"

static const char *nearest(const char *name)
{
	static const char *const names[] = {"callee",   "caller",  "method",
					    "password", "ha1_md5", "to"};

	return cfg_nearest(name, names, 6);
}

static void one_slip_is_forgiven(void)
{
	CHECK_STR(nearest("calee"), "callee");
	CHECK_STR(nearest("caler"), "caller");
	CHECK_STR(nearest("methodd"), "method");
	CHECK_STR(nearest("nethod"), "method");
	CHECK_STR(nearest("ot"), "to");
	CHECK_STR(nearest("t"), "to");
}

static void case_does_not_count(void)
{
	CHECK_STR(nearest("CALLEE"), "callee");
	CHECK_STR(nearest("Ha1_Md5"), "ha1_md5");
}

static void long_names_may_have_more_slips(void)
{
	CHECK_STR(nearest("pasword"), "password");
	CHECK_STR(nearest("passwrod"), "password");
	CHECK_STR(nearest("psswrd"), "password");
}

static void other_words_are_not_near(void)
{
	CHECK(!nearest("address"));
	CHECK(!nearest(""));
	CHECK(!nearest("xyz"));
	CHECK(!nearest("method that is very much longer"));
}

static void absurd_names_are_not_looked_at(void)
{
	char name[2000];

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CHECK(!nearest(name));
	CHECK(!cfg_nearest("a", (const char *[]){name}, 1));
	CHECK(!cfg_nearest("a", NULL, 0));
}

TEST_MAIN(TEST(one_slip_is_forgiven), TEST(case_does_not_count),
	  TEST(long_names_may_have_more_slips), TEST(other_words_are_not_near),
	  TEST(absurd_names_are_not_looked_at))
