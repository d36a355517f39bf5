/*
 * test_prefixes.c  The longest prefix wins
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/number/prefixes.h"
#include "tests/lib/test.h"

static const char *const names[] = {"class", "cost"};

static int add(struct prefixes *table, const char *digits, const char *class,
	       const char *cost)
{
	struct pl d, values[2];

	pl_set_str(&d, digits);
	pl_set_str(&values[0], class);
	pl_set_str(&values[1], cost);
	return prefixes_add(table, &d, values, prefixes_count(table) + 1);
}

/* "prefix class cost", or "none" */
static const char *find(const struct prefixes *table, const char *number)
{
	static char text[100];
	struct prefix_hit hit;
	struct pl pl;

	pl_set_str(&pl, number);
	if (!prefixes_find(table, &pl, &hit))
		return "none";
	re_snprintf(text, sizeof(text), "%s %s %s", hit.digits,
		    prefixes_value(table, &hit, 0),
		    prefixes_value(table, &hit, 1));
	return text;
}

static void longest_prefix_wins(void)
{
	struct prefixes *table = NULL;
	int err = prefixes_alloc(&table, names, 2);

	err = err ? err : add(table, "4930", "berlin", "1");
	err = err ? err : add(table, "49", "germany", "2");
	err = err ? err : add(table, "4", "", "");
	err = err ? err : add(table, "493012", "office", "0");
	err = err ? err : add(table, "1", "america", "2");
	err = err ? err : prefixes_seal(table, NULL, NULL);
	CHECK_INT(err, 0);
	if (!err) {
		CHECK_STR(find(table, "4930123456"), "493012 office 0");
		CHECK_STR(find(table, "493012"), "493012 office 0");
		CHECK_STR(find(table, "4930199"), "4930 berlin 1");
		CHECK_STR(find(table, "4989"), "49 germany 2");
		CHECK_STR(find(table, "4420"), "4  ");
		CHECK_STR(find(table, "12125550100"), "1 america 2");
		CHECK_STR(find(table, "3"), "none");
		CHECK_STR(find(table, "9"), "none");
		CHECK_STR(find(table, ""), "none");
		CHECK_STR(find(table, "a49"), "none");
		CHECK_STR(find(table, "+49"), "none");
	}
	mem_deref(table);
}

static void columns_are_found_by_name(void)
{
	struct prefixes *table = NULL;

	REQUIRE(!prefixes_alloc(&table, names, 2));
	CHECK_INT(prefixes_column(table, "cost"), 1);
	CHECK_INT(prefixes_column(table, "coast"), -1);
	CHECK_INT(prefixes_columns(table), 2);
	CHECK_STR(prefixes_column_name(table, 0), "class");
	CHECK_STR(prefixes_column_name(table, 2), "");
	CHECK(!prefixes_seal(table, NULL, NULL));
	CHECK_STR(find(table, "1"), "none");
	CHECK_STR(find(NULL, "1"), "none");
	mem_deref(table);
	CHECK_INT(prefixes_alloc(&table, names, PREFIX_COLUMNS_MAX + 1),
		  EINVAL);
}

static void what_is_no_prefix_is_refused(void)
{
	struct prefixes *table = NULL;

	REQUIRE(!prefixes_alloc(&table, names, 2));
	CHECK_INT(add(table, "", "", ""), EINVAL);
	CHECK_INT(add(table, "+49", "", ""), EINVAL);
	CHECK_INT(add(table, "49a", "", ""), EINVAL);
	CHECK_INT(add(table, "1234567890123456", "", ""), EINVAL);
	CHECK_INT(add(table, "123456789012345", "", ""), 0);
	CHECK(!prefixes_seal(table, NULL, NULL));
	CHECK_STR(find(table, "1234567890123456"), "123456789012345  ");
	mem_deref(table);
}

static void on_twice(const char *digits, uint32_t line, uint32_t first,
		     void *arg)
{
	char *text = arg;
	size_t n = strlen(text);

	re_snprintf(text + n, 100 - n, "%s:%u,%u ", digits, line, first);
}

static void prefix_that_stands_twice_is_told(void)
{
	struct prefixes *table = NULL;
	char text[100] = "";

	REQUIRE(!prefixes_alloc(&table, names, 2));
	CHECK(!add(table, "49", "a", ""));
	CHECK(!add(table, "4", "b", ""));
	CHECK(!add(table, "49", "c", ""));
	CHECK(!add(table, "49", "d", ""));
	CHECK_INT(prefixes_seal(table, on_twice, text), EINVAL);
	CHECK_STR(text, "49:3,1 49:4,1 ");
	mem_deref(table);
}

/* --- beside a search that cannot be wrong ------------------------------------ */

enum {
	MANY = 6000 /* more than are found without heads */
};

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void any_digits(char *text, size_t max_len, uint32_t *seed)
{
	size_t len = 1 + next(seed) % max_len;

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('0' + next(seed) % (i < 2 ? 3 : 10));
	text[len] = '\0';
}

static const char *longest(char (*all)[16], size_t count, const char *number)
{
	const char *best = "none";
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		const size_t l = strlen(all[i]);

		if (l > len && !strncmp(all[i], number, l)) {
			best = all[i];
			len = l;
		}
	}
	return best;
}

static void agrees_with_a_search_through_all(void)
{
	char(*all)[16] = mem_zalloc(MANY * sizeof(*all), NULL);
	struct prefixes *table = NULL;
	uint32_t seed = 7;
	size_t count = 0, wrong = 0;

	REQUIRE(all && !prefixes_alloc(&table, names, 0));
	while (count < MANY) {
		struct pl pl;

		any_digits(all[count], 9, &seed);
		if (!strcmp(longest(all, count, all[count]), all[count]))
			continue;
		pl_set_str(&pl, all[count++]);
		wrong += prefixes_add(table, &pl, NULL, 1) != 0;
	}
	CHECK(!prefixes_seal(table, NULL, NULL));
	for (int i = 0; i < 5000; i++) {
		struct prefix_hit hit = {"none", 0};
		char number[20];
		struct pl pl;

		any_digits(number, 15, &seed);
		pl_set_str(&pl, number);
		(void)prefixes_find(table, &pl, &hit);
		wrong += strcmp(hit.digits, longest(all, count, number)) != 0;
	}
	CHECK_INT(wrong, 0);
	mem_deref(table);
	mem_deref(all);
}

static void equal_attributes_are_kept_once(void)
{
	struct prefixes *table = NULL;
	size_t before;

	REQUIRE(!prefixes_alloc(&table, names, 2));
	for (int i = 0; i < 3000; i++) {
		char digits[16], cost[8];

		re_snprintf(digits, sizeof(digits), "%d", 10000 + i);
		re_snprintf(cost, sizeof(cost), "0.%d", i % 10);
		CHECK(!add(table, digits, i & 1 ? "gold" : "silver", cost));
	}
	CHECK(!prefixes_seal(table, NULL, NULL));
	before = prefixes_bytes(table);
	CHECK(before < 3000 * 16 + 4096);
	CHECK_STR(find(table, "100071"), "10007 gold 0.7");
	mem_deref(table);
}

TEST_MAIN(TEST_OOM(longest_prefix_wins), TEST(columns_are_found_by_name),
	  TEST(what_is_no_prefix_is_refused),
	  TEST(prefix_that_stands_twice_is_told),
	  TEST(agrees_with_a_search_through_all),
	  TEST(equal_attributes_are_kept_once))
