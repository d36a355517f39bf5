/*
 * test_route_head.c  What texts begin and end with, by their pattern
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/text/route_head.h"
#include "routing/text/route_regex.h"
#include "tests/lib/test.h"

/* "a|b", in order of the pattern; "" is anything. */
static const char *heads_of(const char *pattern)
{
	static char text[ROUTE_HEADS_MAX * (ROUTE_HEAD_LEN + 1)];
	struct route_heads heads;
	size_t n = 0;

	route_heads_find(&heads, pattern);
	text[0] = '\0';
	for (unsigned i = 0; i < heads.n; i++)
		n += (size_t)re_snprintf(text + n, sizeof(text) - n, "%s%b",
					 i ? "|" : "", heads.head[i].text,
					 (size_t)heads.head[i].len);
	return text;
}

static const char *tail_of(const char *pattern)
{
	static char text[ROUTE_HEAD_LEN + 1];
	struct route_head tail;

	route_tail_find(&tail, pattern);
	re_snprintf(text, sizeof(text), "%b", tail.text, (size_t)tail.len);
	return text;
}

static const char *core_of(const char *pattern)
{
	static char text[ROUTE_HEAD_LEN + 1];
	struct route_head core;

	route_core_find(&core, pattern);
	re_snprintf(text, sizeof(text), "%b", core.text, (size_t)core.len);
	return text;
}

static void numbers_begin_with_their_digits(void)
{
	CHECK_STR(heads_of("00(44[0-9]+)"), "0044");
	CHECK_STR(heads_of("^\\+49[0-9]{4,10}$"), "+49");
	CHECK_STR(heads_of("(?:\\+|00)49.*"), "+49|0049");
	CHECK_STR(heads_of("\\+?49"), "49|+49");
	CHECK_STR(heads_of("echo|\\*43"), "echo|*43");
	CHECK_STR(heads_of("1[135](0)?7"), "117|1107|137|1307|157|1507");
	CHECK_STR(heads_of("[1-3]x"), "1x|2x|3x");
	CHECK_STR(heads_of("a+b"), "a");
	CHECK_STR(heads_of("ab{2}c"), "ab");
	CHECK_STR(heads_of("a{1}b"), "ab");
	CHECK_STR(heads_of("12|1"), "1");
	CHECK_STR(heads_of("abcdefghijklmnopqrstuvwxyz"),
		  "abcdefghijklmnopqrstuvwx");
}

static void what_may_be_absent_is_no_beginning(void)
{
	CHECK_STR(heads_of("a*b"), "");
	CHECK_STR(heads_of("a?"), "");
	CHECK_STR(heads_of("(a|)"), "");
	CHECK_STR(heads_of("a|.*"), "");
	CHECK_STR(heads_of("x{0,3}y"), "");
	CHECK_STR(heads_of(""), "");
}

static void what_is_not_understood_is_anything(void)
{
	static const char *const patterns[] = {
		"(?i)abc", "(?=a)a", "(*ANY)a", "\\Qa\\E", "(a)\\1", "\\x41",
		"[[:digit:]]1", "[\\d]1", "a(?<n>b)", "ab\\Kc", "a^b",
		"((((((((a))))))))"};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		CHECK_STR(heads_of(patterns[i]), "");
	CHECK_STR(heads_of("a[^b]c"), "a");
	CHECK_STR(heads_of("a\\wc"), "a");
}

static void too_many_are_anything_less(void)
{
	CHECK_STR(heads_of("[0-9][0-9]x"), "");
	/* three of them, in all ways */
	CHECK_INT(strlen(heads_of("[0-3][0-3][0-3][0-3]")), 64 * 4 - 1);
	CHECK_STR(heads_of("a[a-z]"), "a");
}

