/*
 * test_bucket.c  Token buckets
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "common/bucket.h"
#include "tests/lib/test.h"

static const struct bucket_rate rate = {.per_s = 10, .burst = 5};

static struct bucket_name named(uint8_t kind, const char *group,
				const char *name)
{
	struct bucket_name n = {.kind = kind};

	pl_set_str(&n.group, group);
	pl_set_str(&n.name, name);
	return n;
}

static unsigned taken(struct bucket_table *table,
		      const struct bucket_name *name, unsigned n, uint64_t now)
{
	unsigned ok = 0;

	while (n--)
		ok += bucket_take(table, name, &rate, now) == BUCKET_TAKEN;
	return ok;
}

static void a_burst_then_the_rate(void)
{
	const struct bucket_name alice = named(1, "t", "alice");
	struct bucket_table *table = NULL;

	REQUIRE(!bucket_table_alloc(&table, 64));
	CHECK_INT(taken(table, &alice, 20, 1000), 5);
	CHECK_INT(taken(table, &alice, 20, 1099), 0);
	CHECK_INT(taken(table, &alice, 20, 1100), 1);
	CHECK_INT(taken(table, &alice, 20, 1400), 3);
	CHECK_INT(taken(table, &alice, 20, 1000000), 5);
	mem_deref(table);
}

static void each_name_kind_and_group_has_its_own(void)
{
	const struct bucket_name names[] = {
		named(1, "t", "alice"), named(2, "t", "alice"),
		named(1, "u", "alice"), named(1, "t", "bob"),
		named(1, "ta", "lice"),
	};
	struct bucket_table *table = NULL;

	REQUIRE(!bucket_table_alloc(&table, 1024));
	for (unsigned i = 0; i < 5; i++)
		CHECK_INT(taken(table, &names[i], 9, 1000), 5);
	mem_deref(table);
}

static void refusals_are_answered_only_so_often(void)
{
	const struct bucket_name n = named(1, "", "192.0.2.1");
	struct bucket_table *table = NULL;
	unsigned empty = 0, flood = 0;

	REQUIRE(!bucket_table_alloc(&table, 64));
	for (unsigned i = 0; i < 100; i++) {
		enum bucket_verdict v = bucket_take(table, &n, &rate, 1000);

		empty += v == BUCKET_EMPTY;
		flood += v == BUCKET_FLOOD;
	}
	CHECK_INT(empty, 5);
	CHECK_INT(flood, 90);
	mem_deref(table);
}

static void a_rate_of_none_is_no_limit(void)
{
	const struct bucket_rate none = {.per_s = 0, .burst = 1};
	const struct bucket_name n = named(1, "", "x");
	struct bucket_table *table = NULL;

	REQUIRE(!bucket_table_alloc(&table, 8));
	for (unsigned i = 0; i < 100; i++)
		CHECK_INT(bucket_take(table, &n, &none, 1), BUCKET_TAKEN);
	mem_deref(table);
}

/* A flood of names displaces who was quiet, not who is being refused. */
static void a_flood_of_names_takes_no_memory(void)
{
	const struct bucket_name bad = named(1, "", "bad");
	struct bucket_table *table = NULL;
	char text[16];

	REQUIRE(!bucket_table_alloc(&table, 64));
	CHECK_INT(taken(table, &bad, 9, 1000), 5);
	for (unsigned i = 0; i < 1000; i++) {
		struct bucket_name n;

		re_snprintf(text, sizeof(text), "n%u", i);
		n = named(1, "", text);
		CHECK_INT(taken(table, &n, 1, 1000), 1);
		CHECK_INT(taken(table, &bad, 1, 1000), 0);
	}
	mem_deref(table);
}

static void an_ipv6_source_is_its_64(void)
{
	char a[BUCKET_SOURCE_MAX], b[BUCKET_SOURCE_MAX];
	struct pl one, two;
	struct sa sa;

	REQUIRE(!sa_set_str(&sa, "2001:db8:1:2:3::4", 5060));
	bucket_source(&one, a, &sa);
	REQUIRE(!sa_set_str(&sa, "2001:db8:1:2:ffff::9", 99));
	bucket_source(&two, b, &sa);
	CHECK(!pl_cmp(&one, &two));
	REQUIRE(!sa_set_str(&sa, "2001:db8:1:3::4", 5060));
	bucket_source(&two, b, &sa);
	CHECK(pl_cmp(&one, &two));
	REQUIRE(!sa_set_str(&sa, "192.0.2.1", 1));
	bucket_source(&one, a, &sa);
	REQUIRE(!sa_set_str(&sa, "192.0.2.2", 1));
	bucket_source(&two, b, &sa);
	CHECK(pl_cmp(&one, &two));
}

static bool same(const char *a, const char *b)
{
	struct sa one, two;

	return !sa_set_str(&one, a, 1) && !sa_set_str(&two, b, 2) &&
	       bucket_same_source(&one, &two) &&
	       bucket_same_source(&two, &one);
}

static void two_addresses_are_one_source_or_not(void)
{
	CHECK(same("192.0.2.1", "192.0.2.1"));
	CHECK(!same("192.0.2.1", "192.0.2.2"));
	CHECK(same("2001:db8:1:2:3::4", "2001:db8:1:2:ffff::9"));
	CHECK(!same("2001:db8:1:2:3::4", "2001:db8:1:3:3::4"));
	CHECK(!same("3139:322e:302e:322e:31::", "192.0.2.1"));
}

static void bad_arguments_are_refused(void)
{
	struct bucket_table *table = NULL;

	CHECK_INT(bucket_table_alloc(NULL, 8), EINVAL);
	CHECK_INT(bucket_table_alloc(&table, 0), EINVAL);
}

TEST_MAIN(TEST(a_burst_then_the_rate),
	  TEST(each_name_kind_and_group_has_its_own),
	  TEST(refusals_are_answered_only_so_often),
	  TEST(a_rate_of_none_is_no_limit),
	  TEST(a_flood_of_names_takes_no_memory),
	  TEST(an_ipv6_source_is_its_64),
	  TEST(two_addresses_are_one_source_or_not),
	  TEST(bad_arguments_are_refused))
