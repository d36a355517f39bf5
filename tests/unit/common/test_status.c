/*
 * test_status.c  The table of codes is whole, and docs/errors.md shows it
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/status.h"
#include "tests/lib/test.h"

static void every_code_is_complete_and_found_by_its_text(void)
{
	for (unsigned i = 0; i < STATUS_COUNT; i++) {
		const struct status_info *info = status_info((enum status)i);
		enum status found = STATUS_COUNT;
		struct pl text;

		REQUIRE(info->text && info->phrase && info->meaning);
		CHECK(strspn(info->text, "abcdefghijklmnopqrstuvwxyz-") ==
		      strlen(info->text));
		CHECK(strlen(info->text) >= 2 && strlen(info->text) <= 24);
		CHECK(info->sip >= 200 && info->sip < 700);
		CHECK(info->http >= 200 && info->http < 600);
		pl_set_str(&text, info->text);
		CHECK(status_parse(&found, &text));
		CHECK_INT(found, i);
	}
}

static void an_unknown_text_is_no_code(void)
{
	const struct pl unknown = PL("ok "), empty = {NULL, 0};
	enum status code = STATUS_BUSY;

	CHECK(!status_parse(&code, &unknown));
	CHECK(!status_parse(&code, &empty));
	CHECK_INT(code, STATUS_BUSY);
	CHECK_STR(status_text((enum status)9999), "internal");
}

static void errors_of_functions_have_a_code(void)
{
	CHECK_INT(status_of_errno(0), STATUS_OK);
	CHECK_INT(status_of_errno(ENOTCONN), STATUS_REDIS_DOWN);
	CHECK_INT(status_of_errno(ETIMEDOUT), STATUS_TIMEOUT);
	CHECK_INT(status_of_errno(EHOSTUNREACH), STATUS_NO_MEDIA_NODE);
	CHECK_INT(status_of_errno(ENOMEM), STATUS_INTERNAL);
}

static void the_page_shows_the_table(void)
{
	char *want = NULL;
	uint8_t *page = test_read_file("docs/errors.md", NULL);

	CHECK(!re_sdprintf(&want, "%H", status_print_doc, NULL));
	CHECK(page && want && !strcmp((char *)page, want));
	if (!page || strcmp((char *)page, want))
		re_printf("%s", want); /* what the page should be */
	mem_deref(want);
	mem_deref(page);
}

TEST_MAIN(TEST(every_code_is_complete_and_found_by_its_text),
	  TEST(an_unknown_text_is_no_code),
	  TEST(errors_of_functions_have_a_code), TEST(the_page_shows_the_table))