static void tails_are_letters_and_digits_at_the_end(void)
{
	CHECK_STR(tail_of(".*[x-z]123"), "123");
	CHECK_STR(tail_of("(a+)+b12$"), "b12");
	CHECK_STR(tail_of("a\\d5"), "");
	CHECK_STR(tail_of("a\\x41"), "");
	CHECK_STR(tail_of("a|b1"), "");
	CHECK_STR(tail_of("(?i)ab"), "");
	CHECK_STR(tail_of("ab+"), "");
	CHECK_STR(tail_of("ab\\$"), "");
}

static void cores_are_runs_that_are_there_whatever_matches(void)
{
	CHECK_STR(core_of(".*555[0-9]+"), "555");
	CHECK_STR(core_of("1.22.333.4"), "333");
	CHECK_STR(core_of(".*1234?5"), "123");
	CHECK_STR(core_of(".*1234*5"), "123");
	CHECK_STR(core_of(".*1234{0,2}5"), "123");
	CHECK_STR(core_of(".*123+4"), "123");
	CHECK_STR(core_of("\\d123\\.45"), "123");
	CHECK_STR(core_of("(12345)?67."), "67");
	CHECK_STR(core_of("[12345]67"), "67");
	CHECK_STR(core_of("[]123]67."), "67");
	CHECK_STR(core_of("(?:ab(cde))f"), "f");
	CHECK_STR(core_of("abcdefghijklmnopqrstuvwxyz"),
		  "abcdefghijklmnopqrstuvwx");
}

static void what_may_mean_something_else_is_no_core(void)
{
	static const char *const patterns[] = {
		"123|456", "(?i)abc", "(*ANY)abc", "\\Qabc\\E.", "abc\\Kd",
		"\\x4142.", "(a)\\1234", "[[:digit:]]123", "[\\d]123",
		"(?=abc).*", "", ".*", "a*b?", "[123]"};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		CHECK_STR(core_of(patterns[i]), "");
}

/* Every text that matches begins with one of the heads and has the tail: the
 * bare truth is a pattern that says the same in a way that is not looked
 * into. */
static void no_match_is_ruled_out(void)
{
	static const char *const patterns[] = {
		"0?1(0|1)*", "(0|1)?0[01]", "1{0,2}0", "(01|1(0|1)?)1+",
		"[01]?(?:00|1)", "0(1)?(0)?1", "0$|1.", "(0|1){2}1",
		"0+?1", "(0?|1)0", "(?:1|01){1,2}0", "\\d1",
		".*010.", ".?101*.", "[01]110?[01]", ".*(0)11(1)?",
		".+10{0}1.*"};
	struct route_engine *engine = NULL;
	char why[100], bare[100];

	REQUIRE(!route_engine_alloc(&engine));
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct route_regex *fast = NULL, *slow = NULL;

		re_snprintf(bare, sizeof(bare), "(?=)(?:%s)", patterns[i]);
		REQUIRE(!route_regex_alloc(&fast, engine, patterns[i], why,
					   sizeof(why)));
		REQUIRE(!route_regex_alloc(&slow, engine, bare, why,
					   sizeof(why)));
		for (unsigned n = 0; n < 1u << 7; n++) {
			char text[8];
			struct pl pl = {text, 0};

			for (unsigned bits = n + 2; bits > 1; bits >>= 1)
				text[pl.l++] = (char)('0' + (bits & 1));
			CHECK_INT(route_regex_match(fast, engine, &pl, NULL),
				  route_regex_match(slow, engine, &pl, NULL));
		}
		mem_deref(fast);
		mem_deref(slow);
	}
	mem_deref(engine);
}

TEST_MAIN(TEST(numbers_begin_with_their_digits),
	  TEST(what_may_be_absent_is_no_beginning),
	  TEST(what_is_not_understood_is_anything),
	  TEST(too_many_are_anything_less),
	  TEST(tails_are_letters_and_digits_at_the_end),
	  TEST(cores_are_runs_that_are_there_whatever_matches),
	  TEST(what_may_mean_something_else_is_no_core),
	  TEST(no_match_is_ruled_out))
