/*
 * test_cordctl_shown.c  Texts of strangers at a terminal
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/cordctl/cordctl_shown.h"
#include "tests/lib/test.h"

static const char *shown(char buf[64], const char *text)
{
	re_snprintf(buf, 64, "%H", cordctl_shown, text);
	return buf;
}

static const char *lines(char buf[64], const char *text)
{
	re_snprintf(buf, 64, "%H", cordctl_shown_lines, text);
	return buf;
}

static void text_stays_as_it_is(void)
{
	char buf[64];

	CHECK_STR(shown(buf, "Zo\xc3\xab \xe6\x97\xa5 \xf0\x9f\x93\x9e"),
		  "Zo\xc3\xab \xe6\x97\xa5 \xf0\x9f\x93\x9e");
	CHECK_STR(shown(buf, ""), "");
	CHECK_STR(shown(buf, NULL), "");
}

static void what_steers_is_a_dot(void)
{
	char buf[64];

	CHECK_STR(shown(buf, "a\x1b[2J\n\t\r\x7f"), "a.[2J....");
	CHECK_STR(shown(buf, "\xc2\x9b" "2J"), ".2J");
	CHECK_STR(shown(buf, "a\xe2\x80\xae" "b\xe2\x81\xa6" "c"), "a.b.c");
}

static void what_is_no_utf8_is_a_dot(void)
{
	char buf[64];

	/* a byte of C1, one that begins what does not come, an overlong ESC */
	CHECK_STR(shown(buf, "\x9b" "2J"), ".2J");
	CHECK_STR(shown(buf, "a\xe2\x80"), "a..");
	CHECK_STR(shown(buf, "\xc0\x9b"), "..");
}

static void lines_stay_lines(void)
{
	char buf[64];

	CHECK_STR(lines(buf, "a\r\n\tb\x1b\xc2\x85"), "a\n\tb..");
}

TEST_MAIN(TEST(text_stays_as_it_is), TEST(what_steers_is_a_dot),
	  TEST(what_is_no_utf8_is_a_dot), TEST(lines_stay_lines))
