/*
 * test_country.c  Whose number is it
 *
 * SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <re.h>

#include "routing/number/country.h"
#include "tests/lib/test.h"

static void is(const char *e164, const char *want)
{
	const char *country = number_country(e164);

	CHECK_STR(country ? country : "none", want);
}

static void country_codes_are_known(void)
{
	is("+4930123456", "DE");
	is("+33142685300", "FR");
	is("+442079460000", "GB");
	is("+97722123456", "NP");
	is("+35314960000", "IE");
	is("+85221234567", "HK");
	is("+383381234567", "XK");
}

static void shared_codes_are_parted(void)
{
	is("+12125550100", "US");
	is("+14165550100", "CA");
	is("+19425550100", "CA");
	is("+18765550100", "JM");
	is("+17875550100", "PR");
	is("+74951234567", "RU");
	is("+77271234567", "KZ");
	is("+390669812345", "VA");
	is("+390612345678", "IT");
	is("+441534123456", "JE");
	is("+441624123456", "IM");
	is("+447911112345", "GG");
	is("+447911212345", "GB");
	is("+447700900123", "GB");
	is("+3581812345", "AX");
	is("+4779123456", "SJ");
	is("+61891621234", "CC");
	is("+599712345", "BQ");
	is("+59991234567", "CW");
}

static void some_numbers_are_of_no_country(void)
{
	is("+18005550100", "none");
	is("+15005550100", "none");
	is("+80012345678", "none");
	is("+870773123456", "none");
	is("+88216123456", "none");
	is("+2101234567", "none");
	is("+999123", "none");
	is("4930123456", "none");
	is("+", "none");
	is("", "none");
	is(NULL, "none");
}

static void table_is_in_order_and_well_formed(void)
{
	size_t count;
	const struct number_area *area = number_areas(&count);

	CHECK(count > 300);
	for (size_t i = 0; i < count; i++) {
		const size_t len = strlen(area[i].digits);

		CHECK(!i || strcmp(area[i - 1].digits, area[i].digits) < 0);
		CHECK(len >= 1 && len <= 7);
		CHECK_INT(strspn(area[i].digits, "0123456789"), len);
		CHECK(!area[i].country[0] ||
		      (isupper(area[i].country[0]) &&
		       isupper(area[i].country[1]) && !area[i].country[2]));
	}
}

static void each_area_is_found_by_a_number_in_it(void)
{
	size_t count;
	const struct number_area *area = number_areas(&count);

	for (size_t i = 0; i < count; i++) {
		char text[20];

		/* no longer area goes on with 00000 */
		re_snprintf(text, sizeof(text), "+%s00000", area[i].digits);
		is(text, area[i].country[0] ? area[i].country : "none");
	}
}

TEST_MAIN(TEST(country_codes_are_known), TEST(shared_codes_are_parted),
	  TEST(some_numbers_are_of_no_country),
	  TEST(table_is_in_order_and_well_formed),
	  TEST(each_area_is_found_by_a_number_in_it))
