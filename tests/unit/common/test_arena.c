/*
 * test_arena.c  Memory of one owner that is freed at once
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <re.h>

#include "common/arena.h"
#include "tests/lib/test.h"

static void pieces_are_zeroed_aligned_and_apart(void)
{
	struct arena *arena = NULL;
	uint8_t *before = NULL;
	size_t size = 0;

	if (arena_alloc(&arena))
		return;
	for (size_t n = 0; n < 3000; n += 7) {
		uint8_t *p = arena_get(arena, n);

		if (!p)
			break;
		CHECK((uintptr_t)p % _Alignof(max_align_t) == 0);
		for (size_t i = 0; i < n; i++)
			CHECK(!p[i]);
		memset(p, 0xff, n);
		for (size_t i = 0; i < size; i++)
			CHECK(before[i] == 0xff);
		before = p;
		size = n;
	}
	mem_deref(arena);
}

static void pieces_larger_than_a_block_have_room(void)
{
	struct arena *arena = NULL;
	uint8_t *p;

	REQUIRE(!arena_alloc(&arena));
	p = arena_get(arena, 5u << 20);
	REQUIRE(p);
	memset(p, 1, 5u << 20);
	CHECK(arena_size(arena) >= 5u << 20);
	CHECK(arena_get(arena, 10));
	mem_deref(arena);
}

static void absurd_sizes_are_refused(void)
{
	struct arena *arena = NULL;

	REQUIRE(!arena_alloc(&arena));
	CHECK(!arena_get(arena, SIZE_MAX));
	CHECK(!arena_get(arena, SIZE_MAX - 8));
	CHECK(!arena_get(arena, SIZE_MAX / 2 + 1));
	mem_deref(arena);
}

static void copies_end_with_zero(void)
{
	struct arena *arena = NULL;

	REQUIRE(!arena_alloc(&arena));
	CHECK_STR(arena_copy(arena, "alice@x", 5), "alice");
	CHECK_STR(arena_copy(arena, "", 0), "");
	CHECK_STR(arena_copy(arena, NULL, 0), "");
	mem_deref(arena);
}

TEST_MAIN(TEST_OOM(pieces_are_zeroed_aligned_and_apart),
	  TEST(pieces_larger_than_a_block_have_room),
	  TEST(absurd_sizes_are_refused), TEST(copies_end_with_zero))
