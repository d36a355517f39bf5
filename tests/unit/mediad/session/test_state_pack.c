/*
 * test_state_pack.c  What was packed is unpacked, and nothing else is
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "mediad/session/state_pack.h"
#include "tests/lib/test.h"

enum {
	SIZE = 1000,
	KIND = 'L'
};

static uint8_t st[SIZE], got[SIZE], buf[STATE_PACK_MAX(SIZE)];

/* Its length when packed; it comes back the same. */
static size_t packed(size_t size)
{
	size_t len = state_pack(buf, KIND, st, size);

	CHECK(len <= STATE_PACK_MAX(size));
	memset(got, 7, sizeof(got));
	CHECK_INT(state_unpack(got, size, KIND, buf, len), 0);
	CHECK(!memcmp(got, st, size));
	return len;
}

static void zeros_take_nearly_nothing(void)
{
	memset(st, 0, sizeof(st));
	CHECK_INT(packed(SIZE), 1 + 4 * 2);
	st[500] = 1;
	CHECK(packed(SIZE) <= 1 + 5 * 2 + 1);
}

static void what_has_none_grows_little(void)
{
	memset(st, 0xff, sizeof(st));
	CHECK_INT(packed(SIZE), 1 + SIZE + 4 * 2);
}

static void any_pattern_comes_back(void)
{
	uint32_t rnd = 12345;

	for (unsigned density = 1; density < 9; density++) {
		for (size_t i = 0; i < SIZE; i++) {
			rnd = rnd * 1103515245 + 12345;
			st[i] = rnd >> 16 & 7 ? 0 : (uint8_t)(rnd >> 24);
			if ((rnd >> 20 & 7) < density)
				st[i] = 1;
		}
		for (size_t size = SIZE - 20; size <= SIZE; size++)
			packed(size);
	}
}

static void a_few_zeros_are_not_worth_it(void)
{
	static const uint8_t few[] = {1, 0, 0, 2, 0, 3};

	memcpy(st, few, sizeof(few));
	CHECK_INT(packed(sizeof(few)), 1 + 2 + sizeof(few));
}

static void what_is_cut_or_longer_is_refused(void)
{
	size_t len;

	memset(st, 0, sizeof(st));
	memset(st + 10, 3, 20);
	len = packed(SIZE);
	for (size_t n = 0; n < len; n++)
		CHECK_INT(state_unpack(got, SIZE, KIND, buf, n), EBADMSG);
	CHECK_INT(state_unpack(got, SIZE - 1, KIND, buf, len), EBADMSG);
	CHECK_INT(state_unpack(got, SIZE, 'V', buf, len), EBADMSG);
	buf[len] = 0;
	CHECK_INT(state_unpack(got, SIZE, KIND, buf, len + 1), EBADMSG);
	buf[1] = 255;
	CHECK_INT(state_unpack(got, SIZE, KIND, buf, len), EBADMSG);
}

TEST_MAIN(TEST(zeros_take_nearly_nothing), TEST(what_has_none_grows_little),
	  TEST(any_pattern_comes_back), TEST(a_few_zeros_are_not_worth_it),
	  TEST(what_is_cut_or_longer_is_refused))
