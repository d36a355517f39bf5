/*
 * test_route_template.c  Captures put into a text
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/text/route_regex.h"
#include "routing/text/route_template.h"
#include "tests/lib/test.h"

static const struct route_captures caught = {.group = {PL("0049301"), PL("49"),
						       PL("301"), PL("")},
					     .count = 4};

static const char *expand(const char *text)
{
	static char out[64 + 1];

	out[0] = 'x';
	return route_template_expand(out, sizeof(out), text, &caught) ? NULL
								      : out;
}

static void both_spellings_are_replaced(void)
{
	CHECK_STR(expand("\\2"), "301");
	CHECK_STR(expand("${2}"), "301");
	CHECK_STR(expand("u-\\1-${2}x"), "u-49-301x");
	CHECK_STR(expand("\\0"), "0049301");
	CHECK_STR(expand("\\1\\1"), "4949");
}

static void other_text_stands_for_itself(void)
{
	CHECK_STR(expand("alice"), "alice");
	CHECK_STR(expand("a$b"), "a$b");
	CHECK_STR(expand("${1"), "${1");
	CHECK_STR(expand("${12}"), "${12}");
	CHECK_STR(expand(""), "");
}

static void empty_and_absent_captures_are_nothing(void)
{
	CHECK_STR(expand("a\\3b"), "ab");
	CHECK_STR(expand("a\\9b"), "ab");
}

static void digit_behind_a_digit_is_text(void)
{
	CHECK_STR(expand("\\10"), "490");
}

static void what_does_not_fit_is_refused(void)
{
	char out[5] = "xxxx";

	CHECK_INT(route_template_expand(out, 5, "a\\1b", &caught), 0);
	CHECK_STR(out, "a49b");
	CHECK_INT(route_template_expand(out, 4, "a\\1b", &caught), EOVERFLOW);
	CHECK_STR(out, "");
	CHECK_INT(route_template_expand(out, 4, "\\0", &caught), EOVERFLOW);
}

static void references_are_checked_at_load(void)
{
	char why[100];
	bool fixed;

	CHECK(route_template_check("alice", 0, &fixed, why, 100) && fixed);
	CHECK(route_template_check("\\0", 0, &fixed, why, 100) && !fixed);
	CHECK(route_template_check("a${2}", 2, &fixed, why, 100) && !fixed);
	CHECK(!route_template_check("\\3", 2, &fixed, why, 100));
	CHECK_STR(why, "a capture from 0 to 2: the pattern has no more");
	CHECK(!route_template_check("a\\b", 2, &fixed, why, 100));
	CHECK_STR(why, "\\0 to \\9 or ${0} to ${9} for captures");
	CHECK(!route_template_check("${name}", 2, &fixed, why, 100));
	CHECK(!route_template_check("${12}", 12, &fixed, why, 100));
	CHECK(!route_template_check("a\\", 2, &fixed, why, 100));
	CHECK(route_template_check("a$", 2, &fixed, why, 100));
}

TEST_MAIN(TEST(both_spellings_are_replaced), TEST(other_text_stands_for_itself),
	  TEST(empty_and_absent_captures_are_nothing),
	  TEST(digit_behind_a_digit_is_text),
	  TEST(what_does_not_fit_is_refused),
	  TEST(references_are_checked_at_load))
