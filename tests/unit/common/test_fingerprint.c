/*
 * test_fingerprint.c  The same files, the same text; else another
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/cfg_tree.h"
#include "common/fingerprint.h"
#include "tests/lib/test.h"

static const char *print_of(const char *a, const char *b)
{
	static char text[2][FINGERPRINT_LEN + 1];
	static unsigned nr;
	struct fingerprint *print = NULL;
	char *out = text[nr++ % 2];

	*out = '\0';
	if (fingerprint_alloc(&print))
		return out;
	if (a)
		fingerprint_add(print, a, strlen(a));
	if (b)
		fingerprint_add(print, b, strlen(b));
	fingerprint_text(print, out);
	mem_deref(print);
	return out;
}

static void same_parts_give_the_same(void)
{
	CHECK_STR(print_of("ab", "c"), print_of("ab", "c"));
	CHECK_INT(strlen(print_of("ab", "c")), FINGERPRINT_LEN);
}

static void any_change_is_seen(void)
{
	CHECK(strcmp(print_of("ab", "c"), print_of("ab", "d")));
	CHECK(strcmp(print_of("ab", "c"), print_of("c", "ab")));
	CHECK(strcmp(print_of("ab", "c"), print_of("a", "bc")));
	CHECK(strcmp(print_of("ab", NULL), print_of("ab", "")));
}

static void more_can_be_added_after_a_look(void)
{
	struct fingerprint *print = NULL;
	char text[FINGERPRINT_LEN + 1];

	REQUIRE(!fingerprint_alloc(&print));
	fingerprint_add(print, "ab", 2);
	fingerprint_text(print, text);
	CHECK_STR(text, print_of("ab", NULL));
	fingerprint_add(print, "c", 1);
	fingerprint_text(print, text);
	CHECK_STR(text, print_of("ab", "c"));
	mem_deref(print);
	fingerprint_add(NULL, "c", 1);
	fingerprint_text(NULL, text);
	CHECK_STR(text, "");
}

static const char *tree_print(const char *name, const char *yaml)
{
	static char text[2][FINGERPRINT_LEN + 1];
	static unsigned nr;
	struct fingerprint *print = NULL;
	struct cfg_tree *tree = NULL;
	char *out = text[nr++ % 2];

	*out = '\0';
	if (!fingerprint_alloc(&print) &&
	    !cfg_tree_parse(&tree, name, yaml, strlen(yaml), NULL, NULL)) {
		cfg_tree_fingerprint(tree, print);
		fingerprint_text(print, out);
	}
	mem_deref(tree);
	mem_deref(print);
	return out;
}

static void texts_count_and_their_names_do_not(void)
{
	CHECK_STR(tree_print("a", "x: 1\n"), tree_print("b", "x: 1\n"));
	CHECK(strcmp(tree_print("a", "x: 1\n"), tree_print("a", "x: 2\n")));
}

static void without_memory_nothing_breaks(void)
{
	(void)print_of("a", "b");
}

TEST_MAIN(TEST(same_parts_give_the_same), TEST(any_change_is_seen),
	  TEST(more_can_be_added_after_a_look),
	  TEST(texts_count_and_their_names_do_not),
	  TEST_OOM(without_memory_nothing_breaks))
