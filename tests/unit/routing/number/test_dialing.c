/*
 * test_dialing.c  From what was dialled to E.164, and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/arena.h"
#include "common/cfg_tree.h"
#include "routing/number/dialing.h"
#include "routing/text/route_regex.h"
#include "tests/lib/test.h"

struct file {
	struct arena *mem;
	struct dialing dialing;
};

static const struct cfg_field file_fields[] = {
	{"dialing", CFG_TABLE, CFG_AT(struct file, dialing),
	 .table = &dialing_table},
	CFG_END,
};
static const struct cfg_table file_table = {CFG_ROOT(struct file), "d",
					    file_fields, NULL, 0};

static struct file *file;
static struct route_engine *engine;
static char errors[2000];

static void load(const char *text)
{
	struct cfg_errors *errs = NULL;
	struct cfg_tree *tree = NULL;
	int err = cfg_errors_alloc(&errs);

	err = err ? err : route_engine_alloc(&engine);
	err = err ? err
		  : cfg_tree_parse(&tree, "d", text, strlen(text), NULL, errs);
	err = err ? err
		  : cfg_fill(&file, &file_table, cfg_tree_root(tree), errs);
	err = err ? err
		  : dialing_load(&file->dialing, engine, file->mem, errs);
	re_snprintf(errors, sizeof(errors), "%H", cfg_errors_print, errs);
	CHECK(!err == !errors[0]);
	mem_deref(tree);
	mem_deref(errs);
}

static void unload(void)
{
	if (file)
		dialing_release(&file->dialing);
	file = mem_deref(file);
	engine = mem_deref(engine);
}

static struct number read(const char *text)
{
	struct number num;
	struct pl pl;

	pl_set_str(&pl, text);
	number_read(&num, file ? &file->dialing : NULL, engine, &pl);
	return num;
}

#define IS(text, want_kind, want)                    \
	do {                                         \
		struct number num_ = read(text);     \
		CHECK_INT(num_.kind, want_kind);     \
		CHECK_STR(num_.e164, want);          \
	} while (0)

static const char *form(const char *e164, enum number_form how)
{
	static char text[40];
	int err = number_write(text, sizeof(text), &file->dialing, engine, e164,
			       how);

	return err ? "error" : text;
}

static const char germany[] =
	"dialing: {country_code: 49, national_prefix: 0, international_prefix: "
	"['00', '010'], area_code: 30, short: ['11[0-9]', '[1-8][0-9]{2}']}\n";
static const char usa[] =
	"dialing: {country_code: 1, national_prefix: 1, international_prefix: "
	"'011', national_digits: 10, short: '[2-9]11'}\n";
static const char italy[] =
	"dialing: {country_code: 39, short: '1[0-9]{2}'}\n";

static void german_numbers_are_read(void)
{
	load(germany);
	REQUIRE(file != NULL);
	IS("+4930123456", NUMBER_GLOBAL, "+4930123456");
	IS("0030210123456", NUMBER_ABROAD, "+30210123456");
	IS("01044201234567", NUMBER_ABROAD, "+44201234567");
	IS("089123456", NUMBER_NATIONAL, "+4989123456");
	IS("(030) 123-456", NUMBER_NATIONAL, "+4930123456");
	IS("1234567", NUMBER_LOCAL, "+49301234567");
	IS("110", NUMBER_SHORT, "");
	IS("301", NUMBER_SHORT, "");
	IS("*43", NUMBER_SHORT, "");
	IS("alice", NUMBER_NAME, "");
	IS("123456;phone-context=+4989", NUMBER_GLOBAL, "+4989123456");
	unload();
}

static void north_american_numbers_are_read(void)
{
	load(usa);
	REQUIRE(file != NULL);
	IS("12125550100", NUMBER_NATIONAL, "+12125550100");
	IS("2125550100", NUMBER_NATIONAL, "+12125550100");
	IS("(212) 555-0100", NUMBER_NATIONAL, "+12125550100");
	IS("0114930123456", NUMBER_ABROAD, "+4930123456");
	IS("911", NUMBER_SHORT, "");
	/* no area code is said: nobody knows whose */
	IS("5550100", NUMBER_UNKNOWN, "");
	unload();
}

static void numbers_without_national_prefix_keep_their_zero(void)
{
	load(italy);
	REQUIRE(file != NULL);
	IS("0612345678", NUMBER_NATIONAL, "+390612345678");
	IS("0039061234", NUMBER_ABROAD, "+39061234");
	IS("112", NUMBER_SHORT, "");
	CHECK_STR(form("+390612345678", NUMBER_FORM_NATIONAL), "0612345678");
	unload();
}

static void without_dialing_only_plus_is_known(void)
{
	IS("+4930123456", NUMBER_GLOBAL, "+4930123456");
	IS("0049301234", NUMBER_UNKNOWN, "");
	IS("030123456", NUMBER_UNKNOWN, "");
	IS("*43", NUMBER_SHORT, "");
}

static void what_cannot_be_e164_has_none(void)
{
	load(germany);
	REQUIRE(file != NULL);
	IS("+0123456", NUMBER_UNKNOWN, "");
	IS("+4912345678901234", NUMBER_UNKNOWN, "");
	IS("+491234567890123", NUMBER_GLOBAL, "+491234567890123");
	IS("+49", NUMBER_UNKNOWN, "");
	IS("000123456", NUMBER_UNKNOWN, "");
	IS("00", NUMBER_UNKNOWN, "");
	IS("0123456789012345678", NUMBER_UNKNOWN, "");
	CHECK(!number_is_e164(""));
	CHECK(!number_is_e164(NULL));
	CHECK(!number_is_e164("+49a"));
	unload();
}

