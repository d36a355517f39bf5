/*
 * test_guess.c  Guessing passwords is slow
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <re.h>

#include "sigd/auth/guess.h"
#include "tests/lib/test.h"

static struct guess_who who(const char *source, const char *name)
{
	struct guess_who w;

	pl_set_str(&w.source, source);
	pl_set_str(&w.realm, "r");
	pl_set_str(&w.name, name);
	return w;
}

static void ten_are_free_and_each_further_one_doubles_the_wait(void)
{
	const struct guess_who w = who("192.0.2.1", "alice");
	struct guess *guess = NULL;
	uint64_t now = 1000;

	REQUIRE(!guess_alloc(&guess, 64));
	for (int i = 0; i < GUESS_FREE; i++) {
		guess_failed(guess, &w, now);
		CHECK_INT(guess_wait(guess, &w, now), 0);
	}
	guess_failed(guess, &w, now);
	CHECK_INT(guess_wait(guess, &w, now), 1000);
	CHECK_INT(guess_wait(guess, &w, now + 999), 1);
	now += 1000;
	CHECK_INT(guess_wait(guess, &w, now), 0);
	guess_failed(guess, &w, now);
	CHECK_INT(guess_wait(guess, &w, now), 2000);
	for (int i = 0; i < 100; i++)
		guess_failed(guess, &w, now);
	CHECK_INT(guess_wait(guess, &w, now), 60000);
	mem_deref(guess);
}

static void others_need_not_wait(void)
{
	const struct guess_who w = who("192.0.2.1", "alice");
	const struct guess_who name = who("192.0.2.1", "bob");
	const struct guess_who source = who("192.0.2.2", "alice");
	struct guess *guess = NULL;

	REQUIRE(!guess_alloc(&guess, 64));
	for (int i = 0; i <= GUESS_FREE; i++)
		guess_failed(guess, &w, 5);
	CHECK(guess_wait(guess, &w, 5) > 0);
	CHECK_INT(guess_wait(guess, &name, 5), 0);
	CHECK_INT(guess_wait(guess, &source, 5), 0);
	CHECK_INT(guess_wait(NULL, &w, 5), 0);
	mem_deref(guess);
}

static void an_ipv6_site_is_one_source(void)
{
	const struct guess_who a = who("2001:db8:0:1::1", "alice");
	const struct guess_who b = who("2001:db8:0:1:ffff::2", "alice");
	const struct guess_who c = who("2001:db8:0:2::1", "alice");
	struct guess *guess = NULL;

	REQUIRE(!guess_alloc(&guess, 64));
	for (int i = 0; i <= GUESS_FREE; i++)
		guess_failed(guess, i & 1 ? &a : &b, 5);
	CHECK(guess_wait(guess, &a, 5) > 0);
	CHECK(guess_wait(guess, &b, 5) > 0);
	CHECK_INT(guess_wait(guess, &c, 5), 0);
	mem_deref(guess);
}

static void success_and_time_forget(void)
{
	const struct guess_who w = who("192.0.2.1", "alice");
	struct guess *guess = NULL;

	REQUIRE(!guess_alloc(&guess, 64));
	for (int i = 0; i < GUESS_FREE; i++)
		guess_failed(guess, &w, 5);
	guess_passed(guess, &w);
	guess_failed(guess, &w, 5);
	CHECK_INT(guess_wait(guess, &w, 5), 0);
	for (int i = 0; i < GUESS_FREE; i++)
		guess_failed(guess, &w, 5);
	CHECK(guess_wait(guess, &w, 5) > 0);
	guess_failed(guess, &w, 6 + GUESS_FORGET_MS);
	CHECK_INT(guess_wait(guess, &w, 6 + GUESS_FORGET_MS), 0);
	mem_deref(guess);
}

/* Memory is fixed; a storm of names makes room for itself. */
static void a_full_table_forgets_the_quietest(void)
{
	const struct guess_who w = who("192.0.2.1", "alice");
	struct guess *guess = NULL;
	char name[16];

	REQUIRE(!guess_alloc(&guess, 8));
	for (int i = 0; i <= GUESS_FREE; i++)
		guess_failed(guess, &w, 5);
	/* each takes one for itself and one for its name; w has three */
	for (int i = 0; i < 2; i++) {
		struct guess_who other;

		re_snprintf(name, sizeof(name), "%d", i);
		other = who("192.0.2.1", name);
		guess_failed(guess, &other, 6);
	}
	CHECK(guess_wait(guess, &w, 6) > 0);
	for (int i = 0; i < 8; i++) {
		struct guess_who other;

		re_snprintf(name, sizeof(name), "x%d", i);
		other = who("192.0.2.1", name);
		guess_failed(guess, &other, 7);
	}
	CHECK_INT(guess_wait(guess, &w, 7), 0);
	mem_deref(guess);
}

