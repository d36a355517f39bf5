/*
 * test_utf.c  Is it UTF-8?
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/transport/utf.h"
#include "tests/lib/test.h"

static bool valid(const char *text)
{
	return utf_valid((const uint8_t *)text, strlen(text));
}

static void the_table_of_rfc_3629_is_kept(void)
{
	CHECK(valid(""));
	CHECK(valid("plain ASCII, longer than a word of eight bytes"));
	CHECK(valid("\x7f"));
	CHECK(!valid("\x80"));
	CHECK(!valid("\xc0\xaf"));
	CHECK(!valid("\xc1\xbf"));
	CHECK(valid("\xc2\x80"));
	CHECK(valid("\xdf\xbf"));
	CHECK(!valid("\xe0\x9f\xbf"));
	CHECK(valid("\xe0\xa0\x80"));
	CHECK(valid("\xed\x9f\xbf"));
	CHECK(!valid("\xed\xa0\x80"));
	CHECK(valid("\xee\x80\x80"));
	CHECK(!valid("\xf0\x8f\xbf\xbf"));
	CHECK(valid("\xf0\x90\x80\x80"));
	CHECK(valid("\xf4\x8f\xbf\xbf"));
	CHECK(!valid("\xf4\x90\x80\x80"));
	CHECK(!valid("\xf5\x80\x80\x80"));
	CHECK(!valid("\xfe"));
}

static void a_sequence_that_is_cut_is_not_valid(void)
{
	static const char *const whole[] = {"\xc2\x80", "\xe1\x80\x80",
					    "\xf1\x80\x80\x80"};

	for (size_t i = 0; i < 3; i++) {
		for (size_t n = 1; n < strlen(whole[i]); n++)
			CHECK(!utf_valid((const uint8_t *)whole[i], n));
	}
	CHECK(!valid("\xe1\x80 "));
	CHECK(!valid("\xf1\x80\x80\xc0"));
}

static void a_bad_byte_is_found_at_any_place(void)
{
	char text[40];

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memset(text, 'a', sizeof(text));
		text[sizeof(text) - 1] = '\0';
		CHECK(valid(text));
		text[i] = '\xff';
		CHECK(!valid(text));
	}
}

TEST_MAIN(TEST(the_table_of_rfc_3629_is_kept),
	  TEST(a_sequence_that_is_cut_is_not_valid),
	  TEST(a_bad_byte_is_found_at_any_place))