static void forms_are_written(void)
{
	load(germany);
	REQUIRE(file != NULL);
	CHECK_STR(form("+4989123456", NUMBER_FORM_E164), "+4989123456");
	CHECK_STR(form("+4989123456", NUMBER_FORM_PLAIN), "4989123456");
	CHECK_STR(form("+4989123456", NUMBER_FORM_NATIONAL), "089123456");
	CHECK_STR(form("+4989123456", NUMBER_FORM_INTERNATIONAL),
		  "004989123456");
	CHECK_STR(form("+44201234567", NUMBER_FORM_NATIONAL), "0044201234567");
	CHECK_STR(form("4989", NUMBER_FORM_E164), "error");
	CHECK_INT(number_write((char[4]){0}, 4, NULL, NULL, "+4989123456",
			       NUMBER_FORM_E164),
		  EOVERFLOW);
	unload();
	load(usa);
	REQUIRE(file != NULL);
	CHECK_STR(form("+12125550100", NUMBER_FORM_NATIONAL), "12125550100");
	CHECK_STR(form("+4930123", NUMBER_FORM_NATIONAL), "0114930123");
	unload();
}

static void form_that_would_be_misread_is_not_written(void)
{
	/* 0800... would be a short code; 0010... a number abroad */
	load("dialing: {country_code: 49, national_prefix: 0, short: "
	     "'0800.*'}\n");
	REQUIRE(file != NULL);
	CHECK_STR(form("+498001234", NUMBER_FORM_NATIONAL), "00498001234");
	CHECK_STR(form("+490101234", NUMBER_FORM_NATIONAL), "00490101234");
	unload();
	load("dialing: {country_code: 49, international_prefix: '00', short: "
	     "'0.*'}\n");
	REQUIRE(file != NULL);
	CHECK_STR(form("+44201234", NUMBER_FORM_NATIONAL), "+44201234");
	CHECK_STR(form("+44201234", NUMBER_FORM_INTERNATIONAL), "+44201234");
	unload();
}

/* A number that is not the same in each run of the program would be a test
 * that nobody can repeat. */
static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void check_number(const char *text)
{
	struct number num = read(text), again;

	if (!num.e164[0])
		return;
	CHECK(number_is_e164(num.e164));
	again = read(num.e164);
	CHECK_STR(again.e164, num.e164);
	for (int f = NUMBER_FORM_E164; f <= NUMBER_FORM_INTERNATIONAL; f++) {
		char written[40];

		CHECK(!number_write(written, sizeof(written), &file->dialing,
				    engine, num.e164, (enum number_form)f));
		if (f == NUMBER_FORM_PLAIN)
			continue;
		again = read(written);
		CHECK_STR(again.e164, num.e164);
	}
}

static void reading_is_idempotent_and_writing_comes_back(void)
{
	static const char *const plan[] = {germany, usa, italy};
	uint32_t seed = 1;

	for (size_t p = 0; p < 3; p++) {
		load(plan[p]);
		REQUIRE(file != NULL);
		for (int i = 0; i < 20000; i++) {
			static const char any[] = "0011223344567899+-*# ";
			char text[24];
			size_t len = 1 + next(&seed) % 20;

			for (size_t k = 0; k < len; k++)
				text[k] = any[next(&seed) % (sizeof(any) - 1)];
			text[len] = '\0';
			check_number(text);
		}
		unload();
	}
}

static void errors_say_what_was_expected(void)
{
	load("dialing: {country_code: '+49', national_prefix: x, "
	     "area_code: 'a', short: ['(']}\n");
	CHECK(!file);
	CHECK(strstr(errors, "d:1:25: country_code: \"+49\" will not do, "
			     "expected 1 to 3 digits, like 49, without +"));
	CHECK(strstr(errors, "national_prefix: \"x\" will not do"));
	CHECK(strstr(errors, "area_code: \"a\" will not do"));
	CHECK(strstr(errors, "short: \"(\" will not do"));
	unload();
	load("dialing: {cuntry_code: 49}\n");
	CHECK(strstr(errors, "did you mean \"country_code\"?"));
	unload();
}

static void memory_may_end(void)
{
	struct cfg_tree *tree = NULL;
	int err = route_engine_alloc(&engine);

	err = err ? err
		  : cfg_tree_parse(&tree, "d", germany, strlen(germany), NULL,
				   NULL);
	err = err ? err
		  : cfg_fill(&file, &file_table, cfg_tree_root(tree), NULL);
	err = err ? err : dialing_load(&file->dialing, engine, file->mem, NULL);
	CHECK_INT(err, 0);
	mem_deref(tree);
	unload();
}

TEST_MAIN(TEST(german_numbers_are_read), TEST(north_american_numbers_are_read),
	  TEST(numbers_without_national_prefix_keep_their_zero),
	  TEST(without_dialing_only_plus_is_known),
	  TEST(what_cannot_be_e164_has_none), TEST(forms_are_written),
	  TEST(form_that_would_be_misread_is_not_written),
	  TEST(reading_is_idempotent_and_writing_comes_back),
	  TEST(errors_say_what_was_expected), TEST_OOM(memory_may_end))
