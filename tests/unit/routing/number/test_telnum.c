/*
 * test_telnum.c  Numbers as telephones and people write them
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "routing/number/telnum.h"
#include "tests/lib/test.h"

static const char *read(const char *text)
{
	static struct telnum num;
	struct pl pl;

	pl_set_str(&pl, text);
	CHECK(telnum_read(&num, &pl) == !!num.text[0]);
	return num.text;
}

static void digits_stay(void)
{
	CHECK_STR(read("030123"), "030123");
	CHECK_STR(read("+4930123"), "+4930123");
	CHECK_STR(read("*43#"), "*43#");
	CHECK_STR(read("1"), "1");
}

static void visual_separators_go(void)
{
	CHECK_STR(read("+49-30-12.34"), "+49301234");
	CHECK_STR(read("(030) 12-34"), "0301234");
	CHECK_STR(read("+1 (212) 555-0100"), "+12125550100");
	CHECK_STR(read("-+49"), "+49");
}

static void shown_national_prefix_goes(void)
{
	CHECK_STR(read("+49 (0)30 1234"), "+49301234");
	CHECK_STR(read("+49(0)301234"), "+49301234");
	/* of a national number it is a part */
	CHECK_STR(read("(0)301234"), "0301234");
}

static void parameters_of_a_tel_uri_go(void)
{
	CHECK_STR(read("tel:+4930123"), "+4930123");
	CHECK_STR(read("TEL:+4930123;isub=1"), "+4930123");
	CHECK_STR(read("+4930123;ext=22;npdi"), "+4930123");
	CHECK_STR(read("030123;"), "030123");
}

static void number_in_a_context_is_global(void)
{
	CHECK_STR(read("123;phone-context=+49-30"), "+4930123");
	CHECK_STR(read("123;isub=7;PHONE-CONTEXT=+4930"), "+4930123");
	/* a domain says nothing, a global number needs none */
	CHECK_STR(read("123;phone-context=example.com"), "123");
	CHECK_STR(read("+49123;phone-context=+1"), "+49123");
	/* *43 in a global context is no number */
	CHECK_STR(read("*43;phone-context=+49"), "");
	CHECK_STR(read("123;phone-context=+4a"), "");
}

static void names_are_no_numbers(void)
{
	static const char *const name[] = {
		"",     "alice", "12a", "+",    "++49",  "4+9", "+49*",
		"-.()", ";ext=1", "tel:", "+49#", "0x12", "1,2", "a1",
	};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		CHECK_STR(read(name[i]), "");
	CHECK(!telnum_read(&(struct telnum){{0}}, NULL));
	CHECK(!telnum_read(&(struct telnum){{0}}, &pl_null));
}

static void long_and_odd_bytes_are_refused(void)
{
	char text[2 * TELNUM_MAX];
	struct pl pl = {text, TELNUM_MAX};
	struct telnum num;

	memset(text, '7', sizeof(text));
	CHECK(telnum_read(&num, &pl));
	CHECK_INT(strlen(num.text), TELNUM_MAX);
	++pl.l;
	CHECK(!telnum_read(&num, &pl));
	CHECK_STR(num.text, "");
	text[3] = '\0';
	pl.l = 8;
	CHECK(!telnum_read(&num, &pl));
}

TEST_MAIN(TEST(digits_stay), TEST(visual_separators_go),
	  TEST(shown_national_prefix_goes), TEST(parameters_of_a_tel_uri_go),
	  TEST(number_in_a_context_is_global), TEST(names_are_no_numbers),
	  TEST(long_and_odd_bytes_are_refused))
