/*
 * test_journal_row.c  Entries of logs, there and back
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "common/countof.h"
#include "sigd/journal/journal_row.h"
#include "tests/lib/test.h"

static int parse(struct journal_row *row, const char *text)
{
	struct pl pl;

	pl_set_str(&pl, text);
	return journal_row_parse(row, &pl);
}

static void what_is_printed_is_read_again(void)
{
	struct journal_row row = {.at_ms = 1763700000123,
				  .since_ms = 1763600000000,
				  .count = 7,
				  .rtt_us = 12345,
				  .event = JOURNAL_REFUSED,
				  .code = 401,
				  .expires = 600},
			   back;
	char text[JOURNAL_ROW_MAX];

	str_ncpy(row.device, "i:<urn:uuid:1 2=3>:0", sizeof(row.device));
	str_ncpy(row.name, "b\xc3\xb6" "b", sizeof(row.name));
	str_ncpy(row.conn, "pbx", sizeof(row.conn));
	str_ncpy(row.line, "alice", sizeof(row.line));
	str_ncpy(row.from, "[2001:db8::1]:5060", sizeof(row.from));
	str_ncpy(row.flow, "a1/2/wss/1763700000.17", sizeof(row.flow));
	str_ncpy(row.worker, "a1/2", sizeof(row.worker));
	str_ncpy(row.why, "auth-failed", sizeof(row.why));
	str_ncpy(row.agent, "A phone/1.0 code=1 %", sizeof(row.agent));
	REQUIRE(!journal_row_print(text, sizeof(text), &row));
	CHECK(!strncmp(text, "1763700000123 1763600000000 7 12345 refused "
			     "device=", 51));
	REQUIRE(!parse(&back, text));
	CHECK(!memcmp(&row, &back, sizeof(row)));
}

static void what_is_not_known_is_left_out(void)
{
	const struct journal_row row = {.event = JOURNAL_UP, .count = 1};
	char text[JOURNAL_ROW_MAX];
	struct journal_row back;

	REQUIRE(!journal_row_print(text, sizeof(text), &row));
	CHECK_STR(text, "0 0 1 0 up");
	REQUIRE(!parse(&back, text));
	CHECK_INT(back.event, JOURNAL_UP);
	CHECK_STR(back.agent, "");
}

static void what_a_script_writes_is_read(void)
{
	struct journal_row row;

	REQUIRE(!parse(&row, "5 4 3 0 refreshed device=i:%3Cx%3E:0 expires=60 "
			     "from=127.0.0.1:5 flow=a/1/udp/0/127.0.0.1:5 "
			     "agent=x"));
	CHECK_STR(row.device, "i:<x>:0");
	CHECK_INT(row.expires, 60);
	CHECK_STR(row.flow, "a/1/udp/0/127.0.0.1:5");
}

static void what_is_none_of_ours_is_refused(void)
{
	static const char *const bad[] = {
		"", "1", "1 2 3 4", "1 2 3 x up", "1 2 3 4 never", "a 2 3 4 up",
		"-1 2 3 4 up", "1 2 3 99999999999 up", "1  2 3 4 up",
		"99999999999999999999 2 3 4 up"};
	struct journal_row row;

	for (size_t i = 0; i < COUNTOF(bad); i++)
		CHECK(parse(&row, bad[i]));
}

static void what_does_not_fit_is_said(void)
{
	struct journal_row row = {.event = JOURNAL_EVENTS};
	char text[8];

	CHECK(journal_row_print(text, sizeof(text), &row));
	row.event = JOURNAL_REGISTERED;
	CHECK(journal_row_print(text, sizeof(text), &row));
	CHECK(journal_row_said(text, sizeof(text), &row));
	CHECK(!journal_event_name(JOURNAL_EVENTS));
}

TEST_MAIN(TEST(what_is_printed_is_read_again),
	  TEST(what_is_not_known_is_left_out),
	  TEST(what_a_script_writes_is_read),
	  TEST(what_is_none_of_ours_is_refused),
	  TEST(what_does_not_fit_is_said))