/* Each name counts once: a telephone with an old password does no harm. */
static void who_tries_many_names_waits_for_all(void)
{
	struct guess_who w = who("192.0.2.1", "phone");
	struct guess_who other = who("192.0.2.2", "name1");
	struct guess *guess = NULL;
	char name[16];

	REQUIRE(!guess_alloc(&guess, 1024));
	for (int i = 0; i < 100; i++)
		(void)guess_failed(guess, &w, 5);
	pl_set_str(&w.name, "alice");
	CHECK_INT(guess_wait(guess, &w, 5), 0);
	for (int i = 1; i < GUESS_NAMES; i++) {
		sprintf(name, "name%d", i);
		pl_set_str(&w.name, name);
		CHECK_INT(guess_failed(guess, &w, 5), GUESS_NONE);
	}
	pl_set_str(&w.name, "one-too-many");
	CHECK_INT(guess_failed(guess, &w, 5), GUESS_SOURCE_WAITS);
	pl_set_str(&w.name, "alice");
	CHECK_INT(guess_wait(guess, &w, 5), 1000);
	CHECK_INT(guess_wait(guess, &w, 1005), 0);
	CHECK_INT(guess_wait(guess, &other, 5), 0);
	mem_deref(guess);
}

/* Whoever guesses from everywhere has less from each place; who knows the
 * password is heard from anywhere. */
static void a_name_that_all_try_is_still_its_owners(void)
{
	struct guess_who w = who("", "alice");
	struct guess *guess = NULL;
	char source[32];

	REQUIRE(!guess_alloc(&guess, 8192));
	for (int i = 0; i < GUESS_SOURCES; i++) {
		sprintf(source, "192.0.2.%d", i);
		pl_set_str(&w.source, source);
		for (int k = 0; k < GUESS_FREE; k++)
			CHECK_INT(guess_failed(guess, &w, 5), GUESS_NONE);
	}
	pl_set_str(&w.source, "198.51.100.1");
	CHECK_INT(guess_wait(guess, &w, 5), 0);
	CHECK_INT(guess_failed(guess, &w, 5), GUESS_NAME_TRIED);
	CHECK_INT(guess_wait(guess, &w, 5), 0);
	CHECK_INT(guess_failed(guess, &w, 5), GUESS_WAITS);
	CHECK_INT(guess_wait(guess, &w, 5), 1000);
	pl_set_str(&w.source, "203.0.113.1");
	CHECK_INT(guess_wait(guess, &w, 5), 0);
	/* it is over when it is quiet */
	CHECK_INT(guess_failed(guess, &w, 5 + 2 * GUESS_FORGET_MS),
		  GUESS_NONE);
	mem_deref(guess);
}

TEST_MAIN(TEST(who_tries_many_names_waits_for_all),
	  TEST(a_name_that_all_try_is_still_its_owners),
	  TEST(ten_are_free_and_each_further_one_doubles_the_wait),
	  TEST(others_need_not_wait), TEST(an_ipv6_site_is_one_source),
	  TEST(success_and_time_forget),
	  TEST(a_full_table_forgets_the_quietest))
