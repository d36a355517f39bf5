/*
 * test_text.c  UTF-8 and percent-encoding
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "common/text.h"
#include "tests/lib/test.h"

static void utf8_is_that_of_rfc_3629(void)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t code;
	} rows[] = {
		{"a", 1, 'a'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xef\xbf\xbf", 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		{"\x80", 0, 0},
		{"\xc0\x80", 0, 0},
		{"\xc1\xbf", 0, 0},
		{"\xe0\x9f\xbf", 0, 0},
		{"\xed\xa0\x80", 0, 0},
		{"\xed\xbf\xbf", 0, 0},
		{"\xf0\x8f\xbf\xbf", 0, 0},
		{"\xf4\x90\x80\x80", 0, 0},
		{"\xf8\x88\x80\x80", 0, 0},
		{"\xff", 0, 0},
		{"\xc2", 0, 0},
		{"\xe2\x82", 0, 0},
		{"\xc2\x41", 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].text);
		uint32_t code = 0;

		CHECK_INT(text_utf8(rows[i].text, len, &code), rows[i].len);
		if (rows[i].len)
			CHECK_INT(code, rows[i].code);
	}
}

static void what_steers_a_terminal_is_unprintable(void)
{
	CHECK(text_unprintable(0) && text_unprintable(0x1b));
	CHECK(text_unprintable(0x7f) && text_unprintable(0x9b));
	CHECK(text_unprintable(0x202e) && text_unprintable(0x2067));
	CHECK(text_unprintable(0x2028) && text_unprintable(0xfeff));
	CHECK(!text_unprintable(' ') && !text_unprintable('~'));
	CHECK(!text_unprintable(0xa0) && !text_unprintable(0x20ac));
}

static void percent_encoding_is_decoded(void)
{
	char out[32];

	CHECK_INT(text_percent_decode(out, 32, "a%20b%2fc%C3%a9+", 16), 0);
	CHECK_STR(out, "a b/c\xc3\xa9+");
	CHECK_INT(text_percent_decode(out, 32, "", 0), 0);
	CHECK_STR(out, "");
	CHECK_INT(text_percent_decode(out, 4, "abc", 3), 0);
	CHECK_INT(text_percent_decode(out, 3, "abc", 3), EMSGSIZE);
}

static void broken_percent_encoding_is_refused(void)
{
	static const char *const bad[] = {"%",   "%1",   "a%",  "a%4", "%g1",
					  "%1g", "%%41", "%00", "% 1"};
	char out[32];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(text_percent_decode(out, 32, bad[i], strlen(bad[i])),
			  EBADMSG);
	CHECK_INT(text_percent_decode(out, 32, "a\0b", 3), EBADMSG);
	/* the digits must lie within len */
	CHECK_INT(text_percent_decode(out, 32, "a%41", 3), EBADMSG);
}

TEST_MAIN(TEST(utf8_is_that_of_rfc_3629),
	  TEST(what_steers_a_terminal_is_unprintable),
	  TEST(percent_encoding_is_decoded),
	  TEST(broken_percent_encoding_is_refused))
