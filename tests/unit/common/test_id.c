/*
 * test_id.c  Ids of calls and sessions
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "common/id.h"
#include "tests/lib/test.h"

enum {
	MANY = 20000
};

static int by_text(const void *a, const void *b)
{
	return memcmp(a, b, ID_LEN);
}

static void made_ids_are_valid_and_do_not_repeat(void)
{
	static char ids[MANY][ID_LEN + 1];

	for (int i = 0; i < MANY; i++) {
		id_make(ids[i]);
		CHECK(id_valid(ids[i], strlen(ids[i])));
	}
	qsort(ids, MANY, sizeof(ids[0]), by_text);
	for (int i = 1; i < MANY; i++)
		CHECK(memcmp(ids[i - 1], ids[i], ID_LEN) != 0);
}

static void other_texts_are_not_ids(void)
{
	CHECK(id_valid("0123456789abcdef", 16));
	CHECK(!id_valid("0123456789abcdef", 15));
	CHECK(!id_valid("0123456789abcdef0", 17));
	CHECK(!id_valid("0123456789ABCDEF", 16));
	CHECK(!id_valid("0123456789abcdeg", 16));
	CHECK(!id_valid("0123456789abcde\0", 16));
	CHECK(!id_valid("0123456789abcde/", 16));
	CHECK(!id_valid("", 0));
	CHECK(!id_valid(NULL, 16));
}

TEST_MAIN(TEST(made_ids_are_valid_and_do_not_repeat),
	  TEST(other_texts_are_not_ids))
