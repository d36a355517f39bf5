/*
 * test_route_index.c  From a name to what has it
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/text/route_index.h"
#include "tests/lib/test.h"

static void *find(const struct route_index *index, const char *name)
{
	struct pl pl;

	pl_set_str(&pl, name);
	return route_index_find(index, &pl);
}

static void names_are_found_in_full_only(void)
{
	struct route_index *index = NULL;
	int a, b;

	if (route_index_alloc(&index, 2, false))
		return;
	CHECK(!route_index_add(index, "alice", &a));
	CHECK(!route_index_add(index, "alic", &b));
	CHECK(find(index, "alice") == &a);
	CHECK(find(index, "alic") == &b);
	CHECK(!find(index, "ali"));
	CHECK(!find(index, "alicea"));
	CHECK(!find(index, "Alice"));
	CHECK(!find(index, ""));
	CHECK(!route_index_find(index, NULL));
	CHECK(!route_index_find(index, &pl_null));
	CHECK(!route_index_find(NULL, &(struct pl)PL("alice")));
	mem_deref(index);
}

static void case_is_folded_where_asked(void)
{
	struct route_index *index = NULL;
	int a;

	REQUIRE(!route_index_alloc(&index, 1, true));
	CHECK(!route_index_add(index, "sip.example.com", &a));
	CHECK(find(index, "SIP.Example.COM") == &a);
	CHECK_INT(route_index_add(index, "SIP.example.com", &a), EEXIST);
	mem_deref(index);
}

static void zero_bytes_are_part_of_a_name(void)
{
	struct route_index *index = NULL;
	const struct pl odd = {"a\0b", 3};
	int a;

	REQUIRE(!route_index_alloc(&index, 1, false));
	CHECK(!route_index_add(index, "a", &a));
	CHECK(!route_index_find(index, &odd));
	mem_deref(index);
}

static void names_stand_once_and_room_is_kept(void)
{
	struct route_index *index = NULL;
	int a, b;

	REQUIRE(!route_index_alloc(&index, 1, false));
	CHECK(!route_index_add(index, "a", &a));
	CHECK_INT(route_index_add(index, "a", &b), EEXIST);
	CHECK(find(index, "a") == &a);
	CHECK_INT(route_index_add(index, "b", &b), ENOSPC);
	CHECK(!find(index, "b"));
	mem_deref(index);
}

static void empty_index_has_nobody(void)
{
	struct route_index *index = NULL;
	int a;

	REQUIRE(!route_index_alloc(&index, 0, false));
	CHECK(!find(index, "a"));
	CHECK_INT(route_index_add(index, "a", &a), ENOSPC);
	mem_deref(index);
}

static void hundred_thousand_names_are_all_found(void)
{
	enum {
		N = 100000
	};
	struct route_index *index = NULL;
	char(*names)[12] = mem_zalloc(N * 12, NULL);
	size_t bad = 0;

	REQUIRE(names && !route_index_alloc(&index, N, false));
	for (size_t i = 0; i < N; i++) {
		re_snprintf(names[i], 12, "u%zu", i);
		bad += route_index_add(index, names[i], names[i]) != 0;
	}
	for (size_t i = 0; i < N; i++)
		bad += find(index, names[i]) != names[i];
	CHECK_INT(bad, 0);
	CHECK(!find(index, "u100000"));
	mem_deref(index);
	mem_deref(names);
}

TEST_MAIN(TEST_OOM(names_are_found_in_full_only),
	  TEST(case_is_folded_where_asked), TEST(zero_bytes_are_part_of_a_name),
	  TEST(names_stand_once_and_room_is_kept), TEST(empty_index_has_nobody),
	  TEST(hundred_thousand_names_are_all_found))
